"""Two owners on one server: by no route can one see, read, cancel, spend or hear of the other.

The cases are generated from what the server lists. A foreign id has to be answered word for word
as one that does not exist.
"""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
from anyio.abc import TaskStatus
from anyio.streams.memory import MemoryObjectReceiveStream
from mcp import Client, MCPError
from mcp.client.subscriptions import ResourceUpdated
from mcp.types import (
    PromptReference,
    ResourceListChangedNotification,
    ResourceTemplateReference,
    ResourceUpdatedNotification,
    Tool,
)
from pydantic import SecretStr

from sora_mcp.videos.spending import Price
from tests.fakes.videos_api import FakeHost
from tests.http.served import TOKENS, WAYS, bearer, client_at, served_before, tokens_file
from tests.http.wire import TASKS, message_in, wire
from tests.server.surface import made, quick_host, structured, text_of

Receiver = MemoryObjectReceiveStream[str]

UNKNOWN = "vid_aaaaaaaaaa"
NAMES_A_VIDEO: dict[str, Callable[[str, str], Any]] = {
    "video_id": lambda video, own: video,
    "video_ids": lambda video, own: [own, video],
    "after": lambda video, own: video,
    "input_reference": lambda video, own: f"sora://videos/{video}/last_frame.png",
}
"""Arguments of tools by which a video is named; the rest of a call is about one's own."""


@dataclass
class Two:
    """A server, and what the two have there: Ben's calls are what is tested."""

    url: str
    host: FakeHost
    finished: str
    active: str
    own: str

    @property
    def foreign(self) -> tuple[str, str]:
        return self.finished, self.active


@asynccontextmanager
async def two_owners(folder: Path) -> AsyncGenerator[Two]:
    host = quick_host()
    async with served_before(host, folder, auth_tokens_file=tokens_file(folder)) as url:
        async with client_at(url, WAYS[0], TOKENS["anna"]) as anna:
            finished = await made(anna)
            async with client_at(url, WAYS[0], TOKENS["ben"]) as ben:
                own = await made(ben, "a dog")
            host.statuses = ("in_progress",)
            started = await anna.call_tool("generate_video", {"prompt": "a slow cat"})
        yield Two(url, host, finished, structured(started)["video_id"], own)


def as_ben(two: Two, way: str = WAYS[0], **options: Any) -> Client:
    return client_at(two.url, way, TOKENS["ben"], **options)


def as_anna(two: Two, way: str = WAYS[0], **options: Any) -> Client:
    return client_at(two.url, way, TOKENS["anna"], **options)


def calls_about(tool: Tool, video: str, own: str) -> list[dict[str, Any]]:
    """A call of a tool for each argument by which it can be made to look at a video."""
    properties: Mapping[str, Any] = tool.input_schema["properties"]
    naming = [name for name in properties if name in NAMES_A_VIDEO]
    assert all(name in naming or "vid_" not in str(properties[name]) for name in properties)
    needed = dict.fromkeys(tool.input_schema.get("required", []), "words")
    return [needed | {name: NAMES_A_VIDEO[name](video, own)} for name in naming]


async def answer_to(client: Client, tool: str, arguments: dict[str, Any], video: str) -> str:
    result = await client.call_tool(tool, arguments)
    assert result.is_error, text_of(result)
    return result.model_dump_json().replace(video, "vid_?")


async def refusal_of(client: Client, uri: str, video: str) -> tuple[int, str]:
    with pytest.raises(MCPError) as refused:
        await client.read_resource(uri)
    return refused.value.code, str(refused.value).replace(video, "vid_?")


@pytest.mark.parametrize("way", WAYS)
async def test_every_tool_and_resource_takes_a_foreign_video_for_an_unknown_one(
    way: str, tmp_path: Path
) -> None:
    async with two_owners(tmp_path) as two, as_ben(two, way) as ben:
        tried: set[str] = set()
        for tool in (await ben.list_tools()).tools:
            unknown_calls = calls_about(tool, UNKNOWN, two.own)
            for number, unknown in enumerate(unknown_calls):
                expected = await answer_to(ben, tool.name, unknown, UNKNOWN)
                for video in two.foreign:
                    foreign = calls_about(tool, video, two.own)[number]
                    assert await answer_to(ben, tool.name, foreign, video) == expected, foreign
                tried.add(tool.name)
        assert len(tried) == 9
        templates = (await ben.list_resource_templates()).resource_templates
        assert len(templates) >= 5
        for template in templates:
            ranged = template.uri_template.replace("{?offset,length}", "?offset=0&length=10")
            expected = await refusal_of(ben, ranged.replace("{video_id}", UNKNOWN), UNKNOWN)
            for video in two.foreign:
                uri = ranged.replace("{video_id}", video)
                assert await refusal_of(ben, uri, video) == expected, uri
        async with as_anna(two) as anna:
            listed = structured(await anna.call_tool("list_videos", {}))["videos"]
            found = {entry["video_id"]: entry["status"] for entry in listed}
            assert found == {two.finished: "completed", two.active: "in_progress"}
            arguments = {"video_id": two.finished}
            status = structured(await anna.call_tool("get_video_status", arguments))
            assert Path(status["files"][0]["path"]).exists()
        assert len(two.host.accepted) == 3


