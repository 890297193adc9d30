"""Status calls, the one thing that many agents do often."""

import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.bare import TOOL
from benchmarks.figures import Effort, Figure, Target, alternate
from benchmarks.ledgers import at_host, fill
from benchmarks.processes import (
    BARE,
    SORA,
    Stdio,
    host_environment,
    http_server,
    stdio_server,
)
from benchmarks.web import call_often
from tests.serving import unused_port

STATUS = "get_video_status"
_AT_ONCE = (1, 100)


@asynccontextmanager
async def prepared() -> AsyncGenerator[tuple[dict[str, str], dict[str, object]]]:
    """Variables of a server with a job at a host that is not there, and how to ask for the job."""
    with TemporaryDirectory() as folder:
        host = f"http://127.0.0.1:{unused_port()}"
        [job] = at_host(["video_1"], host)
        await fill(None, Path(folder) / "home", [job])
        yield host_environment(Path(folder), host), {"video_id": job.id, "wait_seconds": 0}


async def measure(effort: Effort) -> Sequence[Figure]:
    """Calls per second of one client and of a hundred, by both transports."""
    calls = 300 if effort.quick else 2000
    figures: list[Figure] = []
    async with prepared() as (env, arguments):
        async with stdio_server(SORA, env) as ours, stdio_server(BARE, env) as bare:
            for at_once in _AT_ONCE:
                ask = partial(_stdio_rate, arguments=arguments, at_once=at_once, calls=calls)
                sides = partial(ask, ours, STATUS), partial(ask, bare, TOOL)
                measured = await alternate(effort.rounds, *sides)
                figures.append(_figure(f"stdio, {at_once} at once", *measured))
        async with http_server(SORA, env) as (url, _), http_server(BARE, env) as (bare_url, _):
            for clients in _AT_ONCE:
                ask = partial(_http_rate, arguments=arguments, clients=clients, calls=calls)
                sides = partial(ask, url, STATUS), partial(ask, bare_url, TOOL)
                measured = await alternate(effort.rounds, *sides)
                figures.append(_figure(f"HTTP, clients: {clients}", *measured))
    return figures


async def _stdio_rate(
    server: Stdio, tool: str, *, arguments: dict[str, object], at_once: int, calls: int
) -> float:
    asked = [("tools/call", {"name": tool, "arguments": arguments})] * at_once
    begun = time.perf_counter()
    for _ in range(calls // at_once):
        await server.ask_many(asked)
    return calls / (time.perf_counter() - begun)


async def _http_rate(
    url: str, tool: str, *, arguments: dict[str, object], clients: int, calls: int
) -> float:
    load = await call_often(url, tool, arguments, clients=clients, calls=calls)
    return load.per_second


def _figure(how: str, ours: Sequence[float], reference: Sequence[float]) -> Figure:
    return Figure(
        f"`{STATUS}` per second ({how})",
        "the empty tool of a bare server",
        Target(0.7, at_least=True),
        ours,
        reference,
    )
