"""What every ledger promises about telling of the ends of jobs."""

from collections.abc import AsyncGenerator

import anyio
import pytest

from sora_mcp.store.opening import open_store
from sora_mcp.store.sql import SqlJobStore
from sora_mcp.videos.lifecycle import ACTIVE, FINAL
from sora_mcp.videos.models import JobStatus
from sora_mcp.videos.ports import Announcement
from tests.store.ledgers import OWNER, Ledger, add, claim_one


@pytest.fixture
async def store(ledger: Ledger) -> AsyncGenerator[SqlJobStore]:
    async with open_store(ledger.url, ledger.home, announces=True) as store:
        yield store


async def put_out(store: SqlJobStore, status: JobStatus = JobStatus.COMPLETED) -> str:
    """The id of a job that a worker has brought to its end."""
    await add(store, status=JobStatus.IN_PROGRESS)
    job = await claim_one(store)
    # The fifth look for one of unknown outcome is the last.
    assert await store.save(job.model_copy(update={"status": status, "attempts": 5}))
    return job.id


async def leased(store: SqlJobStore, lease_seconds: float = 60) -> list[Announcement]:
    return list(await store.outbox.claim(limit=100, lease_seconds=lease_seconds))


@pytest.mark.parametrize("status", sorted(FINAL))
async def test_every_end_is_put_out_once_as_it_was(store: SqlJobStore, status: JobStatus) -> None:
    video_id = await put_out(store, status)
    [announcement] = await leased(store)
    assert announcement.job == await store.get(video_id)
    assert (announcement.attempts, announcement.job.status) == (0, status)
    assert await leased(store) == []


@pytest.mark.parametrize("status", sorted(ACTIVE))
async def test_what_is_no_end_is_not_put_out(store: SqlJobStore, status: JobStatus) -> None:
    await put_out(store, status)
    assert await store.outbox.next_due() is None


async def test_a_worker_that_has_lost_its_lease_puts_nothing_out(store: SqlJobStore) -> None:
    await add(store, status=JobStatus.IN_PROGRESS)
    late = await claim_one(store, lease_seconds=0)
    await claim_one(store, "another")
    assert not await store.save(late.model_copy(update={"status": JobStatus.COMPLETED}))
    assert await store.outbox.next_due() is None


async def test_nothing_is_put_out_when_nobody_is_to_be_told(ledger: Ledger) -> None:
    async with ledger.open() as store:
        await put_out(store)
        assert await store.outbox.next_due() is None


async def test_a_deleted_job_is_told_as_cancelled_and_not_again(store: SqlJobStore) -> None:
    job = await add(store, status=JobStatus.IN_PROGRESS)
    await store.request_delete(job.id, OWNER, keep_files=False)
    held = (await claim_one(store)).model_copy(update={"status": JobStatus.CANCELLED})
    assert await store.save(held, keep_lease=True)
    await store.mark_deleted(held)
    [announcement] = await leased(store)
    assert announcement.job.status is JobStatus.CANCELLED


async def test_one_that_could_not_be_told_is_due_again_later(store: SqlJobStore) -> None:
    await put_out(store)
    [announcement] = await leased(store)
    assert await store.outbox.settle(announcement, 60)
    assert await leased(store) == []
    due = await store.outbox.next_due()
    assert due is not None
    assert 0 < due <= 60
    assert await store.outbox.settle(announcement, 0)
    [again] = await leased(store)
    assert (again.id, again.attempts) == (announcement.id, 1)
    assert await store.outbox.settle(again, None)
    assert await store.outbox.next_due() is None


async def test_an_outcome_is_not_written_when_another_has_the_lease(store: SqlJobStore) -> None:
    await put_out(store)
    [late] = await leased(store, lease_seconds=0)
    [held] = await leased(store)
    assert not await store.outbox.settle(late, None)
    assert not await store.outbox.settle(late, 0)
    assert await leased(store) == []
    assert await store.outbox.settle(held, None)


async def test_replicas_share_what_is_due_between_them(ledger: Ledger) -> None:
    async with (
        open_store(ledger.url, ledger.home, announces=True) as one,
        open_store(ledger.url, ledger.home, announces=True) as two,
    ):
        for _ in range(6):
            await put_out(one)
        found: list[str] = []

        async def take(store: SqlJobStore) -> None:
            while claimed := await store.outbox.claim(limit=1, lease_seconds=60):
                found.extend(announcement.id for announcement in claimed)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(take, one)
            tasks.start_soon(take, two)
        assert len(found) == len(set(found)) == 6
