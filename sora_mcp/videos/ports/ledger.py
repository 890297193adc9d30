"""What the domain needs of the ledger, and of the way to hear of its changes."""

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sora_mcp.videos.models import Change, Job, JobStatus, Page
from sora_mcp.videos.ports.engine import Engine, EngineLimits


@dataclass(frozen=True)
class Budget:
    """What may be spent, in USD; None is no limit. Checked in the transaction that adds the job."""

    owner_per_day: float | None = None
    server_per_day: float | None = None

    def left(self, by_owner: float, by_everyone: float) -> float | None:
        """USD that an owner may still spend today, after what was spent; None without a limit."""
        limits = ((self.owner_per_day, by_owner), (self.server_per_day, by_everyone))
        left = [limit - spent for limit, spent in limits if limit is not None]
        return round(max(0.0, min(left)), 6) if left else None


@dataclass(frozen=True)
class Spent:
    """USD reserved or spent since midnight UTC, estimates included."""

    owner_today: float
    server_today: float


@dataclass(frozen=True)
class Claim:
    """A job leased to a worker."""

    job: Job
    was_sending: bool
    """The job was found `submitting`, its sender gone: it may have been sent already."""
    taken_over: bool = False
    """Another worker had begun a step about it, and was not heard of again."""


class JobStore(Protocol):
    """The ledger of jobs. Every write is one transaction; `now` is the ledger's own clock."""

    @property
    def home(self) -> str | None:
        """What the home folder of this process is known by in the ledger; None: it is the only one.

        Jobs that carry another one's are claimed only once they have been overdue for so long that
        nobody is there any more who could.
        """
        ...

    def now(self) -> datetime:
        """The ledger's time, UTC (the database's clock where replicas share one)."""
        ...

    async def add(self, job: Job, budget: Budget) -> Job:
        """Add a job, due at once and created now.

        Instead gives the first job, when its owner used its `idempotency_key` before or has a job
        of its `engine_job_id` there, and the unheard one, when the same request was made and its
        caller went away (`mark_unheard`): under the key of who hears of it, and not where two
        different keys of callers say that two videos are wanted.

        Raises:
            KeyConflict: The key was used with another fingerprint.
            SpendingRefused: It does not fit the budget; nothing was added.
        """
        ...

    async def mark_unheard(self, job: Job) -> None:
        """Remember for `UNHEARD_FOR` that the caller of a job went away before it heard of it."""
        ...

    async def get(
        self, video_id: str, owner: str | None = None, *, deleted: bool = False
    ) -> Job | None:
        """The job, unless it is another owner's or (without `deleted`) deleted."""
        ...

    async def find_engine_job(
        self, engine_job_id: str, owner: str | None = None, *, engine: Engine | None = None
    ) -> Job | None:
        """The job that has this id at its engine; or at the one that is given, deleted or not."""
        ...

    async def in_doubt(self, engine: Engine) -> Sequence[Job]:
        """Jobs that are being sent to an engine, or may have been: it may have them, or not."""
        ...

    async def page(
        self,
        owner: str,
        *,
        statuses: frozenset[JobStatus] | None = None,
        query: str | None = None,
        limit: int = 20,
        after: str | None = None,
    ) -> Page:
        """Jobs newest first; `query`: every word must begin a word of the prompt or title."""
        ...

    async def load(self) -> Mapping[str, int]:
        """How many unfinished jobs each engine has, queued ones included."""
        ...

    async def latest_completed(self, engine: str) -> Sequence[Job]:
        """The newest finished jobs of an engine, whoever's they are; at most 50."""
        ...

    async def spent(self, owner: str) -> Spent:
        """What has been spent today, UTC."""
        ...

    async def claim(
        self,
        worker: str,
        *,
        limit: int,
        submissions: int,
        lease_seconds: float,
        limits: Mapping[str, EngineLimits],
    ) -> list[Claim]:
        """Lease due jobs to a worker, most urgent first; of those that wait for an engine no more
        than `submissions`: what became of one that was leased to a killed process is not known.

        A waiting job becomes `submitting` in the same transaction, and only when its engine has a
        free slot and its interval has passed (joins and deletions need no engine: they stay
        `waiting`). A leased job is not given to anyone else until the lease ends; its `fence` goes
        up by one.
        """
        ...

    async def move_waiting(self, engine: str, other: str, may_move: Callable[[Job], bool]) -> None:
        """Give another engine the jobs that wait for one, are due and may move.

        Some at a time, oldest first: each call goes on where the last one ended.
        """
        ...

    async def renew(self, worker: str, held: Sequence[Job], lease_seconds: float) -> frozenset[str]:
        """Lengthen leases still held; the ids that were."""
        ...

    async def release(self, worker: str) -> None:
        """End a worker's leases early, so that the next one need not wait them out."""
        ...

    async def save(
        self, job: Job, *, run_in: float | None = None, keep_lease: bool = False
    ) -> bool:
        """Write a leased job, due again in `run_in` seconds (never: None), and end the lease.

        False, and nothing written, when the job's fence is old: another worker has it.
        What was asked for meanwhile (`delete_requested`, `cancel_requested`) is kept.
        """
        ...

    async def recover(self, job: Job) -> bool:
        """Write what a host answered to a submission that another worker has taken over meanwhile.

        False, and nothing written, unless the ledger does not know what became of it.
        """
        ...

    async def reopen(self, job: Job) -> bool:
        """Write an idle job back as active and due at once. False when it changed meanwhile."""
        ...

    async def submit_delay(self, engine: str, limits: EngineLimits) -> float | None:
        """Seconds until an engine may be sent a new submission; None when its slots are full."""
        ...

    async def request_delete(self, video_id: str, owner: str, *, keep_files: bool) -> Job | None:
        """Mark a job for deletion and make it due at once; None when there is none."""
        ...

    async def request_cancel(self, video_id: str, owner: str) -> Job | None:
        """Mark an active job for cancelling and make it due at once; None when there is none."""
        ...

    async def mark_deleted(self, job: Job) -> None:
        """Hide a job for ever; its cost still counts. Needs no lease."""
        ...

    async def hold(self, engine: str, seconds: float) -> None:
        """Submit nothing to an engine for so long."""
        ...

    async def nudge(self, engine_job_id: str, message_id: str) -> Sequence[Change]:
        """Make an engine's job due at once, when a message asks for it for the first time.

        What was made due: nothing where the message is known or no such job is active.
        """
        ...

    async def next_due(self, limits: Mapping[str, EngineLimits]) -> float | None:
        """Seconds until some job is due or a lease ends; None when there is nothing to wait for.

        Jobs waiting for a full engine are left out: the write that frees a slot is the signal.
        """
        ...

    async def check(self) -> None:
        """Raises `LedgerError` unless the ledger answers, and takes what it is told."""
        ...


class EventBus(Protocol):
    """Carries hints that jobs changed, also from other processes."""

    async def publish(self, change: Change) -> None:
        """Tell everyone, here and elsewhere."""
        ...

    def subscribe(
        self, video_ids: Collection[str] | None = None
    ) -> AbstractAsyncContextManager[AsyncIterator[Change]]:
        """Changes from now on, of these videos or of all. Slow readers lose hints, never block
        writers.
        """
        ...
