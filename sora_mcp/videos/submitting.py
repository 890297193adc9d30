"""The steps that cost money: sending a request once, and finding out what became of it."""

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Protocol

import anyio

from sora_mcp.videos.errors import (
    EngineBusy,
    EngineError,
    LibraryError,
    NotSent,
    OutcomeUnknown,
    job_error,
)
from sora_mcp.videos.following import Follower
from sora_mcp.videos.lifecycle import SUBMIT_ATTEMPTS, advance, backoff
from sora_mcp.videos.models import EngineJob, Job, JobError, JobStatus, Submission
from sora_mcp.videos.ports import Engine, Engines, JobStore, Library

RECONCILE_WINDOW = timedelta(minutes=5)
"""How much older than our submission a job in the host's list may be: clocks differ."""

RECONCILE_TRIES = 4

log = logging.getLogger(__name__)


class Save(Protocol):
    """Writes what a step found; due again after `run_in` seconds, never when None."""

    async def __call__(self, job: Job, run_in: float | None, keep_lease: bool = False) -> bool:
        """False when the lease was lost, and with it the right to go on."""
        ...


class Submitter:
    """Sends each request at most once."""

    def __init__(
        self,
        store: JobStore,
        engines: Engines,
        library: Library,
        save: Save,
        follower: Follower,
        sending: Callable[[Job], None],
    ) -> None:
        """`sending`: told of a job at the moment from which it may be at its host."""
        self._store = store
        self._engines = engines
        self._library = library
        self._save = save
        self._follower = follower
        self._sending = sending

    async def submit(self, job: Job) -> None:
        """Send the request of a job that has just been committed as `submitting`."""
        engine = self._engines.of(job)
        try:
            submission = await self._submission(job)
        except LibraryError as error:
            self._sending(job)
            await self._save(advance(job, JobStatus.FAILED, error=job_error(error)), None)
            return
        # From here on the client may go and the process may be asked to stop: the request and
        # the record of its outcome belong together.
        with anyio.CancelScope(shield=True):
            job = job.model_copy(
                update={"submitted_at": self._store.now(), "base_url": engine.base_url}
            )
            self._sending(job)
            try:
                answer = await engine.submit(submission)
            except (NotSent, EngineBusy) as error:
                await self._send_later(job, engine, error)
            except OutcomeUnknown as error:
                log.warning("%s: %s", job.id, error.message)
                await self.reconcile(job, error)
            except EngineError as error:
                await self._end(advance(job, JobStatus.FAILED, error=job_error(error)))
            else:
                await self._accept(job, answer)

    async def reconcile(self, job: Job, cause: OutcomeUnknown | None = None) -> None:
        """Find out whether a request arrived; it is never sent again unless that costs nothing."""
        engine = self._engines.of(job)
        try:
            found = await self._find_at_host(engine, job)
        except EngineError as error:
            log.info("%s: the host's list could not be read: %s", job.id, error.message)
            found = None
        if found is not None:
            await self._accept(job, found)
        elif engine.free and job.attempts < SUBMIT_ATTEMPTS:
            await self._save(advance(job, JobStatus.WAITING, attempts=job.attempts + 1), 0)
        else:
            await self._park(job, engine, cause)

    async def _park(self, job: Job, engine: Engine, cause: OutcomeUnknown | None) -> None:
        attempts = job.attempts + 1 if job.status is JobStatus.UNKNOWN else 1
        what = cause.message if cause else "The server stopped while the request was being sent."
        error = JobError(
            code=OutcomeUnknown.code,
            message=f"{what} Whether {engine.name} took the request is not known.",
            charged="unknown",
            retry=False,
        )
        unknown = advance(job, JobStatus.UNKNOWN, error=job.error or error, attempts=attempts)
        again = backoff(attempts, first=5.0) if attempts < RECONCILE_TRIES else None
        await self._save(unknown, again)

    async def _accept(self, job: Job, answer: EngineJob) -> None:
        taken = job.model_copy(update={"engine_job_id": answer.id, "attempts": 0, "error": None})
        if await self._follower.apply(taken, answer) and job.has_reference:
            await self._library.drop_reference(job.id)

    async def _send_later(self, job: Job, engine: Engine, error: NotSent | EngineBusy) -> None:
        attempts = job.attempts + 1
        if attempts >= SUBMIT_ATTEMPTS:
            await self._end(advance(job, JobStatus.FAILED, error=job_error(error)))
            return
        told = error.retry_after if isinstance(error, EngineBusy) else None
        pause = told if told is not None else backoff(attempts)
        if isinstance(error, EngineBusy):
            await self._store.hold(engine.name, pause)
        log.info("%s: %s Trying again in %.0f s.", job.id, error.message, pause)
        waiting = advance(job, JobStatus.WAITING, attempts=attempts, submitted_at=None)
        await self._save(waiting, pause)

    async def _end(self, job: Job) -> None:
        if await self._save(job, None) and job.has_reference:
            await self._library.drop_reference(job.id)

    async def _submission(self, job: Job) -> Submission:
        source = await self._store.get(job.source_ids[0], deleted=True) if job.source_ids else None
        return Submission(
            operation=job.operation,
            prompt=job.prompt,
            model=job.asked.model,
            size=job.asked.size,
            seconds=job.asked.seconds,
            options=job.options,
            reference=await self._library.reference(job.id) if job.has_reference else None,
            source_engine_job_id=source.engine_job_id if source else None,
        )

    async def _find_at_host(self, engine: Engine, job: Job) -> EngineJob | None:
        """The one job in the host's list that can only be ours: same words, same time."""
        since = (job.submitted_at or job.created_at) - RECONCILE_WINDOW
        candidates = [
            found
            for found in await engine.list_jobs() or ()
            if found.prompt == job.prompt
            and (found.created_at is None or found.created_at >= since)
            and (job.asked.model is None or found.model in (None, job.asked.model))
            and await self._store.find_engine_job(found.id) is None
        ]
        return candidates[0] if len(candidates) == 1 else None
