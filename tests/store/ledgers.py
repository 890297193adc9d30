"""Ledgers to test with: SQLite always, PostgreSQL where there is one."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine

from sora_mcp.store.opening import open_store
from sora_mcp.store.peek import LEDGER
from sora_mcp.store.sql import SqlJobStore
from sora_mcp.store.tables import EPOCH
from sora_mcp.videos.models import Job, JobStatus, Operation, new_video_id
from sora_mcp.videos.ports import Budget, Claim, EngineLimits
from tests.store.postgres import HAS_POSTGRES, postgres

BACKENDS = ["sqlite", *(["postgres"] if HAS_POSTGRES else [])]

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

    async def execute(self, statement: str) -> Sequence[Row[Any]]:
        """What somebody else does to the database."""
        driver = "sqlite+aiosqlite" if self.url is None else "postgresql+asyncpg"
        url = make_url(self.url or f"sqlite:///{self.home / LEDGER}")
        engine = create_async_engine(url.set(drivername=driver))
        try:
            async with engine.begin() as connection:
                result = await connection.execute(text(statement))
                return result.all() if result.returns_rows else ()
        finally:
            await engine.dispose()

    async def date(self, job: Job, created_at: datetime) -> Job:
        """The job as if it had been added at another time."""
        at = (created_at - EPOCH) // timedelta(microseconds=1)
        await self.execute(f"UPDATE jobs SET created_at = {at} WHERE id = '{job.id}'")  # noqa: S608  # ours
        return job.model_copy(update={"created_at": created_at})


@asynccontextmanager
async def new_ledger(backend: str, home: Path, *, migrated: bool = True) -> AsyncGenerator[Ledger]:
    """An empty ledger of its own for one test; `migrated`: whether PostgreSQL has its tables."""
    if backend == "sqlite":
        yield Ledger(None, home)
        return
    async with (await postgres()).database(migrated=migrated) as url:
        yield Ledger(url, home)


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
    submissions: int = 100,
    lease_seconds: float = 60,
    limits: dict[str, EngineLimits] = ROOMY,
) -> list[Claim]:
    """Claim what is due, with room at the engine."""
    return await store.claim(
        worker,
        limit=limit,
        submissions=submissions,
        lease_seconds=lease_seconds,
        limits=limits,
    )


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
