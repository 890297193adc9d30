"""Real HTTP servers on loopback, for the length of a test."""

import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import uvicorn


@asynccontextmanager
async def serving(app: Any, **options: Any) -> AsyncGenerator[str]:
    """Serve an ASGI app on a free port of 127.0.0.1; gives its root URL, without a slash."""
    config = uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=1, **options)
    server = uvicorn.Server(config)
    # The socket listens already, so connections wait in it until the server has started.
    with socket.create_server(("127.0.0.1", 0)) as listener:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(server.serve, [listener])
            try:
                yield f"http://127.0.0.1:{listener.getsockname()[1]}"
            finally:
                server.should_exit = True
