"""The life of a job as pure functions."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sora_mcp.videos.lifecycle import (
    ACTIVE,
    BAD_ENDS,
    DOWNLOAD_PAUSES,
    FINAL,
    SLOWEST_POLL_SECONDS,
    advance,
    backoff,
    in_step,
    is_hopeless,
    is_overdue,
    may_follow,
    poll_delay,
    shown_status,
)
from sora_mcp.videos.models import Job, JobStatus, Operation

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)


def a_job(**changes: Any) -> Job:
    values: dict[str, Any] = {
        "id": "vid_aaaaaaaaaa",
        "owner": "local",
        "operation": Operation.GENERATE,
        "status": JobStatus.WAITING,
        "prompt": "a calico cat",
        "engine": "embedded",
        "created_at": NOW,
    }
    return Job(**(values | changes))


def test_a_job_goes_from_waiting_to_completed_in_order() -> None:
    path = [
        JobStatus.SUBMITTING,
        JobStatus.QUEUED,
        JobStatus.IN_PROGRESS,
        JobStatus.DOWNLOADING,
        JobStatus.COMPLETED,
    ]
    job = a_job()
    for status in path:
        job = advance(job, status)
    assert job.status is JobStatus.COMPLETED
    assert job.progress == 100


@pytest.mark.parametrize("status", sorted(BAD_ENDS - {JobStatus.UNKNOWN}))
def test_a_bad_end_is_never_left_again(status: JobStatus) -> None:
    assert [after for after in JobStatus if after is not status and may_follow(status, after)] == []


def test_an_unknown_submission_may_still_turn_out_to_be_running() -> None:
    assert may_follow(JobStatus.UNKNOWN, JobStatus.IN_PROGRESS)
    assert not may_follow(JobStatus.UNKNOWN, JobStatus.SUBMITTING)
    assert not may_follow(JobStatus.UNKNOWN, JobStatus.WAITING)


def test_nothing_that_was_accepted_is_ever_submitted_again() -> None:
    for status in set(JobStatus) - {JobStatus.WAITING, JobStatus.SUBMITTING}:
        assert not may_follow(status, JobStatus.SUBMITTING), status


def test_every_status_is_either_active_or_final() -> None:
    assert set(JobStatus) == ACTIVE | FINAL
    assert not ACTIVE & FINAL


def test_every_active_job_can_be_cancelled() -> None:
    assert all(may_follow(status, JobStatus.CANCELLED) for status in ACTIVE)


def test_a_forbidden_transition_is_a_defect_that_names_both_statuses() -> None:
    with pytest.raises(ValueError, match="failed cannot become queued"):
        advance(a_job(status=JobStatus.FAILED), JobStatus.QUEUED)


@given(st.lists(st.floats(0, 150)))
def test_progress_never_falls_and_never_passes_100(seen: list[float]) -> None:
    job = a_job(status=JobStatus.IN_PROGRESS)
    for progress in seen:
        later = advance(job, JobStatus.IN_PROGRESS, progress=progress)
        assert job.progress <= later.progress <= 100
        job = later


def test_people_see_only_the_statuses_of_the_contract() -> None:
    assert {shown_status(status) for status in JobStatus} == {
        "queued",
        "in_progress",
        "completed",
        "failed",
        "cancelled",
        "expired",
        "lost",
        "unknown",
    }
    assert shown_status(JobStatus.SUBMITTING) == "queued"
    assert shown_status(JobStatus.DOWNLOADING) == "in_progress"


def test_looks_at_a_host_grow_from_2_to_15_seconds_apart() -> None:
    job = a_job(status=JobStatus.QUEUED)
    delays: list[float] = []
    for _ in range(10):
        delay = poll_delay(job, None)
        delays.append(delay)
        job = job.model_copy(update={"poll_after": delay})
    assert delays[0] == 2
    assert delays == sorted(delays)
    assert delays[-1] == SLOWEST_POLL_SECONDS


def test_a_host_that_names_a_pause_gets_it_within_reason() -> None:
    job = a_job(status=JobStatus.QUEUED)
    assert poll_delay(job, 0.25) == 0.25
    assert poll_delay(job, 300) == 300
    assert poll_delay(job, 86_400) == 3600


def test_the_time_limit_counts_from_the_submission_and_not_from_our_queue() -> None:
    hour = timedelta(hours=1)
    waiting = a_job(created_at=NOW - 5 * hour)
    assert not is_overdue(waiting, NOW, hour)
    assert is_overdue(waiting.model_copy(update={"submitted_at": NOW - 2 * hour}), NOW, hour)


@pytest.mark.parametrize("expires_at", [None, NOW - timedelta(days=9), NOW])
def test_a_job_is_given_up_after_a_day(expires_at: datetime | None) -> None:
    job = a_job(status=JobStatus.QUEUED, submitted_at=NOW, expires_at=expires_at)
    assert not is_hopeless(job, NOW + timedelta(hours=23))
    assert is_hopeless(job, NOW + timedelta(hours=25))


def test_a_job_is_given_up_when_the_host_drops_it() -> None:
    an_hour = NOW + timedelta(hours=1)
    job = a_job(status=JobStatus.QUEUED, submitted_at=NOW, expires_at=an_hour)
    assert not is_hopeless(job, NOW + timedelta(minutes=59))
    assert is_hopeless(job, NOW + timedelta(hours=2))


def test_five_downloads_are_tried_within_20_seconds() -> None:
    assert len(DOWNLOAD_PAUSES) + 1 == 5
    assert sum(DOWNLOAD_PAUSES) <= 20


def test_pauses_between_tries_double_up_to_a_limit_however_many_there_were() -> None:
    assert [backoff(tries) for tries in range(1, 9)] == [1, 2, 4, 8, 16, 32, 60, 60]
    assert backoff(100_000, first=5.0, most=10_800) == 10_800


def test_a_long_pause_that_a_host_asks_for_is_neither_shortened_nor_lengthened() -> None:
    assert {in_step(300, NOW + timedelta(seconds=seconds)) for seconds in range(300)} == {300}


@given(st.floats(2, 15), st.lists(st.floats(0, 14), min_size=2))
def test_jobs_that_are_looked_at_as_often_come_to_be_looked_at_together(
    delay: float, moments: list[float]
) -> None:
    looks = [timedelta(seconds=moment) for moment in moments]
    for _ in range(12):
        pauses = [in_step(delay, NOW + look) for look in looks]
        assert all(0.49 * delay <= pause <= 1.51 * delay for pause in pauses)
        looks = [look + timedelta(seconds=pause) for look, pause in zip(looks, pauses, strict=True)]
    first = (NOW + looks[0]).timestamp() / delay
    assert all(((NOW + look).timestamp() / delay - first) % 1 % 0.999 < 0.001 for look in looks)
