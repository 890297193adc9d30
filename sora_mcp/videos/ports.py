"""What the domain needs from the outside, as protocols. Adapters implement them.

Every backend of a port runs the same contract suite (`tests/contracts/`).
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from sora_mcp.videos.models import (
    Change,
    EngineFacts,
    EngineJob,
    File,
    Fit,
    Job,
    JobStatus,
    Page,
    Submission,
    Variant,
)


@dataclass(frozen=True)
class EngineLimits:
    """How hard an engine may be driven."""

    max_active: int
    """Jobs in flight at the engine at once; the rest wait in our queue."""
    min_interval: float
    """Seconds between two submissions."""


@dataclass(frozen=True)
class EngineDefaults:
    """What an engine uses when a request leaves a value out; None where that is not known."""

    model: str | None = None
    size: str | None = None
    seconds: float | None = None


@dataclass(frozen=True)
class Budget:
    """What may be spent, in USD; None is no limit. Checked in the transaction that adds the job."""

    owner_per_day: float | None = None
    server_per_day: float | None = None


@dataclass(frozen=True)
class Spent:
    """USD reserved or spent since midnight UTC, estimates included."""

    owner_today: float
    server_today: float


class Content(Protocol):
    """The body of a download, opened at an offset."""

    @property
    def offset(self) -> int:
        """The byte that the body really starts at: 0 when the host ignored the range."""
        ...

    @property
    def total(self) -> int | None:
        """Bytes of the whole file, when the host says so."""
        ...

    @property
    def content_type(self) -> str | None:
        """The MIME type that the host claims."""
        ...

    def chunks(self) -> AsyncIterator[bytes]:
        """The bytes from `offset` on. Raises `EngineFault` when the connection breaks."""
        ...


OpenContent = Callable[[int], AbstractAsyncContextManager[Content]]
"""Opens a download at a byte offset. Raises `EngineFault`, `ContentMissing` or `ContentInvalid`."""


class Engine(Protocol):
    """Something that makes videos: one host that speaks the Videos API (one base URL, one key)."""

    @property
    def name(self) -> str:
        """Short name shown to people, such as `embedded`."""
        ...

    @property
    def base_url(self) -> str | None:
        """The host, or None for the embedded engine."""
        ...

    @property
    def limits(self) -> EngineLimits:
        """How hard it may be driven."""
        ...

    @property
    def free(self) -> bool:
        """Whether its work costs nothing: then a submission of unknown outcome may be repeated."""
        ...

    @property
    def defaults(self) -> EngineDefaults:
        """What it uses for values that are not given, where that is known."""
        ...

    def fields(self, submission: Submission) -> dict[str, str]:
        """The fields that would be sent, without the image.

        Raises:
            InvalidRequest: An option is not on this host's list, or a value can never be right.
        """
        ...

    async def facts(self) -> EngineFacts:
        """What it can do. Never raises: what cannot be learned is left out and noted."""
        ...

    async def submit(self, submission: Submission) -> EngineJob:
        """Send one request, once.

        Raises:
            NotSent: It provably never left.
            EngineBusy: The engine put it off.
            EngineRefused, KeyRejected, QuotaExceeded, OperationMissing: Refused for good.
            OutcomeUnknown: It may have been accepted.
        """
        ...

    async def retrieve(self, engine_job_id: str) -> EngineJob:
        """Look at one job. Raises `EngineFault`, `EngineJobMissing`, `KeyRejected`, `NotSent`."""
        ...

    async def list_jobs(self) -> Sequence[EngineJob] | None:
        """The newest jobs (at most 100) in one request, or None when the host cannot list."""
        ...

    async def cancel(self, engine_job_id: str) -> bool:
        """Stop and forget a job. False when the host cannot, or could not be asked."""
        ...

    async def release(self, engine_job_id: str) -> None:
        """Tell an engine that keeps files on this machine that the library has its file now."""
        ...

    def open_content(self, job: Job, offset: int) -> AbstractAsyncContextManager[Content]:
        """Open the finished video at a byte offset.

        Raises `EngineFault`, `ContentMissing`, `ContentInvalid`, `KeyRejected` or `NotSent`.
        """
        ...


class Engines(Protocol):
    """The engines that are configured."""

    def choose(self, model: str | None) -> Engine:
        """The engine for a new job."""
        ...

    def of(self, job: Job) -> Engine:
        """The engine that a job belongs to. Raises `NotConfigured` when it is gone."""
        ...

    def limits(self) -> Mapping[str, EngineLimits]:
        """The limits of every engine, by name."""
        ...


@dataclass(frozen=True)
class Claim:
    """A job leased to a worker."""

    job: Job
    was_sending: bool
    """The job was found `submitting`, its sender gone: it may have been sent already."""


class JobStore(Protocol):
    """The ledger of jobs. Every write is one transaction; `now` is the ledger's own clock."""

    def now(self) -> datetime:
        """The ledger's time, UTC (the database's clock where replicas share one)."""
        ...

    async def add(self, job: Job, budget: Budget) -> Job:
        """Add a job, due at once.

        Instead gives the first job, when its owner used its `idempotency_key` before, and the
        unheard one, when the same request was made and its caller went away (`mark_unheard`).

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

    async def find_engine_job(self, engine_job_id: str, owner: str | None = None) -> Job | None:
        """The job that has this id at its engine."""
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

    async def spent(self, owner: str) -> Spent:
        """What has been spent today, UTC."""
        ...

    async def claim(
        self, worker: str, *, limit: int, lease_seconds: float, limits: Mapping[str, EngineLimits]
    ) -> list[Claim]:
        """Lease due jobs to a worker, most urgent first.

        A waiting job becomes `submitting` in the same transaction, and only when its engine has a
        free slot and its interval has passed (joins need no engine: they stay `waiting`). A leased
        job is not given to anyone else until the lease ends; its `fence` goes up by one.
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
        `delete_requested` is never cleared by it.
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

    async def mark_deleted(self, job: Job) -> None:
        """Hide a job for ever; its cost still counts. Needs no lease."""
        ...

    async def hold(self, engine: str, seconds: float) -> None:
        """Submit nothing to an engine for so long."""
        ...

    async def nudge(self, engine_job_id: str) -> bool:
        """Make a job due at once; False when there is none."""
        ...

    async def next_due(self, limits: Mapping[str, EngineLimits]) -> float | None:
        """Seconds until some job is due or a lease ends; None when there is nothing to wait for.

        Jobs waiting for a full engine are left out: the write that frees a slot is the signal.
        """
        ...

    async def has_active(self) -> bool:
        """Whether any job is unfinished."""
        ...


