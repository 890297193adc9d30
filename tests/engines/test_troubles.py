"""What people hear of hosts that refuse, are silent, or are not configured any more."""

import re
from pathlib import Path

import pytest

from sora_mcp.named_engines import NamedEngine, read_engines
from sora_mcp.videos.models import Job
from tests.fakes import videos_api as fake
from tests.harness import HURRY, KEY, OWNER, a_host, app_in, videos_from
from tests.server.surface import client_of, structured, text_of
from tests.serving import serving, unused_port
from tests.store.ledgers import Ledger


def engines(folder: Path, text: str) -> tuple[NamedEngine, ...]:
    path = folder / "engines.toml"
    path.write_text(text)
    return tuple(read_engines(path, {}))


async def a_running_job(folder: Path, url: str, name: str) -> Job:
    """A job at a named engine, whose server has stopped since."""
    text = f'[{name}]\nbase_url = "{url}/v1"\n'
    async with app_in(folder, engines_file=engines(folder, text)) as app:
        videos = await app.videos()
        job = await videos.start(await videos.plan.generate(OWNER, prompt="a cat"))
        return await videos.wait_for_answer(job, 30)


async def test_looks_that_are_refused_are_told_to_whoever_asks(tmp_path: Path) -> None:
    host = a_host(statuses=("in_progress", "in_progress", "completed"))
    async with (
        serving(host.app()) as url,
        app_in(tmp_path, base_url=f"{url}/v1", api_key=KEY) as app,
        client_of(app) as client,
    ):
        video_id = structured(await client.call_tool("generate_video", {"prompt": "a cat"}))[
            "video_id"
        ]
        host.fail("GET /videos/{id}", *[fake.error(401, "This key was revoked.")] * 1000)
        refused = ""
        while "revoked" not in refused:
            waiting = {"video_id": video_id, "wait_seconds": 1}
            refused = text_of(await client.call_tool("get_video_status", waiting))
    assert "will be looked at again automatically" in refused
    assert "SORA_MCP_API_KEY" in refused
    assert "get_video_status" in refused


async def test_a_host_that_puts_a_job_off_is_told_with_the_time_of_the_next_try(
    tmp_path: Path,
) -> None:
    host = a_host()
    busy = fake.error(429, "Come back in an hour.", **{"retry-after": "3600"})
    host.fail("POST /videos", busy)
    async with (
        serving(host.app()) as url,
        app_in(tmp_path, base_url=f"{url}/v1", api_key=KEY) as app,
        client_of(app) as client,
    ):
        told = text_of(await client.call_tool("generate_video", {"prompt": "a cat"}))
    assert "Nothing was sent yet." in told
    assert "Come back in an hour." in told
    assert "tried again automatically at" in told


@pytest.mark.parametrize("job_timeout_seconds", [3600, 0.001])
async def test_a_host_that_puts_off_a_look_is_left_alone_as_long_as_it_asks_for(
    job_timeout_seconds: float, tmp_path: Path
) -> None:
    host = a_host(statuses=("in_progress",))
    busy = fake.error(429, "Come back in an hour.", **{"retry-after": "3600"})
    host.fail("GET /videos/{id}", busy)
    trouble = None
    async with videos_from(host, tmp_path, job_timeout_seconds=job_timeout_seconds) as videos:
        job = await videos.start(await videos.plan.generate(OWNER, prompt="a cat"))
        async for state in videos.watch(OWNER, job.id):
            trouble = state.trouble
            if trouble is not None:
                break
    assert trouble is not None
    assert "Come back in an hour." in trouble
    assert re.search(r"looked at again automatically at \d\d:\d\d:\d\d UTC", trouble)
    due = "SELECT run_at - created_at AS microseconds FROM jobs"
    [pause] = await Ledger(None, tmp_path / "home").execute(due)
    assert pause.microseconds > 3600 / HURRY * 1_000_000


async def test_a_job_whose_engine_is_gone_says_so_and_can_be_deleted(tmp_path: Path) -> None:
    host = a_host(statuses=("in_progress",))
    async with serving(host.app()) as url:
        job = await a_running_job(tmp_path, url, "wan")
        async with app_in(tmp_path) as app, client_of(app) as client:
            status = text_of(await client.call_tool("get_video_status", {"video_id": job.id}))
            deleted = text_of(await client.call_tool("delete_video", {"video_id": job.id}))
            left = structured(await client.call_tool("list_videos"))["videos"]
    assert "'wan', which is not configured now" in status
    assert "is deleted" in deleted
    assert "not configured any more, so the charge may stand" in deleted
    assert left == []


