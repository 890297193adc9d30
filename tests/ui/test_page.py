"""The player as clients load it: one small page, bound to the tools that it can show."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import anyio
import pytest
from mcp import Client
from mcp.types import TextResourceContents

from sora_mcp.server.player import ELAPSED_SECONDS, EXPECTED_SECONDS, PLAYER_URI
from tests.harness import a_host, app_in
from tests.server.surface import ERAS, client_before, client_of, made, structured

LARGEST = 40_000
SHOWN = {"generate_video", "remix_video", "extend_video", "join_videos", "view_video"}


async def page_of(client: Client) -> TextResourceContents:
    (contents,) = (await client.read_resource(PLAYER_URI)).contents
    assert isinstance(contents, TextResourceContents)
    return contents


@pytest.mark.parametrize("mode", ERAS)
async def test_five_tools_are_bound_to_one_page_that_can_be_read(
    mode: Literal["auto", "legacy"], tmp_path: Path
) -> None:
    async with app_in(tmp_path, engine="embedded") as app, client_of(app, mode=mode) as client:
        tools = (await client.list_tools()).tools
        bound = {tool.name: tool.meta for tool in tools if tool.meta}
        meta = {"ui": {"resourceUri": PLAYER_URI}, "ui/resourceUri": PLAYER_URI}
        assert bound == dict.fromkeys(SHOWN, meta)
        page = await page_of(client)
        assert page.mime_type == "text/html;profile=mcp-app"
        assert page.meta == {"ui": {"permissions": {"clipboardWrite": {}}, "prefersBorder": False}}


async def test_the_extension_is_announced(tmp_path: Path) -> None:
    async with app_in(tmp_path, engine="embedded") as app, client_of(app) as client:
        assert "io.modelcontextprotocol/ui" in (client.server_capabilities.extensions or {})


async def test_the_page_is_small_and_asks_nobody_but_the_chat(tmp_path: Path) -> None:
    async with app_in(tmp_path, engine="embedded") as app, client_of(app) as client:
        html = (await page_of(client)).text
    assert len(html.encode()) <= LARGEST
    assert re.findall(r"https?://|\bfetch\(|XMLHttpRequest|\bimport\b|@import|<link", html) == []
    assert re.findall(r"innerHTML|insertAdjacentHTML|document\.write", html) == []


async def test_links_may_be_played_where_the_server_has_a_public_address(tmp_path: Path) -> None:
    public = {"public_url": "https://videos.example.org/sora"}
    async with app_in(tmp_path, engine="embedded", **public) as app, client_of(app) as client:
        ui = ((await page_of(client)).meta or {})["ui"]
        assert ui["csp"] == {"resourceDomains": ["https://videos.example.org"]}


async def test_programs_are_told_how_long_an_unfinished_video_takes(tmp_path: Path) -> None:
    host = a_host(statuses=("queued", "completed"))
    async with client_before(host, tmp_path) as client:
        first = await made(client, seconds=1)
        done = await client.call_tool("get_video_status", {"video_id": first})
        assert structured(done)["status"] == "completed"
        assert times_in(done.meta) == {}

        host.statuses = ("queued", "in_progress")
        started = await client.call_tool("generate_video", {"prompt": "a dog", "seconds": 2})
        assert structured(started)["status"] in {"queued", "in_progress"}
        times = times_in(started.meta)
        assert set(times) == {ELAPSED_SECONDS, EXPECTED_SECONDS}
        assert times[ELAPSED_SECONDS] >= 0
        assert times[EXPECTED_SECONDS] > 0
        with anyio.fail_after(90):
            await client.call_tool("delete_video", {"video_id": structured(started)["video_id"]})


def times_in(meta: Mapping[str, Any] | None) -> dict[str, float]:
    return {name: value for name, value in (meta or {}).items() if name.startswith("sora-mcp/")}
