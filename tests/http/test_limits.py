"""An owner who asks too much is told to come again; nobody else notices."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx2
from mcp import MCPError
from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import AccessToken
from starlette.responses import PlainTextResponse
from starlette.types import Message, Scope

from sora_mcp.http.limits import Limits
from tests.harness import a_host
from tests.http.served import (
    META,
    MODERN,
    TOKENS,
    WAYS,
    bearer,
    client_at,
    message,
    served_before,
    tokens_file,
)
from tests.server.surface import structured


@asynccontextmanager
async def limited(folder: Path, **limits: int) -> AsyncGenerator[tuple[str, httpx2.AsyncClient]]:
    """A server where Anna may ask only so much, and what she asks with."""
    settings: dict[str, Any] = {"auth_tokens_file": tokens_file(folder), **limits}
    host = a_host(statuses=("in_progress",))
    async with (
        served_before(host, folder, **settings) as url,
        httpx2.AsyncClient(
            base_url=url,
            headers=MODERN | bearer(TOKENS["anna"]),
            limits=httpx2.Limits(max_connections=None),
            timeout=60,
        ) as http,
    ):
        yield url, http


async def call(http: httpx2.AsyncClient, tool: str, **arguments: Any) -> httpx2.Response:
    names = {"Mcp-Method": "tools/call", "Mcp-Name": tool}
    asked = message("tools/call", name=tool, arguments=arguments, _meta=META)
    return await http.post("/mcp", headers=names, json=asked)


async def test_a_client_that_opens_two_hundred_waits_keeps_nobody_else_waiting(
    tmp_path: Path,
) -> None:
    async with limited(tmp_path, max_concurrent_requests=100) as (url, http):
        started = await call(http, "generate_video", prompt="a slow cat")
        video_id = started.json()["result"]["structuredContent"]["video_id"]
        refused: list[httpx2.Response] = []
        all_refused = anyio.Event()

        async def wait() -> None:
            answer = await call(http, "get_video_status", video_id=video_id, wait_seconds=45)
            refused.append(answer)
            if len(refused) == 100:
                all_refused.set()

        with anyio.fail_after(60):
            async with anyio.create_task_group() as tasks:
                for _ in range(200):
                    tasks.start_soon(wait)
                await all_refused.wait()
                async with client_at(url, WAYS[0], TOKENS["ben"]) as ben:
                    assert structured(await ben.call_tool("list_videos", {}))["videos"] == []
                assert len(refused) == 100
                tasks.cancel_scope.cancel()
        assert {(answer.status_code, answer.headers["retry-after"]) for answer in refused} == {
            (429, "1")
        }


async def test_places_are_free_again_once_requests_have_ended(tmp_path: Path) -> None:
    async with limited(tmp_path, max_concurrent_requests=1) as (_, http):
        for _ in range(3):
            assert (await call(http, "get_engine")).status_code == 200


async def test_a_place_is_free_before_its_client_has_the_whole_answer() -> None:
    begun: list[int] = []

    async def unlimited(owner: str) -> None:
        return None

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            begun.append(message["status"])
        elif len(begun) == 1:
            await limits(scope, receive, send)

    user = AuthenticatedUser(
        AccessToken(token=TOKENS["anna"], client_id="c", scopes=[], subject="anna")
    )
    scope: Scope = {"type": "http", "method": "POST", "path": "/mcp", "user": user}
    limits = Limits(
        PlainTextResponse("done"), at_once=1, per_minute=100, count_everywhere=unlimited
    )

    await limits(scope, receive, send)

    assert begun == [200, 200]


async def test_more_requests_than_a_minute_allows_are_told_when_to_come_again(
    tmp_path: Path,
) -> None:
    async with limited(tmp_path, max_requests_per_minute=2) as (url, http):
        answers = [await call(http, "get_engine") for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200, 200, 429]
        assert 1 <= int(answers[-1].headers["retry-after"]) <= 30
        other = await http.post("/mcp", headers=bearer(TOKENS["ben"]), json={})
        assert other.status_code != 429
        assert (await http.get(f"{url}/healthz")).status_code == 200


async def test_calls_over_sse_count_until_they_have_ended(tmp_path: Path) -> None:
    async with limited(tmp_path, max_concurrent_requests=3) as (url, http):
        started = await call(http, "generate_video", prompt="a slow cat")
        video_id = started.json()["result"]["structuredContent"]["video_id"]
        arguments = {"video_id": video_id, "wait_seconds": 45}
        refused: list[str] = []
        all_refused = anyio.Event()
        async with client_at(url, "sse-legacy", TOKENS["anna"]) as anna:

            async def wait() -> None:
                try:
                    await anna.call_tool("get_video_status", arguments)
                except MCPError as error:
                    refused.append(str(error))
                    if len(refused) == 5:
                        all_refused.set()

            with anyio.fail_after(90):
                async with anyio.create_task_group() as tasks:
                    for _ in range(8):
                        tasks.start_soon(wait)
                    await all_refused.wait()
                    async with client_at(url, "sse-legacy", TOKENS["ben"]) as ben:
                        assert structured(await ben.call_tool("list_videos", {}))["videos"] == []
                    tasks.cancel_scope.cancel()
            assert all("Too many requests" in text for text in refused)
