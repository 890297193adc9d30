"""The service and its worker, in front of a host over real HTTP."""

import hashlib
import json
from pathlib import Path
from typing import Any

import anyio
import pytest

from sora_mcp.app import open_app
from sora_mcp.videos.errors import (
    InvalidRequest,
    NotConfigured,
    NotReady,
    SpendingRefused,
    VideoNotFound,
)
from sora_mcp.videos.models import Job, JobStatus, Variant
from sora_mcp.videos.spending import parse_prices
from tests.fakes import videos_api as fake
from tests.harness import OWNER, a_host, app_in, make, settings_in, small_mp4, videos_from
from tests.serving import serving


async def test_a_video_is_submitted_followed_fetched_and_kept(tmp_path: Path) -> None:
    host = a_host()
    async with videos_from(host, tmp_path) as videos:
        job = await make(videos, "A calico cat, playing a piano on stage!", seconds=1)
        assert job.status is JobStatus.COMPLETED
        video = job.files[0]
        kept = Path(video.location)
        assert kept.read_bytes() == small_mp4()
        assert video.sha256 == hashlib.sha256(small_mp4()).hexdigest()
        assert (video.width, video.height, video.seconds, video.audio) == (64, 64, 1.0, True)
        assert [file.variant for file in job.files] == [
            Variant.VIDEO,
            Variant.THUMBNAIL,
            Variant.SPRITESHEET,
        ]
        assert kept.name.endswith(f" {job.id}.mp4")
        assert "calico-cat-playing-a-piano" in kept.name
        sidecar = json.loads(kept.with_suffix(".json").read_text())
        assert sidecar["prompt"] == "A calico cat, playing a piano on stage!"
    assert host.accepted == [{"prompt": "A calico cat, playing a piano on stage!", "seconds": "1"}]


async def test_a_file_that_is_away_for_a_while_is_not_given_up_though_its_host_has_forgotten_it(
    tmp_path: Path,
) -> None:
    host = a_host()
    async with videos_from(host, tmp_path) as videos:
        job = await make(videos)
        kept = Path(job.files[0].location)
        away = kept.rename(tmp_path / "away.mp4")
        host.fail("GET /videos/{id}/content", *[fake.error(410, "Deleted.")] * 9)
        with pytest.raises(NotReady, match="Call download_video"):
            await videos.download(OWNER, job.id, Variant.VIDEO, None, 60)
        away.rename(kept)
        again, file = await videos.download(OWNER, job.id, Variant.VIDEO, None, 60)
    assert (again.status, again.error) == (JobStatus.COMPLETED, None)
    assert file == job.files[0]


async def test_progress_is_seen_on_the_way_and_never_falls(tmp_path: Path) -> None:
    host = a_host(statuses=("queued", *["in_progress"] * 5, "completed"))
    seen: list[Job] = []
    async with videos_from(host, tmp_path) as videos:
        plan = await videos.plan.generate(OWNER, prompt="a cat")
        job = await videos.start(plan)
        await videos.wait(OWNER, job.id, 60, seen.append)
    progress = [state.progress for state in seen]
    assert progress == sorted(progress)
    assert len({value for value in progress if 0 < value < 100}) >= 2


async def test_the_answer_to_the_submission_is_waited_for(tmp_path: Path) -> None:
    host = a_host(statuses=("queued", *["in_progress"] * 1000))
    async with videos_from(host, tmp_path) as videos:
        job = await videos.start(await videos.plan.generate(OWNER, prompt="a cat"))
        answered = await videos.wait_for_answer(job, 20)
        assert answered.status in (JobStatus.QUEUED, JobStatus.IN_PROGRESS)
        assert answered.engine_job_id == "video_0001"
        host.fail("POST /videos", fake.error(400, "No such size.", "invalid_value"))
        refused = await videos.start(await videos.plan.generate(OWNER, prompt="a dog"))
        refused = await videos.wait_for_answer(refused, 20)
    assert refused.status is JobStatus.FAILED
    assert refused.error is not None
    assert "No such size." in refused.error.message
    assert refused.error.charged == "no"


async def test_with_all_slots_taken_a_job_waits_in_our_queue_and_the_caller_does_not(
    tmp_path: Path,
) -> None:
    host = a_host(statuses=("queued", *["in_progress"] * 1000))
    async with videos_from(host, tmp_path, max_active_jobs=1) as videos:
        first = await videos.start(await videos.plan.generate(OWNER, prompt="a cat"))
        await videos.wait_for_answer(first, 20)
        second = await videos.start(await videos.plan.generate(OWNER, prompt="a dog"))
        waiting = await videos.wait_for_answer(second, 20)
        assert waiting.status is JobStatus.WAITING
        assert len(host.accepted) == 1
        host.statuses = ("completed",)
        done = await videos.wait(OWNER, second.id, 60)
    assert done.status is JobStatus.COMPLETED
    assert [fields["prompt"] for fields in host.accepted] == ["a cat", "a dog"]


