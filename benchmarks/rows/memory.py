"""Memory of an idle server, before there is any job."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.figures import Effort, Figure, Target, alternate
from benchmarks.processes import BARE, SORA, embedded_environment, memory_mb, stdio_server


async def measure(effort: Effort) -> Sequence[Figure]:
    """PSS after `tools/list`, and whatever the server does after its first answer."""
    with TemporaryDirectory() as folder:
        env = embedded_environment(Path(folder))
        ours, reference = await alternate(
            effort.rounds, partial(_idle, SORA, env), partial(_idle, BARE, env)
        )
    return [
        Figure(
            "idle memory (PSS after `tools/list`)",
            "a bare `MCPServer` with ten empty tools",
            Target(15, "MB"),
            ours,
            reference,
        )
    ]


async def _idle(module: tuple[str, ...], env: dict[str, str]) -> float:
    async with stdio_server(module, env) as server:
        for _ in range(10):
            await server.ask("tools/list")
        return memory_mb(server.pid)
