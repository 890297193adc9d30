"""What runs beside an MCP server for as long as it serves, on whatever transport."""

import logging
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio

from sora_mcp.app import App
from sora_mcp.server.build import SoraServer
from sora_mcp.settings import Settings
from sora_mcp.videos.errors import SoraError

log = logging.getLogger(__name__)


@asynccontextmanager
async def serving(
    app: App, server: SoraServer, *, resume_after: anyio.Event | None = None
) -> AsyncGenerator[None]:
    """Tell clients of changes, and go on with jobs that an earlier process left.

    `resume_after`: what these jobs have to wait for, such as the first answer to a client.
    """
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(server.forward_changes)
        tasks.start_soon(_resume, app, resume_after)
        yield
        tasks.cancel_scope.cancel()


async def _resume(app: App, after: anyio.Event | None) -> None:
    if after is not None:
        await after.wait()
    try:
        await app.resume()
    except SoraError as error:
        log.warning("Unfinished jobs are not followed: %s", error.message)


def shares_paths(settings: Settings, *, same_machine: bool) -> bool:
    """Whether results show file paths: `auto` does where client and server share a machine."""
    if settings.share_paths == "auto":
        return same_machine
    return settings.share_paths == "always"


def started_from_outside() -> bool:
    """Whether our client cannot see our files: a container runs us, and nothing in it started us.

    A container's first process and what is run in it from outside have no parent inside it; what
    the first process starts, such as `uv run` or a shell, is taken for a part of the same command.
    """
    contained = any(Path(mark).exists() for mark in ("/.dockerenv", "/run/.containerenv"))
    return contained and os.getppid() <= 1
