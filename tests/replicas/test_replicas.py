"""Any replica answers anything; a job goes on whichever of them are left."""

import signal
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import anyio
import httpx2
from starlette.requests import Request
from starlette.responses import Response

from tests.harness import a_host, small_mp4
from tests.http.served import client_at
from tests.http.wire import TASKS, wire
from tests.reliability.faults import LOOK
from tests.replicas.cluster import cluster
from tests.replicas.proxy import RoundRobin
from tests.server.surface import structured
from tests.serving import serving
from tests.store.postgres import needs_postgres, postgres

pytestmark = needs_postgres


async def test_a_worker_makes_what_a_server_without_one_was_asked_for_and_its_listeners_hear_of_it(
    tmp_path: Path,
) -> None:
    host = a_host()
    async with (
        (await postgres()).database() as database,
        serving(host.app()) as host_url,
        cluster(tmp_path, database, host_url) as replicas,
    ):
        with anyio.fail_after(100):
            url = await replicas.serve("a", "--no-worker")
            async with client_at(url, "http-auto") as client:
                listed = await client.call_tool("list_videos", {})
                assert structured(listed)["videos"] == []
                asked = {"prompt": "a cat", "idempotency_key": "one"}
                async with (
                    client.listen(resources_list_changed=True) as changes,
                    anyio.create_task_group() as tasks,
                ):
                    tasks.start_soon(client.call_tool, "generate_video", asked)
                    await replicas.start("worker", "worker")
                    async for _ in changes:
                        page = structured(await client.call_tool("list_videos", {}))
                        if [entry["status"] for entry in page["videos"]] == ["completed"]:
                            break
            assert await replicas.end("worker", signal.SIGTERM) == 0
    keys = zip(host.requests, host.authorizations, strict=True)
    assert {key for (_, path), key in keys if path.startswith("/v1/videos")} == {
        "Bearer sk-of-worker"
    }
    assert len(host.accepted) == 1


async def test_tasks_outlive_a_frozen_replica_and_the_end_of_them_all(tmp_path: Path) -> None:
    host = a_host()
    upstreams: list[str] = []
    frozen: list[str] = []
    looked_at = anyio.Event()

    async def freeze(request: Request, carry_out: Callable[[], Awaitable[Response]]) -> Response:
        name = request.headers["authorization"].removeprefix("Bearer sk-of-")
        replicas.processes[name].send_signal(signal.SIGSTOP)
        frozen.append(name)
        looked_at.set()
        return await carry_out()

    async def tell(request: Request, carry_out: Callable[[], Awaitable[Response]]) -> Response:
        looked_at.set()
        return await carry_out()

    async with (
        (await postgres()).database() as database,
        serving(host.app()) as host_url,
        httpx2.AsyncClient(timeout=60) as http,
        serving(RoundRobin(http, upstreams), lifespan="off") as url,
        cluster(tmp_path, database, host_url) as replicas,
    ):
        with anyio.fail_after(150):
            urls = {
                name: await replicas.serve(name, SORA_MCP_PUBLIC_URL=url) for name in ("a", "b")
            }
            upstreams += urls.values()
            host.fail(LOOK, freeze)
            asked = {"prompt": "a cat", "idempotency_key": "one"}
            async with (
                wire(f"{urls['a']}/mcp", TASKS) as client,
                anyio.create_task_group() as tasks,
            ):
                # Its answer may be stuck in the replica that is frozen.
                tasks.start_soon(partial(client.tool, "generate_video", **asked))
                await looked_at.wait()
                tasks.cancel_scope.cancel()
            other = "b" if frozen == ["a"] else "a"
            async with wire(f"{urls[other]}/mcp", TASKS) as client:
                first = await client.tool("generate_video", **asked)
                ended = await client.ended(first["taskId"])
            video = ended["result"]["structuredContent"]
            replicas.processes[frozen[0]].send_signal(signal.SIGCONT)

            for _ in upstreams:  # the link that one replica has signed, at each of them
                assert (await http.get(video["files"][0]["url"])).content == small_mp4()
            async with client_at(url, "http-legacy") as older:
                seen = [
                    structured(
                        await older.call_tool("get_video_status", {"video_id": first["taskId"]})
                    )
                    for _ in range(4)
                ]
            assert [one["status"] for one in seen] == ["completed"] * 4

            looked_at = anyio.Event()
            host.fail(LOOK, tell)
            async with wire(f"{urls['a']}/mcp", TASKS) as client:
                second = await client.tool("generate_video", prompt="a dog")
            await looked_at.wait()
            for name in urls:
                await replicas.end(name, signal.SIGKILL)
            again = await replicas.serve("c", SORA_MCP_PUBLIC_URL=url)
            async with wire(f"{again}/mcp", TASKS) as client:
                assert (await client.ended(second["taskId"]))["status"] == "completed"
    assert video["status"] == "completed"
    assert len(host.accepted) == 2
    assert len([file for file in (tmp_path / "library").rglob("*.mp4") if file.name[0] != "."]) == 2
