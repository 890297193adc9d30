"""Messages of engines, each of which is heeded once, whichever replica it comes to."""

from datetime import datetime, timedelta

from sqlalchemy import delete, update
from sqlalchemy.ext.asyncio import AsyncConnection

from sora_mcp.store.database import insert_new
from sora_mcp.store.tables import heard, jobs
from sora_mcp.videos.lifecycle import ACTIVE
from sora_mcp.videos.models import Change

_KEPT = timedelta(days=4)
"""Senders try again for three days (standardwebhooks.com, and OpenAI's own description)."""


async def heed(
    connection: AsyncConnection, engine_job_id: str, message_id: str, now: datetime
) -> list[Change]:
    """Make a job due, unless the message is known; ids that are too old to come again go."""
    await connection.execute(delete(heard).where(heard.c.at < now - _KEPT))
    new = await connection.execute(insert_new(connection, heard, {"id": message_id, "at": now}))
    if new.rowcount == 0:
        return []
    active = jobs.c.status.in_(sorted(ACTIVE)) & jobs.c.deleted_at.is_(None)
    due = (
        update(jobs)
        .where(jobs.c.engine_job_id == engine_job_id, active)
        .values(run_at=now)
        .returning(jobs.c.id, jobs.c.owner, jobs.c.status)
    )
    rows = (await connection.execute(due)).all()
    return [Change(video_id=row.id, owner=row.owner, status=row.status) for row in rows]
