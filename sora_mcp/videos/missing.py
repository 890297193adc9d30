"""Why something that was asked for is not there, or not fit for use, and what to do about it."""

from sora_mcp.videos.errors import InvalidRequest, NotConfigured, NotReady, VideoNotFound
from sora_mcp.videos.lifecycle import ACTIVE
from sora_mcp.videos.models import Job, JobStatus, Operation
from sora_mcp.videos.ports import Engines


def not_found(video_id: str) -> VideoNotFound:
    """No video of the caller has this id."""
    shown = video_id if len(video_id) <= 60 else video_id[:57] + "..."
    return VideoNotFound(
        f"No video has the id {shown!r}. Call list_videos to see the videos that exist."
    )


def no_file(job: Job) -> NotReady:
    """A job has no video file: not yet, not here, or never."""
    if job.status in ACTIVE:
        what = f"{job.id} is not finished yet ({job.progress:.0f} %)."
        then = "Call get_video_status with this video_id and wait_seconds=25, then try again."
    elif job.status is JobStatus.COMPLETED:
        what = f"{job.id} was made, but its file could not be fetched."
        then = "Call download_video with this video_id to fetch it."
    else:
        reason = f": {job.error.message}" if job.error else ""
        what = f"{job.id} has no file, because it ended as {job.status}{reason}"
        then = "Call get_video_status with this video_id for the details."
    return NotReady(f"{what} {then}", job=job)


def with_missing_engine(job: Job, engines: Engines) -> Job:
    """The job, with a word about its engine where that is not configured any more."""
    if job.status in ACTIVE and job.operation is not Operation.JOIN:
        try:
            engines.of(job)
        except NotConfigured as error:
            return job.model_copy(update={"trouble": error.message})
    return job


def check_source(job: Job, verb: str) -> None:
    """Refuse to remix, extend, join or use (`verb`) a video that is not there for that.

    Raises:
        NotReady: It is not finished yet.
        InvalidRequest: It did not end well, or no engine knows it.
    """
    if job.status in ACTIVE:
        raise NotReady(
            f"{job.id} is not finished yet ({job.progress:.0f} %), so there is nothing to "
            f"{verb}. Call get_video_status with it and wait_seconds=25, then try again.",
            job=job,
        )
    if job.status is not JobStatus.COMPLETED:
        raise InvalidRequest(
            f"{job.id} ended as {job.status}, so there is nothing to {verb}. "
            "Call list_videos with status=completed and choose another.",
            job=job,
        )
    if verb != "join" and job.engine_job_id is None:
        raise InvalidRequest(
            f"{job.id} was joined here and no engine knows it, so it cannot be used to {verb}. "
            f"{verb.capitalize()} one of its parts instead: {', '.join(job.source_ids)}.",
            job=job,
        )
