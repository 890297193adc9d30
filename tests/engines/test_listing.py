"""One list answers for many jobs, however many there are."""

import math
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import anyio.lowlevel
import httpx2
import pytest
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from starlette.requests import Request
from starlette.responses import Response

from benchmarks.ledgers import OWNER, at_host, fill
from sora_mcp.app import App, open_app
from sora_mcp.engines.videos_api import LIST_LIMIT
from sora_mcp.videos.following import WRITES
from sora_mcp.videos.worker import CLAIM_AT_MOST
from tests.engines.hosts import KINDS, an_engine
from tests.fakes.hosts.base import Host
from tests.fakes.videos_api import FakeHost
from tests.harness import KEY, settings_in
from tests.serving import serving
from tests.store.ledgers import Ledger, new_ledger
from tests.store.postgres import needs_postgres

PATH = "/v1/videos"


def a_host(kind: str, jobs: int) -> tuple[Host, list[str]]:
    """A host that has jobs already, and their ids."""
    host = KINDS[kind].host()
    return host, [host.take({"prompt": "a cat"}).id for _ in range(jobs)]


async def listed(kind: str, host: Host, wanted: list[str]) -> set[str]:
    with anyio.fail_after(60):
        async with serving(host.app()) as url, an_engine(KINDS[kind], f"{url}/v1") as engine:
            await engine.profile()
            host.requests.clear()
            return {job.id for job in await engine.list_jobs(wanted) or ()}


async def test_older_pages_of_a_list_are_read_while_wanted_jobs_are_missing() -> None:
    host, jobs = a_host("sglang", 250)
    assert await listed("sglang", host, jobs[::10]) >= set(jobs[::10])
    assert host.requests == [("GET", PATH)] * 3


@pytest.mark.parametrize(
    ("kind", "wanted"), [("sglang", []), ("sglang", ["gone"]), ("fastvideo", None)]
)
async def test_one_page_is_read_where_more_would_not_pay_or_cannot_be_had(
    kind: str, wanted: list[str] | None
) -> None:
    host, jobs = a_host(kind, 250)
    assert len(await listed(kind, host, jobs if wanted is None else wanted)) == LIST_LIMIT
    assert host.requests == [("GET", PATH)]


async def all_looked_at(app: App, jobs: int) -> None:
    """Have an app go on with so many jobs; return when it has told a change of each."""
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(app.resume)
        seen: set[str] = set()
        async for change in app.changes():
            seen.add(change.video_id)
            if len(seen) == jobs:
                break
        tasks.cancel_scope.cancel()


async def test_jobs_that_are_followed_are_not_looked_at_one_by_one_where_the_host_lists(
    tmp_path: Path,
) -> None:
    host, jobs = a_host("sglang", 150)
    async with serving(host.app()) as url:
        await fill(None, tmp_path / "home", at_host(jobs, url))
        settings = settings_in(tmp_path, base_url=f"{url}/v1", api_key=KEY)
        with anyio.fail_after(60):
            async with open_app(settings) as app:
                await all_looked_at(app, len(jobs))
    asked = [path for _, path in host.requests if path.startswith(PATH)]
    assert set(asked) == {PATH}
    assert len(asked) < len(jobs) / 20


async def test_jobs_that_are_due_together_share_a_list_however_many_portions_they_come_in(
    tmp_path: Path,
) -> None:
    jobs, pages = 250, 3
    host, names = a_host("sglang", jobs)
    async with serving(host.app()) as url:
        # Those at the end of the list come first, so that it is read to its end for them.
        await fill(None, tmp_path / "home", at_host(names[::-1], url), spread=0.001)
        settings = settings_in(tmp_path, base_url=f"{url}/v1", api_key=KEY)
        with anyio.fail_after(60):
            async with open_app(settings) as app:
                await all_looked_at(app, jobs)
    asked = [path for _, path in host.requests if path.startswith(PATH)]
    # On a slow machine some may be due again by then.
    assert pages <= len(asked) <= 2 * pages < pages * math.ceil(jobs / CLAIM_AT_MOST)


@needs_postgres
async def test_what_a_list_says_is_written_a_few_at_a_time_so_that_others_come_in_between(
    tmp_path: Path,
) -> None:
    host = FakeHost(mp4=b"")
    asked = anyio.Event()

    async def hold_all_rows(
        request: Request, carry_out: Callable[[], Awaitable[Response]]
    ) -> Response:
        await connection.execute(text("SELECT 1 FROM jobs FOR UPDATE"))
        asked.set()
        return await carry_out()

    async def waiting() -> int:
        (row,) = await ledger.execute(_BLOCKED)
        return row[0]

    async with (
        new_ledger("postgres", tmp_path) as ledger,
        serving(host.app()) as url,
        httpx2.AsyncClient(base_url=url) as http,
        connected(ledger) as connection,
    ):
        for _ in range(40):
            await http.post(PATH, json={"prompt": "a cat"})
        await fill(ledger.url, tmp_path, at_host(list(host.jobs), url))
        host.fail(f"GET {PATH.removeprefix('/v1')}", hold_all_rows)
        settings = settings_in(tmp_path, base_url=f"{url}/v1", api_key=KEY, database_url=ledger.url)
        with anyio.fail_after(60):
            async with open_app(settings) as app:
                videos = await app.videos()
                await asked.wait()
                while await waiting() < WRITES:
                    await anyio.lowlevel.checkpoint()
                assert len((await videos.list(OWNER, limit=100)).jobs) == 40
                assert await waiting() == WRITES
                await connection.rollback()


_BLOCKED = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE 'SELECT%'
"""


@asynccontextmanager
async def connected(ledger: Ledger) -> AsyncGenerator[AsyncConnection]:
    """Somebody else's connection to a ledger on PostgreSQL."""
    url = make_url(ledger.url or "").set(drivername="postgresql+asyncpg")
    engine = create_async_engine(url)
    try:
        async with engine.connect() as connection:
            yield connection
    finally:
        await engine.dispose()
