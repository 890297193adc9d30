"""How long a job may take, by how long others like it took. Pure functions."""

from collections.abc import Sequence
from statistics import median

from sora_mcp.videos.models import Job

LIKE_IT = 10
"""So many of the latest jobs like it are looked at."""


def expected_seconds(job: Job, completed: Sequence[Job]) -> float | None:
    """Seconds from submission to end; None where no job like it has ever ended well.

    `completed`: jobs of the same engine, newest first. Those that asked for the same model and
    operation are like it; their time is taken to grow with the length of the video.
    """
    rates = [
        (other.completed_at - other.submitted_at).total_seconds() / _length(other)
        for other in completed
        if other.completed_at is not None
        and other.submitted_at is not None
        # What was asked for: what hosts call it themselves is known only of jobs that they have.
        and (other.asked.model, other.operation) == (job.asked.model, job.operation)
    ][:LIKE_IT]
    return median(rates) * _length(job) if rates else None


def _length(job: Job) -> float:
    return job.asked.seconds or job.seconds or 1.0
