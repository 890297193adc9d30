"""Several hosts: replicas of one, and different engines side by side."""

from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import anyio
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from sora_mcp.engines.health import Health
from sora_mcp.named_engines import read_engines
from sora_mcp.videos.errors import InvalidRequest, NotConfigured, SpendingRefused
from sora_mcp.videos.models import Job, JobStatus
from sora_mcp.videos.service import VideoService
from tests.fakes import videos_api as fake
from tests.fakes.videos_api import FakeHost
from tests.harness import KEY, OWNER, a_host, app_in, make
from tests.server.surface import client_of, structured
from tests.serving import serving, unused_port


def quick() -> FakeHost:
    return a_host(statuses=("completed",))


async def started(videos: VideoService, prompt: str, **arguments: Any) -> Job:
    return await videos.start(await videos.plan.generate(OWNER, prompt=prompt, **arguments))


async def test_new_videos_are_spread_over_replicas_by_what_they_have_to_do(tmp_path: Path) -> None:
    hosts = [a_host(), a_host()]
    async with serving(hosts[0].app()) as one, serving(hosts[1].app()) as two:
        urls = f"{one}/v1 {two}/v1"
        async with app_in(tmp_path, base_url=urls, max_active_jobs=10) as app:
            videos = await app.videos()
            jobs = [await started(videos, f"cat {number}") for number in range(6)]
            ended = [await videos.wait(OWNER, job.id, 60) for job in jobs]
    assert {job.status for job in ended} == {JobStatus.COMPLETED}
    assert [len(host.accepted) for host in hosts] == [3, 3]
    assert Counter(job.engine for job in ended) == {
        urlsplit(one).netloc: 3,
        urlsplit(two).netloc: 3,
    }


async def test_simultaneous_calls_do_not_all_choose_the_same_replica(tmp_path: Path) -> None:
    hosts = [a_host(), a_host()]
    async with (
        serving(hosts[0].app()) as one,
        serving(hosts[1].app()) as two,
        app_in(tmp_path, base_url=f"{one}/v1 {two}/v1") as app,
    ):
        videos = await app.videos()
        plans = [await videos.plan.generate(OWNER, prompt=f"cat {n}") for n in range(8)]
    assert sorted(Counter(plan.job.engine for plan in plans).values()) == [4, 4]


async def test_what_a_replica_cannot_be_sent_goes_to_another_and_is_sent_once(
    tmp_path: Path,
) -> None:
    host = quick()
    async with serving(host.app()) as alive:
        urls = f"http://127.0.0.1:{unused_port()}/v1 {alive}/v1"
        async with app_in(tmp_path, base_url=urls) as app:
            videos = await app.videos()
            jobs = [await make(videos, f"cat {number}") for number in range(4)]
    assert {job.status for job in jobs} == {JobStatus.COMPLETED}
    assert {job.engine for job in jobs} == {urlsplit(alive).netloc}
    assert len(host.accepted) == 4


async def test_a_replica_that_dies_in_the_middle_keeps_its_jobs_and_gets_no_new_ones(
    tmp_path: Path,
) -> None:
    dying, living = a_host(statuses=("queued", "in_progress")), quick()
    port = unused_port()
    async with (
        serving(living.app()) as alive,
        app_in(tmp_path, base_url=f"http://127.0.0.1:{port}/v1 {alive}/v1") as app,
    ):
        videos = await app.videos()
        async with serving(dying.app(), port=port):
            two = [await started(videos, f"early {number}") for number in range(2)]
            held = next(job for job in two if job.engine == f"127.0.0.1:{port}")
            assert (await videos.wait_for_answer(held, 30)).engine_job_id is not None
        after = [await make(videos, f"cat {number}") for number in range(3)]
        assert {job.status for job in after} == {JobStatus.COMPLETED}
        assert {job.engine for job in after} == {urlsplit(alive).netloc}
        still = await videos.get(OWNER, held.id)
        assert still.status in (JobStatus.QUEUED, JobStatus.IN_PROGRESS)
        # It comes back and has forgotten everything.
        dying.jobs.clear()
        async with serving(dying.app(), port=port):
            lost = await videos.wait(OWNER, held.id, 60)
    assert lost.status is JobStatus.LOST
    assert lost.error is not None
    assert lost.error.retry is True
    assert len(dying.accepted) == 1


