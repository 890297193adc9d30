"""Idempotency keys: the same key again gets the first job."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from sora_mcp.store.rows import one_job
from sora_mcp.store.tables import jobs
from sora_mcp.store.unheard import forget_unheard
from sora_mcp.videos.errors import KeyConflict
from sora_mcp.videos.models import Job


async def first_with_key(connection: AsyncConnection, job: Job) -> Job | None:
    """The job for which its owner used a job's key first. Raises what `add` raises."""
    if job.idempotency_key is None:
        return None
    same_key = (jobs.c.owner == job.owner) & (jobs.c.idempotency_key == job.idempotency_key)
    first = await one_job(connection, select(jobs).where(same_key, jobs.c.deleted_at.is_(None)))
    if first is not None and first.fingerprint != job.fingerprint:
        raise KeyConflict(
            f"The idempotency_key was used before, with other arguments, for {first.id}. "
            f"Call get_video_status with {first.id} to see that video, or use a new key to make "
            "another one. Nothing was sent.",
            job=first,
        )
    if first is not None:
        await forget_unheard(connection, first)
    return first