class EventBus(Protocol):
    """Carries hints that jobs changed, also from other processes."""

    async def publish(self, change: Change) -> None:
        """Tell everyone, here and elsewhere."""
        ...

    def subscribe(self) -> AbstractAsyncContextManager[AsyncIterator[Change]]:
        """Changes from now on. Slow readers lose hints, never block writers."""
        ...


@dataclass(frozen=True)
class ContactSheet:
    """One picture of several moments of a clip."""

    jpeg: bytes
    width: int
    height: int
    timestamps: tuple[float, ...]
    """Seconds from the start, in reading order."""


@dataclass(frozen=True)
class PreparedReference:
    """A first-frame image as it will be sent: upright RGB, metadata removed."""

    png: bytes
    width: int
    height: int
    note: str | None
    """What was done to it, for the person who asked."""


class Library(Protocol):
    """Keeps finished files. A file never appears under its final name incomplete."""

    @property
    def place(self) -> str:
        """Where it is, for people."""
        ...

    async def fetch(self, job: Job, open_content: OpenContent) -> File:
        """Download the video of a job, resuming what an earlier try left, and check it.

        Raises:
            EngineFault, ContentMissing, ContentInvalid: Nothing is kept under the final name.
            LibraryError: No space, no permission, folder missing.
        """
        ...

    async def add_still(self, job: Job, variant: Variant) -> File:
        """An image of a job's video, made from it; the one there is when it was made before."""
        ...

    async def join(
        self, job: Job, parts: Sequence[File], on_progress: Callable[[float], None]
    ) -> tuple[File, str | None]:
        """Join videos into a new file (per cent to `on_progress`); a note on what was changed."""
        ...

    async def write_sidecar(self, job: Job) -> None:
        """Write down beside the video what it is and how it was made."""
        ...

    async def read(self, file: File, offset: int, length: int) -> bytes:
        """Some bytes of a file. Raises `LibraryError` when it is gone."""
        ...

    async def local_path(self, file: File) -> Path | None:
        """The file's path on this machine, or None when it has none (object storage)."""
        ...

    async def exists(self, file: File) -> bool:
        """Whether the file is still there, with the size it had."""
        ...

    async def copy(self, file: File, destination: Path) -> Path:
        """Copy to a path; an existing name gets a number, nothing is overwritten."""
        ...

    async def contact_sheet(self, file: File, frames: int) -> ContactSheet:
        """A picture of a video's moments, at most 500,000 bytes."""
        ...

    async def keep_reference(self, video_id: str, png: bytes) -> None:
        """Keep a prepared first-frame image until the job has been submitted."""
        ...

    async def reference(self, video_id: str) -> bytes:
        """The kept first-frame image. Raises `LibraryError` when it is gone."""
        ...

    async def drop_reference(self, video_id: str) -> None:
        """Forget a kept first-frame image."""
        ...

    async def remove(self, job: Job) -> None:
        """Remove all files of a job, unfinished ones too."""
        ...


class References(Protocol):
    """Brings first-frame images in: from allowed folders, https, data URLs and our own files."""

    @property
    def input_dirs(self) -> tuple[Path, ...]:
        """The folders that references may be read from."""
        ...

    async def load(self, source: str | bytes) -> bytes:
        """The encoded image that a path, `https:` or `data:` URL names; bytes pass through.

        Raises `OutsideFolders` or `InvalidReference`.
        """
        ...

    async def prepare(self, image: bytes, size: str | None, fit: Fit) -> PreparedReference:
        """Decode, turn upright and fit to `size` ("1280x720"; None: as it is).

        Raises `InvalidReference`.
        """
        ...


class Outputs(Protocol):
    """Decides where copies may be written."""

    @property
    def output_dirs(self) -> tuple[Path, ...]:
        """The folders that copies may be written to."""
        ...

    def resolve(self, save_as: str, variant: Variant) -> Path:
        """The path meant by `save_as`. Raises `OutsideFolders` or `InvalidRequest`."""
        ...
