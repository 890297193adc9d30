"""What the domain needs of engines."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from sora_mcp.videos.models import EngineFacts, EngineJob, Job, Submission


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
