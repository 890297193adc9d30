"""The first video of somebody who has just installed it, with modules compiled, as pip does it."""

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import anyio

from benchmarks.clips import PROMPT, request
from benchmarks.figures import Effort, Figure, Target, alternate
from benchmarks.processes import embedded_environment, run
from tests.server.processes import ROOT

_SECONDS = 4


async def measure(effort: Effort) -> Sequence[Figure]:
    """Seconds until the command has printed the path, in a new home folder each time."""
    ours, reference = await alternate(effort.rounds, _generate, _render)
    return [
        Figure(
            f"first video on a machine (`sora-mcp generate`, {_SECONDS} s clip)",
            "its renderer's process alone",
            Target(1.5, "s"),
            ours,
            reference,
        )
    ]


async def _generate() -> float:
    with TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "sora_mcp", "generate", PROMPT, "--seconds", str(_SECONDS)]
        begun = time.perf_counter()
        await run(command, embedded_environment(Path(folder)))
        return time.perf_counter() - begun


async def _render() -> float:
    with TemporaryDirectory() as folder:
        line = request(Path(folder), seconds=_SECONDS).model_dump_json().encode() + b"\n"
        command = [sys.executable, "-m", "sora_mcp.engines.embedded.render"]
        begun = time.perf_counter()
        process = await anyio.open_process(command, cwd=ROOT)
        async with process:
            assert process.stdin is not None
            assert process.stdout is not None
            await process.stdin.send(line)
            async for _ in process.stdout:
                pass
            await process.wait()
        return time.perf_counter() - begun