async def test_a_finished_video_can_be_deleted_without_its_host(tmp_path: Path) -> None:
    host = a_host(statuses=("completed",))
    async with videos_from(host, tmp_path) as videos:
        job = await videos.start(await videos.plan.generate(OWNER, prompt="a cat"))
        job = await videos.wait(OWNER, job.id, 60)
    async with app_in(tmp_path) as app:
        deletion = await (await app.videos()).delete(OWNER, job.id, keep_files=False, timeout=30)
    assert deletion.finished
    assert not Path(job.files[0].location).exists()


async def test_an_engine_that_has_become_another_host_is_not_asked_about_old_jobs(
    tmp_path: Path,
) -> None:
    host, other = a_host(statuses=("in_progress",)), a_host()
    async with serving(host.app()) as url, serving(other.app()) as other_url:
        job = await a_running_job(tmp_path, url, "wan")
        text = f'[wan]\nbase_url = "{other_url}/v1"\n'
        async with app_in(tmp_path, engines_file=engines(tmp_path, text)) as app:
            videos = await app.videos()
            status = await videos.get(OWNER, job.id)
            deletion = await videos.delete(OWNER, job.id, keep_files=False, timeout=30)
    assert status.trouble is not None
    assert "is now another host" in status.trouble
    assert deletion.finished
    assert other.video_requests == []


@pytest.mark.parametrize("silent_first", [True, False])
async def test_what_a_host_can_do_is_told_by_a_replica_that_answers(
    silent_first: bool, tmp_path: Path
) -> None:
    silent = f"http://127.0.0.1:{unused_port()}/v1"
    async with serving(a_host().app()) as url:
        addresses = [silent, f"{url}/v1"] if silent_first else [f"{url}/v1", silent]
        async with app_in(tmp_path, base_url=" ".join(addresses)) as app:
            videos = await app.videos()
            report = await videos.engine_report(OWNER)
            plans = [await videos.plan.generate(OWNER, prompt="a cat") for _ in range(3)]
    assert report.facts.base_url == f"{url}/v1"
    assert not any("does not answer" in note for note in report.facts.notes)
    assert [plan.warning for plan in plans] == [None] * 3


async def test_a_dry_run_says_that_the_host_does_not_answer(tmp_path: Path) -> None:
    silent = f"http://127.0.0.1:{unused_port()}/v1"
    async with app_in(tmp_path, base_url=silent) as app, client_of(app) as client:
        trial = {"prompt": "a cat", "dry_run": True}
        told = text_of(await client.call_tool("generate_video", trial))
    assert "does not answer just now" in told


async def test_an_id_of_any_configured_engine_is_adopted(tmp_path: Path) -> None:
    first, second = a_host(), a_host(statuses=("completed",))
    async with serving(first.app()) as one, serving(second.app()) as two:
        async with videos_from(second, tmp_path / "elsewhere") as videos:
            job = await videos.start(await videos.plan.generate(OWNER, prompt="a cat"))
            known = (await videos.wait(OWNER, job.id, 60)).engine_job_id
        text = f'[one]\nbase_url = "{one}/v1"\n[two]\nbase_url = "{two}/v1"\n'
        async with app_in(tmp_path, engines_file=engines(tmp_path, text)) as app:
            assert known is not None
            adopted = await (await app.videos()).get(OWNER, known)
    assert adopted.engine == "two"


async def test_a_host_that_has_something_new_to_say_at_each_look_is_not_noted_for_ever(
    tmp_path: Path,
) -> None:
    host = a_host()
    said = [
        fake.answer(200, {"id": "video_0001", "status": "in_progress", "notes": [f"news {number}"]})
        for number in range(40)
    ]
    host.fail("GET /videos/{id}", *said)
    async with videos_from(host, tmp_path) as videos:
        job = await videos.start(await videos.plan.generate(OWNER, prompt="a cat"))
        job = await videos.wait(OWNER, job.id, 60)
    assert len([note for note in job.notes if note.startswith("news")]) == 20
