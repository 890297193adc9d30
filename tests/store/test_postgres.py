"""What only a ledger on PostgreSQL has to stand."""

from pathlib import Path

import anyio
import pytest
from sqlalchemy import select

from sora_mcp.store.database import Database
from sora_mcp.store.migrate import HEAD
from sora_mcp.store.opening import open_store
from sora_mcp.store.tables import jobs
from sora_mcp.videos.errors import LedgerError, NotConfigured
from sora_mcp.videos.models import JobStatus
from tests.store.ledgers import add, claim_one, new_ledger
from tests.store.postgres import needs_postgres

pytestmark = needs_postgres


async def test_a_replica_that_freezes_in_a_transaction_does_not_stop_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with new_ledger("postgres", tmp_path) as ledger, ledger.open() as store:
        await add(store, status=JobStatus.QUEUED)
        job = await claim_one(store)
        assert ledger.url is not None
        monkeypatch.setattr("sora_mcp.store.database.IDLE_SECONDS", 0.2)
        frozen = Database.at(ledger.url)
        saved = False

        async def freeze_with_a_lock() -> None:
            nonlocal saved
            async with frozen.writing() as (connection, _):
                row = select(jobs).where(jobs.c.id == job.id).with_for_update()
                await connection.execute(row)
                saved = await store.save(job)
                await connection.execute(row)

        try:
            with anyio.fail_after(60), pytest.raises(LedgerError):
                await freeze_with_a_lock()
        finally:
            await frozen.engine.dispose()
        assert saved


async def test_a_ledger_of_the_first_version_gets_what_is_new(tmp_path: Path) -> None:
    async with new_ledger("postgres", tmp_path, migrated=False) as ledger:
        async with ledger.open() as store:
            job = await add(store)
        for statement in (
            "DROP INDEX jobs_latest",
            "DROP TABLE requests, heard, outbox",
            "UPDATE alembic_version SET version_num = '0001'",
        ):
            await ledger.execute(statement)
        async with ledger.open() as store:
            assert await store.get(job.id) == job
        assert await ledger.execute("SELECT version_num FROM alembic_version") == [(HEAD,)]
        assert await ledger.execute("SELECT * FROM requests, heard, outbox") == []


async def test_a_parameter_that_the_driver_does_not_know_is_named(tmp_path: Path) -> None:
    address = "postgresql://anna:secret@127.0.0.1/db?sslmode=require&channel_binding=require"
    with pytest.raises(NotConfigured, match=r"no channel_binding.*sslmode") as refused:
        async with open_store(address, tmp_path):
            pass
    assert "secret" not in refused.value.message
