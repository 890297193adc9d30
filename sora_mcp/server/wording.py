"""What is said of jobs and errors: short sentences that an agent can act on.

Each tells what happened, whether money may have been spent, whether to try again, which video it
is about, and which call comes next.
"""

from sora_mcp.videos.errors import (
    GaveUp,
    InvalidReference,
    InvalidRequest,
    KeyConflict,
    KeyRejected,
    NotConfigured,
    NotReady,
    OutsideFolders,
    QuotaExceeded,
    SoraError,
    VideoNotFound,
)
from sora_mcp.videos.lifecycle import ACTIVE
from sora_mcp.videos.models import Charged, Job, JobError, JobStatus, Operation
from sora_mcp.videos.spending import EMBEDDED, Estimate

PREVIEW = "This is a local preview, not AI video; set a base URL for real generation."

MONEY: dict[Charged, str] = {
    "no": "Nothing was charged.",
    "yes": "It was charged.",
    "unknown": "It may have been charged.",
}

_MAKE_AGAIN = {
    Operation.GENERATE: "generate_video",
    Operation.REMIX: "remix_video",
    Operation.EXTEND: "extend_video",
    Operation.JOIN: "join_videos",
}

_AFTER = {
    InvalidRequest: "Correct the call and try again.",
    InvalidReference: "Choose another image and try again.",
    OutsideFolders: "Choose another path and try again.",
    KeyConflict: "Use a new idempotency_key for a new video.",
    NotConfigured: "Only the operator can change this.",
    NotReady: "",
    VideoNotFound: "",
}
"""What to do after an error; where it is empty, the message itself names the next call."""


_FOR_THE_OPERATOR = (KeyRejected.code, QuotaExceeded.code)


def sentence(job: Job, place: str | None = None) -> str:
    """Where a job stands, with the place of its file once it has one."""
    said = f"{job.id} {_state(job, place)}"
    if job.status in ACTIVE and job.trouble is not None:
        said = f"{said} {_ended(job.trouble)}"
    return f"{said} {PREVIEW}" if job.engine == EMBEDDED and job.error is None else said


def _state(job: Job, place: str | None) -> str:
    match job.status:
        case JobStatus.WAITING:
            return "waits in the queue."
        case JobStatus.SUBMITTING | JobStatus.QUEUED:
            return "is queued."
        case JobStatus.IN_PROGRESS:
            return f"is being made: {int(job.progress)} %."
        case JobStatus.DOWNLOADING:
            return "is made; its file is being fetched."
        case JobStatus.COMPLETED if job.error is None:
            return f"is finished: {place}." if place else "is finished."
        case JobStatus.COMPLETED:
            return f"is finished, but has no file. {_because(job.error)}"
        case JobStatus.FAILED:
            return f"failed. {_because(job.error)}"
        case JobStatus.CANCELLED:
            return f"was cancelled. {_because(job.error)}"
        case JobStatus.EXPIRED:
            return f"has expired. {_because(job.error)}"
        case JobStatus.LOST:
            return f"is lost. {_because(job.error)}"
        case JobStatus.UNKNOWN:
            return f"has an unknown outcome. {_because(job.error)}"


def _because(error: JobError | None) -> str:
    return f"{_ended(error.message)} {MONEY[error.charged]}" if error else "No reason is known."


def _ended(message: str) -> str:
    """A host's words often lack the full stop that sets them off from ours."""
    return message if message.rstrip().endswith((".", "!", "?")) else f"{message.rstrip()}."


def next_call(job: Job) -> str:
    """What to do next with a job."""
    again = _MAKE_AGAIN[job.operation]
    if job.status in ACTIVE:
        return "Call get_video_status with this video_id and wait_seconds=25."
    if job.status is JobStatus.COMPLETED:
        if job.files:
            return "Show the person the file, or call view_video with this video_id to look at it."
        return "Call download_video with this video_id to fetch the file."
    if job.status is JobStatus.UNKNOWN:
        return f"Do not call {again} again; ask the user. get_video_status may know more later."
    if job.error is not None and job.error.code in _FOR_THE_OPERATOR:
        return f"Do not call {again} again before the operator has changed this."
    if job.error is not None and job.error.code == GaveUp.code:
        return f"Do not call {again} again before you have asked the user: it may be paid twice."
    if job.error is not None and not job.error.retry and job.status is JobStatus.FAILED:
        return f"Do not repeat the same call; change what was refused, then call {again}."
    return f"Call {again} again if the person still wants it."


def cost(estimate: Estimate) -> str:
    """What a request would cost, for a dry run."""
    note = f" ({estimate.note})" if estimate.note else ""
    if estimate.needs_seconds:
        return f"estimated_cost_usd is unknown{note}: it depends on `seconds`, which is not given."
    if estimate.usd is None:
        return f"estimated_cost_usd is unknown{note}: no price is known for this host and model."
    return f"It would cost {_usd(estimate.usd)}{note}."


def _usd(amount: float) -> str:
    return "nothing" if amount == 0 else f"about {amount:.2f} USD"


def failure_text(error: SoraError) -> str:
    """An error as text: what happened, money, whether to try again, the video."""
    job = error.job
    video = f"The video is {job.id}." if job and job.id not in error.message else ""
    return " ".join(
        filter(None, [_ended(error.message), MONEY[error.charged], _after(error), video])
    )


def _after(error: SoraError) -> str:
    for kind, advice in _AFTER.items():
        if isinstance(error, kind):
            return advice
    return "The same call may be tried again." if error.retry else "Do not repeat the same call."
