"""Who may work on what: due jobs, leases, and the room that engines have for waiting jobs."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    RowMapping,
    case,
    func,
    literal,
    or_,
    select,
    type_coerce,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from sora_mcp.store.database import lock_row
from sora_mcp.store.tables import EPOCH, Moment, engines, jobs
from sora_mcp.videos.models import Job, JobStatus
from sora_mcp.videos.ports import Claim, EngineLimits

ORPHANED_AFTER = timedelta(minutes=10)
"""So long overdue is a job that no process of its home folder will look at any more."""

_NEVER = datetime.max.replace(tzinfo=UTC)


def free(now: datetime) -> ColumnElement[bool]:
    """Nobody has a lease on the job, or its lease is over."""
    return or_(jobs.c.lease_until.is_(None), jobs.c.lease_until <= now)


def _due_at(home: str | None) -> ColumnElement[datetime]:
    """When a job is due for the processes of a home folder."""
    if home is None:
        return jobs.c.run_at
    # As the whole microseconds that it is.
    orphaned = type_coerce(jobs.c.run_at, BigInteger) + ORPHANED_AFTER // timedelta(microseconds=1)
    return case((jobs.c.home != home, type_coerce(orphaned, Moment)), else_=jobs.c.run_at)


async def due_jobs(
    connection: AsyncConnection,
    now: datetime,
    limits: Mapping[str, EngineLimits],
    limit: int,
    submissions: int,
    home: str | None,
) -> list[RowMapping]:
    """The jobs that somebody should look at now, held, most urgent first; at most `limit`, and of
    those that wait for an engine at most `submissions`.
    """
    downloading = jobs.c.status == JobStatus.DOWNLOADING
    never = literal(_NEVER, Moment)
    vanishes_at = case((downloading, func.coalesce(jobs.c.expires_at, never)), else_=never)
    found = await connection.execute(
        select(jobs)
        .where(jobs.c.queue_engine.is_(None), jobs.c.run_at <= now, _due_at(home) <= now, free(now))
        .order_by(vanishes_at, jobs.c.run_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    rows = list(found.mappings())
    # In the order of names, so that two replicas never wait for each other's engines.
    for engine in sorted(limits):
        rows += await _admitted(connection, now, engine, limits[engine], submissions, home)
    rows.sort(key=_urgency)
    too_many = [row["id"] for row in rows if row["queue_engine"]][submissions:]
    return [row for row in rows if row["id"] not in too_many][:limit]


async def _admitted(
    connection: AsyncConnection,
    now: datetime,
    engine: str,
    limits: EngineLimits,
    limit: int,
    home: str | None,
) -> list[RowMapping]:
    """The waiting jobs that an engine has room for."""
    most = 1 if limits.min_interval > 0 else limits.max_active
    found = await connection.execute(
        select(jobs)
        .where(
            jobs.c.queue_engine == engine,
            jobs.c.run_at <= now,
            _due_at(home) <= now,
            free(now),
        )
        .order_by(jobs.c.run_at)
        .limit(min(most, limit))
        .with_for_update(skip_locked=True)
    )
    waiting = list(found.mappings())
    if not waiting:
        return []
    await _lock(connection, engine)
    slots = await _free_slots(connection, engine, limits)
    if slots <= 0 or await _next_submit_at(connection, engine) > now:
        return []
    return waiting[:slots]


def _urgency(row: RowMapping) -> tuple[datetime, datetime]:
    vanishes = row["expires_at"] if row["status"] == JobStatus.DOWNLOADING else None
    return vanishes or _NEVER, row["run_at"]


async def lease(
    connection: AsyncConnection,
    rows: Sequence[RowMapping],
    found: Mapping[str, Job],
    worker: str,
    until: datetime,
) -> list[Claim]:
    """Give jobs to a worker; those that waited for an engine are `submitting` from here on.

    `found`: the jobs in these rows, by their ids.
    """
    leased = {"lease_owner": worker, "lease_until": until, "fence": jobs.c.fence + 1}
    # Not counted as a change: people are shown the same as before.
    sending = {
        "status": JobStatus.SUBMITTING,
        "queue_engine": None,
        "slot_engine": jobs.c.queue_engine,
    }
    sent = [row["id"] for row in rows if row["queue_engine"]]
    others = [row["id"] for row in rows if not row["queue_engine"]]
    for ids, values in ((sent, leased | sending), (others, leased)):
        if ids:
            await connection.execute(update(jobs).where(jobs.c.id.in_(ids)).values(values))
    return [_claim(row, found[row["id"]], worker) for row in rows]


def _claim(row: RowMapping, job: Job, worker: str) -> Claim:
    status = JobStatus.SUBMITTING if row["queue_engine"] else job.status
    return Claim(
        job.model_copy(update={"status": status, "fence": job.fence + 1}),
        was_sending=job.status is JobStatus.SUBMITTING,
        taken_over=row["lease_owner"] not in (None, worker),
    )


async def hold_until(connection: AsyncConnection, engine: str, moment: datetime) -> None:
    """Let an engine have no submission before a moment; never shortens what was said before."""
    await _lock(connection, engine)
    later = (engines.c.name == engine) & (engines.c.next_submit_at < moment)
    await connection.execute(update(engines).where(later).values(next_submit_at=moment))


async def _lock(connection: AsyncConnection, engine: str) -> None:
    await lock_row(connection, engines, name=engine, next_submit_at=EPOCH)


async def submit_time(
    connection: AsyncConnection, engine: str, limits: EngineLimits
) -> datetime | None:
    """From when on an engine may have its next submission; None while its slots are full."""
    if await _free_slots(connection, engine, limits) <= 0:
        return None
    return await _next_submit_at(connection, engine)


async def _free_slots(connection: AsyncConnection, engine: str, limits: EngineLimits) -> int:
    taken = select(func.count()).where(jobs.c.slot_engine == engine)
    return limits.max_active - (await connection.execute(taken)).scalar_one()


async def _next_submit_at(connection: AsyncConnection, engine: str) -> datetime:
    known = select(engines.c.next_submit_at).where(engines.c.name == engine)
    return (await connection.execute(known)).scalar() or EPOCH


async def next_moment(
    connection: AsyncConnection,
    limits: Mapping[str, EngineLimits],
    now: datetime,
    home: str | None,
) -> datetime | None:
    """When the next job is due or a lease ends; None when there is nothing to wait for.

    Jobs that wait for a full engine are left out: the write that frees a slot wakes the workers.
    """
    due_at = _due_at(home)
    free_at = case((jobs.c.lease_until > due_at, jobs.c.lease_until), else_=due_at)
    due = select(func.min(free_at)).where(jobs.c.run_at.is_not(None), jobs.c.queue_engine.is_(None))
    moments = [(await connection.execute(due)).scalar()]
    for engine in limits:
        queue = (
            select(due_at)
            .where(jobs.c.queue_engine == engine, jobs.c.run_at.is_not(None), free(now))
            .order_by(due_at)
            .limit(1)
        )
        first = (await connection.execute(queue)).scalar()
        opens_at = await submit_time(connection, engine, limits[engine]) if first else None
        if first and opens_at:
            moments.append(max(first, opens_at))
    return min((moment for moment in moments if moment), default=None)
