"""The MCP surface of a whole app, with a client in front of it."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from mcp import Client
from mcp.types import CallToolResult, TextContent

from sora_mcp.app import App
from sora_mcp.server.build import build_server
from sora_mcp.server.present import Link
from sora_mcp.server.serving import serving as beside
from sora_mcp.videos.models import Variant
from tests.fakes.videos_api import FakeHost
from tests.harness import KEY, a_host, app_in
from tests.serving import serving

TOOLS = (
    "generate_video",
    "remix_video",
    "extend_video",
    "get_video_status",
    "download_video",
    "view_video",
    "join_videos",
    "list_videos",
    "delete_video",
    "get_engine",
)

ERAS = ("auto", "legacy")
"""`mcp.Client` modes: protocol 2026-07-28, and 2025-11-25 with its handshake."""


def no_link(video_id: str, variant: Variant) -> str | None:
    return None


@asynccontextmanager
async def client_of(
    app: App, *, share_paths: bool = True, link: Link = no_link, **options: Any
) -> AsyncGenerator[Client]:
    """A client of an app's MCP server, in this process."""
    server = build_server(app, share_paths=share_paths, link=link)
    async with beside(app, server), Client(server, **options) as client:
        yield client


@asynccontextmanager
async def client_before(
    host: FakeHost, folder: Path, *, settings: dict[str, Any] | None = None, **options: Any
) -> AsyncGenerator[Client]:
    """A client of an app that has its videos made by a fake host, over real HTTP."""
    async with (
        serving(host.app()) as url,
        app_in(folder, **{"base_url": f"{url}/v1", "api_key": KEY} | (settings or {})) as app,
        client_of(app, **options) as client,
    ):
        yield client


def quick_host() -> FakeHost:
    """A host that is done at once, for tests of what comes afterwards."""
    return a_host(statuses=("completed",))


async def made(client: Client, prompt: str = "a cat", **arguments: Any) -> str:
    """The id of a video that has just been finished."""
    result = await client.call_tool(
        "generate_video", {"prompt": prompt, "wait_seconds": 45, **arguments}
    )
    data = structured(result)
    assert data["status"] == "completed", data
    return data["video_id"]


def structured(result: CallToolResult) -> dict[str, Any]:
    """A result's structured content."""
    assert result.structured_content is not None, text_of(result)
    return result.structured_content


def text_of(result: CallToolResult) -> str:
    """A result's sentence for a person."""
    first = result.content[0]
    assert isinstance(first, TextContent)
    return first.text


def texts_of(result: CallToolResult) -> list[str]:
    """All texts of a result."""
    return [block.text for block in result.content if isinstance(block, TextContent)]
