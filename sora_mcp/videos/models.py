"""The nouns of this project: job, video, file, engine.

A *job* is our durable record of something asked of an engine; a *video* is what an engine makes;
a *file* is what the library holds. Everything here is immutable data.
"""

import secrets
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class JobStatus(StrEnum):
    """Where a job stands. `lifecycle.py` has the allowed transitions and what people are shown."""

    WAITING = "waiting"
    """In our own queue: nothing has been sent, so sending is safe."""
    SUBMITTING = "submitting"
    """Committed before the POST goes out: only its sender knows whether it arrived."""
    QUEUED = "queued"
    IN_PROGRESS = "in_progress"
    DOWNLOADING = "downloading"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    LOST = "lost"
    UNKNOWN = "unknown"


class Operation(StrEnum):
    """What was asked for."""

    GENERATE = "generate"
    REMIX = "remix"
    EXTEND = "extend"
    JOIN = "join"


class Variant(StrEnum):
    """Which of a video's files is meant. The first three are the Videos API's own words."""

    VIDEO = "video"
    THUMBNAIL = "thumbnail"
    SPRITESHEET = "spritesheet"
    LAST_FRAME = "last_frame"

    @property
    def file_name(self) -> str:
        """The name that the file has in resource URIs."""
        return _FILE_NAMES[self]

    @property
    def mime_type(self) -> str:
        """The MIME type that the file has in the library."""
        return _MIME_TYPES[self]

    @classmethod
    def from_file_name(cls, name: str) -> "Variant | None":
        """The variant whose `file_name` this is, or None."""
        return next((variant for variant in cls if variant.file_name == name), None)


_FILE_NAMES = {
    Variant.VIDEO: "video.mp4",
    Variant.THUMBNAIL: "thumbnail.webp",
    Variant.SPRITESHEET: "spritesheet.jpg",
    Variant.LAST_FRAME: "last_frame.png",
}
_MIME_TYPES = {
    Variant.VIDEO: "video/mp4",
    Variant.THUMBNAIL: "image/webp",
    Variant.SPRITESHEET: "image/jpeg",
    Variant.LAST_FRAME: "image/png",
}

Charged = Literal["no", "yes", "unknown"]
"""Whether money may have been spent: `no`, `yes`, or `unknown`."""

Fit = Literal["cover", "contain", "stretch"]
"""How a first-frame image is brought to the video's size."""

VIDEO_ID_PATTERN = r"vid_[a-z2-7]{10}"
_ID_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"


def new_video_id() -> str:
    """A fresh public id: `vid_` and 10 characters of lower-case base32 (50 random bits)."""
    return "vid_" + "".join(secrets.choice(_ID_ALPHABET) for _ in range(10))


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class JobError(_Frozen):
    """Why a job did not end well."""

    code: str
    message: str
    charged: Charged = "unknown"
    retry: bool = False


class File(_Frozen):
    """One finished file in the library."""

    variant: Variant
    location: str = Field(description="where the library keeps it; a path or an object key")
    mime_type: str
    bytes: int
    sha256: str
    width: int | None = None
    height: int | None = None
    seconds: float | None = None
    audio: bool | None = None


class Asked(_Frozen):
    """What a request names itself; the rest is left to the engine and not sent."""

    model: str | None = None
    size: str | None = None
    seconds: float | None = None


