"""Remix and extension on a host that has neither: both become a new video.

An extension begins with the last frame of its source, and what comes back is joined to it. A remix
is the source's request with the change worked in, and begins with its first frame where the host
takes images.
"""

from sora_mcp.videos.checks import MAX_PROMPT
from sora_mcp.videos.models import Job, Operation, Variant

_CHANGE = "The same video, with one change: "
_MORE = "Then: "


def whole_prompt(source: Job, operation: Operation, prompt: str) -> str:
    """The words of a video that would be made from nothing but them: its source's, and its own."""
    original = source.whole_prompt or source.prompt
    link = _CHANGE if operation is Operation.REMIX else _MORE
    room = MAX_PROMPT - len(prompt) - len(link) - 2
    if not original or room <= 0:
        return prompt
    return f"{original[:room]}\n\n{link}{prompt}"


def sent_prompt(job: Job) -> str:
    """The words of a job as its host gets them: an emulated extension goes on from a picture."""
    anew = job.emulated and job.operation is Operation.REMIX
    return job.whole_prompt or job.prompt if anew else job.prompt


def is_only_here(job: Job) -> bool:
    """Whether its host knows just a part of a video, so that it cannot work on it natively."""
    return job.emulated and job.operation is Operation.EXTEND


def length_of(job: Job) -> float | None:
    """How long a finished video is, in seconds."""
    video = job.file(Variant.VIDEO)
    return job.seconds if job.seconds is not None else video and video.seconds


def longest(job: Job) -> float | None:
    """How long a video was asked to be, or is where that is more, in seconds."""
    return max(filter(None, (job.asked.seconds, length_of(job))), default=None)


def made_anew_note(job: Job) -> str:
    """What the person should know of an emulated job."""
    if job.operation is Operation.EXTEND:
        return (
            f"{job.engine} could not extend this video itself: a new clip that begins with its "
            "last frame is made and joined to it."
        )
    return (
        f"{job.engine} could not remix this video itself: a new one is made from its prompt with "
        "the change worked in, so more than the change may differ."
    )
