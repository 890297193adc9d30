"""`sora-mcp` as a process of its own."""

import os
import re
import subprocess
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
from anyio.abc import Process, TaskStatus
from anyio.streams.text import TextReceiveStream

ROOT = Path(__file__).parents[2]

START_SECONDS = 120
"""So long a server may take to serve; it takes 2 s where nothing else is going on."""


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


async def sora_mcp(*arguments: str, env: Mapping[str, str], module: str = "sora_mcp") -> Process:
    """Start it; its three streams are pipes."""
    return await anyio.open_process(
        [sys.executable, "-m", module, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=env,
        cwd=ROOT,
    )


@asynccontextmanager
async def http_server(folder: Path, *, port: int = 0, **variables: str) -> AsyncGenerator[str]:
    """`sora-mcp serve`, with the embedded engine unless told otherwise; gives its MCP address."""
    arguments = ["serve", "--transport", "http", "--port", str(port)]
    process = await sora_mcp(*arguments, env=environment(folder, **variables))
    async with serving_process(process) as url:
        yield url


@asynccontextmanager
async def serving_process(process: Process) -> AsyncGenerator[str]:
    """The MCP address of a server that has just been started; it is ended with the block."""
    async with process, anyio.create_task_group() as tasks:
        try:
            with anyio.fail_after(START_SECONDS):
                url = await tasks.start(_read_log, process)
            yield url
        finally:
            if process.returncode is None:
                process.terminate()


async def _read_log(process: Process, *, task_status: TaskStatus[str]) -> None:
    """Tell the address once it is there; read on, so that the server is never held up."""
    assert process.stderr is not None
    log = ""
    async for piece in TextReceiveStream(process.stderr):
        log += piece
        if found := re.search(r"Serving MCP at (\S+)\n", log):
            task_status.started(found[1])
            log = ""
