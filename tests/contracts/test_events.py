"""What every way to hear of changes promises, within a process and between processes."""

from collections.abc import AsyncGenerator

import anyio
import pytest

from sora_mcp.events.hints import BUFFER, Hints
from sora_mcp.events.local import LocalEvents
from sora_mcp.events.postgres import PostgresEvents
from sora_mcp.store.peek import LEDGER
from sora_mcp.store.sql import SqlJobStore
from sora_mcp.videos.models import Change, JobStatus
from tests.store.children import Child
from tests.store.ledgers import OWNER, Ledger, add, claim_one


def _change(number: int) -> Change:
    return Change(video_id=f"vid_{number}", owner=OWNER, status=JobStatus.QUEUED)


@pytest.fixture
async def events(ledger: Ledger, store: SqlJobStore) -> AsyncGenerator[Hints]:
    local = ledger.url is None
    with anyio.fail_after(60):
        async with (
            LocalEvents.open(ledger.home / LEDGER, store.changes_since)
            if local
            else PostgresEvents.open(store.news, store.changes_since)
        ) as events:
            yield events


@pytest.fixture
async def elsewhere(ledger: Ledger) -> AsyncGenerator[SqlJobStore]:
    """The same ledger as another process has it open."""
    async with ledger.open() as store:
        yield store


async def test_every_subscriber_is_told_at_once(events: Hints) -> None:
    async with events.subscribe() as one, events.subscribe() as two:
        await events.publish(_change(1))
        assert await one.receive() == await two.receive() == _change(1)


async def test_a_subscriber_is_told_only_what_happens_from_then_on(events: Hints) -> None:
    await events.publish(_change(1))
    async with events.subscribe() as changes:
        await events.publish(_change(2))
        assert await changes.receive() == _change(2)


async def test_who_asks_for_some_videos_is_told_of_no_others(events: Hints) -> None:
    async with (
        events.subscribe({"vid_2", "vid_3"}) as some,
        events.subscribe({"vid_3"}) as one,
        events.subscribe(()) as none,
    ):
        for number in (1, 2, 3, 4):
            await events.publish(_change(number))
        assert [await some.receive(), await some.receive()] == [_change(2), _change(3)]
        assert await one.receive() == _change(3)
        assert [reader.statistics().current_buffer_used for reader in (some, one, none)] == [0] * 3


async def test_a_reader_that_is_slow_loses_hints_and_hinders_nobody(events: Hints) -> None:
    async with events.subscribe() as slow, events.subscribe() as quick:
        for number in range(BUFFER + 10):
            await events.publish(_change(number))
            assert await quick.receive() == _change(number)
        kept = [(await slow.receive()).video_id for _ in range(BUFFER)]
        assert kept == [f"vid_{number}" for number in range(BUFFER)]
        await events.publish(_change(1000))
        assert await slow.receive() == _change(1000)


async def test_a_subscription_outlives_a_wait_that_was_given_up(events: Hints) -> None:
    async with events.subscribe() as changes:
        with anyio.move_on_after(0):
            async for _ in changes:
                pytest.fail("nothing has happened yet")
        await events.publish(_change(1))
        async for change in changes:
            assert change == _change(1)
            break


async def test_changes_of_another_process_are_noticed(events: Hints, ledger: Ledger) -> None:
    child = Child()
    try:
        await child.ask("open", ledger.url, str(ledger.home))
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
    events: Hints, store: SqlJobStore, elsewhere: SqlJobStore
) -> None:
    async with events.subscribe() as changes:
        mine = await add(store)
        foreign = await add(elsewhere)
        assert (await changes.receive()).video_id == foreign.id
        await add(elsewhere, id=f"{mine.id}x")
        assert (await changes.receive()).video_id == f"{mine.id}x"


async def test_a_job_that_another_process_hears_of_from_its_engine_is_news(
    events: Hints, elsewhere: SqlJobStore
) -> None:
    async with events.subscribe() as changes:
        job = await add(elsewhere, status=JobStatus.QUEUED, engine_job_id="video_1")
        assert (await changes.receive()).video_id == job.id
        await elsewhere.nudge("video_1", "msg_1")
        await add(elsewhere)
        assert await changes.receive() == _change(1).model_copy(update={"video_id": job.id})


async def test_leases_alone_are_no_news(events: Hints, elsewhere: SqlJobStore) -> None:
    async with events.subscribe() as changes:
        added = await add(elsewhere)
        assert (await changes.receive()).video_id == added.id
        job = await claim_one(elsewhere)
        await elsewhere.renew("worker", [job], 60)
        news = await add(elsewhere)
        assert (await changes.receive()).video_id == news.id
