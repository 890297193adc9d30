"""Messages of engines, each of which is heeded once, whichever replica it comes to."""

from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from sora_mcp.store.changes import changed
from sora_mcp.store.database import insert_new
from sora_mcp.store.rows import job_of
from sora_mcp.store.tables import heard, jobs
from sora_mcp.videos.lifecycle import ACTIVE
from sora_mcp.videos.models import Change

_KEPT = timedelta(days=4)
"""Senders try again for three days (standardwebhooks.com, and OpenAI's own description)."""


async def heed(
    connection: AsyncConnection, engine_job_id: str, message_id: str, now: datetime, by: str
) -> list[Change]:
    """Make a job due and tell the others, unless the message is known.

    Ids that are too old to come again go. `by`: the name of the store that heard it.
    """
    await connection.execute(delete(heard).where(heard.c.at < now - _KEPT))
    new = await connection.execute(insert_new(connection, heard, {"id": message_id, "at": now}))
    if new.rowcount == 0:
        return []
    active = jobs.c.status.in_(sorted(ACTIVE)) & jobs.c.deleted_at.is_(None)
    found = select(jobs).where(jobs.c.engine_job_id == engine_job_id, active).with_for_update()
    due = [job_of(row) for row in (await connection.execute(found)).mappings().all()]
    for job in due:
        news = await changed(connection, job, now, by)
        await connection.execute(update(jobs).where(jobs.c.id == job.id).values(run_at=now, **news))
    return [Change(video_id=job.id, owner=job.owner, status=job.status) for job in due]
