"""The quick look at the ledger when a process starts."""

import subprocess
import sys
from pathlib import Path

from sora_mcp.store.opening import open_store
from sora_mcp.store.peek import LEDGER, has_unfinished_job
from sora_mcp.videos.models import JobStatus
from tests.store.ledgers import OWNER, add, claim_one


async def test_a_job_that_was_left_unfinished_is_seen(tmp_path: Path) -> None:
    async with open_store(None, tmp_path) as store:
        await add(store)
        assert has_unfinished_job(tmp_path / LEDGER)
    assert has_unfinished_job(tmp_path / LEDGER)


async def test_finished_and_deleted_jobs_are_nothing_to_start_for(tmp_path: Path) -> None:
    async with open_store(None, tmp_path) as store:
        await store.mark_deleted(await add(store))
        await add(store)
        done = (await claim_one(store)).model_copy(update={"status": JobStatus.COMPLETED})
        await store.save(done)
    assert not has_unfinished_job(tmp_path / LEDGER)
    async with open_store(None, tmp_path) as store:
        await store.request_delete(done.id, OWNER, keep_files=False)
    assert has_unfinished_job(tmp_path / LEDGER)


def test_no_ledger_is_no_job_and_none_is_made(tmp_path: Path) -> None:
    assert not has_unfinished_job(tmp_path / LEDGER)
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_ledger_is_no_job(tmp_path: Path) -> None:
    (tmp_path / LEDGER).write_text("not a database, though it has the name of one")
    assert not has_unfinished_job(tmp_path / LEDGER)
    (tmp_path / LEDGER).write_bytes(b"")
    assert not has_unfinished_job(tmp_path / LEDGER)


def test_the_look_loads_nothing_heavy() -> None:
    heavy = "{'sqlalchemy', 'alembic', 'aiosqlite', 'pydantic'} & set(sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", f"import sys, sora_mcp.store.peek; sys.exit(bool({heavy}))"],
        check=False,
    )
    assert loaded.returncode == 0
