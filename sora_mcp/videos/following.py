"""The steps that look at what an engine makes of a job."""

import logging
import math
from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Protocol

import anyio

from sora_mcp.videos.emulation import sent_prompt
from sora_mcp.videos.errors import EngineError, EngineFault, EngineJobMissing, GaveUp, job_error
from sora_mcp.videos.lifecycle import (
    CLOCK_TOLERANCE,
    LIST_FROM,
    LOST_CHECKS,
    OVERDUE_POLL_SECONDS,
    advance,
    backoff,
    in_step,
    is_hopeless,
    is_overdue,
    poll_delay,
)
from sora_mcp.videos.models import EngineJob, Job, JobError, JobStatus
from sora_mcp.videos.ports import Engine, Engines, JobStore

LIST_SHARE = 0.25
"""A list answers for other jobs, too, for so much of the pause between looks at them."""

WRITES = 4
"""At once, of what a list says."""

SINGLE_LOOKS = 16
"""At once, at jobs that no list has."""

MOST_NOTES = 20
"""Of one job."""

log = logging.getLogger(__name__)


class _List:
    """What an engine's list said last; whoever has its turn may ask for a new one."""

    def __init__(self) -> None:
        self.turn = anyio.Lock()
        self.jobs: dict[str, EngineJob] = {}
        self.running: set[str] = set()
        """Those of ours that will be asked for again, so that the next list has them all."""
        self.asked_at = -math.inf


class Save(Protocol):
    """Writes what a step found; due again after `run_in` seconds, never when None."""

    async def __call__(self, job: Job, run_in: float | None, keep_lease: bool = False) -> bool:
        """False when the lease was lost, and with it the right to go on."""
        ...


