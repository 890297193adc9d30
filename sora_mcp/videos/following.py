"""The steps that look at what an engine makes of a job."""

import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Protocol

from sora_mcp.videos.errors import EngineError, EngineFault, EngineJobMissing
from sora_mcp.videos.lifecycle import (
    LOST_CHECKS,
    OVERDUE_POLL_SECONDS,
    advance,
    backoff,
    is_hopeless,
    is_overdue,
    poll_delay,
)
from sora_mcp.videos.models import EngineJob, Job, JobError, JobStatus
from sora_mcp.videos.ports import Engine, Engines, JobStore

LIST_FROM = 4
"""From so many due jobs of an engine on, one list request answers for all of them."""

log = logging.getLogger(__name__)


class _Save(Protocol):
    async def __call__(self, job: Job, run_in: float | None) -> bool: ...


class Follower:
    """Looks at jobs and writes down what it sees."""

    def __init__(
        self, store: JobStore, engines: Engines, save: _Save, job_timeout: timedelta
    ) -> None:
        self._store = store
        self._engines = engines
        self._save = save
        self._job_timeout = job_timeout

    async def listed(self, engine: Engine, jobs: Sequence[Job]) -> dict[str, EngineJob]:
        """One request for many jobs, where that pays and the host can; by the engine's id."""
        if len(jobs) < LIST_FROM:
            return {}
        try:
            return {found.id: found for found in await engine.list_jobs() or ()}
        except EngineError:
            return {}  # the single looks that follow find out what is wrong

    async def look(self, engine: Engine, job: Job, listed: dict[str, EngineJob]) -> None:
        """See how a job is doing; its state from the list, when it is there, will do."""
        assert job.engine_job_id is not None  # noqa: S101  # an engine that has a job named it
        try:
            seen = listed.get(job.engine_job_id) or await engine.retrieve(job.engine_job_id)
        except EngineJobMissing as error:
            await self._deny(job, error)
        except EngineError as error:
            await self._fault(job, error)
        else:
            await self.apply(job.model_copy(update={"attempts": 0, "missing": 0}), seen)

    async def apply(self, job: Job, seen: EngineJob) -> bool:
        """Write what an engine says of a job. False when the lease was lost."""
        facts: dict[str, Any] = {
            "model": seen.model or job.model,
            "size": seen.size or job.size,
            "seconds": seen.seconds or job.seconds,
            "expires_at": seen.expires_at or job.expires_at,
            "asset_url": seen.asset_url or job.asset_url,
            "notes": (*job.notes, *(note for note in seen.notes if note not in job.notes)),
            "progress": seen.progress,
        }
        match seen.status:
            case JobStatus.COMPLETED:
                return await self._save(advance(job, JobStatus.DOWNLOADING, **facts, attempts=0), 0)
            case JobStatus.FAILED | JobStatus.CANCELLED | JobStatus.EXPIRED:
                error = seen.error or JobError(
                    code=f"generation_{seen.status}",
                    message=f"{job.engine} ended the job as {seen.status} and gave no reason.",
                )
                return await self._save(advance(job, seen.status, **facts, error=error), None)
            case _:
                delay = self._next_look(job, poll_delay(job, seen.poll_after))
                if delay is None:
                    return await self._give_up(job)
                status = seen.status if seen.status in _RUNNING else JobStatus.IN_PROGRESS
                return await self._save(advance(job, status, **facts, poll_after=delay), delay)

    async def _fault(self, job: Job, error: EngineError) -> None:
        """A look that failed says nothing about the job."""
        attempts = job.attempts + 1
        log.info("%s: %s (look %d)", job.id, error.message, attempts)
        delay = self._next_look(job, backoff(attempts, first=2.0, most=60.0))
        if delay is None:
            await self._give_up(job)
        else:
            await self._save(job.model_copy(update={"attempts": attempts}), delay)

    async def _deny(self, job: Job, error: EngineJobMissing) -> None:
        if job.missing < len(LOST_CHECKS):
            again = LOST_CHECKS[job.missing]
            await self._save(job.model_copy(update={"missing": job.missing + 1}), again)
            return
        lost = JobError(
            code="lost",
            message=f"{job.engine} no longer knows this job; it may have been restarted. "
            f"{error.message}",
            charged="unknown",
            retry=True,
        )
        await self._save(advance(job, JobStatus.LOST, error=lost), None)

    def _next_look(self, job: Job, delay: float) -> float | None:
        """Seconds until the next look, longer when the job is overdue; None when it is hopeless."""
        now = self._store.now()
        if is_hopeless(job, now):
            return None
        return OVERDUE_POLL_SECONDS if is_overdue(job, now, self._job_timeout) else delay

    async def _give_up(self, job: Job) -> bool:
        error = JobError(
            code=EngineFault.code,
            message=f"{job.engine} gave no final answer in the time it keeps videos.",
            charged="unknown",
            retry=True,
        )
        return await self._save(advance(job, JobStatus.EXPIRED, error=error), None)


_RUNNING = frozenset({JobStatus.QUEUED, JobStatus.IN_PROGRESS})
