"""Claims of due jobs, and what a connection that breaks at the commit leaves of one."""

import logging
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from sora_mcp.store.database import Database
from sora_mcp.store.rows import job_of, jobs_of, values_of
from sora_mcp.store.scheduling import due_jobs, hold_until, lease
from sora_mcp.store.tables import jobs
from sora_mcp.videos.errors import LedgerError
from sora_mcp.videos.models import Job, JobStatus
from sora_mcp.videos.ports import Claim, EngineLimits

UNREADABLE_PAUSE = timedelta(minutes=5)
"""So long a job that only a newer program can read is left to one."""

log = logging.getLogger(__name__)


class Claiming:
    """Leases due jobs to the workers of this process."""

    def __init__(self, database: Database, home: str | None) -> None:
        self._database = database
        self._home = home
        self._in_doubt: list[tuple[str, Job]] = []
        """Workers, and what may have been leased to them for sending without their knowing it."""

    async def claim(
        self,
        worker: str,
        *,
        limit: int,
        submissions: int,
        lease_seconds: float,
        limits: Mapping[str, EngineLimits],
    ) -> list[Claim]:
        """As `JobStore.claim` says; first what an earlier claim left in doubt waits again."""
        claims: list[Claim] = []
        try:
            async with self._database.writing() as (connection, now):
                for owner, job in self._in_doubt:
                    await _give_back(connection, owner, job)
                due = await due_jobs(connection, now, limits, limit, submissions, self._home)
                found = jobs_of(due)
                await _put_off(connection, {row["id"] for row in due} - found.keys(), now)
                rows = [row for row in due if row["id"] in found]
                for engine in {row["queue_engine"] for row in rows} - {None}:
                    if pause := limits[engine].min_interval:
                        await hold_until(connection, engine, now + timedelta(seconds=pause))
                until = now + timedelta(seconds=lease_seconds)
                claims = await lease(connection, rows, found, worker, until)
        except LedgerError:
            # Whether it was committed is not known, but nobody has been told to send these.
            self._in_doubt += [(worker, claim.job) for claim in claims if _is_to_be_sent(claim)]
            raise
        self._in_doubt.clear()
        return claims


async def _put_off(connection: AsyncConnection, unreadable: Collection[str], now: datetime) -> None:
    """Leave jobs that cannot be read to newer replicas; what else is due must not wait for them."""
    if unreadable:
        log.warning("Written by a newer sora-mcp, left to it: %s", ", ".join(sorted(unreadable)))
        later = update(jobs).where(jobs.c.id.in_(sorted(unreadable)))
        await connection.execute(later.values(run_at=now + UNREADABLE_PAUSE))


def _is_to_be_sent(claim: Claim) -> bool:
    return claim.job.status is JobStatus.SUBMITTING and not claim.was_sending


async def _give_back(connection: AsyncConnection, worker: str, job: Job) -> None:
    """Have a job wait again, if this very claim was committed and nobody has taken it over.

    Both have to fit: another worker may have claimed it under the same fence. A database that was
    put back may not have it at all.
    """
    # By its id alone: a commit that is still under way is waited for.
    found = select(jobs).where(jobs.c.id == job.id).with_for_update()
    row = (await connection.execute(found)).mappings().first()
    if row is not None and (row["lease_owner"], row["fence"]) == (worker, job.fence):
        waiting = job_of(row).model_copy(update={"status": JobStatus.WAITING})
        values = values_of(waiting) | {"lease_owner": None, "lease_until": None}
        await connection.execute(update(jobs).where(jobs.c.id == job.id).values(values))
