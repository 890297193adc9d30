"""One Starlette app for everything that is served over HTTP, in front of one MCP server."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Literal

from pydantic import AnyHttpUrl
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route

from sora_mcp.app import App
from sora_mcp.http.access import Access, ProtectedResource
from sora_mcp.http.drain import Drain, Stopping
from sora_mcp.http.files import LINKS, Files, Links
from sora_mcp.http.guard import CORS, Guard, Names
from sora_mcp.http.limits import Limits
from sora_mcp.http.messages import Messages
from sora_mcp.http.metrics import metrics_route
from sora_mcp.http.patience import Patience
from sora_mcp.http.webhooks import webhook_routes
from sora_mcp.server.build import build_server
from sora_mcp.server.keys import derived_keys
from sora_mcp.server.serving import serving, shares_paths
from sora_mcp.server.tokens import configured_verifier
from sora_mcp.server.transports import sse, streamable_http

Transport = Literal["http", "sse"]
"""`http`: Streamable HTTP at `/mcp` and the older SSE at `/sse`; `sse`: that alone."""


def build_asgi(
    app: App, *, transport: Transport, public_url: str, same_machine: bool, stopping: Stopping
) -> Starlette:
    """The app with `/mcp`, `/sse`, `/messages/`, `/files/{video_id}/{name}`, `/webhooks/openai`,
    `/metrics`, `/healthz` and `/readyz`.

    `public_url`: the address that clients reach it by, which links begin with.
    `same_machine`: whether only clients on this machine can reach it, which see its files.
    `stopping`: begun when the server is about to stop.

    Raises:
        NotConfigured: The settings of access control will not do.
    """
    links = Links(derived_keys(app.settings, LINKS), public_url)
    share = shares_paths(app.settings, same_machine=same_machine)
    server = build_server(app, share_paths=share, link=links)
    names = Names.of(app.settings)
    # The one that is asked all the time comes first: they are tried one after the other.
    routes: list[BaseRoute] = [
        *(streamable_http(server).routes if transport == "http" else ()),
        Route("/healthz", _healthz),
        Route("/readyz", _readyz(app)),
        metrics_route(app),
        Route("/files/{video_id}/{name}", Files(app, links).serve),
        *webhook_routes(app),
        *sse(server).routes,
    ]

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncGenerator[None]:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(serving(app, server))
            if transport == "http":
                await stack.enter_async_context(server.session_manager.run())
            yield

    middleware = [
        Middleware(Patience),
        Middleware(Guard, names=names),
        CORS,
        Middleware(Drain, stopping=stopping),
    ]
    # In the form that metadata have it: the host in lower case, no port that is implied.
    address = str(AnyHttpUrl(f"{public_url.rstrip('/')}/mcp"))
    verifier = configured_verifier(app.settings, address)
    resource = ProtectedResource(address, app.settings.oauth_issuer)
    routes += resource.routes
    if verifier is not None:
        middleware.append(Middleware(Access, verifier=verifier, resource=resource))
        middleware.append(
            Middleware(
                Limits,
                at_once=app.settings.max_concurrent_requests,
                per_minute=app.settings.max_requests_per_minute,
                count_everywhere=app.count_request,
            )
        )
    middleware.append(Middleware(Messages, scopes=server.scopes, refusals=resource.refusals))
    return Starlette(routes=routes, middleware=middleware, lifespan=lifespan)


async def _healthz(_: Request) -> JSONResponse:
    return JSONResponse({"status": "ok"})


def _readyz(app: App) -> Callable[[Request], Awaitable[JSONResponse]]:
    async def ready(_: Request) -> JSONResponse:
        """200 when requests may be sent here; otherwise 503, with what is in the way."""
        trouble = await app.trouble()
        if trouble is None:
            return JSONResponse({"status": "ok"})
        return JSONResponse({"status": trouble}, 503)

    return ready
