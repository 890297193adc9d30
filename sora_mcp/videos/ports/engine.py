"""What the domain needs of engines."""

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from sora_mcp.videos.models import EngineFacts, EngineJob, Job, Submission, Support
from sora_mcp.videos.spending import Price


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
class EngineProfile:
    """What has to be known of an engine before something is asked of it."""

    defaults: EngineDefaults = EngineDefaults()
    remix: Support = "native"
    extend: Support = "native"
    tries_native: bool = False
    """Whether it is only known by trying that it has remix and extend: then both are prepared."""
    takes_images: bool = True
    """Whether it starts a video from a first frame."""
    prices: tuple[Price, ...] = ()
    """What it says that it charges."""


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


@dataclass(frozen=True)
class Heard:
    """What a signed message of an engine says."""

    message_id: str
    """The same when the message is sent again."""
    engine_job_id: str | None
    """The job that is news; None when it is about something else."""


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
    def presets(self) -> EngineDefaults:
        """The operator's values for new videos that name none; they are sent."""
        ...

    @property
    def healthy(self) -> bool:
        """False for a while after it could not be reached, longer each time."""
        ...

    @property
    def standing(self) -> int:
        """Requests whose videos come to the connection that asked: lost with this process."""
        ...

    async def hear_out(self) -> None:
        """Wait for the answers to the requests that stand."""
        ...

    async def profile(self, model: str | None = None) -> EngineProfile:
        """What kind of engine it is, found out once, and what it does with a model.

        Never raises: one that does not answer is taken for a plain one.
        """
        ...

    async def fields(self, submission: Submission) -> dict[str, Any]:
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

    def keeps_here(self, engine_job_id: str) -> bool:
        """Whether only processes that share our home folder can ask about this job."""
        ...

    async def retrieve(self, engine_job_id: str) -> EngineJob:
        """Look at one job. Raises `EngineFault`, `EngineJobMissing`, `KeyRejected`, `NotSent`."""
        ...

    async def list_jobs(self, wanted: Collection[str] = ()) -> Sequence[EngineJob] | None:
        """The newest jobs (at most 100), or None when the host cannot list.

        Older ones too while some of the `wanted` ids are missing, where that takes fewer requests
        than a look at each of them.
        """
        ...

    async def cancel(self, engine_job_id: str) -> bool:
        """Stop and forget a job. False when it may go on: the host cannot, or was not reached."""
        ...

    async def release(self, engine_job_id: str) -> None:
        """Tell an engine that keeps files on this machine that the library has its file now."""
        ...

    def open_content(self, job: Job, offset: int) -> AbstractAsyncContextManager[Content]:
        """Open the finished video at a byte offset.

        Raises `EngineFault`, `ContentMissing`, `ContentInvalid`, `KeyRejected` or `NotSent`.
        """
        ...

    def read_webhook(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Heard:
        """What a message says that claims to be an engine's.

        Raises:
            WebhookRefused: It is forged, more than 5 minutes old or ahead, or malformed.
        """
        ...


class Engines(Protocol):
    """The engines that are configured."""

    def choose(self, model: str | None, load: Mapping[str, int]) -> tuple[Engine, str | None]:
        """The engine for a new job, and the model as that engine knows it.

        `model` may begin with an engine's name and a slash. `load`: unfinished jobs by engine;
        of replicas of one host that answer, the one with the fewest is chosen.
        """
        ...

    def of(self, job: Job) -> Engine:
        """The engine that a job belongs to. Raises `NotConfigured` when it is gone."""
        ...

    def instead_of(self, engine: Engine) -> Engine | None:
        """A healthy replica of an engine that cannot be reached, if there is one."""
        ...

    def refuges(self) -> Sequence[tuple[Engine, Engine]]:
        """Each engine that is set aside, with a healthy replica, where there is one."""
        ...

    def every(self) -> Sequence[Engine]:
        """Every engine and replica that may have jobs, those of the default engine first."""
        ...

    def all(self) -> Sequence[Engine]:
        """The engines that new videos can go to, replicas once; the default one first."""
        ...

    def limits(self) -> Mapping[str, EngineLimits]:
        """The limits of every engine, by name."""
        ...
