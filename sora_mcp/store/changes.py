"""Which changes there were, and how replicas are told of each other's.

On PostgreSQL with NOTIFY, in the transaction of the write.
"""

import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import anyio
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from sora_mcp.store.database import Database
from sora_mcp.store.tables import EPOCH, jobs
from sora_mcp.videos.errors import LedgerError
from sora_mcp.videos.models import Change, Job

CHECK_SECONDS = 5.0
"""A connection that is silent for so long is asked whether it still is one."""

BUFFER = 10_000
"""Notices kept while a reader is busy; with more the connection is given up and made anew."""

_CHANNEL = "sora_mcp_changes"

_OVERLAP = 60_000_000
"""Microseconds: no transaction lasts so long (`database.py`)."""


async def changed(
    connection: AsyncConnection, job: Job, now: datetime, by: str, *, deleted: bool = False
) -> dict[str, object]:
    """Number a change that is being made and tell the others; what its row says of it.

    `by`: the name of the store that makes it.
    """
    number = await _new_number(connection, now)
    await _notify(connection, job, number=number, by=by, deleted=deleted)
    return {"change": number, "changed_by": by}


async def _new_number(connection: AsyncConnection, now: datetime) -> int:
    """The number of a change that is being made.

    On SQLite, where writers take turns, one more than the newest. On PostgreSQL, where they do not,
    the microseconds since 1970 at which the transaction began: two may have the same, and the
    lower one may become visible later.
    """
    if connection.dialect.name == "sqlite":
        newest = (await connection.execute(select(func.max(jobs.c.change)))).scalar()
        return (newest or 0) + 1
    return (now - EPOCH) // timedelta(microseconds=1)


async def _notify(
    connection: AsyncConnection, job: Job, *, number: int, by: str, deleted: bool
) -> None:
    """Have PostgreSQL tell the others when the transaction is committed.

    A payload holds 8,000 bytes; an owner's name, the only long part, has at most 2,700: it is in an
    index.
    """
    if connection.dialect.name == "sqlite":
        return
    payload = json.dumps([number, by, job.id, job.owner, job.status, deleted], ensure_ascii=False)
    await connection.execute(select(func.pg_notify(_CHANNEL, payload)))


async def read_changes(
    connection: AsyncConnection, number: int | None, name: str
) -> tuple[int, list[Change]]:
    """The newest change's number, and what others than `name` changed after change `number`.

    None stands for now. On PostgreSQL some may be told that were told before: it looks back as far
    as a transaction can last.
    """
    if number is None:
        newest = await connection.execute(select(func.max(jobs.c.change)))
        return newest.scalar() or 0, []
    first = number if connection.dialect.name == "sqlite" else number - _OVERLAP
    columns = (jobs.c.id, jobs.c.owner, jobs.c.status, jobs.c.deleted_at)
    changed = (
        select(*columns, jobs.c.change, jobs.c.changed_by)
        .where(jobs.c.change > first)
        .order_by(jobs.c.change)
    )
    rows = (await connection.execute(changed)).mappings().all()
    return max([number, *(row["change"] for row in rows[-1:])]), [
        Change(
            video_id=row["id"],
            owner=row["owner"],
            status=row["status"],
            deleted=row["deleted_at"] is not None,
        )
        for row in rows
        if row["changed_by"] != name
    ]


@asynccontextmanager
async def notices(
    database: Database, name: str
) -> AsyncGenerator[AsyncIterator[tuple[int, Change | None]]]:
    """The numbers of changes from now on, with the change unless `name` made it itself.

    Holds a connection of its own. Raises, also while iterating:
        LedgerError: The connection is lost, or cannot be made.
    """
    send, receive = anyio.create_memory_object_stream[str](BUFFER)

    def hear(payload: str) -> None:
        try:
            send.send_nowait(payload)
        except anyio.WouldBlock:
            send.close()
        except anyio.ClosedResourceError:
            pass  # the reader, who is busy, will see that it has missed some

    async def heard(connection: AsyncConnection) -> AsyncGenerator[tuple[int, Change | None]]:
        while True:
            payload = None
            with anyio.move_on_after(CHECK_SECONDS):
                try:
                    payload = await receive.receive()
                except anyio.EndOfStream as error:
                    lost = f"{database.name} closed the connection. Try again."
                    raise LedgerError(lost) from error
            if payload is not None:
                yield _notice(payload, name)
            else:
                with database.failures():
                    await connection.exec_driver_sql("SELECT 1")

    with send, receive:
        async with database.listening(_CHANNEL, hear, send.close) as connection:
            yield heard(connection)


def _notice(payload: str, name: str) -> tuple[int, Change | None]:
    number, by, video_id, owner, status, deleted = json.loads(payload)
    change = Change(video_id=video_id, owner=owner, status=status, deleted=deleted)
    return number, None if by == name else change
