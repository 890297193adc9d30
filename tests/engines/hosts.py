"""The fakes of real hosts, and sora-mcp in front of one of them."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mcp import Client
from pydantic import SecretStr

from sora_mcp.engines.hosts import DIALECTS
from sora_mcp.engines.videos_api import VideosApiEngine
from sora_mcp.videos.ports import EngineLimits
from tests.fakes.hosts.base import Host
from tests.fakes.hosts.dynamo import DynamoHost
from tests.fakes.hosts.fastvideo import FastVideoHost
from tests.fakes.hosts.fastvideo_main import FastVideoMainHost
from tests.fakes.hosts.minimal import MinimalHost
from tests.fakes.hosts.openrouter import OpenRouterHost
from tests.fakes.hosts.sglang import SglangHost
from tests.fakes.hosts.tensorrt_llm import TensorRtLlmHost
from tests.fakes.hosts.vllm_omni import VllmOmniHost
from tests.harness import KEY, app_in, small_mp4
from tests.server.surface import client_of, structured
from tests.serving import serving


@dataclass(frozen=True)
class Kind:
    """One kind of host, as the suite drives it."""

    make: Callable[..., Host]
    dialect: str
    size: str = "1280x720"
    keyed: bool = False
    """Whether it wants a key."""
    settings: dict[str, Any] = field(default_factory=dict[str, Any])

    def host(self, **options: Any) -> Host:
        """A host of this kind that makes everybody the same small clip."""
        return self.make(mp4=small_mp4(), key=KEY if self.keyed else None, **options)


KINDS = {
    "openrouter": Kind(
        OpenRouterHost, "openrouter", keyed=True, settings={"model": OpenRouterHost.model}
    ),
    "vllm-omni": Kind(VllmOmniHost, "vllm-omni", keyed=True),
    "sglang": Kind(SglangHost, "sglang"),
    "fastvideo": Kind(FastVideoHost, "fastvideo"),
    "fastvideo-main": Kind(FastVideoMainHost, "fastvideo"),
    "tensorrt-llm": Kind(TensorRtLlmHost, "tensorrt-llm"),
    "dynamo": Kind(DynamoHost, "dynamo"),
    "synchronous": Kind(VllmOmniHost, "synchronous", settings={"dialect": "synchronous"}),
    "unknown": Kind(MinimalHost, "compatible", keyed=True),
}


@asynccontextmanager
async def client_before_host(host: Host, folder: Path, **settings: Any) -> AsyncGenerator[Client]:
    """A client of an app that has its videos made by this host, over real HTTP."""
    async with (
        serving(host.app()) as url,
        app_in(folder, **{"base_url": url + host.base_path, "api_key": KEY} | settings) as app,
        client_of(app) as client,
    ):
        yield client


@asynccontextmanager
async def an_engine(kind: Kind, base_url: str) -> AsyncGenerator[VideosApiEngine]:
    """An engine in front of a host of this kind."""
    dialect = kind.settings.get("dialect")
    engine = VideosApiEngine(
        name="host",
        base_url=base_url,
        limits=EngineLimits(4, 0),
        dialect=DIALECTS[dialect] if dialect else None,
        api_key=SecretStr(KEY),
    )
    try:
        yield engine
    finally:
        await engine.close()


async def ended(client: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    """A video that a tool has started, once nothing more will happen to it."""
    data = structured(await client.call_tool(tool, {"wait_seconds": 45, **arguments}))
    while data["status"] in ("queued", "in_progress"):
        again = {"video_id": data["video_id"], "wait_seconds": 45}
        data = structured(await client.call_tool("get_video_status", again))
    return data
