"""What hosts say never makes a video cost more than was allowed, nor another's job ours."""

import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import anyio
import pytest
from starlette.requests import Request
from starlette.responses import Response

from sora_mcp.named_engines import NamedEngine
from sora_mcp.server.wording import next_call
from sora_mcp.videos.errors import SpendingRefused
from sora_mcp.videos.models import JobStatus
from sora_mcp.videos.spending import parse_prices
from tests.fakes import videos_api as fake
from tests.fakes.videos_api import FakeHost
from tests.harness import OWNER, a_host, app_in, make, videos_from
from tests.serving import serving

FOR_EVER = ("queued", *["in_progress"] * 1000)


AT_ONCE = 0.01


def says(host: FakeHost, *, expires_in: float | None = None, **told: Any) -> fake.Fault:
    """Carry the request out, and say this of the job as well, then and later."""

    async def fault(request: Request, carry_out: Callable[[], Awaitable[Response]]) -> Response:
        await carry_out()
        job = next(reversed(host.jobs.values()))
        job |= told
        if expires_in is not None:
            job["expires_at"] = time.time() + expires_in
        return await fake.answer(200, job)(request, carry_out)

    return fault


async def test_a_remix_that_may_be_made_anew_is_priced_by_what_that_would_send(
    tmp_path: Path,
) -> None:
    host = a_host(statuses=("completed",))
    host.fail("POST /videos", says(host, model="cheap"))
    prices = parse_prices({"*": {"dear": 1.0, "cheap": 0.01}})
    async with videos_from(host, tmp_path, prices=prices) as videos:
        source = await make(videos, model="dear", size="64x64", seconds=4)
        with pytest.raises(SpendingRefused, match=r"4\.00 USD"):
            await videos.plan.remix(OWNER, video_id=source.id, prompt="at night", max_cost_usd=3)
        allowed = await videos.plan.remix(OWNER, video_id=source.id, prompt="at night")
    assert source.model == "cheap"
    assert allowed.estimate.usd == 4


async def test_a_remix_whose_anew_price_is_not_known_is_refused_under_a_limit(
    tmp_path: Path,
) -> None:
    host = a_host(statuses=("completed",))
    host.fail("POST /videos", says(host, model="cheap"))
    prices = parse_prices({"*": {"cheap": 0.01}})
    async with videos_from(host, tmp_path, prices=prices) as videos:
        source = await make(videos, model="unpriced", seconds=4)
        with pytest.raises(SpendingRefused, match="not known"):
            await videos.plan.remix(OWNER, video_id=source.id, prompt="at night", max_cost_usd=9)


async def test_a_cost_that_a_host_tells_counts_only_once_the_job_has_ended(tmp_path: Path) -> None:
    host = a_host(statuses=FOR_EVER)
    host.fail("POST /videos", says(host, usage={"cost": 0}))
    limits: dict[str, Any] = {"prices": parse_prices({"*": {"*": 1.0}}), "daily_budget_usd": 1.5}
    async with videos_from(host, tmp_path, **limits) as videos:
        first = await videos.start(await videos.plan.generate(OWNER, prompt="a cat", seconds=1))
        first = await videos.wait_for_answer(first, 30)
        assert first.status is JobStatus.QUEUED
        second = await videos.plan.generate(OWNER, prompt="a dog", seconds=1)
        with pytest.raises(SpendingRefused, match="a day"):
            await videos.start(second)
        host.jobs["video_0001"]["usage"] = {"cost": 0.25}
        host.statuses = ("completed",)
        done = await videos.wait(OWNER, first.id, 60)
    assert (first.estimated_cost_usd, done.estimated_cost_usd) == (1, 0.25)


@pytest.mark.parametrize("created_at", [None, "soon", 1_790_000_000_000])
async def test_a_job_in_the_list_whose_time_is_not_ours_is_no_match(
    created_at: object, tmp_path: Path
) -> None:
    host = a_host(statuses=("completed",))
    host.fail("POST /videos", fake.reset)
    async with videos_from(host, tmp_path) as videos:
        host.jobs["video_0009"] = {
            "id": "video_0009",
            "status": "completed",
            "prompt": "a cat",
            "created_at": created_at,
        }
        job = await make(videos, "a cat")
    assert (job.status, job.engine_job_id) == (JobStatus.UNKNOWN, None)


@pytest.mark.parametrize(
    ("models", "status"),
    [
        (["m"], JobStatus.COMPLETED),
        ([None], JobStatus.COMPLETED),
        (["n"], JobStatus.UNKNOWN),
        (["m", "n"], JobStatus.COMPLETED),
        (["m", "m"], JobStatus.UNKNOWN),
    ],
)
async def test_a_job_in_the_list_is_ours_when_it_is_the_only_one_that_can_be(
    models: list[str | None], status: JobStatus, tmp_path: Path
) -> None:
    host = a_host(statuses=("completed",))
    host.fail("POST /videos", fake.reset)
    async with videos_from(host, tmp_path) as videos:
        for number, model in enumerate(models):
            host.jobs[f"video_{number}"] = {
                "id": f"video_{number}",
                "status": "completed",
                "prompt": "a cat",
                "model": model,
                "created_at": int(time.time()),
            }
        job = await make(videos, "a cat", model="m")
    assert job.status is status


