"""What hosts send when a job is done: OpenAI's webhook events.

`{"id": "evt_…", "object": "event", "created_at": …, "type": "video.completed", "data": {"id": …}}`;
only the job's id is taken from it, and its state is then asked for. The `openai` package checks
the signature, but its `unwrap` has no model of the events of videos (3.52).
"""

from pydantic import BaseModel

from sora_mcp.engines.reading import job_id_of

_OF_VIDEOS = ("video.completed", "video.failed")


class _Event(BaseModel):
    type: str


class _VideoData(BaseModel):
    id: str


class _VideoEvent(BaseModel):
    data: _VideoData


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
