"""Jobs that wait for an engine which was set aside, and go to another one."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, RowMapping, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from sora_mcp.store.database import Database
from sora_mcp.store.rows import job_of, jobs_of
from sora_mcp.store.scheduling import free
from sora_mcp.store.tables import EPOCH, jobs
from sora_mcp.videos.models import Job

LOOKED_AT = 500
"""So many jobs does one call look at, without keeping anybody waiting."""

MOVED = 100
"""So many of these it moves, in one transaction."""

_START = EPOCH, ""

Rewrite = Callable[[AsyncConnection, Job, Job], Awaitable[None]]
"""Writes a job's new state (the last) in place of its present one."""


class Moving:
    """Moves waiting jobs, a few at a time however many wait."""

    def __init__(self, database: Database, rewrite: Rewrite) -> None:
        self._database = database
        self._rewrite = rewrite
        self._places: dict[str, tuple[datetime, str]] = {}
        """Where the next call goes on, by the engine; those that may not move are passed over."""

    async def move_waiting(self, engine: str, other: str, may_move: Callable[[Job], bool]) -> None:
        """As `JobStore.move_waiting` says."""
        rows = await self._waiting(engine)
        found = jobs_of(rows)
        may = [row for row in rows if row["id"] in found and may_move(found[row["id"]])]
        if len(may) <= MOVED:
            last = rows[-1] if len(rows) == LOOKED_AT else None
            self._places[engine] = (last["run_at"], last["id"]) if last else _START
        if may:
            await self._move(engine, other, [row["id"] for row in may[:MOVED]])

    async def _waiting(self, engine: str) -> Sequence[RowMapping]:
        place = tuple_(jobs.c.run_at, jobs.c.id) > self._places.get(engine, _START)
        found = select(jobs).where(self._is_due(engine), place).limit(LOOKED_AT)
        async with self._database.reading() as connection:
            rows = await connection.execute(found.order_by(jobs.c.run_at, jobs.c.id))
            return rows.mappings().all()

    async def _move(self, engine: str, other: str, ids: Sequence[str]) -> None:
        still = select(jobs).where(jobs.c.id.in_(ids), self._is_due(engine)).order_by(jobs.c.id)
        async with self._database.writing() as (connection, _):
            found = await connection.execute(still.with_for_update())
            for stored in map(job_of, found.mappings().all()):
                moved = stored.model_copy(update={"engine": other, "base_url": None})
                await self._rewrite(connection, stored, moved)

    def _is_due(self, engine: str) -> ColumnElement[bool]:
        now = self._database.now()
        return (jobs.c.queue_engine == engine) & (jobs.c.run_at <= now) & free(now)
