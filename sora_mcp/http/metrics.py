"""`/metrics`: numbers for whoever watches this server."""

import importlib

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from sora_mcp.app import App
from sora_mcp.server.owners import LOCAL_OWNER, current_owner
from sora_mcp.videos.errors import SoraError

_NOT_YOURS = (
    "Numbers about everybody are for the operator alone: send the token SORA_MCP_AUTH_TOKEN."
)


def metrics_route(app: App) -> Route:
    """`GET /metrics`, for the operator: 403 for other owners, since it counts everybody's jobs.

    503: the ledger cannot be read just now.
    """

    async def serve(request: Request) -> Response:
        if current_owner() != LOCAL_OWNER:
            return PlainTextResponse(_NOT_YOURS, 403)
        # Only who is watched needs it, and importing it takes a tenth of a second.
        await anyio.to_thread.run_sync(importlib.import_module, "sora_mcp.http.exposition")
        from sora_mcp.http.exposition import exposition

        try:
            census = await app.census()
        except SoraError as error:
            return PlainTextResponse(error.message, 503)
        return exposition(app.measures, census, request.headers.get("Accept", ""))

    return Route("/metrics", serve)
