"""Follows jobs: claim → step → save, until nothing is left to do.

A step is one thing done about one job under a lease: submit it, look at it, fetch its file, join
its parts, delete it. Between steps everything is in the ledger, so a worker can die at any moment
and another one goes on.
"""

import logging
import math
import uuid
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from functools import partial

import anyio
from anyio.abc import TaskGroup

from sora_mcp.videos.context import current_job
from sora_mcp.videos.costing import Costing
from sora_mcp.videos.errors import LedgerError, LibraryError, NotConfigured
from sora_mcp.videos.finishing import Finisher
from sora_mcp.videos.following import Follower
from sora_mcp.videos.lifecycle import CANCELLABLE, WAITING_FOR_ENGINE, advance, backoff
from sora_mcp.videos.measuring import Measures
from sora_mcp.videos.models import Change, EngineJob, Job, JobError, JobStatus, Operation
from sora_mcp.videos.ports import Claim, Engine, Engines, EventBus, JobStore, Library
from sora_mcp.videos.submitting import Submitter
from sora_mcp.videos.tracing import step_span

LEASE_SECONDS = 12.0
"""How long a job stays with a worker that has gone silent."""

MAX_STEPS = 16
"""Steps at once in one process; looks at one engine count as one."""

LOOKS = 16
"""At once, at the jobs of one claim."""

CLAIM_AT_MOST = 100

IDLE_SECONDS = 10.0
"""How long an idle worker trusts the event bus before it looks at the ledger again."""

OUTAGE_PAUSE = 5.0
"""Seconds, at most, between two tries to write into a ledger that is out of order."""

JOIN_ATTEMPTS = 3

_JOIN_FAILED = JobError(
    code="internal_error",
    message="The videos could not be joined, for a reason that only the server's log tells.",
    charged="no",
)

log = logging.getLogger(__name__)


