"""Real HTTP servers on loopback, for the length of a test."""

import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import uvicorn

from sora_mcp.http.serve import KEEP_ALIVE_SECONDS


@asynccontextmanager
async def serving(app: Any, *, port: int = 0, **options: Any) -> AsyncGenerator[str]:
    """Serve an ASGI app on a port of 127.0.0.1, or a free one; gives its root URL, no slash."""
    config = uvicorn.Config(
        app,
        log_level="error",
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=1,
        **options,
    )
    server = uvicorn.Server(config)
    # The socket listens already, so connections wait in it until the server has started.
    with socket.create_server(("127.0.0.1", port)) as listener:
        # Inherited by its connections: their answers do not wait for acknowledgements.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(server.serve, [listener])
            try:
                yield f"http://127.0.0.1:{listener.getsockname()[1]}"
            finally:
                server.should_exit = True


def unused_port() -> int:
    """A port of 127.0.0.1 on which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]
