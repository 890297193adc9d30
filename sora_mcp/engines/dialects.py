"""What differs between hosts that speak the Videos API, as data and small functions.

Sources: OpenAI's specification (`openai/openai-openapi`, openapi.json of 2026-08-21) for the shape
of a job; the published sources of vLLM-Omni 0.30, SGLang 0.5.23, FastVideo 0.2.1, TensorRT-LLM
and LiteLLM 1.109 for the words and shapes that deviate from it.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast
from urllib.parse import urlsplit

from sora_mcp.videos.errors import InvalidRequest, NotConfigured
from sora_mcp.videos.models import EngineJob, JobError, JobStatus, Operation, Submission, Support
from sora_mcp.videos.ports import EngineDefaults
from sora_mcp.videos.spending import OPENAI_HOST

MAX_HOST_WORDS = 500
"""Characters of a host's own words that are passed on."""

RETIRED = (
    "OpenAI switched its Videos API and every Sora model off on 2026-09-24. Set SORA_MCP_BASE_URL "
    "to a host that speaks the Videos API (vLLM-Omni, SGLang, LiteLLM, a gateway), or unset it "
    "for the embedded preview engine."
)

_ALL_NATIVE: dict[str, Support] = {
    "remix": "native",
    "extend": "native",
    "delete": "native",
    "list": "native",
}


@dataclass(frozen=True)
class Dialect:
    """How one kind of host speaks."""

    name: str
    paths: Mapping[Operation, str] = field(
        default_factory=lambda: {
            Operation.GENERATE: "/videos",
            Operation.REMIX: "/videos/{source}/remix",
            Operation.EXTEND: "/videos/extensions",
        }
    )
    defaults: EngineDefaults = field(default_factory=EngineDefaults)
    operations: Mapping[str, Support] = field(default_factory=lambda: _ALL_NATIVE)
    options: Mapping[str, str] = field(default_factory=dict[str, str])
    """Extra fields that callers may set, with meaning and range. Never server paths."""
    sizes: tuple[str, ...] = ()
    seconds: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    check: Callable[[Submission], None] = lambda submission: None
    """Refuses values that can never be right, where the limits are known."""
    releases_files: bool = False
    """Takes `DELETE /videos/{id}/content` as the word that its copy is no longer needed."""

    def fields(self, submission: Submission) -> dict[str, str]:
        """The form fields of a request: only what was given, everything as text.

        Raises:
            InvalidRequest: An option is not on the list.
        """
        unknown = sorted(set(submission.options) - set(self.options))
        if unknown:
            known = ", ".join(self.options) or "none"
            raise InvalidRequest(
                f"options has {', '.join(map(repr, unknown))}, which this engine does not take. "
                f"Its options: {known}."
            )
        self.check(submission)
        fields = {"prompt": submission.prompt}
        if submission.operation is Operation.GENERATE:
            if submission.model:
                fields["model"] = submission.model
            if submission.size:
                fields["size"] = submission.size
            fields |= {name: _option(name, value) for name, value in submission.options.items()}
        if submission.operation is not Operation.REMIX and submission.seconds is not None:
            fields["seconds"] = f"{submission.seconds:g}"
        return fields


def _option(name: str, value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float) and len(str(value)) <= 4_000:
        return str(value)
    raise InvalidRequest(f"options.{name} must be a text of at most 4,000 characters or a number.")


_DIFFUSION_OPTIONS = {
    "seed": "integer; the same seed and prompt give the same video",
    "negative_prompt": "text; what should not be seen",
    "num_inference_steps": "integer 1–200; more is slower and finer",
    "guidance_scale": "number 0–20; how closely the prompt is followed",
    "fps": "integer; frames per second",
}


def _check_embedded(submission: Submission) -> None:
    """The limits of the embedded engine (`engines/embedded/request.py`)."""
    if submission.seconds is not None and not 1 <= submission.seconds <= 20:
        raise InvalidRequest(f"seconds is {submission.seconds:g}; this engine makes 1–20 s.")
    if submission.size is None:
        return
    sides = [int(side) for side in re.findall(r"\d+", submission.size)]
    pixels = "x" in submission.size and len(sides) == 2
    if not pixels or any(not 256 <= side <= 1920 or side % 2 for side in sides):
        raise InvalidRequest(
            f"size is {submission.size}; this engine takes WIDTHxHEIGHT with any even width and "
            "height of 256–1920, such as 1280x720."
        )


EMBEDDED = Dialect(
    name="embedded",
    defaults=EngineDefaults(model="preview-animatic", size="1280x720", seconds=4),
    options={"seed": "integer 0–2147483647; the same seed and prompt give the same video"},
    sizes=("any even width and height of 256–1920",),
    seconds=("1–20",),
    notes=(
        "Local preview, not AI video: an animatic of the prompt, drawn on this machine. "
        "Set SORA_MCP_BASE_URL to a Videos API host for real generation.",
    ),
    check=_check_embedded,
    releases_files=True,
)