class Worker:
    """Does what the ledger says is due."""

    def __init__(
        self,
        *,
        store: JobStore,
        engines: Engines,
        library: Library,
        costing: Costing,
        events: EventBus,
        measures: Measures,
        job_timeout: timedelta,
        hurry: float = 1,
    ) -> None:
        """`hurry`: divides every pause between tries; tests have no patience."""
        self.name = f"worker-{uuid.uuid4().hex[:12]}"
        self._store = store
        self._engines = engines
        self._costing = costing
        self._events = events
        self._measures = measures
        self._hurry = hurry
        self._follower = Follower(store, engines, self._save, job_timeout, hurry=hurry)
        self._submitter = Submitter(
            store,
            engines,
            library,
            costing,
            self._save,
            self._recover,
            self._follower,
            self._sending,
        )
        self._finisher = Finisher(store, engines, library, self._save, self._forget, measures)
        self._held: dict[str, Job] = {}
        self._unsent: dict[str, Job] = {}
        self._under_way: set[str] = set()
        self._steps = anyio.CapacityLimiter(MAX_STEPS)
        self._woken = anyio.Event()
        self._stopped = anyio.Event()
        self._gives_up_at = math.inf

    async def run(self, *, grace: float = 0) -> None:
        """Work until cancelled; then let go of what has not been finished.

        `grace`: seconds that the steps which have begun are given to end.
        """
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._listen)
                tasks.start_soon(self._keep_leases)
                # Steps may outlast the cancelling of the rest for a while.
                with anyio.CancelScope(shield=True) as scope:
                    async with anyio.create_task_group() as steps:
                        tasks.start_soon(self._start_steps, steps)
                        await self._stopped.wait()
                        scope.deadline = self._gives_up_at = anyio.current_time() + grace
        finally:
            with anyio.move_on_after(1, shield=True):
                for job in self._unsent.values():
                    with suppress(Exception):  # the others, and the leases, come back all the same
                        await self._store.save(advance(job, JobStatus.WAITING), run_in=0)
            with anyio.move_on_after(1, shield=True), suppress(LedgerError):
                await self._store.release(self.name)

    async def _start_steps(self, steps: TaskGroup) -> None:
        """Start what is due, until cancelled."""
        try:
            while True:
                self._woken = anyio.Event()
                pause = await self._start_due_steps(steps)
                with anyio.move_on_after(pause):
                    await self._woken.wait()
        finally:
            self._stopped.set()

    async def _start_due_steps(self, tasks: TaskGroup) -> float:
        """Start steps for what is due; seconds until there may be more."""
        if self._steps.available_tokens < 1:
            return IDLE_SECONDS
        limits = self._engines.limits()
        try:
            for engine, other in self._engines.refuges():
                may_move = partial(self._costing.may_move, engine=engine, other=other)
                await self._store.move_waiting(engine.name, other.name, may_move)
            claims = await self._store.claim(
                self.name,
                limit=CLAIM_AT_MOST,
                submissions=int(self._steps.available_tokens),
                lease_seconds=LEASE_SECONDS,
                limits=limits,
            )
            if not claims:
                due = await self._store.next_due(limits)
                return IDLE_SECONDS if due is None else min(max(due, 0.01), IDLE_SECONDS)
        except LedgerError as error:
            log.warning("The ledger cannot be used just now: %s", error.message)
            return IDLE_SECONDS / 2
        except Exception:
            # Whatever it is, steps that are under way go on, and the next try may do better.
            log.exception("What is due could not be found out")
            return IDLE_SECONDS / 2
        looks: dict[str, list[Job]] = defaultdict(list)
        for claim in claims:
            job = claim.job
            self._measures.takeovers += claim.taken_over
            self._held[job.id] = job
            if job.status is JobStatus.SUBMITTING and not claim.was_sending:
                self._unsent[job.id] = job
            unwanted = job.delete_requested or job.cancel_requested
            if unwanted or job.status not in WAITING_FOR_ENGINE or _is_join(job):
                tasks.start_soon(self._step, claim)
            else:
                looks[job.engine].append(job)
        for jobs in looks.values():
            tasks.start_soon(self._look, jobs)
        return 0

    async def _step(self, claim: Claim) -> None:
        name, step = self._due_step(claim)

        async def traced() -> None:
            with step_span(name, claim.job):
                await step()

        async with self._steps:
            await self._alone(traced, claim.job)

    def _due_step(self, claim: Claim) -> tuple[str, Callable[[], Awaitable[None]]]:
        job = claim.job
        if job.delete_requested:
            return "delete", partial(self._finisher.delete, job, maybe_sent=claim.was_sending)
        if job.cancel_requested and job.status in CANCELLABLE:
            return "cancel", partial(self._finisher.cancel, job)
        if _is_join(job):
            return "join", partial(self._finisher.join, job)
        if job.status is JobStatus.DOWNLOADING:
            return "download", partial(self._finisher.fetch, job)
        if job.status is JobStatus.SUBMITTING and not claim.was_sending:
            return "submit", partial(self._submitter.submit, job)
        return "reconcile", partial(self._submitter.reconcile, job)

    async def _look(self, jobs: Sequence[Job]) -> None:
        async def step() -> None:
            engine = self._engines.of(jobs[0])
            listed = await self._follower.listed(engine, jobs)
            left = iter(jobs)

            async def look_at_some() -> None:
                for job in left:
                    await self._alone(partial(self._look_at, engine, job, listed), job)

            # Not a task for each job: with 1,000 jobs these took 10 MB more (65 to 55 above idle).
            async with anyio.create_task_group() as tasks:
                for _ in range(min(len(jobs), LOOKS)):
                    tasks.start_soon(look_at_some)

        async with self._steps:
            await self._guard(step, jobs)

    async def _look_at(self, engine: Engine, job: Job, listed: dict[str, EngineJob]) -> None:
        with step_span("look", job):
            await self._follower.look(engine, job, listed)

    async def _alone(self, step: Callable[[], Awaitable[None]], job: Job) -> None:
        """Run a step of a job, unless its turn came so late that the lease was lost meanwhile, or
        one that has lost its lease is still under way: then until the lease ends.

        One that is to be sent waits again instead: a lease that ends leaves open whether it was.
        """
        if self._held.get(job.id) is not job:
            return
        if job.id in self._under_way:
            if job.id in self._unsent:
                await self._put_off([job])
            self._let_go(job)
            return
        self._under_way.add(job.id)
        try:
            await self._guard(step, [job])
        finally:
            self._under_way.discard(job.id)

    async def _guard(self, step: Callable[[], Awaitable[None]], jobs: Sequence[Job]) -> None:
        """Run a step; whatever goes wrong, its jobs are tried again later."""
        token = current_job.set(jobs[0].id if len(jobs) == 1 else None)
        try:
            await step()
        except (NotConfigured, LibraryError) as error:
            log.warning("%s", error.message)
            await self._put_off(jobs)
        except LedgerError as error:
            log.warning("A step could not be done: %s", error.message)
            await self._put_off(jobs)
        except Exception:
            log.exception("A step of %s failed unexpectedly", ", ".join(job.id for job in jobs))
            await self._put_off(jobs)
        finally:
            for job in jobs:
                self._let_go(job)
            current_job.reset(token)
            self._woken.set()

    def _sending(self, job: Job) -> None:
        """From now on only the host knows whether it has the job."""
        self._unsent.pop(job.id, None)

    async def _put_off(self, jobs: Sequence[Job]) -> None:
        """Leave jobs as they are until later. The lease of a submission runs out by itself.

        An engine's job is never given up for a defect of ours; a join, which is our own work, is.
        """
        for job in jobs:
            try:
                await self._put_one_off(job)
            except Exception:
                # Its lease ends by itself. This is the last resort, which must not end the worker.
                log.exception("%s could not be put off", job.id)

    async def _put_one_off(self, job: Job) -> None:
        if job.id in self._unsent:
            job = advance(self._unsent.pop(job.id), JobStatus.WAITING)
        if job.id not in self._held or job.status is JobStatus.SUBMITTING:
            return
        later = job.model_copy(update={"attempts": job.attempts + 1})
        if _is_join(job) and later.attempts >= JOIN_ATTEMPTS:
            failed = advance(later, JobStatus.IN_PROGRESS)
            await self._save(advance(failed, JobStatus.FAILED, error=_JOIN_FAILED), None)
        else:
            await self._save(later, backoff(later.attempts, first=5.0))

    async def _save(self, job: Job, run_in: float | None, keep_lease: bool = False) -> bool:
        """Write what a step found and tell everyone; False when the lease was lost."""
        pause = None if run_in is None else run_in / self._hurry
        saved = await self._written(
            partial(self._store.save, job, run_in=pause, keep_lease=keep_lease)
        )
        if not (saved and keep_lease):
            self._let_go(job)
        if saved:
            await self._events.publish(Change(video_id=job.id, owner=job.owner, status=job.status))
        else:
            log.info("%s was taken over by another worker", job.id)
        return saved

    async def _recover(self, job: Job) -> None:
        """Write what a host answered although the lease was lost, and tell everyone."""
        if await self._written(partial(self._store.recover, job)):
            await self._events.publish(Change(video_id=job.id, owner=job.owner, status=job.status))

    async def _written(self, write: Callable[[], Awaitable[bool]]) -> bool:
        """Write, as soon as the ledger can be written: what was found out may have been paid for.

        Raises `LedgerError` only when that cannot help, or the worker has been stopped, and has no
        time left.
        """
        tries = 0
        while True:
            try:
                return await write()
            except LedgerError as error:
                if not error.retry or anyio.current_time() >= self._gives_up_at:
                    raise
                log.warning("Not written yet, and tried again: %s", error.message)
            tries += 1
            await anyio.sleep(backoff(tries, most=OUTAGE_PAUSE) / self._hurry)

    async def _forget(self, job: Job) -> None:
        """Hide a deleted job and tell everyone."""
        await self._store.mark_deleted(job)
        gone = Change(video_id=job.id, owner=job.owner, status=job.status, deleted=True)
        await self._events.publish(gone)

    async def _listen(self) -> None:
        async with self._events.subscribe() as changes:
            async for _ in changes:
                self._woken.set()

    async def _keep_leases(self) -> None:
        while True:
            await anyio.sleep(LEASE_SECONDS / 3)
            held = list(self._held.values())
            if not held:
                continue
            try:
                kept = await self._store.renew(self.name, held, LEASE_SECONDS)
            except LedgerError as error:
                log.warning("Leases could not be renewed: %s", error.message)
                continue
            for job in held:
                if job.id not in kept and self._held.get(job.id) is job:
                    del self._held[job.id]
                    self._unsent.pop(job.id, None)

    def _let_go(self, job: Job) -> None:
        """Renew no lease of a job any more, unless it has been claimed anew since."""
        held = self._held.get(job.id)
        if held is not None and held.fence == job.fence:
            del self._held[job.id]


def _is_join(job: Job) -> bool:
    return job.operation is Operation.JOIN
