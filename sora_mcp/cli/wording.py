"""The domain's messages for people at a terminal: they name commands where tools are named."""

import re

from sora_mcp.videos.errors import SoraError, job_error
from sora_mcp.videos.models import JobError

_COMMANDS = {
    "get_video_status": "status",
    "download_video": "download",
    "list_videos": "list",
    "get_engine": "doctor",
}
"""The tools that messages name, and the commands that do the same."""

_CALL = re.compile(
    rf"(?P<call>\bCall )?\b(?P<tool>{'|'.join(_COMMANDS)})\b"
    r"(?P<video> with (?P<id>vid_\w+|it\b|its video_id\b|this video_id\b))?"
    r"(?P<waits> and wait_seconds=\d+)?"
    r"( with status=(?P<status>\w+))?"
)


def for_terminal(text: str, video_id: str | None = None) -> str:
    """A message with the commands of the terminal; `video_id`: the video that it is about."""

    def command(call: re.Match[str]) -> str:
        words = ["Run" if call["call"] else "", "sora-mcp", _COMMANDS[call["tool"]]]
        if call["video"]:
            words.append(call["id"] if call["id"].startswith("vid_") else video_id or "VIDEO_ID")
        if call["waits"]:
            words.append("--watch")
        if call["status"]:
            words.append(f"--status {call['status']}")
        return " ".join(filter(None, words))

    return _CALL.sub(command, text)


def told(error: SoraError) -> JobError:
    """An error as the terminal tells it."""
    about = error.job.id if error.job is not None else None
    return job_error(error).model_copy(update={"message": for_terminal(error.message, about)})


def printable(text: str) -> str:
    """Somebody's words as one line: what would move the cursor or change colours is left out."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
