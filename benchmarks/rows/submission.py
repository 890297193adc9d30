"""From the tool call to the request at the engine."""

import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from openai import AsyncOpenAI

from benchmarks.figures import Effort, Figure, Target, alternate
from benchmarks.hosts import Host, running_host
from benchmarks.processes import SORA, Stdio, host_environment, stdio_server


async def measure(effort: Effort) -> Sequence[Figure]:
    """Milliseconds until the request is at the host; both clients have spoken to it before."""
    with TemporaryDirectory() as folder:
        async with running_host() as host:
            env = host_environment(Path(folder), host.url)
            async with (
                stdio_server(SORA, env) as server,
                AsyncOpenAI(base_url=f"{host.url}/v1", api_key="none", max_retries=0) as client,
            ):
                for _ in range(3):
                    await _by_tool(host, server)
                    await _directly(host, client)
                ours, reference = await alternate(
                    3 * effort.rounds,
                    partial(_by_tool, host, server),
                    partial(_directly, host, client),
                )
    return [
        Figure(
            "tool call → POST at the engine",
            "the same call of the `openai` package alone",
            Target(15, "ms"),
            ours,
            reference,
        )
    ]


async def _by_tool(host: Host, server: Stdio) -> float:
    await host.prepare()
    begun = time.monotonic()
    await server.call("generate_video", prompt="A calico cat playing a piano")
    return await _arrived(host, begun)


async def _directly(host: Host, client: AsyncOpenAI) -> float:
    await host.prepare()
    begun = time.monotonic()
    await client.videos.create(prompt="a cat")  # pyright: ignore[reportDeprecated]  # OpenAI's own service ended, not the API
    return await _arrived(host, begun)


async def _arrived(host: Host, begun: float) -> float:
    [arrival] = (await host.report())["arrivals"]
    return (arrival - begun) * 1000
