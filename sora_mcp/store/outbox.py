"""Ends of jobs that have yet to be told to the operator's receiver."""

import logging
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from pydantic import ValidationError
from sqlalchemy import RowMapping, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from sora_mcp.store.database import Database
from sora_mcp.store.tables import outbox
from sora_mcp.videos.models import Job
from sora_mcp.videos.ports import Announcement

log = logging.getLogger(__name__)


async def put_out(connection: AsyncConnection, job: Job, now: datetime) -> None:
    """Have the end of a job told, in the transaction that ends it."""
    row = {
        "id": f"msg_{secrets.token_hex(16)}",
        "job": job.model_dump(mode="json"),
        "ended_at": now,
        "run_at": now,
        "attempts": 0,
        "fence": 0,
    }
    await connection.execute(insert(outbox).values(row))


class SqlOutbox:
    """Implements the `Outbox` port. A lease is nothing but a `run_at` in the future."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def now(self) -> datetime:
        """The ledger's time, UTC."""
        return self._database.now()

    async def claim(self, *, limit: int, lease_seconds: float) -> Sequence[Announcement]:
        """Lease due announcements, oldest first; nobody else gets them until the lease ends."""
        async with self._database.writing() as (connection, now):
            due = select(outbox).where(outbox.c.run_at <= now).order_by(outbox.c.run_at)
            found = await connection.execute(due.limit(limit).with_for_update(skip_locked=True))
            rows = found.mappings().all()
            leased = {
                "run_at": now + timedelta(seconds=lease_seconds),
                "fence": outbox.c.fence + 1,
            }
            ids = [row["id"] for row in rows]
            await connection.execute(update(outbox).where(outbox.c.id.in_(ids)).values(leased))
        return [found for found in map(_leased, rows) if found is not None]

    async def settle(self, announcement: Announcement, run_in: float | None) -> bool:
        """Forget a leased announcement (None), or have it tried again in so many seconds."""
        held = (outbox.c.id == announcement.id) & (outbox.c.fence == announcement.fence)
        async with self._database.writing() as (connection, now):
            if run_in is None:
                settled = await connection.execute(delete(outbox).where(held))
            else:
                again = {
                    "run_at": now + timedelta(seconds=run_in),
                    "attempts": announcement.attempts + 1,
                }
                settled = await connection.execute(update(outbox).where(held).values(again))
        return settled.rowcount > 0

    async def next_due(self) -> float | None:
        """Seconds until some announcement is due or its lease ends; None: there is none."""
        async with self._database.reading() as connection:
            first = (await connection.execute(select(func.min(outbox.c.run_at)))).scalar()
        return None if first is None else max(0.0, (first - self.now()).total_seconds())


def _leased(row: RowMapping) -> Announcement | None:
    """None for what a newer program wrote and this one does not understand: that one tells it."""
    try:
        job = Job.model_validate(row["job"])
    except ValidationError:
        log.warning("%s could not be told here: it was written by a newer sora-mcp.", row["id"])
        return None
    return Announcement(
        id=row["id"],
        job=job,
        ended_at=row["ended_at"],
        attempts=row["attempts"],
        fence=row["fence"] + 1,
    )
