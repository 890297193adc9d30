"""Replicas with a home folder each: what one alone can ask about, the others leave to it."""

from functools import partial
from pathlib import Path

import anyio
import httpx2

from sora_mcp.videos.models import JobStatus
from tests.engines.hosts import ended
from tests.fakes.hosts.dynamo import DynamoHost
from tests.fakes.storage import Storage, says
from tests.harness import KEY, OWNER, a_host, app_in, small_mp4
from tests.http.served import client_at
from tests.replicas.cluster import cluster
from tests.replicas.proxy import RoundRobin
from tests.server.surface import structured
from tests.serving import serving
from tests.store.ledgers import ROOMY, Ledger, add, claim, claim_one
from tests.store.postgres import needs_postgres, postgres

pytestmark = needs_postgres


def home(folder: Path, name: str) -> str:
    """A home folder of a replica's own."""
    return str(folder / f"home-{name}")


async def test_previews_and_remixes_of_them_are_made_where_their_replica_keeps_them(
    tmp_path: Path,
) -> None:
    upstreams: list[str] = []
    videos: list[str] = []
    async with (
        (await postgres()).database() as database,
        httpx2.AsyncClient(timeout=60) as http,
        serving(RoundRobin(http, upstreams), lifespan="off") as url,
        cluster(tmp_path, database, None) as replicas,
    ):
        for name in ("a", "b", "c"):
            root = await replicas.serve(name, SORA_MCP_HOME=home(tmp_path, name))
            upstreams.append(root)
        async with client_at(url, "http-auto") as client:

            async def make(tool: str, **arguments: object) -> None:
                video = await ended(client, tool, prompt="a cat", **arguments)
                assert video["status"] == "completed", video
                videos.append(video["video_id"])

            with anyio.fail_after(200):
                async with anyio.create_task_group() as tasks:
                    for seed in range(6):
                        options = {"seed": seed}
                        new = partial(make, "generate_video", seconds=1, size="256x256")
                        tasks.start_soon(partial(new, options=options))
                async with anyio.create_task_group() as tasks:
                    for video_id in tuple(videos):
                        tasks.start_soon(partial(make, "remix_video", video_id=video_id))
    assert len(videos) == 12


async def test_a_request_that_stands_at_one_replica_is_given_up_by_no_other(tmp_path: Path) -> None:
    gate = anyio.Event()
    host = DynamoHost(mp4=small_mp4(), gate=gate)
    async with (
        (await postgres()).database() as database,
        serving(host.app()) as host_url,
        cluster(tmp_path, database, host_url) as replicas,
    ):
        with anyio.fail_after(120):
            url = await replicas.serve("a", SORA_MCP_HOME=home(tmp_path, "a"))
            async with client_at(url, "http-auto") as client:
                asked = {"prompt": "a cat", "wait_seconds": 1}
                video_id = structured(await client.call_tool("generate_video", asked))["video_id"]
                while not host.accepted:
                    await client.call_tool("get_video_status", {"video_id": video_id})
                await replicas.start("b", "worker", SORA_MCP_HOME=home(tmp_path, "b"))
                look = {"video_id": video_id, "wait_seconds": 20}
                status = structured(await client.call_tool("get_video_status", look))["status"]
                gate.set()
                video = await ended(client, "get_video_status", video_id=video_id)
    assert (status, video["status"]) == ("in_progress", "completed")
    assert len(host.accepted) == 1


async def test_a_video_that_waits_for_its_bucket_is_fetched_from_its_host_once(
    tmp_path: Path, storage: Storage, place: str
) -> None:
    host = a_host(statuses=("completed",))
    storage.fault = says(507, "Full", only="PUT")
    async with (await postgres()).database() as database, serving(host.app()) as url:
        shared = {"base_url": f"{url}/v1", "api_key": KEY, "storage_url": place}
        async with (
            app_in(tmp_path / "a", database_url=database, **shared) as one,
            app_in(tmp_path / "b", database_url=database, **shared) as other,
        ):
            await other.videos()
            videos = await one.videos()
            job = await videos.start(await videos.plan.generate(OWNER, prompt="a cat"))
            async for _ in videos.watch(OWNER, job.id):
                if len(storage.asked("PUT")) >= 8:
                    break
            storage.fault = None
            done = await videos.wait(OWNER, job.id, 60)
    assert (done.status, done.home) == (JobStatus.COMPLETED, None)
    assert sum("content" in path for _, path in host.requests) == 1


async def test_a_job_of_a_home_that_is_gone_is_taken_over_in_the_end(tmp_path: Path) -> None:
    async with (await postgres()).database() as database:
        here, there = (Ledger(database, tmp_path / name) for name in ("here", "there"))
        async with here.open() as store, there.open() as other:
            added = await add(store, status=JobStatus.QUEUED)
            job = await claim_one(store)
            assert await store.save(job.model_copy(update={"home": store.home}), run_in=0)

            assert await claim(other) == []
            due = await other.next_due(ROOMY)
            assert due is not None
            assert due > 300
            assert await store.next_due(ROOMY) == 0

            # Ten minutes, in microseconds.
            await here.execute("UPDATE jobs SET run_at = run_at - 600000000")
            assert await other.next_due(ROOMY) == 0
            assert (await claim_one(other)).id == added.id


async def test_a_home_folder_is_known_by_the_same_name_in_every_process(tmp_path: Path) -> None:
    async with (await postgres()).database() as database:
        names: list[str | None] = []
        for folder in ("one", "one", "two"):
            async with Ledger(database, tmp_path / folder).open() as store:
                names.append(store.home)
    assert None not in names
    assert names[0] == names[1] != names[2]