async def test_what_waits_for_a_replica_that_died_goes_to_another(tmp_path: Path) -> None:
    dying, living = a_host(statuses=("in_progress",)), quick()
    port = unused_port()
    urls = f"http://127.0.0.1:{port}/v1"
    async with serving(living.app()) as alive:
        both = {"base_url": f"{urls} {alive}/v1", "max_active_jobs": 1}
        async with app_in(tmp_path, **both) as app:
            videos = await app.videos()
            async with serving(dying.app(), port=port):
                jobs = [await started(videos, f"cat {number}") for number in range(6)]
                at_dying = [job for job in jobs if job.engine == f"127.0.0.1:{port}"]
                await videos.wait_for_answer(at_dying[0], 30)
            ended = [await videos.wait(OWNER, job.id, 30) for job in jobs if job != at_dying[0]]
    assert len(at_dying) == 3
    assert {job.status for job in ended} == {JobStatus.COMPLETED}
    assert len(dying.accepted) == 1
    assert len(living.accepted) == 5


async def test_a_replica_with_a_fault_of_its_own_is_set_aside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sora_mcp.engines.health.FIRST_REST", 600.0)  # however slow the machine is
    ill, well = quick(), quick()
    ill.fail("POST /videos", *[fake.answer(502, "<html>Bad Gateway</html>")] * 9)
    async with (
        serving(ill.app()) as one,
        serving(well.app()) as two,
        app_in(tmp_path, base_url=f"{one}/v1 {two}/v1") as app,
    ):
        videos = await app.videos()
        jobs = [await make(videos, f"cat {number}") for number in range(5)]
    assert [job.status for job in jobs].count(JobStatus.UNKNOWN) == 1
    assert [job.status for job in jobs].count(JobStatus.COMPLETED) == 4


async def test_replicas_that_differ_in_their_path_only_are_two(tmp_path: Path) -> None:
    host = quick()
    app_of_host = host.app()
    behind = Starlette(routes=[Mount("/a", app_of_host), Mount("/b", app_of_host)])
    async with (
        serving(behind) as url,
        app_in(tmp_path, base_url=f"{url}/a/v1 {url}/b/v1") as app,
    ):
        videos = await app.videos()
        jobs = [await make(videos, f"cat {number}") for number in range(2)]
    assert len({job.engine for job in jobs}) == 2


async def test_another_replica_leaves_the_jobs_of_the_first_where_they_are(tmp_path: Path) -> None:
    host = a_host(statuses=("in_progress", "in_progress", "completed"))
    async with serving(host.app()) as url:
        text = f'[wan]\nbase_url = "{url}/v1"\n'
        async with app_in(
            tmp_path, engines_file=read_engines(engines_file(tmp_path, text), {})
        ) as app:
            videos = await app.videos()
            job = await started(videos, "a cat")
            await videos.wait_for_answer(job, 30)
        text = f'[wan]\nbase_url = "{url}/v1 http://127.0.0.1:{unused_port()}/v1"\n'
        async with app_in(
            tmp_path, engines_file=read_engines(engines_file(tmp_path, text), {})
        ) as app:
            videos = await app.videos()
            ended = await videos.wait(OWNER, job.id, 60)
    assert ended.status is JobStatus.COMPLETED


async def test_the_embedded_engine_is_used_whatever_else_is_named_when_it_is_asked_for(
    tmp_path: Path,
) -> None:
    path = engines_file(tmp_path, '[paid]\nbase_url = "http://127.0.0.1:9/v1"\n')
    named = read_engines(path, {})
    async with app_in(tmp_path, engine="embedded", engines_file=named) as app:
        videos = await app.videos()
        plan = await videos.plan.generate(OWNER, prompt="a cat")
    assert plan.job.engine == "embedded"


async def test_a_password_in_a_base_url_is_shown_to_nobody(tmp_path: Path) -> None:
    host = quick()
    async with serving(host.app()) as url:
        secret = url.replace("://", "://me:hunter2@")
        async with app_in(tmp_path, base_url=f"{secret}/v1") as app, client_of(app) as client:
            told = [
                await client.call_tool("generate_video", {"prompt": "a cat", "wait_seconds": 30}),
                await client.call_tool("get_engine"),
            ]
            instructions = client.instructions
    assert structured(told[0])["status"] == "completed"
    assert "hunter2" not in str(told) + str(instructions)
    ledger = b"".join(path.read_bytes() for path in (tmp_path / "home").glob("*.db*"))
    assert b"hunter2" not in ledger


def test_a_host_rests_longer_each_time_it_fails_and_never_for_ever() -> None:
    clock = [0.0]
    health = Health(lambda: clock[0])
    rests: list[float] = []
    for _ in range(2000):
        health.failed()
        health.failed()  # several looks at once fail for one reason
        began = clock[0]
        while not health.good:
            clock[0] += 5
        rests.append(clock[0] - began)
    assert rests[:7] == [5, 10, 20, 40, 80, 160, 300]
    assert max(rests) == 300
    health.answered()
    health.failed()
    clock[0] += 5
    assert health.good


