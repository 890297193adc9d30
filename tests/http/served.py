"""A whole app served over real HTTP on a free port of loopback."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx2
from anyio.abc import TaskStatus
from mcp import Client
from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamable_http_client

from sora_mcp.app import App
from sora_mcp.http.asgi import Transport
from sora_mcp.http.serve import serve_http
from tests.fakes.videos_api import FakeHost
from tests.harness import KEY, app_in
from tests.serving import serving

WAYS = ("http-auto", "http-legacy", "sse-auto", "sse-legacy")
"""Transport and `mcp.Client` mode."""


TOKENS = {"anna": "token-of-anna", "ben": "token-of-ben"}
"""Two owners, and how they show who they are."""


META: dict[str, Any] = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
}
MODERN = {
    "Accept": "application/json, text/event-stream",
    "Content-Type": "application/json",
    "MCP-Protocol-Version": "2026-07-28",
}
"""Headers of a request of protocol 2026-07-28, which has `META` in its parameters."""


def message(method: str, **params: Any) -> dict[str, Any]:
    """A JSON-RPC request."""
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}


def client_at(url: str, way: str, token: str | None = None, **options: Any) -> Client:
    """A client of the server at a root URL."""
    transport, _, mode = way.partition("-")
    headers = {} if token is None else bearer(token)
    target = _sse(url, headers) if transport == "sse" else _http(url, headers)
    return Client(target, mode=mode, **options)


@asynccontextmanager
async def _http(url: str, headers: dict[str, str]) -> AsyncGenerator[Any]:
    async with (
        httpx2.AsyncClient(headers=headers, timeout=60) as http,
        streamable_http_client(f"{url}/mcp", http_client=http) as streams,
    ):
        yield streams


@asynccontextmanager
async def _sse(url: str, headers: dict[str, str]) -> AsyncGenerator[Any]:
    # The SDK's session closes the stream before its transport ends, and the transport fails when
    # a notification comes in between (mcp 2.3, client/sse.py): so somebody else holds it open.
    async with AsyncExitStack() as after, sse_client(f"{url}/sse", headers) as (received, sent):
        await after.enter_async_context(received.clone())
        yield received, sent


def bearer(token: str) -> dict[str, str]:
    """The header that shows a token."""
    return {"Authorization": f"Bearer {token}"}


def tokens_file(folder: Path) -> Path:
    """A file with the tokens of the two owners."""
    file = folder / "tokens"
    lines = [f"{name}:{token}" for name, token in TOKENS.items()]
    file.write_text("\n".join(["# who may come in", "", *lines]), encoding="utf-8")
    return file


@asynccontextmanager
async def served(
    app: App, transport: Transport = "http", *, host: str = "127.0.0.1"
) -> AsyncGenerator[str]:
    """Serve an app; gives its root URL."""

    async def serve(*, task_status: TaskStatus[str]) -> None:
        await serve_http(app, host=host, port=0, transport=transport, started=task_status.started)

    async with anyio.create_task_group() as tasks:
        yield await tasks.start(serve)
        tasks.cancel_scope.cancel()


@asynccontextmanager
async def served_before(
    engine: FakeHost,
    folder: Path,
    transport: Transport = "http",
    host: str = "127.0.0.1",
    **settings: Any,
) -> AsyncGenerator[str]:
    """Serve an app that has its videos made by a fake host."""
    async with (
        serving(engine.app()) as url,
        app_in(folder, base_url=f"{url}/v1", api_key=KEY, **settings) as app,
        served(app, transport, host=host) as own_url,
    ):
        yield own_url
