"""What hosts say of jobs and errors, in our words: the one superset of all shapes that are seen.

Sources: OpenAI's specification (`openai/openai-openapi`, openapi.json of 2026-08-21) for the shape
of a job; the published sources of vLLM-Omni 0.30, SGLang 0.5.23, FastVideo 0.2.1, TensorRT-LLM,
Dynamo 1.6 and LiteLLM 1.109, and OpenRouter's documentation, for what deviates from it.
"""

import math
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, cast

from sora_mcp.logs import Redactor
from sora_mcp.videos.models import EngineJob, JobError, JobStatus

MAX_HOST_WORDS = 500
"""Characters of a host's own words that are passed on."""

MAX_NAME = 100
"""Characters of a name that is shown: of a model, a size."""

_MOST_READ = 100_000
"""Characters of a text that are looked at; more of them are no words."""
_MOST_ID = 1000
_MOST_PLACE = 8000
_MOST_CODE = 100

_SHORTEST_ID = 6

_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]")

_LATEST = 1e11
"""Above this, a moment is told in milliseconds: in seconds it would be in the year 5138."""

_ERROR_LEVELS = 6
"""So deep an error may be wrapped."""

_STATUSES = {
    JobStatus.QUEUED: "queued pending submitted created in_queue preprocessing not_started",
    JobStatus.IN_PROGRESS: "in_progress processing running generating postprocessing throttled",
    JobStatus.COMPLETED: "completed succeeded succeed success done",
    JobStatus.FAILED: "failed error nsfw content_filtered",
    JobStatus.CANCELLED: "cancelled canceled deleted",
    JobStatus.EXPIRED: "expired",
}
_STATUS_OF = {word: status for status, words in _STATUSES.items() for word in words.split()}


class HostWords:
    """Makes a host's own words fit to be passed on: data, never orders, without our secrets."""

    def __init__(self, redact: Redactor, job_id: str | None = None) -> None:
        self._redact = redact
        # A short id cannot be told from other numbers.
        self._job_id = job_id if job_id and len(job_id) >= _SHORTEST_ID else None

    def about(self, job_id: str | None) -> "HostWords":
        """The same for words about a job: without the host's id of it, which nobody else knows."""
        return HostWords(self._redact, job_id)

    def __call__(self, text: str) -> str:
        """The words as one printable line of at most 500 characters."""
        text = text[:_MOST_READ]
        if re.search(r"<(!doctype|html)\b", text[:1000], re.IGNORECASE):
            title = re.search(r"<title>([^<]{1,200})</title>", text, re.IGNORECASE)
            text = f"an HTML page titled {title[1].strip()!r}" if title else "an HTML page"
        line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
        # Before it is cut, which could leave half a secret behind.
        line = self._redact(line)
        if self._job_id:
            line = re.sub(rf"(?<![\w-]){re.escape(self._job_id)}(?![\w-])", "…", line)
        return line if len(line) <= MAX_HOST_WORDS else line[: MAX_HOST_WORDS - 1] + "…"

    def name(self, value: object, most: int = MAX_NAME) -> str | None:
        """A name as it is; None for what cannot be shown so: long, not printable, with a secret."""
        if not isinstance(value, str) or not 0 < len(value) <= most:
            return None
        return value if value == self(value) else None

    def names(self, values: Iterable[object], most: int = MAX_NAME) -> tuple[str, ...]:
        """Those of some values that are names."""
        return tuple(filter(None, (self.name(value, most) for value in values)))


def parse_job(body: object, words: HostWords) -> EngineJob | None:
    """A host's job in our words; None when the body is no job. Unknown statuses mean running."""
    if not isinstance(body, Mapping):
        return None
    job = cast("Mapping[str, Any]", body)
    engine_job_id = job_id_of(job.get("id"))
    if engine_job_id is None:
        return None
    about = words.about(engine_job_id)
    word = _text(job.get("status"))
    status = JobStatus.QUEUED if word is None else status_of(word) or JobStatus.IN_PROGRESS
    return EngineJob(
        id=engine_job_id,
        status=status,
        progress=_progress(job.get("progress")),
        prompt=_text(job.get("prompt")),
        model=words.name(job.get("model")),
        size=words.name(job.get("size")),
        seconds=_number(job.get("seconds")) or _number(job.get("duration")),
        created_at=_time(job.get("created_at")),
        expires_at=_time(job.get("expires_at")),
        asset_url=_place(job),
        cost_usd=_cost(job.get("usage")),
        error=_job_error(job.get("error"), status, about),
        notes=tuple(about(note) for note in _list(job.get("notes"))[:5] if isinstance(note, str)),
    )


