"""What hosts send when a job is done: OpenAI's webhook events.

`{"id": "evt_…", "object": "event", "created_at": …, "type": "video.completed", "data": {"id": …}}`;
only the job's id is taken from it, and its state is then asked for. The `openai` package checks
the signature, but its `unwrap` has no model of the events of videos (3.52).
"""

from collections.abc import Mapping
from datetime import datetime

from pydantic import BaseModel

from sora_mcp.engines.reading import job_id_of

TOLERANCE_SECONDS = 300
"""Between a message's time and ours, either way."""

LONGEST_ID = 256

_OF_VIDEOS = ("video.completed", "video.failed")


class _Event(BaseModel):
    type: str


class _VideoData(BaseModel):
    id: str


class _VideoEvent(BaseModel):
    data: _VideoData


def fresh_id(headers: Mapping[str, str], now: datetime) -> str:
    """The id of a message that was sent just now, by the clock that all replicas share.

    Raises:
        ValueError: It is too old, too far ahead, or has no id that a message has.
    """
    message_id = headers["webhook-id"]
    if abs(now.timestamp() - int(headers["webhook-timestamp"])) > TOLERANCE_SECONDS:
        raise ValueError("It is too old, or too far ahead.")
    if len(message_id) > LONGEST_ID:
        raise ValueError("No message has such an id.")
    return message_id


def job_with_news(body: bytes) -> str | None:
    """The host's id of the job that an event is about; None for an event of another kind.

    Raises:
        ValueError: It is no event, or names what cannot be a job.
    """
    if _Event.model_validate_json(body).type not in _OF_VIDEOS:
        return None
    job_id = job_id_of(_VideoEvent.model_validate_json(body).data.id)
    if job_id is None:
        raise ValueError("No job has such an id.")
    return job_id
