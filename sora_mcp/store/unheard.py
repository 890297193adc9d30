"""Requests whose caller went away before it heard of the job."""

from datetime import datetime

from sqlalchemy import ColumnElement, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from sora_mcp.store.rows import one_job
from sora_mcp.store.tables import jobs, unheard
from sora_mcp.videos.lifecycle import UNHEARD_FOR
from sora_mcp.videos.models import Job


async def note_unheard(connection: AsyncConnection, job: Job, now: datetime) -> None:
    """Remember a job that nobody heard of; what is too old goes."""
    old = unheard.c.at < now - UNHEARD_FOR
    await connection.execute(delete(unheard).where(_same_request(job) | old))
    row = {"owner": job.owner, "fingerprint": job.fingerprint, "job_id": job.id, "at": now}
    await connection.execute(insert(unheard).values(row))


async def unheard_twin(connection: AsyncConnection, job: Job, now: datetime) -> Job | None:
    """The unheard job of the same request, which is given to one caller only."""
    fresh = unheard.c.at > now - UNHEARD_FOR
    taken = delete(unheard).where(_same_request(job), fresh).returning(unheard.c.job_id)
    twin = (await connection.execute(taken)).scalar()
    if twin is None:
        return None
    shown = jobs.c.deleted_at.is_(None)
    return await one_job(connection, select(jobs).where(jobs.c.id == twin, shown))


def _same_request(job: Job) -> ColumnElement[bool]:
    return (unheard.c.owner == job.owner) & (unheard.c.fingerprint == job.fingerprint)
