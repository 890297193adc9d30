"""A whole app served over real HTTP on a free port of loopback."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
from anyio.abc import TaskStatus
from mcp import Client
from mcp.client.sse import sse_client

from sora_mcp.app import App
from sora_mcp.http.asgi import Transport
from sora_mcp.http.serve import serve_http
from tests.fakes.videos_api import FakeHost
from tests.harness import KEY, app_in
from tests.serving import serving

WAYS = ("http-auto", "http-legacy", "sse-auto", "sse-legacy")
"""Transport and `mcp.Client` mode."""


def client_at(url: str, way: str, **options: Any) -> Client:
    """A client of the server at a root URL."""
    transport, _, mode = way.partition("-")
    target = sse_client(f"{url}/sse") if transport == "sse" else f"{url}/mcp"
    return Client(target, mode=mode, **options)


@asynccontextmanager
async def served(app: App, transport: Transport = "http") -> AsyncGenerator[str]:
    """Serve an app; gives its root URL."""

    async def serve(*, task_status: TaskStatus[str]) -> None:
        await serve_http(app, port=0, transport=transport, started=task_status.started)

    async with anyio.create_task_group() as tasks:
        yield await tasks.start(serve)
        tasks.cancel_scope.cancel()


@asynccontextmanager
async def served_before(
    host: FakeHost, folder: Path, transport: Transport = "http", **settings: Any
) -> AsyncGenerator[str]:
    """Serve an app that has its videos made by a fake host."""
    async with (
        serving(host.app()) as url,
        app_in(folder, base_url=f"{url}/v1", api_key=KEY, **settings) as app,
        served(app, transport) as own_url,
    ):
        yield own_url