async def test_a_remix_and_an_extension_start_from_the_engines_own_id(tmp_path: Path) -> None:
    host = a_host()
    async with videos_from(host, tmp_path) as videos:
        source = await make(videos)
        remix = await videos.start(
            await videos.plan.remix(OWNER, video_id=source.id, prompt="at night")
        )
        remix = await videos.wait(OWNER, remix.id, 60)
        longer = await videos.start(
            await videos.plan.extend(OWNER, video_id=source.id, prompt="it jumps", seconds=4)
        )
        longer = await videos.wait(OWNER, longer.id, 60)
    assert (remix.status, longer.status) == (JobStatus.COMPLETED, JobStatus.COMPLETED)
    assert (remix.source_ids, longer.source_ids) == ((source.id,), (source.id,))
    assert host.accepted[1:] == [
        {"prompt": "at night"},
        {"prompt": "it jumps", "seconds": "4", "video": {"id": "video_0001"}},
    ]


async def test_videos_are_joined_here_in_their_order(tmp_path: Path) -> None:
    host = a_host()
    async with videos_from(host, tmp_path) as videos:
        first, second = await make(videos, "a cat"), await make(videos, "a dog")
        plan = await videos.plan.join(OWNER, video_ids=[first.id, second.id], title="Two pets")
        joined = await videos.start(plan)
        joined = await videos.wait(OWNER, joined.id, 60)
    assert joined.status is JobStatus.COMPLETED
    assert joined.files[0].seconds == pytest.approx(2, abs=0.1)
    assert joined.source_ids == (first.id, second.id)
    assert len(host.accepted) == 2


async def test_a_join_with_another_title_is_another_request(tmp_path: Path) -> None:
    async with videos_from(a_host(), tmp_path) as videos:
        ids = [(await make(videos)).id] * 2

        async def joined(title: str | None) -> Job:
            return await videos.start(await videos.plan.join(OWNER, video_ids=ids, title=title))

        first = await joined("Two pets")
        await videos.mark_unheard(first)
        other = await joined("Two cats")
        again = await joined("Two pets")
    assert (other.title, again.id) == ("Two cats", first.id)


async def test_a_finished_video_is_found_by_a_word_and_gone_when_deleted(tmp_path: Path) -> None:
    async with videos_from(a_host(), tmp_path) as videos:
        cat, dog = await make(videos, "a calico cat"), await make(videos, "a brown dog")
        assert [j.id for j in (await videos.list(OWNER, query="calico")).jobs] == [cat.id]
        assert [j.id for j in (await videos.list(OWNER)).jobs] == [dog.id, cat.id]
        deleted = await videos.delete(OWNER, cat.id, keep_files=False, timeout=20)
        assert deleted.finished
        assert not any(cat.id in file.name for file in (tmp_path / "library").rglob("*"))
        assert any(dog.id in file.name for file in (tmp_path / "library").rglob("*"))
        with pytest.raises(VideoNotFound, match="list_videos"):
            await videos.get(OWNER, cat.id)
        assert [j.id for j in (await videos.list(OWNER)).jobs] == [dog.id]


async def test_files_can_be_kept_when_a_video_is_deleted(tmp_path: Path) -> None:
    async with videos_from(a_host(), tmp_path) as videos:
        cat = await make(videos)
        await videos.delete(OWNER, cat.id, keep_files=True, timeout=20)
    assert Path(cat.files[0].location).read_bytes() == small_mp4()


async def test_deleting_a_running_job_stops_it_at_the_host(tmp_path: Path) -> None:
    host = a_host(statuses=("queued", *["in_progress"] * 1000))
    async with videos_from(host, tmp_path) as videos:
        job = await videos.start(await videos.plan.generate(OWNER, prompt="a cat"))
        await videos.wait_for_answer(job, 20)
        deleted = await videos.delete(OWNER, job.id, keep_files=False, timeout=20)
    assert deleted.finished
    assert "was told to stop" in deleted.notes[-1]
    assert host.jobs == {}


async def test_a_host_that_cannot_cancel_is_no_longer_followed_and_the_charge_is_mentioned(
    tmp_path: Path,
) -> None:
    host = a_host(statuses=("queued", *["in_progress"] * 1000))
    host.fail("DELETE /videos/{id}", fake.error(405, "Method Not Allowed"))
    async with videos_from(host, tmp_path) as videos:
        job = await videos.start(await videos.plan.generate(OWNER, prompt="a cat"))
        await videos.wait_for_answer(job, 20)
        deleted = await videos.delete(OWNER, job.id, keep_files=False, timeout=20)
    assert "the charge may stand" in deleted.notes[-1]


