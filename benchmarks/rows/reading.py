"""Reading a finished file over MCP, range by range."""

import base64
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.clips import rendered
from benchmarks.figures import Effort, Figure, Target, alternate
from benchmarks.hosts import running_host
from benchmarks.processes import SORA, Stdio, host_environment, stdio_server

MEGABYTES = 24
_RANGE = 393_216


async def measure(effort: Effort) -> Sequence[Figure]:
    """Seconds for the whole file, over stdio."""
    with TemporaryDirectory() as place:
        folder = Path(place)
        clip = rendered(folder, seconds=1, megabytes=MEGABYTES)
        async with running_host(clip) as host:
            await host.prepare(takes=0)
            env = host_environment(folder, host.url)
            async with stdio_server(SORA, env) as server:
                made = await server.call("generate_video", prompt="a cat", wait_seconds=45)
                [uri] = [file["uri"] for file in made["files"] if file["variant"] == "video"]
                ours, reference = await alternate(
                    effort.rounds, partial(_ranges, server, uri), partial(_at_once, clip)
                )
    return [
        Figure(
            f"ranged resource reads of {MEGABYTES} MB",
            "one `open().read()` and its base64",
            Target(6),
            ours,
            reference,
        )
    ]


async def _ranges(server: Stdio, uri: str) -> float:
    begun = time.perf_counter()
    for offset in range(0, MEGABYTES << 20, _RANGE):
        await server.ask("resources/read", uri=f"{uri}?offset={offset}&length={_RANGE}")
    return time.perf_counter() - begun


async def _at_once(clip: Path) -> float:
    begun = time.perf_counter()
    base64.b64encode(clip.read_bytes()).decode()
    return time.perf_counter() - begun
