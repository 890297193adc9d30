"""Starting: from the command to the list of tools, over stdio."""

import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.figures import Effort, Figure, Target, alternate
from benchmarks.processes import BARE, SORA, embedded_environment, stdio_server


async def measure(effort: Effort) -> Sequence[Figure]:
    """Time to the answer of `tools/list`."""
    with TemporaryDirectory() as folder:
        env = embedded_environment(Path(folder))
        ours, reference = await alternate(
            effort.rounds, partial(_start, SORA, env), partial(_start, BARE, env)
        )
    return [
        Figure(
            "start to `tools/list` over stdio",
            "a bare `MCPServer` with ten empty tools",
            Target(1.15),
            ours,
            reference,
        )
    ]


async def _start(module: tuple[str, ...], env: dict[str, str]) -> float:
    begun = time.perf_counter()
    async with stdio_server(module, env) as server:
        await server.ask("tools/list")
        return time.perf_counter() - begun
