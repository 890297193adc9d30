"""What every ledger tells of itself in numbers."""

from collections.abc import AsyncGenerator
from datetime import timedelta

import pytest

from sora_mcp.store.opening import open_store
from sora_mcp.store.sql import SqlJobStore
from sora_mcp.videos.measuring import Census
from sora_mcp.videos.models import JobStatus
from tests.store.ledgers import ENGINE, Ledger, add, add_in


@pytest.fixture
async def store(ledger: Ledger) -> AsyncGenerator[SqlJobStore]:
    async with open_store(ledger.url, ledger.home, announces=True) as store:
        yield store


async def test_an_empty_ledger_has_nothing_of_anything(store: SqlJobStore) -> None:
    assert await store.census() == Census(jobs=dict.fromkeys(JobStatus, 0))


async def test_jobs_money_waiting_and_what_is_untold_are_counted(
    ledger: Ledger, store: SqlJobStore
) -> None:
    await add_in(store, JobStatus.COMPLETED, estimated_cost_usd=0.25)
    await store.mark_deleted(await add_in(store, JobStatus.COMPLETED, estimated_cost_usd=0.5))
    await add_in(store, JobStatus.QUEUED, owner="ben", estimated_cost_usd=1)
    await store.hold(ENGINE, 60)
    for minutes in (5, 10):
        await ledger.date(await add(store), store.now() - timedelta(minutes=minutes))
    census = await store.census()
    assert {status: count for status, count in census.jobs.items() if count} == {
        JobStatus.COMPLETED: 1,
        JobStatus.QUEUED: 1,
        JobStatus.WAITING: 2,
    }
    assert 600 <= census.longest_wait < 1200
    assert (census.spent_today_usd, census.untold) == (1.75, 2)