async def test_a_host_that_only_forgets_a_running_job_is_said_to_go_on_with_it(
    tmp_path: Path,
) -> None:
    host = a_host(statuses=("queued", *["in_progress"] * 1000))
    async with videos_from(host, tmp_path, dialect="sglang") as videos:
        job = await videos.start(await videos.plan.generate(OWNER, prompt="a cat"))
        await videos.wait_for_answer(job, 20)
        deleted = await videos.delete(OWNER, job.id, keep_files=False, timeout=20)
    assert host.jobs == {}
    assert "could not be stopped: it may go on, and the charge may stand" in deleted.notes[-1]


async def test_a_later_server_goes_on_with_what_an_earlier_one_left(tmp_path: Path) -> None:
    host = a_host(statuses=("queued", *["in_progress"] * 1000))
    async with serving(host.app()) as url:
        async with app_in(tmp_path, base_url=f"{url}/v1") as earlier:
            videos = await earlier.videos()
            job = await videos.start(await videos.plan.generate(OWNER, prompt="a cat"))
            await videos.wait_for_answer(job, 20)
        host.statuses = ("completed",)
        async with app_in(tmp_path, base_url=f"{url}/v1") as later:
            videos = await later.videos()
            done = await videos.wait(OWNER, job.id, 60)
    assert done.status is JobStatus.COMPLETED
    assert len(host.accepted) == 1


async def test_a_job_of_a_host_that_is_not_configured_any_more_waits_for_it(tmp_path: Path) -> None:
    host = a_host(statuses=("queued", *["in_progress"] * 1000))
    async with videos_from(host, tmp_path) as videos:
        job = await videos.start(await videos.plan.generate(OWNER, prompt="a cat"))
        await videos.wait_for_answer(job, 20)
    async with app_in(tmp_path) as app:
        videos = await app.videos()
        assert (await videos.wait(OWNER, job.id, 1)).status is JobStatus.QUEUED
        with pytest.raises(NotReady):
            await videos.file(OWNER, job.id, Variant.VIDEO)


@pytest.mark.requirement("VIDEO-ADOPTED")
async def test_an_id_that_only_the_host_knows_is_adopted(tmp_path: Path) -> None:
    host = a_host()
    host.jobs["video_from_elsewhere"] = {
        "id": "video_from_elsewhere",
        "status": "completed",
        "prompt": "somebody's cat",
    }
    async with videos_from(host, tmp_path) as videos:
        job = await videos.get(OWNER, "video_from_elsewhere")
        again = await videos.get(OWNER, "video_from_elsewhere")
        assert job.id == again.id
        done = await videos.wait(OWNER, job.id, 60)
        assert done.status is JobStatus.COMPLETED
        assert done.prompt == "somebody's cat"
        with pytest.raises(VideoNotFound):
            await videos.get(OWNER, "video_of_nobody")
    assert host.accepted == []


@pytest.mark.parametrize("video_id", ["", "..", ".", "a/b", "x" * 401, "a b", "é"])
async def test_what_is_no_id_never_reaches_the_host(tmp_path: Path, video_id: str) -> None:
    host = a_host()
    async with videos_from(host, tmp_path) as videos:
        with pytest.raises(VideoNotFound):
            await videos.get(OWNER, video_id)
    assert not [path for _, path in host.requests if video_id and video_id in path]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"prompt": ""}, "prompt is empty"),
        ({"prompt": "   "}, "prompt is empty"),
        ({"prompt": "x" * 32_001}, "32,001 characters"),
        ({"prompt": "x", "size": "banana"}, "1280x720"),
        ({"prompt": "x", "seconds": -1}, "above 0"),
        ({"prompt": "x", "seconds": float("nan")}, "above 0"),
        ({"prompt": "x", "seconds": 601}, "at most 600"),
        ({"prompt": "x", "options": {"output_path": "/tmp/x"}}, "does not take"),
        ({"prompt": "x", "input_reference": "sora://videos/nonsense"}, "last_frame.png"),
    ],
)
async def test_what_cannot_be_right_is_refused_before_anything_is_sent(
    tmp_path: Path, arguments: dict[str, object], said: str
) -> None:
    host = a_host()
    async with videos_from(host, tmp_path) as videos:
        with pytest.raises(InvalidRequest, match=said):
            await videos.plan.generate(OWNER, **arguments)  # pyright: ignore[reportArgumentType]  # wrong on purpose
    assert host.video_requests == []