OPENAI = Dialect(
    name="openai",
    defaults=EngineDefaults(model="sora-2", size="720x1280", seconds=4),
    sizes=("720x1280", "1280x720", "1024x1792", "1792x1024", "1080x1920", "1920x1080"),
    seconds=("4", "8", "12", "16", "20"),
    notes=(RETIRED,),
)

COMPATIBLE = Dialect(name="compatible", options=_DIFFUSION_OPTIONS)
"""A host about which nothing more is known: OpenAI's protocol, and options that engines share."""

DIALECTS = {dialect.name: dialect for dialect in (EMBEDDED, OPENAI, COMPATIBLE)}


def recognise(base_url: str, override: str | None = None) -> Dialect:
    """The dialect of a host.

    Raises:
        NotConfigured: The override is not a dialect.
    """
    if override is not None:
        if override not in DIALECTS:
            raise NotConfigured(
                f"SORA_MCP_DIALECT {override!r} is not a dialect; use {', '.join(DIALECTS)}."
            )
        return DIALECTS[override]
    return OPENAI if urlsplit(base_url).hostname == OPENAI_HOST else COMPATIBLE


_STATUSES = {
    JobStatus.QUEUED: "queued pending submitted created in_queue preprocessing not_started",
    JobStatus.IN_PROGRESS: "in_progress processing running generating throttled",
    JobStatus.COMPLETED: "completed succeeded succeed success done",
    JobStatus.FAILED: "failed error nsfw content_filtered",
    JobStatus.CANCELLED: "cancelled canceled deleted",
    JobStatus.EXPIRED: "expired",
}
_STATUS_OF = {word: status for status, words in _STATUSES.items() for word in words.split()}


def parse_job(body: object) -> EngineJob | None:
    """A host's job in our words; None when the body is no job. Unknown statuses mean running."""
    if not isinstance(body, Mapping):
        return None
    job = cast("Mapping[str, Any]", body)
    engine_job_id = job.get("id")
    if not isinstance(engine_job_id, str) or not engine_job_id:
        return None
    word = str(job.get("status") or "queued").lower()
    status = _STATUS_OF.get(word, JobStatus.IN_PROGRESS)
    return EngineJob(
        id=engine_job_id,
        status=status,
        progress=_progress(job.get("progress")),
        prompt=_text(job.get("prompt")),
        model=_text(job.get("model")),
        size=_text(job.get("size")),
        seconds=_number(job.get("seconds")),
        created_at=_time(job.get("created_at")),
        expires_at=_time(job.get("expires_at")),
        asset_url=_text(job.get("url")),
        error=_job_error(job.get("error"), status),
        notes=tuple(
            host_words(note) for note in _list(job.get("notes"))[:5] if isinstance(note, str)
        ),
    )


def _job_error(error: object, status: JobStatus) -> JobError | None:
    if error is None or status not in (JobStatus.FAILED, JobStatus.CANCELLED, JobStatus.EXPIRED):
        return None
    code, message = error_words(error)
    return JobError(
        code=code or "generation_failed",
        message=message or "The engine gave no reason.",
        retry=code in ("server_error", "video_generation_failed", "render_failed"),
    )


def error_words(body: object) -> tuple[str | None, str | None]:
    """Code and message of an error in any of the shapes that hosts use.

    OpenAI's `{"error": {"message", "code"}}`, FastAPI's `{"detail": "…" | […]}`, plain text.
    """
    if isinstance(body, str):
        return None, host_words(body) or None
    if isinstance(body, list):
        parts = [error_words(part)[1] for part in cast("list[object]", body)[:3]]
        return None, "; ".join(part for part in parts if part) or None
    if not isinstance(body, Mapping):
        return None, None
    found = cast("Mapping[str, Any]", body)
    for key in ("error", "detail"):
        if found.get(key):
            return error_words(found[key])
    code = found.get("code")
    message = found.get("message") or found.get("msg")
    return (
        host_words(str(code)) if code else None,
        host_words(str(message)) if message else None,
    )


def host_words(text: str) -> str:
    """A host's own words as one printable line of at most 500 characters: data, never orders."""
    if re.search(r"<(!doctype|html)\b", text[:1000], re.IGNORECASE):
        title = re.search(r"<title>([^<]{1,200})</title>", text, re.IGNORECASE)
        text = f"an HTML page titled {title[1].strip()!r}" if title else "an HTML page"
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= MAX_HOST_WORDS else line[: MAX_HOST_WORDS - 1] + "…"


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _list(value: object) -> list[object]:
    return cast("list[object]", value) if isinstance(value, list) else []


def _number(value: object) -> float | None:
    try:
        number = float(cast("Any", value))
    except (TypeError, ValueError):
        return None
    return number if 0 < number < 1e6 else None


def _progress(value: object) -> float | None:
    try:
        return min(max(float(cast("Any", value)), 0.0), 100.0)
    except (TypeError, ValueError):
        return None


def _time(value: object) -> datetime | None:
    try:
        return datetime.fromtimestamp(float(cast("Any", value)), UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return None
