"""`sora-mcp` as a process of its own."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import anyio
from anyio.abc import Process

ROOT = Path(__file__).parents[2]


def environment(folder: Path, **variables: str) -> dict[str, str]:
    """Variables that keep everything below a folder and touch no host."""
    inherited = {name: value for name, value in os.environ.items() if "OPENAI" not in name}
    return {
        **inherited,
        "SORA_MCP_HOME": str(folder / "home"),
        "SORA_MCP_LIBRARY": str(folder / "library"),
        "SORA_MCP_ENGINE": "embedded",
        **variables,
    }


async def sora_mcp(*arguments: str, env: Mapping[str, str]) -> Process:
    """Start it; its three streams are pipes."""
    return await anyio.open_process(
        [sys.executable, "-m", "sora_mcp", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=env,
        cwd=ROOT,
    )
