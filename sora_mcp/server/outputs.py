"""The shapes of structured results (contract §2): absent values are left out, never null."""

from typing import Any, Required, TypedDict


class VideoData(TypedDict, total=False):
    """A job as clients see it. Times are ISO 8601 UTC, `seconds` are seconds of video."""

    video_id: str
    status: Required[str]
    progress: int
    operation: str
    prompt: str
    model: str
    size: str
    seconds: float
    engine: str
    source_video_id: str
    emulated: bool
    created_at: str
    completed_at: str
    expires_at: str
    estimated_cost_usd: float
    error: dict[str, Any]
    files: list[dict[str, Any]]
    request: dict[str, Any]
    next: str


class FileData(TypedDict, total=False):
    """One file of a finished video."""

    video_id: str
    variant: Required[str]
    uri: Required[str]
    path: str
    url: str
    mime_type: str
    bytes: int
    sha256: str
    width: int
    height: int
    seconds: float
    audio: bool


class VideoList(TypedDict, total=False):
    """Some videos, newest first, and what to pass as `after` for the next ones."""

    videos: Required[list[dict[str, Any]]]
    next_after: str


class Deleted(TypedDict):
    """What became of a deleted video."""

    video_id: str
    deleted: bool
    files_kept: bool


class EngineData(TypedDict, total=False):
    """What the engine in use can do, what it costs, and where files are."""

    name: Required[str]
    base_url: str
    dialect: str
    models: list[str]
    sizes: list[str]
    seconds: list[str]
    operations: dict[str, Any]
    options: dict[str, Any]
    prices_usd_per_second: dict[str, Any]
    spent_today_usd: float
    budget_left_usd: float
    library: str
    input_dirs: list[str]
    notes: list[str]
    engines: list[dict[str, Any]]
