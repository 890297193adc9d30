"""How long a job may take, by what others took."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sora_mcp.videos.expectation import LIKE_IT, Experience, expected_seconds
from sora_mcp.videos.models import Asked, Job, JobStatus, Operation
from tests.harness import OWNER, a_host, make, videos_from

START = datetime(2026, 11, 20, tzinfo=UTC)


def a_job(took: float | None = None, *, seconds: float = 4, **changes: Any) -> Job:
    ended = START + timedelta(seconds=took) if took is not None else None
    values: dict[str, Any] = {
        "id": "vid_aaaaaaaaaa",
        "owner": OWNER,
        "operation": Operation.GENERATE,
        "status": JobStatus.COMPLETED if ended else JobStatus.IN_PROGRESS,
        "prompt": "a cat",
        "asked": Asked(model="m", seconds=seconds),
        "engine": "host",
        "created_at": START,
        "submitted_at": START,
        "completed_at": ended,
    }
    return Job(**(values | changes))


def test_a_job_is_expected_to_take_what_the_middle_one_of_its_kind_took() -> None:
    assert expected_seconds(a_job(), [a_job(10), a_job(90), a_job(20)]) == 20


def test_a_longer_video_is_expected_to_take_longer() -> None:
    assert expected_seconds(a_job(seconds=8), [a_job(20, seconds=4)]) == 40


@pytest.mark.parametrize(
    "other", [{"asked": Asked(model="n", seconds=4)}, {"operation": Operation.REMIX}]
)
def test_jobs_of_another_kind_say_nothing(other: dict[str, Any]) -> None:
    assert expected_seconds(a_job(), [a_job(20, **other)]) is None


def test_only_the_newest_ten_count() -> None:
    assert expected_seconds(a_job(), [*[a_job(10)] * 10, *[a_job(900)] * 40]) == 10


async def test_the_ledger_remembers_how_long_jobs_took(tmp_path: Path) -> None:
    async with videos_from(a_host(), tmp_path) as videos:
        plan = await videos.plan.generate(OWNER, prompt="one")
        first = await videos.expected_seconds(plan.job)
        done = await make(videos, "one")
        expected = await videos.expected_seconds(done)
    assert first is None
    assert expected is not None
    assert done.submitted_at is not None
    assert done.completed_at is not None
    took = (done.completed_at - done.submitted_at).total_seconds()
    assert expected == pytest.approx(took)


async def test_an_adopted_video_does_not_say_how_long_one_takes(tmp_path: Path) -> None:
    host = a_host()
    host.jobs["video_from_elsewhere"] = {"id": "video_from_elsewhere", "status": "completed"}
    async with videos_from(host, tmp_path) as videos:
        adopted = await videos.get(OWNER, "video_from_elsewhere")
        adopted = await videos.wait(OWNER, adopted.id, 60)
        expected = await videos.expected_seconds(adopted)
    assert adopted.status is JobStatus.COMPLETED
    assert expected is None


@pytest.mark.parametrize(("finished", "asked"), [(LIKE_IT - 1, 2), (LIKE_IT, 1)])
async def test_much_experience_is_not_read_again_for_every_status(
    finished: int, asked: int
) -> None:
    engines: list[str] = []

    async def latest(engine: str) -> list[Job]:
        engines.append(engine)
        return [a_job(30)] * finished

    experience = Experience(latest)
    for _ in range(2):
        assert await experience.expected_seconds(a_job()) == 30
    assert len(engines) == asked
