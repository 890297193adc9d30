"""Somebody's new machine: nothing in the home folder, nothing set, packages from uv's cache."""

import os
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import anyio
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client

ROOT = Path(__file__).parents[2]
LONGEST = 180
"""Seconds that installing and starting may take before a test fails."""

_OTHERS = ("SORA_MCP_", "OPENAI_", "XDG_", "VIRTUAL_ENV", "UV_RUN_", "PYTHON")
"""Variables of whoever runs the tests that would change what is tested."""


@cache
def uv_cache() -> str:
    """Where uv keeps packages: what is tested is not the network."""
    return subprocess.run(
        ["uv", "cache", "dir"], check=True, capture_output=True, text=True
    ).stdout.strip()


def environment(home: Path, **variables: str) -> dict[str, str]:
    """The variables of a process whose home folder is this one."""
    home.mkdir(exist_ok=True)
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(_OTHERS)}
    return {
        **inherited,
        "HOME": str(home),
        "UV_CACHE_DIR": uv_cache(),
        "UV_PYTHON": sys.executable,
        **variables,
    }


def run(*command: str | Path, cwd: Path, env: Mapping[str, str] | None = None) -> str:
    """Run a command to its end; gives its standard output, or fails with all that it said."""
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env=env,
        capture_output=True,
        text=True,
        check=False,
        timeout=LONGEST,
        stdin=subprocess.DEVNULL,
    )
    if done.returncode:
        pytest.fail(f"{command} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")
    return done.stdout


async def tools_of(command: list[str], env: Mapping[str, str], cwd: Path) -> list[str]:
    """The names of the tools of the server that a client starts with this command."""
    parameters = StdioServerParameters(command=command[0], args=command[1:], env=dict(env), cwd=cwd)
    with anyio.fail_after(LONGEST):
        async with Client(stdio_client(parameters)) as client:
            return [tool.name for tool in (await client.list_tools()).tools]
