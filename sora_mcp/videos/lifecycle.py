"""The life of a job as pure functions: which step may follow which, and when to look again.

waiting → submitting → queued ⇄ in_progress → downloading → completed
              ↘ unknown ↗          ↘ failed · cancelled · expired · lost
"""

from datetime import datetime, timedelta
from typing import Any

from sora_mcp.videos.models import Job, JobStatus

_S = JobStatus

WAITING_FOR_ENGINE = frozenset({_S.QUEUED, _S.IN_PROGRESS})
"""Statuses in which the engine has the job and we look at it now and then."""

IN_FLIGHT = frozenset({_S.SUBMITTING, *WAITING_FOR_ENGINE})
"""Statuses that count against an engine's cap."""

ACTIVE = frozenset({_S.WAITING, _S.DOWNLOADING, *IN_FLIGHT})
"""Statuses in which a worker has something to do."""

CANCELLABLE = frozenset({_S.WAITING, *WAITING_FOR_ENGINE})
"""Statuses in which a job can be stopped: it is not being sent just now, and not made yet."""

FINAL = frozenset(set(_S) - ACTIVE)

BAD_ENDS = FINAL - {_S.COMPLETED}

_NEXT: dict[JobStatus, frozenset[JobStatus]] = {
    _S.WAITING: frozenset({_S.SUBMITTING, _S.IN_PROGRESS, _S.FAILED, _S.CANCELLED}),
    _S.SUBMITTING: frozenset(
        {
            _S.WAITING,
            _S.QUEUED,
            _S.IN_PROGRESS,
            _S.DOWNLOADING,
            _S.FAILED,
            _S.CANCELLED,
            _S.EXPIRED,
            _S.UNKNOWN,
        }
    ),
    _S.QUEUED: frozenset(
        {_S.IN_PROGRESS, _S.DOWNLOADING, _S.FAILED, _S.CANCELLED, _S.EXPIRED, _S.LOST}
    ),
    _S.IN_PROGRESS: frozenset(
        {_S.QUEUED, _S.DOWNLOADING, _S.COMPLETED, _S.FAILED, _S.CANCELLED, _S.EXPIRED, _S.LOST}
    ),
    _S.DOWNLOADING: frozenset({_S.COMPLETED, _S.EXPIRED, _S.FAILED, _S.CANCELLED}),
    _S.COMPLETED: frozenset({_S.DOWNLOADING, _S.EXPIRED}),
    _S.UNKNOWN: frozenset(
        {_S.QUEUED, _S.IN_PROGRESS, _S.DOWNLOADING, _S.FAILED, _S.CANCELLED, _S.EXPIRED}
    ),
    _S.FAILED: frozenset(),
    _S.CANCELLED: frozenset(),
    _S.EXPIRED: frozenset(),
    _S.LOST: frozenset(),
}


def may_follow(before: JobStatus, after: JobStatus) -> bool:
    """Whether a job may go from one status to the other (staying is always allowed)."""
    return before is after or after in _NEXT[before]


def advance(job: Job, status: JobStatus, **changes: Any) -> Job:
    """The job in its next status, with other fields changed along.

    Progress never falls while a job is active, and is 100 once the engine is done. What was in the
    way of the step before is forgotten.

    Raises:
        ValueError: The transition is not allowed: a defect in the caller.
    """
    if not may_follow(job.status, status):
        raise ValueError(f"{job.id}: {job.status} cannot become {status}")
    progress = changes.pop("progress", None)
    progress = job.progress if progress is None else max(job.progress, min(float(progress), 100.0))
    if status in (_S.DOWNLOADING, _S.COMPLETED):
        progress = 100.0
    steps = {"status": status, "progress": progress, "trouble": None}
    return job.model_copy(update=steps | changes)


def shown_status(status: JobStatus) -> str:
    """The status as people and agents see it (contract §2)."""
    if status in (_S.WAITING, _S.SUBMITTING):
        return _S.QUEUED.value
    if status is _S.DOWNLOADING:
        return _S.IN_PROGRESS.value
    return status.value


CLOCK_TOLERANCE = timedelta(minutes=5)
"""So much may a host's clock differ from ours."""

RECONCILE_TRIES = 4
"""So often a host is asked what became of a request whose outcome is unknown."""


def is_settled(job: Job) -> bool:
    """Whether a job will stay as it is, unless somebody asks for something else."""
    looked_up = job.status is _S.UNKNOWN and job.attempts < RECONCILE_TRIES
    return job.status in FINAL and not looked_up


def ends(before: Job, after: Job) -> bool:
    """Whether this step brings a job to its end; one that is taken up again ends again."""
    return is_settled(after) and not is_settled(before)


LIST_FROM = 4
"""From so many due jobs of an engine on, a list request pays."""

FIRST_POLL_SECONDS = 2.0
SLOWEST_POLL_SECONDS = 15.0
LONGEST_ASKED_SECONDS = 3600.0
"""No host is left alone for longer, whatever it asks for."""

_POLL_GROWTH = 1.4
OVERDUE_POLL_SECONDS = 60.0
GIVE_UP = timedelta(hours=24)


def poll_delay(job: Job, host_says: float | None) -> float:
    """Seconds until the next look at the host: what it asked for, up to an hour, else 2 to 15 s."""
    if host_says is not None:
        return min(max(host_says, 0.05), LONGEST_ASKED_SECONDS)
    if job.poll_after < FIRST_POLL_SECONDS:
        return FIRST_POLL_SECONDS
    return min(job.poll_after * _POLL_GROWTH, SLOWEST_POLL_SECONDS)


def in_step(delay: float, now: datetime) -> float:
    """Seconds until the look that should be in `delay` seconds, moved by at most half of that.

    Jobs that are looked at as often come to be looked at together, so that one list does for all.
    A pause that only a host asks for is kept as it is.
    """
    if delay > OVERDUE_POLL_SECONDS:
        return delay
    at = now.timestamp()
    return max(round((at + delay) / delay) * delay - at, delay / 2)


def is_overdue(job: Job, now: datetime, timeout: timedelta) -> bool:
    """Whether the job has taken longer than the operator expects: polling slows, never stops."""
    return job.submitted_at is not None and now > job.submitted_at + timeout


def is_hopeless(job: Job, now: datetime) -> bool:
    """Whether an overdue job can be expected to have no answer: past `expires_at`, or after 24 h.

    An `expires_at` that was over before the job was begun is nonsense.
    """
    if job.submitted_at is None:
        return False
    ends = job.expires_at if job.expires_at and job.expires_at > job.submitted_at else None
    return now > (ends or job.submitted_at + GIVE_UP)


def backoff(attempt: int, *, first: float = 1.0, most: float = 60.0) -> float:
    """Seconds to wait before try number `attempt` + 1 (doubling)."""
    # Not 2 to any power: from 1,024 on it is no float any more.
    return min(first * 2 ** min(max(attempt - 1, 0), 32), most)


def storage_delay(job: Job) -> float:
    """Seconds until a storage that did not do what it was asked for is tried again, growing."""
    return min(max(job.poll_after, 1.0) * 2, 60.0)


SUBMIT_ATTEMPTS = 5
"""Submissions that provably never left, or that the host put off, are tried so often."""

DOWNLOAD_PAUSES = (1.0, 2.0, 5.0, 10.0)
"""Seconds between the five tries to fetch a finished file (18 s together)."""

UNHEARD_FOR = timedelta(minutes=10)
"""So long an identical request gets the job whose own caller went away."""

LOST_CHECKS = (10.0, 20.0, 30.0)
"""Seconds between the checks of a job that the host says it does not know (a minute together)."""