@pytest.mark.parametrize("way", ["http-legacy", "sse-auto"])
async def test_every_list_and_completion_has_only_what_is_ones_own(
    way: str, tmp_path: Path
) -> None:
    async with two_owners(tmp_path) as two, as_ben(two, way) as ben:
        filters: tuple[dict[str, Any], ...] = ({}, {"status": "active"}, {"query": "cat"})
        shown = [str(structured(await ben.call_tool("list_videos", which))) for which in filters]
        shown.append((await ben.list_resources()).model_dump_json())
        references: list[tuple[PromptReference | ResourceTemplateReference, str]] = [
            (PromptReference(type="ref/prompt", name=prompt.name), argument.name)
            for prompt in (await ben.list_prompts()).prompts
            for argument in prompt.arguments or ()
        ]
        references += [
            (ResourceTemplateReference(type="ref/resource", uri=template.uri_template), "video_id")
            for template in (await ben.list_resource_templates()).resource_templates
        ]
        for reference, name in references:
            for typed in ("", two.finished[:6], "cat"):
                completed = await ben.complete(reference, {"name": name, "value": typed})
                shown.append(str(completed.completion.values))
        everything = " ".join(shown)
        assert two.own in everything
        assert [video for video in two.foreign if video in everything] == []


async def test_idempotency_keys_and_budgets_are_ones_own(tmp_path: Path) -> None:
    settings: dict[str, Any] = {
        "auth_tokens_file": tokens_file(tmp_path),
        "prices": (Price("*", "*", "*", 0.5),),
        "daily_budget_usd": 1,
    }
    arguments: dict[str, Any] = {"seconds": 2, "idempotency_key": "the-key"}
    videos: set[str] = set()
    async with served_before(quick_host(), tmp_path, **settings) as url:
        for token in TOKENS.values():
            async with client_at(url, WAYS[0], token) as client:
                engine = structured(await client.call_tool("get_engine", {}))
                assert (engine["spent_today_usd"], engine["budget_left_usd"]) == (0, 1)
                video = await made(client, **arguments)
                assert await made(client, **arguments) == video
                videos.add(video)
                more = await client.call_tool("generate_video", {"prompt": "more", "seconds": 1})
                assert "SORA_MCP_DAILY_BUDGET_USD" in text_of(more)
    assert len(videos) == 2


async def test_what_others_spend_is_told_to_the_operator_alone(tmp_path: Path) -> None:
    settings: dict[str, Any] = {
        "auth_token": SecretStr("token-of-the-operator"),
        "auth_tokens_file": tokens_file(tmp_path),
        "prices": (Price("*", "*", "*", 0.5),),
        "server_daily_budget_usd": 1.5,
    }
    async with served_before(quick_host(), tmp_path, **settings) as url:
        async with client_at(url, WAYS[0], TOKENS["anna"]) as anna:
            await made(anna, seconds=2)
        async with client_at(url, WAYS[0], TOKENS["ben"]) as ben:
            engine = structured(await ben.call_tool("get_engine", {}))
            much = await ben.call_tool("generate_video", {"prompt": "a cat", "seconds": 3})
        async with httpx2.AsyncClient(base_url=url) as http:
            refused = await http.get("/metrics", headers=bearer(TOKENS["ben"]))
            told = await http.get("/metrics", headers=bearer("token-of-the-operator"))
    assert engine["budget_left_usd"] == 1.5
    assert "SORA_MCP_SERVER_DAILY_BUDGET_USD" in text_of(much)
    assert "1.00" not in text_of(much)
    assert (refused.status_code, told.status_code) == (403, 200)
    assert "SORA_MCP_AUTH_TOKEN" in refused.text
    assert "sora_mcp_" not in refused.text
    assert "sora_mcp_spent_today_usd 1.0" in told.text


