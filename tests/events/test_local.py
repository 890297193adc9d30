"""Hints that jobs changed, within a process and between processes."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from pathlib import Path

import anyio
import pytest

from sora_mcp.events.local import BUFFER, LocalEvents
from sora_mcp.store.peek import LEDGER
from sora_mcp.store.sql import SqlJobStore, open_store
from sora_mcp.videos.errors import LedgerError
from sora_mcp.videos.models import Change, JobStatus
from tests.store.children import Child
from tests.store.ledgers import OWNER, add, claim_one


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


async def test_every_subscriber_is_told_at_once(events: LocalEvents) -> None:
    async with events.subscribe() as one, events.subscribe() as two:
        await events.publish(_change(1))
        assert await one.receive() == await two.receive() == _change(1)


async def test_a_subscriber_is_told_only_what_happens_from_then_on(events: LocalEvents) -> None:
    await events.publish(_change(1))
    async with events.subscribe() as changes:
        await events.publish(_change(2))
        assert await changes.receive() == _change(2)


async def test_a_reader_that_is_slow_loses_hints_and_hinders_nobody(events: LocalEvents) -> None:
    async with events.subscribe() as slow, events.subscribe() as quick:
        for number in range(BUFFER + 10):
            await events.publish(_change(number))
            assert await quick.receive() == _change(number)
        kept = [(await slow.receive()).video_id for _ in range(BUFFER)]
        assert kept == [f"vid_{number}" for number in range(BUFFER)]
        await events.publish(_change(1000))
        assert await slow.receive() == _change(1000)


async def test_a_subscription_outlives_a_wait_that_was_given_up(events: LocalEvents) -> None:
    async with events.subscribe() as changes:
        with anyio.move_on_after(0):
            async for _ in changes:
                pytest.fail("nothing has happened yet")
        await events.publish(_change(1))
        async for change in changes:
            assert change == _change(1)
            break


async def test_changes_of_another_process_are_noticed(events: LocalEvents, tmp_path: Path) -> None:
    child = Child()
    try:
        await child.ask("open", None, str(tmp_path))
        async with events.subscribe() as changes:
            video_id = await child.ask("make", "completed")
            seen = await changes.receive()
            while seen.status is not JobStatus.COMPLETED:
                seen = await changes.receive()
            assert seen == Change(video_id=video_id, owner=OWNER, status=JobStatus.COMPLETED)
            await child.ask("forget", video_id)
            assert await changes.receive() == seen.model_copy(update={"deleted": True})
    finally:
        child.kill()


async def test_what_this_process_writes_is_left_to_its_own_publishing(
    events: LocalEvents, store: SqlJobStore, elsewhere: SqlJobStore
) -> None:
    async with events.subscribe() as changes:
        mine = await add(store)
        foreign = await add(elsewhere)
        assert (await changes.receive()).video_id == foreign.id
        await add(elsewhere, id=f"{mine.id}x")
        assert (await changes.receive()).video_id == f"{mine.id}x"


async def test_leases_alone_are_no_news(events: LocalEvents, elsewhere: SqlJobStore) -> None:
    await add(elsewhere)
    async with events.subscribe() as changes:
        job = await claim_one(elsewhere)
        await elsewhere.renew("worker", [job], 60)
        news = await add(elsewhere)
        assert (await changes.receive()).video_id == news.id


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
