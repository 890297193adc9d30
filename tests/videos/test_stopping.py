"""A service that is told to stop ends what it has begun, and begins nothing."""

from pathlib import Path

import anyio
import anyio.lowlevel
import httpx2

from sora_mcp.app import open_app
from sora_mcp.videos.models import JobStatus
from tests.fakes.videos_api import held
from tests.harness import HURRY, KEY, OWNER, a_host, app_in, settings_in
from tests.http.served import served
from tests.reliability.faults import FETCH
from tests.serving import serving


async def test_a_step_that_has_begun_is_finished_and_no_other_is_begun(tmp_path: Path) -> None:
    host = a_host()
    fetching, gate = anyio.Event(), anyio.Event()
    host.fail(FETCH, held(fetching, gate))
    with anyio.fail_after(60):
        async with (
            serving(host.app()) as url,
            open_app(
                settings_in(tmp_path, base_url=f"{url}/v1", api_key=KEY), hurry=HURRY, grace=50
            ) as app,
        ):
            videos = await app.videos()
            first = await videos.start(await videos.plan.generate(OWNER, prompt="a cat"))
            await fetching.wait()
            later = await videos.plan.generate(OWNER, prompt="a dog")
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(app.stop_following)
                while await app.trouble() != "stopping":
                    await anyio.lowlevel.checkpoint()
                await videos.start(later)
                gate.set()
            assert (await videos.get(OWNER, first.id)).status is JobStatus.COMPLETED
            assert (await videos.get(OWNER, later.job.id)).status is JobStatus.WAITING
    assert len(host.accepted) == 1


async def test_whoever_waits_is_answered_when_the_server_is_told_to_stop(tmp_path: Path) -> None:
    host = a_host(statuses=("queued", *["in_progress"] * 10_000))
    answered: list[JobStatus] = []
    async with (
        serving(host.app()) as host_url,
        app_in(tmp_path, base_url=f"{host_url}/v1", api_key=KEY) as app,
    ):
        videos = await app.videos()
        job = await videos.start(await videos.plan.generate(OWNER, prompt="a cat"))

        async def wait() -> None:
            answered.append((await videos.wait(OWNER, job.id, 1000)).status)

        with anyio.fail_after(60):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(wait)
                await app.stop_following()
    assert len(answered) == 1


async def test_a_server_says_that_it_is_ready_until_it_is_told_to_stop(tmp_path: Path) -> None:
    async with (
        app_in(tmp_path, engine="embedded") as app,
        served(app) as url,
        httpx2.AsyncClient() as http,
    ):
        assert (await http.get(f"{url}/readyz")).json() == {"status": "ok"}
        assert not (tmp_path / "home").exists()
        await app.videos()
        assert (await http.get(f"{url}/readyz")).status_code == 200
        await app.stop_following()
        ended = await http.get(f"{url}/readyz")
        assert (ended.status_code, ended.json()) == (503, {"status": "stopping"})
        assert (await http.get(f"{url}/healthz")).status_code == 200
