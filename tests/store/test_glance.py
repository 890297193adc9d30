"""Short reads of a SQLite ledger, which are made in the event loop where nothing is waited for."""

import sqlite3
from contextlib import closing
from pathlib import Path

import anyio
import anyio.lowlevel

from sora_mcp.store.opening import open_store
from sora_mcp.store.peek import LEDGER
from sora_mcp.videos.models import Job
from tests.store.ledgers import NO_LIMIT, a_job, add


async def test_what_another_process_wrote_is_seen_at_once(tmp_path: Path) -> None:
    async with open_store(None, tmp_path) as ours, open_store(None, tmp_path) as theirs:
        for _ in range(3):
            job = a_job(ours)
            assert await ours.get(job.id) is None
            added = await theirs.add(job, NO_LIMIT)
            assert await ours.get(job.id) == added
            await theirs.mark_deleted(job)
            assert await ours.get(job.id) is None


async def test_a_ledger_that_is_locked_is_waited_for(tmp_path: Path) -> None:
    async with open_store(None, tmp_path) as store:
        job = await add(store)
    found: list[Job | None] = []
    with closing(sqlite3.connect(tmp_path / LEDGER, isolation_level=None)) as file:
        # So that a writer keeps readers away, as it does where a file system has no WAL.
        file.execute("PRAGMA journal_mode = DELETE")
        async with open_store(None, tmp_path) as store:

            async def look() -> None:
                found.append(await store.get(job.id))

            assert await store.get(job.id) == job
            file.execute("BEGIN EXCLUSIVE")
            with anyio.fail_after(60):
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(look)
                    for _ in range(3):
                        await anyio.lowlevel.checkpoint()
                    assert not found
                    file.execute("COMMIT")
    assert found == [job]


async def test_looking_leaves_nothing_behind(tmp_path: Path) -> None:
    async with open_store(None, tmp_path) as store:
        job = await add(store)
        assert await store.get(job.id) == job
    assert not list(tmp_path.glob(f"{LEDGER}-*"))