def engines_file(folder: Path, text: str) -> Path:
    path = folder / "engines.toml"
    path.write_text(text)
    return path


async def test_named_engines_stand_side_by_side_each_with_its_own_key(tmp_path: Path) -> None:
    wan, veo = quick(), quick()
    async with serving(wan.app()) as wan_url, serving(veo.app()) as veo_url:
        path = engines_file(
            tmp_path,
            f"""
            [wan]
            base_url = "{wan_url}/v1"
            api_key_env = "WAN_KEY"
            size = "832x480"

            [veo]
            base_url = "{veo_url}/v1"
            api_key_env = "VEO_KEY"
            model = "veo-3"
            prices = {{ "veo-3" = 0.5 }}
            """,
        )
        keys = {"WAN_KEY": "sk-wan-0001", "VEO_KEY": "sk-veo-0002"}
        engines = read_engines(path, keys)
        async with app_in(tmp_path, engines_file=engines) as app:
            videos = await app.videos()
            default = await make(videos, "one")
            plain = await make(videos, "two", model="minimax/h3")
            bare = await make(videos, "two and a half", model="veo")
            named = await make(videos, "three", model="veo/veo-3-fast")
            preset = await make(videos, "four", model="veo/", seconds=4)
            report = await videos.engine_report(OWNER)
    assert [job.engine for job in (default, plain, bare, named, preset)] == [
        *["wan"] * 3,
        *["veo"] * 2,
    ]
    assert [fields.get("model") for fields in wan.accepted] == [None, "minimax/h3", "veo"]
    assert [fields.get("model") for fields in veo.accepted] == ["veo-3-fast", "veo-3"]
    assert [fields.get("size") for fields in wan.accepted] == ["832x480"] * 3
    assert preset.estimated_cost_usd == 2
    assert named.estimated_cost_usd is None
    assert set(wan.authorizations) == {"Bearer sk-wan-0001"}
    assert set(veo.authorizations) == {"Bearer sk-veo-0002"}
    assert (report.facts.name, [facts.name for facts in report.others]) == ("wan", ["veo"])


async def test_engines_on_one_host_have_prices_of_their_own(tmp_path: Path) -> None:
    host = quick()
    async with serving(host.app()) as url:
        path = engines_file(
            tmp_path,
            f"""
            [cheap]
            base_url = "{url}/v1"
            prices = {{ "wan" = 0.01 }}

            [dear]
            base_url = "{url}/v1 {url}/v2"
            prices = {{ "wan" = 0.5 }}

            [silent]
            base_url = "{url}/v1"
            """,
        )
        engines = read_engines(path, {})
        async with app_in(tmp_path, engines_file=engines, max_cost_usd=1) as app:
            videos = await app.videos()
            cheap = await videos.plan.generate(OWNER, prompt="a cat", model="wan", seconds=4)
            for _ in range(2):  # one replica, and the other
                with pytest.raises(SpendingRefused, match=r"about 2\.00 USD"):
                    await videos.plan.generate(OWNER, prompt="a", model="dear/wan", seconds=4)
            with pytest.raises(SpendingRefused, match="not known"):
                await videos.plan.generate(OWNER, prompt="a", model="silent/wan", seconds=4)
            report = await videos.engine_report(OWNER)
    assert cheap.estimate.usd == pytest.approx(0.04)
    assert report.prices_usd_per_second == {"wan": 0.01}


