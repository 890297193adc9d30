"""Which engine a job goes to, and is looked for at."""

from pathlib import Path
from urllib.parse import urlsplit

import anyio

from sora_mcp.app import open_app
from sora_mcp.named_engines import NamedEngine
from sora_mcp.videos.models import JobStatus
from sora_mcp.videos.spending import parse_prices
from tests.fakes import videos_api as fake
from tests.fakes.videos_api import FakeHost
from tests.harness import HURRY, OWNER, a_host, app_in, make, settings_in
from tests.serving import serving, unused_port


def quick() -> FakeHost:
    return a_host(statuses=("completed",))


async def test_a_job_does_not_go_to_a_replica_that_costs_more(tmp_path: Path) -> None:
    dying, living = quick(), quick()
    dying.fail("POST /videos", fake.error(429, "Not now.", retry_after="2"))
    port = unused_port()
    name = f"127.0.0.1:{port}"
    async with serving(living.app()) as alive:
        prices = parse_prices({name: {"*": 0.1}, urlsplit(alive).netloc: {"*": 1.0}})
        urls = f"http://{name}/v1 {alive}/v1"
        async with app_in(tmp_path, base_url=urls, prices=prices) as app:
            videos = await app.videos()
            async with serving(dying.app(), port=port):
                plans = [await videos.plan.generate(OWNER, prompt="a cat") for _ in range(2)]
                plan = next(plan for plan in plans if plan.job.engine == name)
                put_off = await videos.wait_for_answer(await videos.start(plan), 30)
                assert put_off.trouble is not None
            ended = await videos.wait(OWNER, put_off.id, 60)
    assert (ended.engine, ended.status) == (name, JobStatus.FAILED)
    assert living.accepted == []


async def test_the_default_model_may_name_an_engine(tmp_path: Path) -> None:
    wan, veo = quick(), quick()
    async with serving(wan.app()) as wan_url, serving(veo.app()) as veo_url:
        engines = (
            NamedEngine(name="wan", base_url=f"{wan_url}/v1"),
            NamedEngine(name="veo", base_url=f"{veo_url}/v1"),
        )
        async with app_in(tmp_path, engines_file=engines, model="veo/dear") as app:
            videos = await app.videos()
            jobs = [await make(videos, "one"), await make(videos, "two", model="wan/")]
    assert [job.engine for job in jobs] == ["veo", "wan"]
    assert [host.accepted[0].get("model") for host in (veo, wan)] == ["dear", None]


async def test_a_job_finds_its_host_in_whatever_case_it_was_written(tmp_path: Path) -> None:
    host = a_host(statuses=("queued", *["in_progress"] * 1000))
    async with serving(host.app()) as url:
        port = urlsplit(url).port
        settings = settings_in(tmp_path).model_copy(
            update={"base_url": f"http://LocalHost:{port}/v1"}
        )
        with anyio.fail_after(60):
            async with open_app(settings, hurry=HURRY) as app:
                videos = await app.videos()
                plan = await videos.plan.generate(OWNER, prompt="a cat")
                job = await videos.wait_for_answer(await videos.start(plan), 30)
        host.statuses = ("completed",)
        async with app_in(tmp_path, base_url=f"http://LOCALHOST:{port}/v1") as app:
            videos = await app.videos()
            ended = await videos.wait(OWNER, job.id, 60)
    assert job.engine == f"LocalHost:{port}"
    assert ended.status is JobStatus.COMPLETED
