"""How long a job may take, by how long others like it took."""

from collections.abc import Awaitable, Callable, Sequence
from statistics import median

import anyio

from sora_mcp.videos.models import Job

LIKE_IT = 10
"""So many of the latest jobs like it are looked at."""


REMEMBERED_SECONDS = 10.0
"""So long nobody asks again what an engine finished last, once that was `LIKE_IT` jobs."""


class Experience:
    """What engines finished last, without reading it anew for every status that is shown."""

    def __init__(self, latest: Callable[[str], Awaitable[Sequence[Job]]]) -> None:
        """`latest`: gives the newest finished jobs of an engine."""
        self._latest = latest
        self._known: dict[str, tuple[float, Sequence[Job]]] = {}

    async def expected_seconds(self, job: Job) -> float | None:
        """Seconds from submission to end; None without experience."""
        until, completed = self._known.get(job.engine, (0.0, ()))
        now = anyio.current_time()
        if now >= until:
            completed = await self._latest(job.engine)
            if len(completed) >= LIKE_IT:
                self._known[job.engine] = now + REMEMBERED_SECONDS, completed
        return expected_seconds(job, completed)


def expected_seconds(job: Job, completed: Sequence[Job]) -> float | None:
    """Seconds from submission to end; None where no job like it has ever ended well.

    `completed`: jobs of the same engine, newest first. Those that asked for the same model and
    operation are like it, unless they were adopted; their time is taken to grow with the length of
    the video.
    """
    rates = [
        (other.completed_at - other.submitted_at).total_seconds() / _length(other)
        for other in completed
        if other.completed_at is not None
        and other.submitted_at is not None
        and not other.adopted
        # What was asked for: what hosts call it themselves is known only of jobs that they have.
        and (other.asked.model, other.operation) == (job.asked.model, job.operation)
    ][:LIKE_IT]
    return median(rates) * _length(job) if rates else None


def _length(job: Job) -> float:
    return job.asked.seconds or job.seconds or 1.0
