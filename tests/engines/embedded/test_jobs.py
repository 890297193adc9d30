"""What happens to the embedded engine's jobs when renderers and servers come and go."""

# pyright: reportDeprecated=false
# The SDK marks the whole `videos` resource as deprecated, as OpenAI's own service is gone.

import json
import os
import sys
import time
from collections import Counter
from pathlib import Path

import anyio
import openai
import pytest
import renderers
import serving
from openai import AsyncOpenAI
from renderers import renderer
from serving import completed, create, finished, post, progressed, rendering, served

from sora_mcp.engines.embedded.api import open_embedded_api


def process_runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


async def test_a_job_goes_on_after_a_restart(tmp_path: Path) -> None:
    async with served(tmp_path) as client:
        job = await rendering(client, await create(client, seconds="20"))

    async with served(tmp_path) as client:
        job = await client.videos.retrieve(job.id)
        assert job.status != "completed"
        await completed(client, job)


async def test_leaving_ends_the_renderers(tmp_path: Path) -> None:
    command = renderer(renderers.never_ends, tmp_path / "notes")
    async with served(tmp_path / "embedded", renderer=command) as client:
        await progressed(client, await create(client))
        pid = int((tmp_path / "notes" / "pid").read_text())
        assert process_runs(pid)

    assert not process_runs(pid)