class Follower:
    """Looks at jobs and writes down what it sees."""

    def __init__(
        self,
        store: JobStore,
        engines: Engines,
        save: Save,
        job_timeout: timedelta,
        *,
        hurry: float = 1,
    ) -> None:
        """`hurry`: divides the pauses between looks."""
        self._store = store
        self._engines = engines
        self._save = save
        self._job_timeout = job_timeout
        self._hurry = hurry
        self._lists: dict[str, _List] = defaultdict(_List)
        self._single_looks = anyio.CapacityLimiter(SINGLE_LOOKS)
        self._writes = anyio.CapacityLimiter(WRITES)

    async def listed(self, engine: Engine, jobs: Sequence[Job]) -> dict[str, EngineJob]:
        """One list for many jobs, where that pays and the host can; by the engine's id."""
        if len(jobs) < LIST_FROM:
            return {}
        known, wanted = self._lists[engine.name], {str(job.engine_job_id) for job in jobs}
        # Jobs come in portions: what is due at the same time waits for the same list.
        async with known.turn:
            pause = min(job.poll_after for job in jobs) / self._hurry
            fresh = anyio.current_time() < known.asked_at + LIST_SHARE * pause
            if not fresh or wanted - known.jobs.keys():
                known.asked_at = anyio.current_time()
                followed = known.running | wanted
                try:
                    found = await engine.list_jobs(followed) or ()
                except EngineError:
                    return {}  # the single looks that follow find out what is wrong
                known.jobs = {job.id: job for job in found}
                known.running = {job.id for job in found if job.status in _RUNNING} & followed
        return known.jobs

    async def look(self, engine: Engine, job: Job, listed: dict[str, EngineJob]) -> None:
        """See how a job is doing; its state from the list, when it is there, will do."""
        assert job.engine_job_id is not None  # noqa: S101  # an engine that has a job named it
        seen = listed.get(job.engine_job_id)
        # Also one that came to be looked at alone: it joins those that the list is read for.
        in_list = job.engine_job_id in self._lists[engine.name].jobs
        try:
            if seen is None:
                async with self._single_looks:
                    seen = await engine.retrieve(job.engine_job_id)
        except EngineJobMissing as error:
            await self._deny(job, error)
        except EngineError as error:
            await self._fault(job, error)
        else:
            if _is_another(job, seen):
                now_another = f"Its id there is another job's now, begun at {seen.created_at}."
                await self._deny(job, EngineJobMissing(now_another))
                return
            looked_at = job.model_copy(update={"attempts": 0, "missing": 0})
            await self.apply(looked_at, seen, in_list=in_list)

    async def apply(self, job: Job, seen: EngineJob, *, in_list: bool = False) -> bool:
        """Write what an engine says of a job. False when the lease was lost.

        `in_list`: whether a list has it beside others, with which it had better be due together.
        """
        facts: dict[str, Any] = {
            "model": seen.model or job.model,
            "size": seen.size or job.size,
            "seconds": seen.seconds or job.seconds,
            "expires_at": seen.expires_at or job.expires_at,
            "asset_url": seen.asset_url or job.asset_url,
            "estimated_cost_usd": _cost(job, seen),
            "notes": _with_news(job.notes, seen.notes),
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
                seen_now = advance(job, status, **facts, poll_after=delay)
                if not in_list:
                    return await self._save(seen_now, delay)
                # Reckoned when it is written, not before waiting for that behind a thousand others.
                async with self._writes:
                    return await self._save(seen_now, in_step(delay, self._store.now()))

    async def _fault(self, job: Job, error: EngineError) -> None:
        """A look that failed says nothing about the job."""
        attempts = job.attempts + 1
        log.info("%s: %s (look %d)", job.id, error.message, attempts)
        told = error.retry_after if isinstance(error, EngineFault) else None
        pause = max(backoff(attempts, first=2.0, most=60.0), told or 0.0)
        delay = self._next_look(job, pause)
        if delay is None:
            await self._give_up(job)
        else:
            again = self._store.now() + timedelta(seconds=delay)
            trouble = (
                f"The last look at it failed. {error.message} It will be looked at again "
                f"automatically at {again:%H:%M:%S} UTC."
            )
            tried = job.model_copy(update={"attempts": attempts, "trouble": trouble})
            await self._save(tried, delay)

    async def _deny(self, job: Job, error: EngineJobMissing) -> None:
        if not error.for_good and job.missing < len(LOST_CHECKS):
            again = LOST_CHECKS[job.missing]
            await self._save(job.model_copy(update={"missing": job.missing + 1}), again)
            return
        forgotten = f"{job.engine} no longer knows this job; it may have been restarted."
        lost = JobError(
            code="lost",
            message=error.message if error.for_good else f"{forgotten} {error.message}",
            charged="unknown",
            retry=True,
        )
        await self._save(advance(job, JobStatus.LOST, error=lost), None)

    def _next_look(self, job: Job, delay: float) -> float | None:
        """Seconds until the next look, longer when the job is overdue; None when it is hopeless."""
        now = self._store.now()
        if not is_overdue(job, now, self._job_timeout):
            return delay  # whatever the host says of its end
        return None if is_hopeless(job, now) else max(delay, OVERDUE_POLL_SECONDS)

    async def _give_up(self, job: Job) -> bool:
        error = GaveUp(
            f"{job.engine} gave no final answer until {self._store.now():%Y-%m-%d %H:%M} UTC, so "
            "it is not asked any more. It may still be working on it."
        )
        return await self._save(advance(job, JobStatus.EXPIRED, error=job_error(error)), None)


_RUNNING = frozenset({JobStatus.QUEUED, JobStatus.IN_PROGRESS})


def _cost(job: Job, seen: EngineJob) -> float | None:
    """What a host says that a job cost counts once it has ended; until then, the estimate does."""
    has_ended = seen.status not in _RUNNING
    return seen.cost_usd if has_ended and seen.cost_usd is not None else job.estimated_cost_usd


def _is_another(job: Job, seen: EngineJob) -> bool:
    """Whether a host that has numbered anew shows another job under the id of ours.

    Hosts rewrite prompts, and clocks differ: only both together are a sign.
    """
    if job.submitted_at is None or seen.created_at is None:
        return False
    later = seen.created_at > job.submitted_at + CLOCK_TOLERANCE
    return later and seen.prompt not in (None, sent_prompt(job))


def _with_news(notes: tuple[str, ...], told: tuple[str, ...]) -> tuple[str, ...]:
    """A job's notes and what a host adds; no more once there are many: it may go on for ever."""
    if len(notes) >= MOST_NOTES:
        return notes
    return (*notes, *(note for note in told if note not in notes))
