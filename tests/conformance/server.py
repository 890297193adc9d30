"""Our server, offering besides what the conformance suite looks for.

`python -m tests.conformance.server --port N`: the server that `build_server` makes, with its
middleware, extensions and transport settings, on the embedded engine, in a folder of its own. Only
that older clients get sessions, without which half of what they look for cannot be tried.
"""

import argparse
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import anyio
import uvicorn
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext

from sora_mcp.app import open_app
from sora_mcp.http.guard import Names
from sora_mcp.http.serve import listen
from sora_mcp.logs import configure_logging
from sora_mcp.server.build import build_server
from sora_mcp.server.serving import serving
from sora_mcp.settings import Settings
from tests.conformance.content import offer_content, with_whole_schema
from tests.conformance.older import offer_older, with_sessions
from tests.conformance.questions import offer_questions
from tests.conformance.works import Works

LOOPBACK = "127.0.0.1"


async def whole_schemas(ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
    """Middleware: the one schema that no signature can say."""
    result = await call_next(ctx)
    if ctx.method == "tools/list" and isinstance(result, dict):
        return {**result, "tools": with_whole_schema(result["tools"])}
    return result


async def serve(port: int, folder: Path) -> None:
    """Serve `/mcp` on loopback until interrupted."""
    settings = Settings(home=folder / "home", library=folder / "library", engine="embedded")
    configure_logging(settings)
    async with open_app(settings) as app:
        server = build_server(app, share_paths=True, link=lambda video_id, variant: None)
        server.middleware.append(whole_schemas)
        offer_content(server)
        offer_questions(server)
        offer_older(server)
        Works().offer(server)
        async with serving(app, server):
            web = with_sessions(server, Names.of(settings))
            config = uvicorn.Config(web, log_level="error", timeout_graceful_shutdown=1)
            with listen(LOOPBACK, port) as listener:
                sys.stderr.write(
                    f"Serving MCP at http://{LOOPBACK}:{listener.getsockname()[1]}/mcp\n"
                )
                await uvicorn.Server(config).serve(sockets=[listener])


def main() -> None:
    """Read the port, make a folder, serve."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8000)
    port: int = parser.parse_args().port
    with TemporaryDirectory() as folder:
        anyio.run(serve, port, Path(folder))


if __name__ == "__main__":
    main()