async def test_what_goes_wrong_inside_comes_out_as_it_is(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        async with open_embedded_api(tmp_path):
            raise ZeroDivisionError


async def test_two_servers_on_one_folder_see_every_job_and_render_it_once(tmp_path: Path) -> None:
    folder, notes = tmp_path / "embedded", tmp_path / "notes"
    command = renderer(renderers.noted, notes)
    async with (
        served(folder, renderer=command) as first,
        served(folder, renderer=command) as second,
    ):
        jobs = [await create(first, "A kite"), await create(second, "A boat")]
        seen = Counter[str]()
        with anyio.fail_after(serving.PATIENCE):
            while len(ended := [job for job in jobs if job.status == "completed"]) < len(jobs):
                for client in (first, second):
                    jobs = [await client.videos.retrieve(job.id) for job in jobs]
                    assert [job.id async for job in client.videos.list(order="asc")] == [
                        job.id for job in jobs
                    ]
                seen.update(job.status for job in jobs)
        assert [job.error for job in ended] == [None, None]
        assert seen["in_progress"]

    assert Counter((notes / "log").read_text().split()) == {"begins": 2, "ends": 2}


async def test_a_killed_servers_job_is_taken_up_by_another(tmp_path: Path) -> None:
    command = [sys.executable, serving.__file__, str(tmp_path)]
    async with await anyio.open_process(command, stderr=None) as server:
        assert server.stdout is not None
        address = (await server.stdout.receive()).decode().strip()
        async with AsyncOpenAI(api_key="unused", base_url=address) as client:
            job = await rendering(client, await create(client, seconds="20"))
        server.kill()

    async with served(tmp_path) as client:
        await completed(client, job)


async def test_a_renderer_that_is_killed_is_started_again(tmp_path: Path) -> None:
    command = renderer(renderers.killed_once, tmp_path / "notes")
    async with served(tmp_path / "embedded", renderer=command) as client:
        await completed(client, await create(client))

    assert (tmp_path / "notes" / "seen").exists()


async def test_a_job_whose_renderer_always_dies_fails_at_the_third_time(tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    command = renderer(renderers.always_dies, notes)
    async with served(tmp_path / "embedded", renderer=command) as client:
        job = await finished(client, await create(client))

    assert job.status == "failed"
    assert job.error is not None
    assert job.error.code == "render_failed"
    assert job.error.message == "The renderer ended early: out of paint"
    assert (notes / "log").read_text().split() == ["begins"] * 3


async def test_a_job_fails_when_there_is_no_renderer(tmp_path: Path) -> None:
    async with served(tmp_path, renderer=["/nowhere/renderer"]) as client:
        job = await finished(client, await create(client))

    assert job.error is not None
    assert job.error.code == "render_failed"


async def test_a_renderers_refusal_is_final_and_told_in_its_words(tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    command = renderer(renderers.refuses, notes)
    async with served(tmp_path / "embedded", renderer=command) as client:
        job = await finished(client, await create(client))

    assert job.error is not None
    assert (job.error.code, job.error.message) == ("too_difficult", "I cannot draw that.")
    assert (notes / "log").read_text().split() == ["begins"]


@pytest.mark.parametrize(
    "trait", [renderers.busy_once, renderers.talks_nonsense_once, renderers.talkative]
)
async def test_a_difficult_renderer_does_not_cost_the_job(
    tmp_path: Path, trait: renderers.Trait
) -> None:
    command = renderer(trait, tmp_path / "notes")
    async with served(tmp_path / "embedded", renderer=command) as client:
        await completed(client, await create(client))


async def test_no_more_renderers_run_than_allowed(tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    command = renderer(renderers.noted, notes)
    async with served(tmp_path / "embedded", renderer=command, max_renders=1) as client:
        jobs = [await create(client, f"Shot {number}") for number in range(3)]
        for job in jobs:
            await completed(client, job)

    assert (notes / "log").read_text().split() == ["begins", "ends"] * 3


async def test_a_job_deleted_through_another_server_stops_being_rendered(tmp_path: Path) -> None:
    folder, notes = tmp_path / "embedded", tmp_path / "notes"
    command = renderer(renderers.endless, notes)
    async with (
        served(folder, renderer=command) as first,
        served(folder, renderer=command) as second,
    ):
        job = await progressed(first, await create(first))
        pid = int((notes / "pid").read_text())
        await second.videos.delete(job.id)
        with pytest.raises(openai.NotFoundError):
            await first.videos.retrieve(job.id)
        with anyio.fail_after(serving.PATIENCE):
            while process_runs(pid) or list(folder.glob("video_*")):
                assert (await first.videos.list()).data == []


async def test_an_expired_file_is_gone_and_its_job_stays(tmp_path: Path) -> None:
    command = renderer(renderers.instant, tmp_path / "notes")
    folder = tmp_path / "embedded"
    async with served(folder, renderer=command) as client:
        looked_at = await completed(client, await create(client))
        swept = await completed(client, await create(client))
        expire(folder, looked_at.id)
        with pytest.raises(openai.NotFoundError, match="no longer available"):
            await client.videos.download_content(looked_at.id)
        expire(folder, swept.id)

    async with served(folder) as client:
        assert list(folder.glob("*.mp4")) == []
        assert (await client.videos.retrieve(swept.id)).status == "completed"


def expire(folder: Path, video_id: str) -> None:
    """Let a day go by for this job."""
    path = folder / f"{video_id}.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"expires_at": int(time.time())}))


async def test_files_of_deleted_jobs_and_ended_servers_are_swept_at_the_start(
    tmp_path: Path,
) -> None:
    left = tmp_path / "video_0123456789abcdef0123456789abc.mp4"
    left.touch()
    (tmp_path / "server_0123456789abcdef.lock").touch()
    (tmp_path / "videos-of-mine.mp4").touch()

    async with open_embedded_api(tmp_path):
        pass

    assert names_in(tmp_path) == {"folder.lock", "videos-of-mine.mp4"}


async def test_a_finished_job_keeps_nothing_but_its_record_and_its_video(tmp_path: Path) -> None:
    folder = tmp_path / "embedded"
    async with served(folder, renderer=renderer(renderers.instant, tmp_path / "notes")) as client:
        source = await completed(client, await create(client))
        body = {"prompt": "On it goes", "video": {"id": source.id}}
        job = await completed(client, await post(client, "/videos/extensions", body))

    assert names_in(folder) == {
        "folder.lock",
        f"{source.id}.json",
        f"{source.id}.mp4",
        f"{job.id}.json",
        f"{job.id}.mp4",
    }


async def test_a_record_that_cannot_be_read_does_not_harm_the_others(tmp_path: Path) -> None:
    broken = "video_0123456789abcdef0123456789abc"
    (tmp_path / f"{broken}.json").write_text('{"id":')
    command = renderer(renderers.instant, tmp_path / "notes")
    async with served(tmp_path, renderer=command) as client:
        video = await completed(client, await create(client))
        assert [job.id async for job in client.videos.list()] == [video.id]
        with pytest.raises(openai.NotFoundError):
            await client.videos.retrieve(broken)
