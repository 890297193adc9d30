"""Starts an entry of a client's configuration as the client would, and sees what it offers."""

import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client
from pydantic import ValidationError


class NotStarted(Exception):
    """The entry starts no MCP server; the message says why."""


@dataclass(frozen=True)
class Started:
    """A server that answered."""

    tools: tuple[str, ...]
    seconds: float
    """From its start until it had listed its tools."""


async def start(entry: Mapping[str, Any], timeout: float) -> Started:
    """Start the server of an entry, ask it for its tools, and stop it.

    Raises:
        NotStarted: It does not start, or does not answer within `timeout` seconds.
    """
    try:
        server = StdioServerParameters(
            command=entry.get("command", ""),
            args=entry.get("args") or [],
            env=entry.get("env"),
            cwd=entry.get("cwd") or Path.home(),
        )
    except ValidationError:
        raise NotStarted("its command, args or env are not what they should be") from None
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as errors:
        try:
            began = time.monotonic()
            with anyio.fail_after(timeout):
                async with Client(stdio_client(server, errors)) as client:
                    tools = (await client.list_tools()).tools
                    seconds = time.monotonic() - began
                    return Started(tuple(tool.name for tool in tools), seconds)
        except TimeoutError:
            reason = f"it did not answer within {timeout:g} s"
        except OSError as error:
            reason = f"{server.command} cannot be run: {error.strerror or error}"
        except Exception:  # whatever a stranger's command does, it starts no server
            errors.seek(0)
            lines = errors.read().strip().splitlines()
            reason = lines[-1][:200] if lines else "it ended without a word"
        raise NotStarted(reason)