def status_of(word: object) -> JobStatus | None:
    """The status that a host's word means; None for a word that is not known."""
    return _STATUS_OF.get(word.lower()) if isinstance(word, str) else None


def _job_error(error: object, status: JobStatus, words: HostWords) -> JobError | None:
    if error is None or status not in (JobStatus.FAILED, JobStatus.CANCELLED, JobStatus.EXPIRED):
        return None
    code, message = error_words(error, words)
    return JobError(
        code=code or "generation_failed",
        message=message or "The engine gave no reason.",
        retry=code in ("server_error", "video_generation_failed", "render_failed"),
    )


def error_words(
    body: object, words: HostWords, levels: int = _ERROR_LEVELS
) -> tuple[str | None, str | None]:
    """Code and message of an error in any of the shapes that hosts use.

    OpenAI's `{"error": {"message", "code"}}`, FastAPI's `{"detail": "…" | […]}`, plain text.
    A status that stands in for the code says nothing, and is left out. What is nested deeper than
    `levels` is no error of any host.
    """
    if isinstance(body, str):
        return None, words(body) or None
    if levels == 0:
        return None, None
    if isinstance(body, list):
        some = cast("list[object]", body)[:3]
        parts = [error_words(part, words, levels - 1)[1] for part in some]
        return None, "; ".join(part for part in parts if part) or None
    if not isinstance(body, Mapping):
        return None, None
    found = cast("Mapping[str, Any]", body)
    for key in ("error", "detail"):
        if found.get(key):
            return error_words(found[key], words, levels - 1)
    code = _id(found.get("code"))
    _, message = error_words(found.get("message") or found.get("msg"), words, levels - 1)
    return words(code)[:_MOST_CODE] if code and not code.isdecimal() else None, message


def job_id_of(value: object) -> str | None:
    """A host's id of a job; None for what is none, such as one with control characters."""
    found = _id(value)
    return None if found is None or _CONTROLS.search(found) else found


def _id(value: object) -> str | None:
    """An id or a code: a text, or a whole number with some hosts."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return _text(value, _MOST_ID)


def _text(value: object, most: int = _MOST_READ) -> str | None:
    """A text that can be kept as it is: at most `most` long, no NUL, no half of a UTF-16 pair."""
    if not isinstance(value, str) or not 0 < len(value) <= most:
        return None
    return None if re.search(r"[\x00\ud800-\udfff]", value) else value


def place(value: object) -> str | None:
    """The address of a file, where it may be one."""
    return _text(value, _MOST_PLACE)


def _list(value: object) -> list[object]:
    return cast("list[object]", value) if isinstance(value, list) else []


def _place(job: Mapping[str, Any]) -> str | None:
    """Where the file is, should the host not give it itself."""
    if isinstance(job.get("video"), Mapping):
        return place(job["video"].get("url"))
    listed = _list(job.get("urls")) or _list(job.get("unsigned_urls"))
    return place(job.get("url")) or place(next(iter(listed), None))


def _cost(usage: object) -> float | None:
    """What OpenRouter charged, in USD."""
    cost = cast("Mapping[str, object]", usage).get("cost") if isinstance(usage, Mapping) else None
    if isinstance(cost, bool) or not isinstance(cost, int | float):
        return None
    return float(cost) if 0 <= cost < 1e6 else None


def _number(value: object) -> float | None:
    number = _finite(value)
    return number if number is not None and 0 < number < 1e6 else None


def _progress(value: object) -> float | None:
    percent = _finite(value)
    return None if percent is None else min(max(percent, 0.0), 100.0)


def _time(value: object) -> datetime | None:
    """A moment in (milli)seconds since 1970; 0 and less is some hosts' word for none."""
    seconds = _finite(value)
    if seconds is None or seconds <= 0:
        return None
    seconds = seconds / 1000 if seconds > _LATEST else seconds
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _finite(value: object) -> float | None:
    """A number, also as text; None for what is none, NaN, or too large to be one."""
    try:
        number = float(cast("Any", value))
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None
