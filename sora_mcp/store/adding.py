"""Adding a job to the ledger, unless the one that is meant is there already."""

from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from sora_mcp.store.budgets import check_budget
from sora_mcp.store.changes import changed
from sora_mcp.store.database import lock_row
from sora_mcp.store.keys import first_with_key
from sora_mcp.store.rows import at_engine, one_job, values_of
from sora_mcp.store.search import write_words
from sora_mcp.store.tables import jobs, owners
from sora_mcp.store.unheard import unheard_twin
from sora_mcp.videos.models import Job
from sora_mcp.videos.ports import Budget

_EVERYONE = ""
"""The row of `owners` that stands for the whole server; an owner has a name."""


async def add_job(
    connection: AsyncConnection, job: Job, budget: Budget, now: datetime, by: str
) -> Job:
    """Add a job as of now, or give the one that is there. Raises what `JobStore.add` raises.

    `by`: the name of the store that does.
    """
    by_id = job.idempotency_key is not None or job.engine_job_id is not None
    if by_id or budget.owner_per_day is not None:
        await lock_row(connection, owners, name=job.owner)
    if budget.server_per_day is not None:
        await lock_row(connection, owners, name=_EVERYONE)
    there = (
        await _adopted_before(connection, job)
        or await first_with_key(connection, job)
        or await unheard_twin(connection, job, now)
    )
    if there is not None:
        return there
    # A person may have thought for long since it was planned: it counts for the day it begins in.
    job = job.model_copy(update={"created_at": now})
    await check_budget(connection, job, budget, now)
    row = values_of(job) | await changed(connection, job, now, by) | {"run_at": now}
    await connection.execute(insert(jobs).values(row))
    await write_words(connection, job)
    return job


async def _adopted_before(connection: AsyncConnection, job: Job) -> Job | None:
    """The owner's job that has the same id at the same engine."""
    if job.engine_job_id is None:
        return None
    same_id = (jobs.c.engine_job_id == job.engine_job_id) & at_engine(job.engine, job.base_url)
    its = (jobs.c.owner == job.owner) & jobs.c.deleted_at.is_(None)
    return await one_job(connection, select(jobs).where(same_id, its))
