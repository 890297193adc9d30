"""How it grows: with jobs that are followed, and with agents that ask."""

from collections.abc import Sequence
from typing import Any

from benchmarks.bare import TOOL
from benchmarks.figures import Effort, percentile
from benchmarks.processes import BARE, SORA, http_server
from benchmarks.rows.following import Following, follow
from benchmarks.rows.status import STATUS, prepared
from benchmarks.web import call_often

STEPS = (10, 100, 1000)


async def measure(effort: Effort) -> dict[str, Sequence[dict[str, Any]]]:
    """The numbers for 10, 100 and 1,000 of each."""
    return {
        "jobs": await _jobs(),
        "agents": await _agents(300 if effort.quick else 3000),
    }


async def _jobs() -> list[dict[str, Any]]:
    # By turns: they would share the cores, and Alembic stands one migration at a time in a process.
    seen = [await follow(count) for count in STEPS]
    return [_told(count, one) for count, one in zip(STEPS, seen, strict=True)]


def _told(count: int, seen: Following) -> dict[str, Any]:
    return {
        "count": count,
        "memory_mb": round(seen.following_mb, 1),
        "idle_mb": round(seen.idle_mb, 1),
        "requests_per_interval": round(seen.requests, 1),
        "lateness_p95_intervals": round(seen.lateness, 2),
        "processor_percent": round(100 * seen.processor, 1),
    }


async def _agents(calls: int) -> Sequence[dict[str, Any]]:
    numbers: list[dict[str, Any]] = []
    async with (
        prepared() as (env, arguments),
        http_server(SORA, env) as (url, _),
        http_server(BARE, env) as (bare_url, _),
    ):
        await call_often(url, STATUS, arguments, clients=1, calls=50)
        for clients in STEPS:
            count = max(calls, 2 * clients)
            ours = await call_often(url, STATUS, arguments, clients=clients, calls=count)
            bare = await call_often(bare_url, TOOL, arguments, clients=clients, calls=count)
            numbers.append(
                {
                    "count": clients,
                    "calls_per_second": round(ours.per_second),
                    "p95_ms": round(1000 * percentile(ours.latencies, 0.95), 1),
                    "bare_calls_per_second": round(bare.per_second),
                    "bare_p95_ms": round(1000 * percentile(bare.latencies, 0.95), 1),
                }
            )
    return numbers