@asynccontextmanager
async def hearing(two: Two, name: str, way: str) -> AsyncGenerator[tuple[Client, Receiver]]:
    """A client that listens to everything it can think of, and what it hears."""
    send, heard = anyio.create_memory_object_stream[str](100)

    async def note(message: Any) -> None:
        if isinstance(message, ResourceUpdatedNotification):
            await send.send(message.params.uri)
        elif isinstance(message, ResourceListChangedNotification):
            await send.send("list")

    async def listen(client: Client, *, task_status: TaskStatus[None]) -> None:
        uris = [f"sora://videos/{video}" for video in (*two.foreign, two.own)]
        async with client.listen(
            resources_list_changed=True, resource_subscriptions=uris
        ) as subscription:
            task_status.started()
            async for event in subscription:
                await send.send(event.uri if isinstance(event, ResourceUpdated) else "list")

    async with (
        send,
        heard,
        client_at(two.url, way, TOKENS[name], message_handler=note) as client,
        anyio.create_task_group() as tasks,
    ):
        if way.endswith("auto"):
            await tasks.start(listen, client)
        else:
            # The older protocol has no way to ask; the handshake alone brings the news.
            await client.list_tools()
        yield client, heard
        tasks.cancel_scope.cancel()


async def until_list_changes(heard: Receiver) -> list[str]:
    told: list[str] = []
    with anyio.fail_after(60):
        while "list" not in told:
            told.append(await heard.receive())
    return told


@pytest.mark.parametrize("way", ["http-auto", "sse-auto", "sse-legacy"])
async def test_nobody_hears_of_the_videos_of_others(way: str, tmp_path: Path) -> None:
    async with (
        two_owners(tmp_path) as two,
        hearing(two, "anna", way) as (anna, news_of_anna),
        hearing(two, "ben", way) as (ben, news_of_ben),
    ):
        await anna.call_tool("delete_video", {"video_id": two.finished})
        assert f"sora://videos/{two.finished}" in await until_list_changes(news_of_anna)
        await ben.call_tool("delete_video", {"video_id": two.own})
        # Had he heard of hers, it would have come before.
        assert {*await until_list_changes(news_of_ben)} == {f"sora://videos/{two.own}", "list"}


async def test_nobody_takes_in_a_job_by_its_id_at_the_host(tmp_path: Path) -> None:
    async with two_owners(tmp_path) as two, as_ben(two) as ben:
        asked_before = [path for _, path in two.host.requests if "/video_0001" in path]
        for tool in ("get_video_status", "download_video"):
            unknown = await answer_to(ben, tool, {"video_id": "video_9999"}, "video_9999")
            foreign = await answer_to(ben, tool, {"video_id": "video_0001"}, "video_0001")
            assert foreign == unknown
        paths = [path for _, path in two.host.requests]
        assert [path for path in paths if "/video_0001" in path] == asked_before
        assert [path for path in paths if "video_9999" in path] == []


@pytest.mark.parametrize("method", ["tasks/get", "tasks/update", "tasks/cancel"])
async def test_a_foreign_task_is_none(method: str, tmp_path: Path) -> None:
    async with two_owners(tmp_path) as two:
        async with wire(f"{two.url}/mcp", TASKS, headers=bearer(TOKENS["ben"])) as ben:
            answers = {
                (response.status_code, str(message_in(response)["error"]).replace(video, "vid_?"))
                for video in (UNKNOWN, *two.foreign)
                for response in [await ben.post(method, {"taskId": video, "inputResponses": {}})]
            }
        async with wire(f"{two.url}/mcp", TASKS, headers=bearer(TOKENS["anna"])) as anna:
            task = await anna.request("tasks/get", taskId=two.active)
    assert len(answers) == 1
    assert task["status"] == "working"


async def test_a_link_cannot_be_turned_to_a_foreign_video(tmp_path: Path) -> None:
    async with two_owners(tmp_path) as two, as_ben(two) as ben, httpx2.AsyncClient() as http:
        shown = structured(await ben.call_tool("get_video_status", {"video_id": two.own}))
        for file in shown["files"]:
            assert (await http.get(file["url"])).status_code == 200
            refused: set[tuple[int, str]] = set()
            for video in (*two.foreign, UNKNOWN):
                answer = await http.get(file["url"].replace(two.own, video))
                refused.add((answer.status_code, answer.text))
            assert [status for status, _ in refused] == [403]