async def test_each_named_engine_has_its_own_cap(tmp_path: Path) -> None:
    held = a_host(statuses=("in_progress",))
    async with serving(held.app()) as url:
        path = engines_file(tmp_path, f'[slow]\nbase_url = "{url}/v1"\nmax_active_jobs = 2\n')
        async with app_in(tmp_path, engines_file=read_engines(path, {})) as app:
            videos = await app.videos()
            jobs = [await started(videos, f"cat {number}") for number in range(4)]
            with anyio.fail_after(60):
                for job in jobs[:2]:
                    await videos.wait_for_answer(job, 30)
            waiting = [await videos.get(OWNER, job.id) for job in jobs[2:]]
    assert len(held.accepted) == 2
    assert {job.status for job in waiting} == {JobStatus.WAITING}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "names no engine"),
        ("wan = 3", "table"),
        ("[wan", "no TOML"),
        ("[wan]\nmodel = 'x'", "base_url is missing"),
        ("[wan]\nbase_url = 'gpu1:8000'", "must be a URL"),
        ("[wan]\nbase_url = ''", "must be a URL"),
        ("[wan]\nbase_url = 'http://gpu1:99999/v1'", "host or port cannot be one"),
        ("[wan]\nbase_url = 8000", "base_url must be a text"),
        ("[wan]\nbase_url = 'http://h/v1'\napi_key = 'sk-secret-1'", "api_key_env"),
        ("[wan]\nbase_url = 'http://h/v1'\napi_key_env = 'NOT_SET'", "NOT_SET, which is not set"),
        ("[wan]\nbase_url = 'http://h/v1'\nmodle = 'x'", "Did you mean model?"),
        ("[wan]\nbase_url = 'http://h/v1'\nseconds = 0", "seconds must be above 0."),
        ("[wan]\nbase_url = 'http://h/v1'\nseconds = 'a'", "seconds must be a number."),
        ("[wan]\nbase_url = 'http://h/v1'\nprices = 3", "prices must be a table."),
        ("[wan]\nbase_url = 'http://h/v1'\nprices = { m = 'free' }", 'as { "wan-2.2" = 0.05'),
        ("[embedded]\nbase_url = 'http://h/v1'", "not embedded"),
        ("[Embedded]\nbase_url = 'http://h/v1'", "not embedded"),
        ("[wan2.1]\nbase_url = 'http://h/v1'", '["wan2.1"]'),
        ("['a/b']\nbase_url = 'http://h/v1'", "letters"),
    ],
)
def test_a_wrong_engines_file_is_explained_without_showing_a_key(
    text: str, complaint: str, tmp_path: Path
) -> None:
    with pytest.raises(NotConfigured, match="SORA_MCP_ENGINES_FILE") as caught:
        read_engines(engines_file(tmp_path, text), {})
    assert complaint in caught.value.message
    assert "sk-secret-1" not in caught.value.message


@pytest.mark.parametrize(
    "key",
    [
        "sk-or-v1-0123456789abcdef",
        "AKIAIOSFODNN7EXAMPLE",
        "A0B1C2D3E4F5A0B1C2D3E4F5A0B1C2D3",
        "$OPENROUTER_API_KEY",
        "AIzaSyA-0123_456",
    ],
)
def test_a_key_in_place_of_its_variables_name_is_not_shown(key: str, tmp_path: Path) -> None:
    text = f"[wan]\nbase_url = 'http://h/v1'\napi_key_env = '{key}'"
    with pytest.raises(NotConfigured, match="not the name of an environment variable") as caught:
        read_engines(engines_file(tmp_path, text), {})
    assert key not in caught.value.message


async def test_the_name_of_an_engine_in_other_case_is_corrected(tmp_path: Path) -> None:
    path = engines_file(tmp_path, '[wan]\nbase_url = "http://127.0.0.1:9/v1"\n')
    async with app_in(tmp_path, engines_file=read_engines(path, {})) as app:
        videos = await app.videos()
        with pytest.raises(InvalidRequest, match=r"Write wan/2\.2"):
            await videos.plan.generate(OWNER, prompt="a cat", model="Wan/2.2")


def test_an_engines_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotConfigured, match=r"nowhere\.toml cannot be read"):
        read_engines(tmp_path / "nowhere.toml", {})


async def test_a_dialect_that_there_is_not_is_told_with_those_that_there_are(
    tmp_path: Path,
) -> None:
    async with app_in(tmp_path, base_url="http://127.0.0.1:9/v1", dialect="klingon") as app:
        with pytest.raises(NotConfigured, match="vllm-omni"):
            await app.videos()


async def test_a_key_of_an_engine_is_told_to_nobody_else_when_a_replica_takes_over(
    tmp_path: Path,
) -> None:
    host, other = quick(), quick()
    async with serving(host.app()) as url, serving(other.app()) as other_url:
        path = engines_file(tmp_path, f'[other]\nbase_url = "{other_url}/v1"\n')
        async with app_in(
            tmp_path,
            base_url=f"http://127.0.0.1:{unused_port()}/v1 {url}/v1",
            api_key=KEY,
            engines_file=read_engines(path, {}),
        ) as app:
            videos = await app.videos()
            assert (await make(videos)).status is JobStatus.COMPLETED
            assert (await make(videos, model="other/x")).status is JobStatus.COMPLETED
    assert set(host.authorizations) == {f"Bearer {KEY}"}
    assert set(other.authorizations) == {None}
