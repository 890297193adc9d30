"""Requests whose caller went away before it heard of the job."""

from datetime import datetime

from sqlalchemy import ColumnElement, delete, exists, or_, select, true, update
from sqlalchemy.ext.asyncio import AsyncConnection

from sora_mcp.store.database import put
from sora_mcp.store.rows import one_job
from sora_mcp.store.tables import jobs, unheard
from sora_mcp.videos.checks import APPROVED
from sora_mcp.videos.lifecycle import UNHEARD_FOR
from sora_mcp.videos.models import Job


async def note_unheard(connection: AsyncConnection, job: Job, now: datetime) -> None:
    """Remember a job that nobody heard of; what is too old goes."""
    await connection.execute(delete(unheard).where(unheard.c.at < now - UNHEARD_FOR))
    row = {"owner": job.owner, "fingerprint": job.fingerprint, "job_id": job.id, "at": now}
    await connection.execute(put(connection, unheard, row))


async def forget_unheard(connection: AsyncConnection, job: Job) -> None:
    """Somebody has heard of a job."""
    await connection.execute(delete(unheard).where(_same_request(job), unheard.c.job_id == job.id))


async def unheard_twin(connection: AsyncConnection, job: Job, now: datetime) -> Job | None:
    """The unheard job of the same request, which is given to one caller only.

    That caller's key is the job's from then on: used again, it gives the same job.
    """
    fresh = unheard.c.at > now - UNHEARD_FOR
    its = jobs.c.id == unheard.c.job_id
    there = exists().where(its, jobs.c.deleted_at.is_(None), _may_be_meant(job.idempotency_key))
    taken = delete(unheard).where(_same_request(job), fresh, there).returning(unheard.c.job_id)
    twin = (await connection.execute(taken)).scalar()
    if twin is None:
        return None
    if job.idempotency_key is not None:
        named = update(jobs).where(jobs.c.id == twin).values(idempotency_key=job.idempotency_key)
        await connection.execute(named)
    return await one_job(connection, select(jobs).where(jobs.c.id == twin))


def _may_be_meant(key: str | None) -> ColumnElement[bool]:
    """Jobs that a request under a key may mean: a caller that uses two keys wants two videos."""
    if key is None:
        return true()
    return or_(jobs.c.idempotency_key.is_(None), jobs.c.idempotency_key.startswith(APPROVED))


def _same_request(job: Job) -> ColumnElement[bool]:
    return (unheard.c.owner == job.owner) & (unheard.c.fingerprint == job.fingerprint)
