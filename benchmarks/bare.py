"""The reference: a server of the SDK with ten empty tools. `python -m benchmarks.bare [http]`."""

import gc
import socket
import sys

import anyio
from mcp.server.mcpserver import MCPServer

TOOL = "tool_0"


def bare_server() -> MCPServer[None]:
    """The least that can be a server with as many tools as ours."""

    def empty(video_id: str = "", wait_seconds: float = 0) -> str:
        """Do nothing."""
        return "done"

    server: MCPServer[None] = MCPServer("bare")
    for number in range(10):
        server.tool(f"tool_{number}")(empty)
    return server


async def _serve_http() -> None:
    """Set up as ours is: without sessions, and what was imported is no garbage."""
    import uvicorn

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        app = bare_server().streamable_http_app(stateless_http=True)
        gc.freeze()
        config = uvicorn.Config(app, log_level="error", ws="none", access_log=False)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/mcp"
        sys.stderr.write(f"Serving MCP at {url}\n")
        sys.stderr.flush()
        await uvicorn.Server(config).serve([listener])


if __name__ == "__main__":
    anyio.run(_serve_http if "http" in sys.argv else bare_server().run_stdio_async)
