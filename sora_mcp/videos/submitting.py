"""The steps that cost money: sending a request once, and finding out what became of it."""

import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta

import anyio

from sora_mcp.videos.costing import Costing
from sora_mcp.videos.emulation import made_anew_note, sent_prompt
from sora_mcp.videos.errors import (
    EngineBusy,
    EngineError,
    EngineRefused,
    LedgerError,
    LibraryError,
    NotSent,
    OperationMissing,
    OutcomeUnknown,
    SoraError,
    StorageUnavailable,
    job_error,
)
from sora_mcp.videos.following import Follower, Save
from sora_mcp.videos.lifecycle import (
    CLOCK_TOLERANCE,
    RECONCILE_TRIES,
    SUBMIT_ATTEMPTS,
    advance,
    backoff,
    storage_delay,
)
from sora_mcp.videos.models import (
    EngineJob,
    Job,
    JobError,
    JobStatus,
    Operation,
    Submission,
)
from sora_mcp.videos.ports import Engine, Engines, JobStore, Library

log = logging.getLogger(__name__)


class Submitter:
    """Sends each request at most once."""

    def __init__(
        self,
        store: JobStore,
        engines: Engines,
        library: Library,
        costing: Costing,
        save: Save,
        recover: Callable[[Job], Awaitable[None]],
        follower: Follower,
        sending: Callable[[Job], None],
    ) -> None:
        """What the worker does with a job.

        `recover`: writes what its host answered, where another worker has taken it over meanwhile.
        `sending`: told of a job at the moment from which it may be at its host.
        """
        self._store = store
        self._engines = engines
        self._library = library
        self._costing = costing
        self._save = save
        self._recover = recover
        self._follower = follower
        self._sending = sending

    async def submit(self, job: Job) -> None:
        """Send the request of a job that has just been committed as `submitting`."""
        engine = self._engines.of(job)
        try:
            submission = await self._submission(job)
        except StorageUnavailable as error:
            self._sending(job)
            pause = storage_delay(job)
            trouble = f"Nothing was sent yet. {error.message} It will be tried again automatically."
            waiting = {"poll_after": pause, "trouble": trouble}
            await self._save(advance(job, JobStatus.WAITING, **waiting), pause)
            return
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
                await self._try_otherwise(job, error)
            except SoraError as error:
                # Found out before anything was sent, such as a value that the host cannot take:
                # what it is may not have been known when the job was planned.
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
        here = self._engines.of(job).keeps_here(answer.id)
        home = self._store.home if here else None
        named = {"engine_job_id": answer.id, "home": home}
        taken = job.model_copy(update=named | {"attempts": 0, "error": None})
        if not await self._follower.apply(taken, answer):
            await self._recover(advance(taken, JobStatus.QUEUED))
        elif job.has_reference:
            await self._library.drop_reference(job.id)

    async def _send_later(self, job: Job, engine: Engine, error: NotSent | EngineBusy) -> None:
        attempts = job.attempts + 1
        if attempts >= SUBMIT_ATTEMPTS:
            await self._end(advance(job, JobStatus.FAILED, error=job_error(error)))
            return
        other = self._engines.instead_of(engine) if isinstance(error, NotSent) else None
        if other is not None and self._costing.may_move(job, engine, other):
            log.info("%s: %s It goes to %s.", job.id, error.message, other.name)
            moved = {"engine": other.name, "base_url": None, "submitted_at": None}
            await self._save(advance(job, JobStatus.WAITING, attempts=attempts, **moved), 0)
            return
        told = error.retry_after if isinstance(error, EngineBusy) else None
        pause = told if told is not None else backoff(attempts)
        if isinstance(error, EngineBusy):
            with suppress(LedgerError):  # a courtesy; what becomes of the job matters more
                await self._store.hold(engine.name, pause)
        log.info("%s: %s Trying again in %.0f s.", job.id, error.message, pause)
        again = (self._store.now() + timedelta(seconds=pause)).strftime("%H:%M:%S")
        trouble = (
            f"Nothing was sent yet. {error.message} It will be tried again automatically at "
            f"{again} UTC."
        )
        waiting = {"attempts": attempts, "submitted_at": None, "trouble": trouble}
        await self._save(advance(job, JobStatus.WAITING, **waiting), pause)

    async def _try_otherwise(self, job: Job, error: EngineError) -> None:
        """A clear no cost nothing: what can be asked for in another way is asked for again."""
        again = advance(job, JobStatus.WAITING, submitted_at=None)
        if isinstance(error, OperationMissing) and _can_be_emulated(job):
            notes = (*job.notes, made_anew_note(job))
            await self._save(again.model_copy(update={"emulated": True, "notes": notes}), 0)
        elif _refuses_image(job, error):
            note = f"{job.engine} did not take the original's first frame, only the words."
            changes = {"has_reference": False, "notes": (*job.notes, note)}
            # Before it waits: from then on it may be begun again, and this step had better be over.
            with suppress(LibraryError):  # a picture that stays harms nobody
                await self._library.drop_reference(job.id)
            await self._save(again.model_copy(update=changes), 0)
        else:
            await self._end(advance(job, JobStatus.FAILED, error=job_error(error)))

    async def _end(self, job: Job) -> None:
        if await self._save(job, None) and job.has_reference:
            await self._library.drop_reference(job.id)

    async def _submission(self, job: Job) -> Submission:
        anew = job.emulated or job.operation is Operation.GENERATE
        source = None
        if job.source_ids and not anew:
            source = await self._store.get(job.source_ids[0], deleted=True)
        return Submission(
            operation=Operation.GENERATE if anew else job.operation,
            prompt=sent_prompt(job),
            model=job.asked.model,
            size=job.asked.size,
            seconds=job.asked.seconds if anew else job.seconds,
            options=job.options,
            reference=await self._library.reference(job.id) if anew and job.has_reference else None,
            source_engine_job_id=source.engine_job_id if source else None,
        )

    async def _find_at_host(self, engine: Engine, job: Job) -> EngineJob | None:
        """The one job in the host's list that can only be ours: same words, same time.

        None while another request with these words may be what the host has: that one's own answer
        tells.
        """
        since = (job.submitted_at or job.created_at) - CLOCK_TOLERANCE
        until = (job.submitted_at or self._store.now()) + CLOCK_TOLERANCE
        listed = await engine.list_jobs() or ()
        # In this order: whose answer is written meanwhile is in doubt still, or found below.
        if any(_is_twin(other, job) for other in await self._store.in_doubt(engine)):
            return None
        candidates = [
            found
            for found in listed
            if found.prompt == sent_prompt(job)
            and found.created_at is not None
            and since <= found.created_at <= until
            and (job.asked.model is None or found.model in (None, job.asked.model))
            and await self._store.find_engine_job(found.id, engine=engine) is None
        ]
        return candidates[0] if len(candidates) == 1 else None


def _is_twin(other: Job, job: Job) -> bool:
    """Whether what one of two requests has made may be taken for what the other has made."""
    if other.id == job.id or sent_prompt(other) != sent_prompt(job):
        return False
    if other.submitted_at is None or job.submitted_at is None:  # one is being sent just now
        return True
    return abs(other.submitted_at - job.submitted_at) <= 2 * CLOCK_TOLERANCE


def _can_be_emulated(job: Job) -> bool:
    if job.emulated:
        return False
    # An extension needs the picture that it goes on from.
    needs_image = job.operation is Operation.EXTEND
    return job.operation is Operation.REMIX or (needs_image and job.has_reference)


def _refuses_image(job: Job, error: EngineError) -> bool:
    """Whether a remix that cost nothing may do better without its first frame."""
    remix = job.emulated and job.has_reference and job.operation is Operation.REMIX
    if not (remix and isinstance(error, EngineRefused) and error.charged == "no"):
        return False
    # Not what is refused by name, such as the words or a size: the picture is not at fault there.
    return error.reason in ("engine_refused", "invalid_value", "invalid_type")