async def test_a_job_is_found_at_its_host_although_another_host_uses_the_same_id(
    tmp_path: Path,
) -> None:
    one, two = a_host(statuses=("completed",)), a_host(statuses=("completed",))
    two.fail("POST /videos", fake.accept_then_reset)
    async with serving(one.app()) as first, serving(two.app()) as second:
        named = NamedEngine(name="two", base_url=f"{second}/v1")
        async with app_in(tmp_path, base_url=f"{first}/v1", engines_file=(named,)) as app:
            videos = await app.videos()
            here = await make(videos, "a cat")
            there = await make(videos, "a cat", model="two/m")
    assert here.engine_job_id == there.engine_job_id
    assert (there.engine, there.status) == ("two", JobStatus.COMPLETED)


async def test_a_job_at_its_host_is_not_taken_for_ours_while_another_request_may_have_made_it(
    tmp_path: Path,
) -> None:
    host = a_host(statuses=("completed",))
    accepted, released = anyio.Event(), anyio.Event()

    async def accept(request: Request, carry_out: Callable[[], Awaitable[Response]]) -> Response:
        response = await carry_out()
        accepted.set()
        await released.wait()
        return response

    async def lose(request: Request, carry_out: Callable[[], Awaitable[Response]]) -> Response:
        await accepted.wait()
        return await fake.reset(request, carry_out)

    host.fail("POST /videos", accept, lose)
    async with videos_from(host, tmp_path) as videos:
        with anyio.fail_after(60):
            theirs = await videos.start(await videos.plan.generate("ben", prompt="a cat"))
            await accepted.wait()
            ours = await make(videos, "a cat")
            released.set()
            theirs = await videos.wait("ben", theirs.id, 60)
    assert (ours.status, ours.engine_job_id) == (JobStatus.UNKNOWN, None)
    assert (theirs.status, theirs.engine_job_id) == (JobStatus.COMPLETED, "video_0001")


async def test_what_a_host_keeps_of_a_deleted_job_is_not_taken_for_the_next_one(
    tmp_path: Path,
) -> None:
    host = a_host(statuses=FOR_EVER)
    async with videos_from(host, tmp_path) as videos:
        deleted = await videos.start(await videos.plan.generate(OWNER, prompt="a cat"))
        await videos.wait_for_answer(deleted, 30)
        host.fail("DELETE /videos/{id}", *[fake.error(405, "no")] * 5)
        await videos.delete(OWNER, deleted.id, keep_files=False, timeout=30)
        assert list(host.jobs) == ["video_0001"]
        host.fail("POST /videos", fake.reset)
        never_arrived = await make(videos, "a cat")
    assert (never_arrived.status, never_arrived.engine_job_id) == (JobStatus.UNKNOWN, None)


@pytest.mark.parametrize(
    ("prompt", "later", "status"),
    [
        ("a bank, robbed", 3600, JobStatus.LOST),
        ("a bank, robbed", 0, JobStatus.COMPLETED),
        ("a cat", 3600, JobStatus.COMPLETED),
    ],
)
async def test_a_host_that_numbers_anew_does_not_give_us_anothers_video(
    prompt: str, later: float, status: JobStatus, tmp_path: Path
) -> None:
    host = a_host(statuses=FOR_EVER)
    async with videos_from(host, tmp_path) as videos:
        job = await videos.start(await videos.plan.generate(OWNER, prompt="a cat"))
        await videos.wait_for_answer(job, 30)
        host.jobs["video_0001"] |= {
            "prompt": prompt,
            "created_at": host.jobs["video_0001"]["created_at"] + later,
        }
        host.statuses = ("completed",)
        ended = await videos.wait(OWNER, job.id, 60)
    assert ended.status is status


async def test_a_running_job_is_not_given_up_before_its_time_whatever_its_host_says(
    tmp_path: Path,
) -> None:
    host = a_host(statuses=("queued", *["in_progress"] * 3, "completed"))
    host.fail("POST /videos", says(host, expires_in=AT_ONCE))
    async with videos_from(host, tmp_path) as videos:
        assert (await make(videos)).status is JobStatus.COMPLETED


async def test_a_job_that_is_given_up_is_not_offered_to_be_paid_again(tmp_path: Path) -> None:
    host = a_host(statuses=FOR_EVER)
    host.fail("POST /videos", says(host, expires_in=AT_ONCE))
    async with videos_from(host, tmp_path, job_timeout_seconds=0.001) as videos:
        job = await make(videos)
    assert job.status is JobStatus.EXPIRED
    assert job.error is not None
    assert (job.error.charged, job.error.retry) == ("unknown", False)
    assert "within a day" not in job.error.message
    assert "asked the user" in next_call(job)


async def test_blanks_around_a_model_are_neither_priced_nor_sent(tmp_path: Path) -> None:
    host = a_host(statuses=("completed",))
    async with videos_from(host, tmp_path, prices=parse_prices({"*": {"m": 1.0}})) as videos:
        job = await make(videos, model=" m ", seconds=2)
    assert job.estimated_cost_usd == 2
    assert host.accepted[0]["model"] == "m"
