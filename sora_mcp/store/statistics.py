"""What the ledger knows of engines: how much they have to do, and what they finished."""

from collections.abc import Mapping, Sequence

from sqlalchemy import bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from sora_mcp.store.database import Database
from sora_mcp.store.rows import JOB_COLUMNS, jobs_of
from sora_mcp.store.tables import completed, jobs
from sora_mcp.videos.models import Job

_LATEST = 50
"""So many finished jobs are enough to know how long one takes."""

_NEWEST = (
    select(*JOB_COLUMNS)
    .where(jobs.c.engine == bindparam("engine"), completed)
    .order_by(jobs.c.created_at.desc())
    .limit(_LATEST)
)


async def count_unfinished(connection: AsyncConnection) -> Mapping[str, int]:
    """How many unfinished jobs each engine has, queued ones included."""
    counted = select(jobs.c.engine, func.count().label("unfinished")).where(
        jobs.c.run_at.is_not(None)
    )
    rows = await connection.execute(counted.group_by(jobs.c.engine))
    return {row.engine: row.unfinished for row in rows}


async def newest_completed(database: Database, engine: str) -> Sequence[Job]:
    """The newest finished jobs of an engine."""
    return list(jobs_of(await database.few(_NEWEST, engine=engine)).values())
