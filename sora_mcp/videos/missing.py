"""Why something that was asked for is not there, and what to do about it."""

from sora_mcp.videos.errors import NotReady, VideoNotFound
from sora_mcp.videos.lifecycle import ACTIVE
from sora_mcp.videos.models import Job, JobStatus


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
