"""Hints among the processes of one machine, beyond what every way to hear of changes promises."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from pathlib import Path

import anyio
import pytest

from sora_mcp.events.local import LocalEvents
from sora_mcp.store.opening import open_store
from sora_mcp.store.peek import LEDGER
from sora_mcp.store.sql import SqlJobStore
from sora_mcp.videos.errors import LedgerError
from sora_mcp.videos.models import Change, JobStatus
from tests.store.ledgers import OWNER, add


def _change(number: int) -> Change:
    return Change(video_id=f"vid_{number}", owner=OWNER, status=JobStatus.QUEUED)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncGenerator[SqlJobStore]:
    async with open_store(None, tmp_path) as store:
        yield store


@pytest.fixture
async def events(store: SqlJobStore, tmp_path: Path) -> AsyncGenerator[LocalEvents]:
    with anyio.fail_after(60):
        async with LocalEvents.open(tmp_path / LEDGER, store.changes_since) as events:
            yield events


@pytest.fixture
async def elsewhere(tmp_path: Path) -> AsyncGenerator[SqlJobStore]:
    """The same ledger as another process has it open."""
    async with open_store(None, tmp_path) as store:
        yield store


async def test_what_happened_while_nobody_listened_is_not_told_later(
    events: LocalEvents, elsewhere: SqlJobStore
) -> None:
    for _ in range(2):
        await add(elsewhere)
        async with events.subscribe() as changes:
            news = await add(elsewhere)
            assert (await changes.receive()).video_id == news.id


async def test_the_ledger_is_only_asked_while_somebody_listens_and_something_was_written(
    store: SqlJobStore, elsewhere: SqlJobStore, tmp_path: Path
) -> None:
    asked: list[int | None] = []

    async def changes_since(number: int | None) -> tuple[int, list[Change]]:
        asked.append(number)
        return await store.changes_since(number)

    with anyio.fail_after(60):
        async with LocalEvents.open(tmp_path / LEDGER, changes_since) as events:
            await add(elsewhere)
            assert asked == []
            async with events.subscribe() as changes:
                await add(elsewhere)
                await changes.receive()
            # Now; the first look; perhaps one between the write and its commit being seen.
            assert asked[0] is None
            assert 2 <= len(asked) <= 3


async def test_a_ledger_that_cannot_be_read_for_a_while_delays_the_news(
    store: SqlJobStore, elsewhere: SqlJobStore, tmp_path: Path
) -> None:
    failures = 0

    async def changes_since(number: int | None) -> tuple[int, list[Change]]:
        nonlocal failures
        if number is not None and failures < 2:
            failures += 1
            raise LedgerError("The disk is on strike.")
        return await store.changes_since(number)

    with anyio.fail_after(60):
        async with (
            LocalEvents.open(tmp_path / LEDGER, changes_since) as events,
            events.subscribe() as changes,
        ):
            news = await add(elsewhere)
            assert (await changes.receive()).video_id == news.id
    assert failures == 2


async def test_without_a_ledger_file_this_process_still_tells_itself(
    store: SqlJobStore, tmp_path: Path
) -> None:
    nowhere = tmp_path / "other.sqlite"
    async with AsyncExitStack() as stack:
        stack.enter_context(anyio.fail_after(60))
        events = await stack.enter_async_context(LocalEvents.open(nowhere, store.changes_since))
        changes = await stack.enter_async_context(events.subscribe())
        await events.publish(_change(1))
        assert await changes.receive() == _change(1)
    assert not nowhere.exists()
