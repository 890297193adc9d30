"""Videos in the making as tasks, for clients that declare the extension."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from sora_mcp.app import open_app
from tests.fakes.videos_api import FakeHost, answer, error
from tests.harness import KEY, a_host, settings_in
from tests.http.served import client_at, served, served_before
from tests.http.wire import TASKS, Wire, message_in, wire
from tests.server.processes import environment, serving_process, sora_mcp
from tests.server.surface import quick_host, structured
from tests.serving import serving

ENDLESS: dict[str, Any] = {"statuses": ("queued", "in_progress")}


@asynccontextmanager
async def tasks_before(host: FakeHost, folder: Path, **settings: Any) -> AsyncGenerator[Wire]:
    """A client that declares tasks, of a server that has its videos made by a fake host."""
    async with (
        served_before(host, folder, **settings) as url,
        wire(f"{url}/mcp", TASKS) as client,
    ):
        yield client


async def code_of(client: Wire, method: str, **params: Any) -> tuple[int, int]:
    """The HTTP status and the error code of a request that is refused."""
    response = await client.post(method, params)
    return response.status_code, message_in(response)["error"]["code"]


@pytest.mark.requirement("TASK-CREATED")
async def test_every_tool_that_makes_a_video_gives_a_task_that_ends_with_its_result(
    tmp_path: Path,
) -> None:
    async with tasks_before(a_host(), tmp_path) as client:

        async def made(tool: str, **arguments: Any) -> str:
            begun = await client.tool(tool, **arguments)
            assert begun["resultType"] == "task"
            assert begun["status"] == "working"
            assert begun["ttlMs"] is None
            assert "result" not in begun
            ended = await client.ended(begun["taskId"])
            assert (ended["resultType"], ended["status"]) == ("complete", "completed")
            video = ended["result"]["structuredContent"]
            assert (video["video_id"], video["status"]) == (begun["taskId"], "completed")
            assert ended["result"]["content"][2]["type"] == "resource_link"
            assert ended["lastUpdatedAt"] >= ended["createdAt"]
            return begun["taskId"]

        first = await made("generate_video", prompt="a cat")
        second = await made("remix_video", video_id=first, prompt="at night")
        await made("extend_video", video_id=first, prompt="it goes on", seconds=4)
        await made("join_videos", video_ids=[first, second])


@pytest.mark.requirement("TASK-UNDECLARED")
async def test_a_client_that_does_not_declare_tasks_gets_the_ordinary_result(
    tmp_path: Path,
) -> None:
    async with served_before(a_host(**ENDLESS), tmp_path) as url:
        async with wire(f"{url}/mcp") as client:
            result = await client.tool("generate_video", prompt="a cat")
            assert (result["resultType"], "taskId" in result) == ("complete", False)
        async with client_at(url, "http-legacy") as older:
            result = await older.call_tool("generate_video", {"prompt": "a dog"})
            assert structured(result)["status"] in ("queued", "in_progress")


@pytest.mark.requirement("TASK-AT-ONCE")
async def test_what_is_done_or_refused_at_once_needs_no_task(tmp_path: Path) -> None:
    host = quick_host()
    async with tasks_before(host, tmp_path) as client:
        done = await client.tool("generate_video", prompt="a cat", wait_seconds=40)
        assert done["structuredContent"]["status"] == "completed"
        host.fail("POST /videos", error(400, "No.", "moderation_blocked"))
        refused = await client.tool("generate_video", prompt="a dog")
        assert (refused["isError"], refused["resultType"]) == (True, "complete")
        planned = await client.tool("generate_video", prompt="a dog", dry_run=True)
        assert planned["structuredContent"]["status"] == "planned"


@pytest.mark.requirement("TASK-PROGRESS")
async def test_a_task_tells_how_far_it_is_and_when_to_ask_again(tmp_path: Path) -> None:
    host = a_host()
    job = {"id": "video_1", "object": "video", "status": "in_progress", "progress": 40}
    host.fail("POST /videos", answer(200, job, {"openai-poll-after-ms": "9000"}))
    async with tasks_before(host, tmp_path) as client:
        begun = await client.tool("generate_video", prompt="a cat")
        assert begun["statusMessage"].startswith("rendering 40 %")
        assert begun["pollIntervalMs"] == 9000


async def test_what_is_said_only_once_is_not_lost_in_a_task(tmp_path: Path) -> None:
    settings = settings_in(tmp_path, engine="embedded")
    async with (
        open_app(settings, first_notes=("Sora is gone.",)) as app,
        served(app) as url,
        wire(f"{url}/mcp", TASKS) as client,
    ):
        begun = await client.tool("generate_video", prompt="a cat", seconds=20)
        assert begun["statusMessage"].endswith("Sora is gone.")


@pytest.mark.requirement("TASK-TOOL-ERROR")
async def test_what_the_host_fails_at_is_a_completed_task_with_an_error_in_it(
    tmp_path: Path,
) -> None:
    async with tasks_before(a_host(statuses=("queued", "failed")), tmp_path) as client:
        begun = await client.tool("generate_video", prompt="a cat")
        ended = await client.ended(begun["taskId"])
        assert (ended["status"], ended["result"]["isError"]) == ("completed", True)
        assert ended["result"]["structuredContent"]["status"] == "failed"


@pytest.mark.requirement("TASK-CANCELLED")
async def test_a_cancelled_task_is_stopped_at_its_host_and_stays_listed(tmp_path: Path) -> None:
    host = a_host(**ENDLESS)
    async with tasks_before(host, tmp_path) as client:
        task_id = (await client.tool("generate_video", prompt="a cat"))["taskId"]
        updated = await client.request("tasks/update", taskId=task_id, inputResponses={})
        cancelled = await client.request("tasks/cancel", taskId=task_id)
        for acknowledgement in (updated, cancelled):
            assert acknowledgement.keys() == {"resultType", "_meta"}
        ended = await client.ended(task_id)
        assert (ended["status"], "result" in ended) == ("cancelled", False)
        assert host.jobs == {}
        listed = (await client.tool("list_videos"))["structuredContent"]["videos"]
        assert [(video["video_id"], video["status"]) for video in listed] == [
            (task_id, "cancelled")
        ]
        await client.request("tasks/cancel", taskId=task_id)
        assert (await client.request("tasks/get", taskId=task_id))["status"] == "cancelled"


@pytest.mark.requirement("TASK-CANCELLED")
async def test_a_task_cancelled_in_our_queue_was_never_sent_and_cost_nothing(
    tmp_path: Path,
) -> None:
    host = a_host(**ENDLESS)
    async with tasks_before(host, tmp_path, max_active_jobs=1) as client:
        await client.tool("generate_video", prompt="a cat")
        task_id = (await client.tool("generate_video", prompt="a dog"))["taskId"]
        await client.request("tasks/cancel", taskId=task_id)
        await client.ended(task_id)
        status = await client.tool("get_video_status", video_id=task_id)
        assert status["structuredContent"]["error"]["charged"] == "no"
        assert len(host.accepted) == 1


@pytest.mark.requirement("TASK-CANCELLED")
async def test_cancelling_a_finished_task_changes_nothing(tmp_path: Path) -> None:
    async with tasks_before(a_host(), tmp_path) as client:
        task_id = (await client.tool("generate_video", prompt="a cat"))["taskId"]
        before = await client.ended(task_id)
        await client.request("tasks/cancel", taskId=task_id)
        after = await client.request("tasks/get", taskId=task_id)
        assert (after["status"], after["lastUpdatedAt"]) == ("completed", before["lastUpdatedAt"])


@pytest.mark.requirement("TASK-REFUSALS")
@pytest.mark.parametrize("method", ["tasks/get", "tasks/update", "tasks/cancel"])
async def test_each_method_refuses_what_it_cannot_know(method: str, tmp_path: Path) -> None:
    more: dict[str, Any] = {"inputResponses": {}} if method == "tasks/update" else {}
    host = a_host(**ENDLESS)
    async with served_before(host, tmp_path) as url:
        async with wire(f"{url}/mcp", TASKS) as client:
            known = (await client.tool("generate_video", prompt="a cat"))["taskId"]
            for unknown in ("vid_aaaaaaaaaa", "video_0001", "nonsense"):
                assert await code_of(client, method, taskId=unknown, **more) == (400, -32602)
            for name in ("vid_aaaaaaaaaa", None):
                params = {"taskId": known, **more}
                response = await client.post(method, params, {"Mcp-Name": name})
                assert response.status_code == 400
                assert message_in(response)["error"]["code"] == -32020
        async with wire(f"{url}/mcp") as other:
            assert await code_of(other, method, taskId=known, **more) == (400, -32021)


@pytest.mark.requirement("TASK-REMOVED")
@pytest.mark.parametrize("method", ["tasks/list", "tasks/result"])
async def test_methods_of_an_earlier_design_are_unknown(method: str, tmp_path: Path) -> None:
    async with tasks_before(quick_host(), tmp_path) as client:
        assert await code_of(client, method, taskId="vid_aaaaaaaaaa") == (404, -32601)


@pytest.mark.requirement("TASK-DURABLE")
async def test_a_task_survives_the_server_that_began_it(tmp_path: Path) -> None:
    host = a_host(**ENDLESS)
    async with serving(host.app()) as base_url:
        variables = environment(
            tmp_path,
            SORA_MCP_ENGINE="auto",
            SORA_MCP_BASE_URL=f"{base_url}/v1",
            SORA_MCP_API_KEY=KEY,
        )
        serve = ("serve", "--transport", "http", "--port", "0")
        victim = await sora_mcp(*serve, env=variables)
        async with serving_process(victim) as url, wire(url, TASKS) as client:
            task_id = (await client.tool("generate_video", prompt="a cat"))["taskId"]
            victim.kill()
            await victim.wait()
        host.statuses = ("queued", "completed")
        again = await sora_mcp(*serve, env=variables)
        async with serving_process(again) as url, wire(url, TASKS) as client:
            ended = await client.ended(task_id)
    assert ended["result"]["structuredContent"]["status"] == "completed"
    assert len(host.accepted) == 1
