"""One Starlette app for everything that is served over HTTP, in front of one MCP server."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Literal

import anyio
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route

from sora_mcp.app import App
from sora_mcp.http.drain import Drain
from sora_mcp.http.files import Files, Links
from sora_mcp.http.guard import Guard, Names
from sora_mcp.server.build import build_server
from sora_mcp.server.keys import derived_keys
from sora_mcp.server.serving import serving, shares_paths
from sora_mcp.server.transports import sse, streamable_http

Transport = Literal["http", "sse"]
"""`http`: Streamable HTTP at `/mcp` and the older SSE at `/sse`; `sse`: that alone."""


def build_asgi(
    app: App, *, transport: Transport, public_url: str, stopping: anyio.Event
) -> Starlette:
    """The app with `/mcp`, `/sse`, `/messages/`, `/files/{video_id}/{name}` and `/healthz`.

    `public_url`: the address that clients reach it by, which links begin with.
    `stopping`: set when the server is about to stop.
    """
    links = Links(derived_keys(app.settings, "download links"), public_url)
    # Without a name that others can reach it by, only this machine can, which shares its files.
    share = shares_paths(app.settings, same_machine=app.settings.public_url is None)
    server = build_server(app, share_paths=share, link=links)
    names = Names.of(app.settings)
    routes: list[BaseRoute] = [
        Route("/healthz", _healthz),
        Route("/files/{video_id}/{name}", Files(app, links).serve),
        *sse(server, names.hosts, names.origins).routes,
    ]
    if transport == "http":
        routes += streamable_http(server, names.hosts, names.origins).routes

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncGenerator[None]:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(serving(app, server))
            if transport == "http":
                await stack.enter_async_context(server.session_manager.run())
            yield

    return Starlette(
        routes=routes,
        middleware=[Middleware(Guard, names=names), Middleware(Drain, stopping=stopping)],
        lifespan=lifespan,
    )


async def _healthz(_: Request) -> JSONResponse:
    return JSONResponse({"status": "ok"})
