"""Serving one client over standard input and output."""

import os
import signal
import socket
import sys
import threading
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress

import anyio

from sora_mcp.app import App
from sora_mcp.server.build import build_server
from sora_mcp.server.serving import serving, shares_paths, started_from_outside


async def run_stdio(app: App) -> None:
    """Serve until the client closes our input, or until SIGINT or SIGTERM."""
    server = build_server(
        app,
        share_paths=shares_paths(app.settings, same_machine=not started_from_outside()),
        link=lambda video_id, variant: None,
    )
    # Somebody waits for the list of tools: nothing heavy before it.
    after = server.first_answer
    async with _end_of_input_on_signal(), serving(app, server, resume_after=after):
        await server.run_stdio_async()


@asynccontextmanager
async def _end_of_input_on_signal() -> AsyncGenerator[None]:
    """Let a signal look like the end of input, which ends everything in good order.

    The SDK reads standard input in a thread that nothing can wake, so it is given a socket
    instead, which we can shut down.
    """
    if sys.platform == "win32" or threading.current_thread() is not threading.main_thread():
        yield
        return
    end_input = _put_socket_before_stdin()

    async def watch() -> None:
        with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
            async for _ in signals:
                end_input()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(watch)
        yield
        tasks.cancel_scope.cancel()


def _put_socket_before_stdin() -> Callable[[], None]:
    """Feed standard input through a pair of sockets; the function returned ends it.

    Child processes find nothing on standard input, as the SDK would have it.
    """
    source = os.dup(0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    reader, writer = socket.socketpair()
    sys.stdin = reader.makefile("r", encoding="utf-8", errors="replace")

    def end() -> None:
        with suppress(OSError):
            writer.shutdown(socket.SHUT_WR)

    def copy() -> None:
        with suppress(OSError):
            while data := os.read(source, 65_536):
                writer.sendall(data)
        end()

    # A daemon: it may be waiting for input that never comes when the process ends.
    threading.Thread(target=copy, name="stdin", daemon=True).start()
    return end