class Job(_Frozen):
    """Our record of one thing asked of an engine. Times are UTC; seconds are seconds of video.

    `model`, `size` and `seconds` are what the video is expected to have; `asked` is what is sent.
    """

    id: str
    owner: str
    operation: Operation
    status: JobStatus
    progress: float = Field(default=0, ge=0, le=100)
    prompt: str
    whole_prompt: str | None = Field(
        default=None,
        description="what an emulated remix sends: the original's words and the change",
    )
    title: str | None = None
    model: str | None = None
    size: str | None = None
    seconds: float | None = None
    asked: Asked = Asked()
    options: dict[str, Any] = {}
    source_ids: tuple[str, ...] = Field(
        default=(), description="what a remix or extension starts from; the parts of a join"
    )
    adopted: bool = Field(
        default=False, description="only its engine knew it: when it was submitted is a guess"
    )
    has_reference: bool = Field(
        default=False, description="a first-frame image waits for it in the library"
    )
    engine: str
    base_url: str | None = Field(default=None, description="the host that took it, once one has")
    engine_job_id: str | None = Field(
        default=None, description="as the host's answer to the submission named it; never replaced"
    )
    home: str | None = Field(
        default=None,
        description="the home folder whose processes alone can ask the engine about it, or have its"
        " file; None: all",
    )
    asset_url: str | None = Field(default=None, description="where the host says the file is")
    emulated: bool = Field(
        default=False, description="a remix or extension that the host makes as a new video"
    )
    notes: tuple[str, ...] = Field(default=(), description="sentences for the person who asked")
    estimated_cost_usd: float | None = None
    error: JobError | None = None
    trouble: str | None = Field(
        default=None, description="what is in the way of an active job just now, in sentences"
    )
    awaits_storage: bool = Field(
        default=False,
        description="some machine has its video, and waits for its storage to take it",
    )
    files: tuple[File, ...] = ()
    idempotency_key: str | None = None
    fingerprint: str = Field(default="", description="hash of the arguments it was made with")
    created_at: datetime
    submitted_at: datetime | None = None
    completed_at: datetime | None = None
    expires_at: datetime | None = None
    traceparent: str | None = Field(
        default=None, description="the span in which it was asked for (W3C Trace Context)"
    )
    attempts: int = Field(default=0, description="tries of the present step that came to nothing")
    missing: int = Field(default=0, description="looks in a row at which the host denied the job")
    poll_after: float = Field(default=0, description="seconds between the last looks at the host")
    updated_at: datetime | None = Field(
        default=None, description="when its status or progress last changed; None: never"
    )
    cancel_requested: bool = False
    delete_requested: bool = False
    keep_files: bool = Field(default=False, description="on deletion, leave the files")
    fence: int = Field(default=0, description="counts leases; a write with an old one is refused")

    def file(self, variant: Variant) -> File | None:
        """The library's file of this variant, or None."""
        return next((file for file in self.files if file.variant is variant), None)


class Page(_Frozen):
    """Some jobs, newest first, and the id to ask for the next ones with."""

    jobs: tuple[Job, ...]
    next_after: str | None = None


class Change(_Frozen):
    """A hint that a job changed. The ledger is the truth."""

    video_id: str
    owner: str
    status: JobStatus
    deleted: bool = False


Support = Literal["native", "emulated", "missing"]


class EngineFacts(_Frozen):
    """What is known of an engine, for people and agents."""

    name: str
    base_url: str | None = None
    kind: str | None = Field(default=None, description="the dialect that it speaks")
    models: tuple[str, ...] = ()
    sizes: tuple[str, ...] = ()
    seconds: tuple[str, ...] = ()
    operations: dict[str, Support] = {}
    options: dict[str, str] = {}
    notes: tuple[str, ...] = ()


class Submission(_Frozen):
    """One request to an engine. Values are as the caller gave them; absent ones are not sent."""

    operation: Operation
    prompt: str
    model: str | None = None
    size: str | None = None
    seconds: float | None = None
    options: dict[str, Any] = {}
    reference: Annotated[bytes | None, Field(description="PNG of the first frame")] = None
    source_engine_job_id: str | None = None


class EngineJob(_Frozen):
    """What an engine says of one of its jobs, in our words."""

    id: str
    status: JobStatus
    progress: float | None = None
    prompt: str | None = None
    model: str | None = None
    size: str | None = None
    seconds: float | None = None
    created_at: datetime | None = None
    expires_at: datetime | None = None
    asset_url: str | None = None
    cost_usd: float | None = Field(default=None, description="what it cost, when the engine said")
    error: JobError | None = None
    notes: tuple[str, ...] = ()
    poll_after: float | None = Field(default=None, description="seconds, when the host said so")
