"""From the end of the work at the engine to the answer of a waiting call."""

import itertools
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from openai import AsyncOpenAI

from benchmarks.clips import rendered
from benchmarks.figures import Effort, Figure, Target, alternate
from benchmarks.hosts import Host, running_host
from benchmarks.processes import SORA, Stdio, host_environment, stdio_server

_INTERVAL = 1.0
"""Seconds between looks, as the host asks for."""


async def measure(effort: Effort) -> Sequence[Figure]:
    """Seconds; the file is in the library with its images by then."""
    with TemporaryDirectory() as place:
        folder = Path(place)
        clip = rendered(folder, seconds=4, megabytes=20)
        async with running_host(clip) as host:
            env = host_environment(folder, host.url)
            async with (
                stdio_server(SORA, env) as server,
                AsyncOpenAI(base_url=f"{host.url}/v1", api_key="none", max_retries=0) as client,
            ):
                # The end comes at another moment between two looks each time.
                shares = itertools.cycle(n / effort.rounds for n in range(effort.rounds))
                ours, reference = await alternate(
                    effort.rounds,
                    partial(_by_tool, host, server, shares),
                    partial(_directly, host, client, folder / "direct.mp4"),
                )
    return [
        Figure(
            "engine says completed → file in the library and waiting call answered",
            "1.3 × a direct download of the same file (20 MB) by the SDK",
            Target(_INTERVAL, "s", allowed=1.3),
            ours,
            reference,
            f"the poll interval is {_INTERVAL:.0f} s, of which the median round waits half",
        )
    ]


async def _by_tool(host: Host, server: Stdio, shares: Iterator[float]) -> float:
    await host.prepare(takes=(1 + next(shares)) * _INTERVAL, poll_ms=_INTERVAL * 1000)
    video = await server.call("generate_video", prompt="a cat", wait_seconds=45)
    answered = time.monotonic()
    if video["status"] != "completed":
        raise RuntimeError(f"The video is {video['status']}.")
    return answered - max((await host.report())["done_at"].values())


async def _directly(host: Host, client: AsyncOpenAI, path: Path) -> float:
    made = await client.videos.create(prompt="a cat")  # pyright: ignore[reportDeprecated]  # OpenAI's own service ended, not the API
    begun = time.monotonic()
    streaming = client.videos.with_streaming_response
    async with streaming.download_content(made.id) as content:  # pyright: ignore[reportDeprecated]
        await content.stream_to_file(path)
    return time.monotonic() - begun
