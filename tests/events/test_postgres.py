"""Hints among replicas, beyond what every way to hear of changes promises."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio

from sora_mcp.events.postgres import PostgresEvents
from sora_mcp.videos.models import Change
from tests.store.ledgers import add, new_ledger
from tests.store.postgres import END_OTHERS, needs_postgres

pytestmark = needs_postgres


async def test_what_changed_while_the_connection_was_lost_is_told_when_it_is_back(
    tmp_path: Path,
) -> None:
    may_connect = anyio.Event()
    may_connect.set()
    async with (
        new_ledger("postgres", tmp_path) as ledger,
        ledger.open() as store,
        ledger.open() as elsewhere,
    ):

        @asynccontextmanager
        async def news() -> AsyncGenerator[AsyncIterator[tuple[int, Change | None]]]:
            await may_connect.wait()
            async with store.news() as changes:
                yield changes

        with anyio.fail_after(60):
            async with (
                PostgresEvents.open(news, store.changes_since) as events,
                events.subscribe() as changes,
            ):
                first = await add(elsewhere)
                assert (await changes.receive()).video_id == first.id
                may_connect = anyio.Event()
                await ledger.execute(END_OTHERS)
                missed = await add(elsewhere)
                may_connect.set()
                told = {(await changes.receive()).video_id}
                while missed.id not in told:
                    told.add((await changes.receive()).video_id)
                news_again = await add(elsewhere)
                while news_again.id not in told:
                    told.add((await changes.receive()).video_id)
