"""Servers as processes of their own: what they are asked, how much memory and time they take."""

import itertools
import json
import os
import subprocess
import sys
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
from anyio.abc import Process
from anyio.streams.buffered import BufferedByteReceiveStream

from tests.http.served import META
from tests.server.processes import ROOT, environment, serving_process

SORA = ("sora_mcp",)
BARE = ("benchmarks.bare",)

_LONGEST_LINE = 2 << 20
_TICKS = os.sysconf("SC_CLK_TCK")


class Stdio:
    """A server that is spoken to over its standard streams, at protocol 2026-07-28."""

    def __init__(self, process: Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self.pid = process.pid
        self._stdin = process.stdin
        self._stdout = BufferedByteReceiveStream(process.stdout)
        self._numbers = itertools.count(1)

    async def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """The result of a request."""
        [result] = await self.ask_many([(method, params)])
        return result

    async def ask_many(self, asked: list[tuple[str, dict[str, Any]]]) -> list[dict[str, Any]]:
        """The results of requests that are all under way at once, in the order of arrival."""
        waiting: set[int] = set()
        lines: list[bytes] = []
        for method, params in asked:
            number = next(self._numbers)
            waiting.add(number)
            message = {"jsonrpc": "2.0", "id": number, "method": method}
            lines.append(json.dumps(message | {"params": params | {"_meta": META}}).encode())
        await self._stdin.send(b"\n".join([*lines, b""]))
        results: list[dict[str, Any]] = []
        while waiting:
            message = json.loads(await self._stdout.receive_until(b"\n", _LONGEST_LINE))
            if message.get("id") in waiting:
                waiting.remove(message["id"])
                results.append(message["result"])
        return results

    async def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """The structured result of a tool.

        Raises:
            RuntimeError: The tool failed.
        """
        result = await self.ask("tools/call", name=tool, arguments=arguments)
        if result.get("isError"):
            raise RuntimeError(str(result["content"]))
        return result["structuredContent"]


@asynccontextmanager
async def stdio_server(module: tuple[str, ...], env: Mapping[str, str]) -> AsyncGenerator[Stdio]:
    """A server process that has just been started; it is ended with the block."""
    process = await anyio.open_process(
        [sys.executable, "-m", *module],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=None,
        env=env,
        cwd=ROOT,
    )
    async with process:
        try:
            yield Stdio(process)
        finally:
            process.kill()


@asynccontextmanager
async def http_server(
    module: tuple[str, ...], env: Mapping[str, str]
) -> AsyncGenerator[tuple[str, int]]:
    """The address of `/mcp` of a server process, and its number."""
    serve = ("serve", "--transport", "http", "--port", "0") if module == SORA else ("http",)
    process = await anyio.open_process(
        [sys.executable, "-m", *module, *serve],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=env,
        cwd=ROOT,
    )
    async with serving_process(process) as url:
        yield url, process.pid


def embedded_environment(folder: Path) -> dict[str, str]:
    """Variables of a server that keeps everything below a folder and renders by itself."""
    return environment(folder)


def host_environment(folder: Path, host: str, **variables: str) -> dict[str, str]:
    """Variables of a server whose videos are made by a host, which it may drive hard."""
    return environment(
        folder,
        SORA_MCP_ENGINE="auto",
        SORA_MCP_BASE_URL=f"{host}/v1",
        SORA_MCP_API_KEY="none",
        SORA_MCP_MAX_ACTIVE_JOBS="1000",
        SORA_MCP_MIN_SUBMIT_INTERVAL="0",
        SORA_MCP_LOG_LEVEL="error",
        **variables,
    )


def memory_mb(pid: int) -> float:
    """What a process holds of the memory, its share of what others hold too (PSS)."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def peak_memory_mb(pid: int) -> float:
    """The most that a process has ever held (RSS)."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1024


def processor_seconds(pid: int) -> float:
    """The processor time that a process has taken so far."""
    after_name = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(after_name[11]) + int(after_name[12])) / _TICKS


async def run(command: Sequence[str], env: Mapping[str, str] | None = None) -> str:
    """What a command writes to its standard output.

    Raises:
        subprocess.CalledProcessError: It failed.
    """
    done = await anyio.run_process(command, env=env, cwd=ROOT)
    return done.stdout.decode()
