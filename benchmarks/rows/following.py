"""Following a thousand jobs at one host: memory, requests to the host, lateness."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import anyio

from benchmarks.figures import FULL, Effort, Figure, Target, percentile
from benchmarks.hosts import running_host
from benchmarks.ledgers import at_host, fill
from benchmarks.processes import (
    SORA,
    host_environment,
    memory_mb,
    processor_seconds,
    stdio_server,
)
from sora_mcp.videos.lifecycle import SLOWEST_POLL_SECONDS as INTERVAL

JOBS = 1000
_SAMPLES = 10
_PATIENCE = 3
"""Intervals after which what has not been noticed counts as that late."""


@dataclass(frozen=True)
class Following:
    """What following so many jobs took."""

    idle_mb: float
    following_mb: float
    requests: float
    """To the host, per interval."""
    lateness: float
    """The 95th percentile, in intervals."""
    processor: float
    """Processor seconds per second."""


async def measure(effort: Effort) -> Sequence[Figure]:
    """The same server, idle and then with a thousand jobs."""
    seen = [await follow(JOBS) for _ in range(1 if effort.quick else FULL.rounds)]
    rounds = len(seen)
    each = [1.0] * rounds
    return [
        Figure(
            f"memory with {JOBS:,} active jobs followed",
            "idle, no job ever made",
            Target(40, "MB"),
            [one.following_mb for one in seen],
            [one.idle_mb for one in seen],
        ),
        Figure(
            f"engine requests per job while following {JOBS:,} jobs",
            "one `retrieve` per job per interval",
            Target(0.05),
            [one.requests for one in seen],
            [float(JOBS)] * rounds,
        ),
        Figure(
            f"lateness of noticing a change, {JOBS:,} jobs (95th percentile)",
            f"the poll interval ({INTERVAL:.0f} s)",
            Target(1.5),
            [one.lateness for one in seen],
            each,
        ),
    ]


async def follow(jobs: int) -> Following:
    """Follow so many jobs for an interval, in which each changes once, till all that is noticed."""
    with TemporaryDirectory() as folder:
        async with running_host() as host:
            env = host_environment(Path(folder), host.url)
            async with stdio_server(SORA, env) as server:
                await server.ask("tools/list")
                idle_mb = memory_mb(server.pid)
            # In the first interval the worker takes over what it finds in the ledger.
            names = await host.prepare(jobs=jobs, **{"from": INTERVAL, "to": 2 * INTERVAL})
            made = at_host(names, host.url)
            await fill(None, Path(folder) / "home", made, spread=INTERVAL)
            async with stdio_server(SORA, env) as server:
                await server.ask("tools/list")
                await anyio.sleep(INTERVAL)
                before, taken = await host.report(), processor_seconds(server.pid)
                memory: list[float] = []
                for _ in range(_SAMPLES):
                    await anyio.sleep(INTERVAL / _SAMPLES)
                    memory.append(memory_mb(server.pid))
                after, took = await host.report(), processor_seconds(server.pid) - taken
                seen = after
                for _ in range(_PATIENCE * _SAMPLES):
                    if not seen["unnoticed"]:
                        break
                    await anyio.sleep(INTERVAL / _SAMPLES)
                    seen = await host.report()
    asked = sum(after["requests"].values()) - sum(before["requests"].values())
    return Following(
        idle_mb=idle_mb,
        following_mb=max(memory),
        requests=asked,
        lateness=percentile(seen["lateness"], 0.95) / INTERVAL,
        processor=took / INTERVAL,
    )