async def test_a_price_without_a_length_asks_for_the_length(tmp_path: Path) -> None:
    prices = parse_prices({"*": {"wan": 0.1}})
    async with videos_from(a_host(), tmp_path, prices=prices, max_cost_usd=1) as videos:
        with pytest.raises(SpendingRefused, match="give `seconds`"):
            await videos.plan.generate(OWNER, prompt="a cat", model="wan")
        with pytest.raises(SpendingRefused, match="SORA_MCP_PRICES"):
            await videos.plan.generate(OWNER, prompt="a cat", model="veo")
        plan = await videos.plan.generate(OWNER, prompt="a cat", model="wan", seconds=4)
    assert plan.estimate.usd == pytest.approx(0.4)


async def test_the_last_frame_of_a_video_can_begin_the_next_one(tmp_path: Path) -> None:
    host = a_host()
    async with videos_from(host, tmp_path) as videos:
        first = await make(videos)
        uri = f"sora://videos/{first.id}/last_frame.png"
        await make(videos, "and then", input_reference=uri, size="64x64")
    assert host.accepted[1]["input_reference"].startswith(b"\x89PNG")


async def test_a_thumbnail_that_was_removed_is_made_anew_to_begin_a_video(tmp_path: Path) -> None:
    host = a_host()
    async with videos_from(host, tmp_path) as videos:
        first = await make(videos)
        thumbnail = first.file(Variant.THUMBNAIL)
        assert thumbnail is not None
        Path(thumbnail.location).unlink()
        uri = f"sora://videos/{first.id}/thumbnail.webp"
        await make(videos, "and then", input_reference=uri, size="64x64")
    assert host.accepted[1]["input_reference"].startswith(b"\x89PNG")


async def test_an_idempotency_key_gives_the_first_job_again(tmp_path: Path) -> None:
    host = a_host()
    async with videos_from(host, tmp_path) as videos:
        first = await make(videos, idempotency_key="order-17")
        second = await make(videos, idempotency_key="order-17")
        assert first.id == second.id
        third = await make(videos)
        fourth = await make(videos)
        assert third.id != fourth.id
    assert len(host.accepted) == 3


async def test_of_a_request_that_is_repeated_one_first_frame_is_kept(tmp_path: Path) -> None:
    host = a_host(statuses=("completed",))
    async with videos_from(host, tmp_path, max_active_jobs=1) as videos:
        source = await make(videos)
        host.statuses = ("queued", *["in_progress"] * 1000)
        busy = await videos.start(await videos.plan.generate(OWNER, prompt="a dog"))
        await videos.wait_for_answer(busy, 20)
        asked: dict[str, Any] = {
            "prompt": "and then",
            "input_reference": f"sora://videos/{source.id}/last_frame.png",
            "idempotency_key": "once",
        }
        jobs = [await videos.start(await videos.plan.generate(OWNER, **asked)) for _ in range(2)]
        kept = [path.stem for path in (tmp_path / "home" / "work" / "references").iterdir()]
    assert [job.id for job in jobs] == kept * 2


async def test_many_jobs_are_followed_with_one_request(tmp_path: Path) -> None:
    host = a_host(statuses=("queued", *["in_progress"] * 1000))
    async with videos_from(host, tmp_path, max_active_jobs=20) as videos:
        jobs = [
            await videos.start(await videos.plan.generate(OWNER, prompt=f"cat {n}"))
            for n in range(20)
        ]
        for job in jobs:
            await videos.wait_for_answer(job, 20)
        with anyio.fail_after(90):
            while ("GET", "/v1/videos") not in host.requests:
                await anyio.lowlevel.checkpoint()
                await videos.wait(OWNER, jobs[0].id, 0.2)
    assert len(host.accepted) == 20


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"size": "1281x720"}, "any even width"),
        ({"size": "100x100"}, "256–1920"),
        ({"size": "16:9"}, "WIDTHxHEIGHT"),
        ({"seconds": 21}, "1–20 s"),
        ({"seconds": 0.5}, "1–20 s"),
    ],
)
async def test_a_plan_for_the_embedded_engine_knows_its_limits(
    tmp_path: Path, arguments: dict[str, object], said: str
) -> None:
    async with app_in(tmp_path) as app:
        videos = await app.videos()
        with pytest.raises(InvalidRequest, match=said):
            await videos.plan.generate(OWNER, prompt="a cat", **arguments)  # pyright: ignore[reportArgumentType]  # wrong on purpose


async def test_a_wrong_setting_is_told_at_each_call_and_opens_nothing(tmp_path: Path) -> None:
    problem = NotConfigured("SORA_MCP_SECONDS must be a number.")
    async with open_app(settings_in(tmp_path), problem=problem) as app:
        for _ in range(2):
            with pytest.raises(NotConfigured, match="SORA_MCP_SECONDS"):
                await app.videos()
        assert not await app.has_ledger()
        await app.resume()
    assert not (tmp_path / "home").exists()
