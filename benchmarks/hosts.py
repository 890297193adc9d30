"""The host of `benchmarks.host` from outside."""

import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx2
from anyio.streams.buffered import BufferedByteReceiveStream

from tests.server.processes import ROOT


class Host:
    """A host in a process of its own."""

    def __init__(self, url: str, client: httpx2.AsyncClient) -> None:
        self.url = url
        """Its root; the base URL is `/v1` below it."""
        self._client = client

    async def prepare(self, **told: Any) -> list[str]:
        """Tell it what its jobs do (`BenchHost`); the ids of jobs that it has made."""
        return (await self._client.post(f"{self.url}/bench", json=told)).json()

    async def report(self) -> dict[str, Any]:
        """What has happened since it was prepared."""
        return (await self._client.get(f"{self.url}/bench")).json()


@asynccontextmanager
async def running_host(clip: Path | None = None) -> AsyncGenerator[Host]:
    """A host that gives everybody the same clip; it is ended with the block."""
    process = await anyio.open_process(
        [sys.executable, "-m", "benchmarks.host", *([str(clip)] if clip else [])],
        stdout=subprocess.PIPE,
        stderr=None,
        cwd=ROOT,
    )
    async with process, httpx2.AsyncClient(timeout=60) as client:
        try:
            assert process.stdout is not None
            line = await BufferedByteReceiveStream(process.stdout).receive_until(b"\n", 1000)
            yield Host(line.decode(), client)
        finally:
            process.kill()
