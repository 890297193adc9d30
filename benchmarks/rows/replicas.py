"""Replicas that follow jobs from one ledger on PostgreSQL, and hear of each other's changes."""

import statistics
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import anyio

from benchmarks.figures import Effort, Figure, Target, percentile
from benchmarks.hosts import Host, running_host
from benchmarks.ledgers import at_host, fill
from benchmarks.processes import SORA, host_environment, http_server
from sora_mcp.videos.models import JobStatus
from tests.http.served import client_at
from tests.server.processes import ROOT
from tests.store.ledgers import new_ledger

JOBS = 1000
_REPLICAS = (1, 2, 4)
_POLL_MS = 50
_EVENTS = 40


async def measure(effort: Effort) -> Sequence[Figure]:
    """How much more several follow than one, and how soon one hears of what another does."""
    return [*await _measure_looks(effort), await _measure_events(effort)]


async def _measure_looks(effort: Effort) -> Sequence[Figure]:
    """Looks per second at a host without a list; every job is due all the time."""
    looks: dict[int, list[float]] = {count: [] for count in _REPLICAS}
    busy: dict[int, float] = {}
    for _ in range(1 if effort.quick else effort.rounds):
        for count in _REPLICAS:
            rate, busy[count] = await _follow(count, seconds=2 if effort.quick else 10)
            looks[count].append(rate)
    return [
        Figure(
            f"{count} replicas on Postgres: followed jobs per second",
            f"{count} × what 1 replica follows",
            Target(0.85, at_least=True),
            looks[count],
            [count * one for one in looks[1]],
            f"cores busy {busy[count]:.0%}, with 1 replica {busy[1]:.0%}",
        )
        for count in _REPLICAS[1:]
    ]


async def _measure_events(effort: Effort) -> Figure:
    """From the beginning of a call at one replica until a listener at another hears of it."""
    rounds = [await _hear() for _ in range(1 if effort.quick else effort.rounds)]
    heard = [percentile([heard for heard, _ in one], 0.95) for one in rounds]
    answered = [percentile([answered for _, answered in one], 0.95) for one in rounds]
    median = statistics.median(heard for one in rounds for heard, _ in one)
    return Figure(
        f"deletion at one replica heard of by a listener at another (95th percentile of {_EVENTS})",
        "nothing: seconds from the beginning of the call",
        Target(1.0, "s", allowed=0),
        heard,
        [0.0] * len(heard),
        f"median {median:.3f} s; the call itself is answered in "
        f"{statistics.median(answered):.3f} s (95th percentile)",
    )


async def _hear() -> list[tuple[float, float]]:
    """Seconds until a deletion was heard of, and until it was answered, of each."""
    measured: list[tuple[float, float]] = []
    with TemporaryDirectory() as place:
        folder = Path(place)
        async with running_host() as host, new_ledger("postgres", folder) as ledger:
            names = await host.prepare(jobs=_EVENTS)
            ended = {"status": JobStatus.COMPLETED}
            made = [job.model_copy(update=ended) for job in at_host(names, host.url)]
            await fill(ledger.url, folder, made)
            env = host_environment(folder, host.url, SORA_MCP_DATABASE_URL=ledger.url or "")
            homes = [{**env, "SORA_MCP_HOME": str(folder / name)} for name in "ab"]
            async with (
                http_server(SORA, homes[0]) as (here, _),
                http_server(SORA, homes[1]) as (elsewhere, _),
                client_at(here.removesuffix("/mcp"), "http-auto") as one,
                client_at(elsewhere.removesuffix("/mcp"), "http-auto") as other,
            ):
                for client in (one, other):  # a first call opens the ledger
                    await client.call_tool("list_videos", {})
                async with other.listen(resources_list_changed=True) as changes:
                    for job in made:
                        begun = time.perf_counter()
                        heard = answered = begun

                        async def delete(video_id: str) -> None:
                            nonlocal answered
                            await one.call_tool("delete_video", {"video_id": video_id})
                            answered = time.perf_counter()

                        async with anyio.create_task_group() as tasks:
                            tasks.start_soon(delete, job.id)
                            await anext(changes)
                            heard = time.perf_counter()
                        measured.append((heard - begun, answered - begun))
    return measured


async def _follow(replicas: int, *, seconds: float) -> tuple[float, float]:
    """Looks per second, and how busy the machine's cores were (0–1)."""
    with TemporaryDirectory() as place:
        folder = Path(place)
        async with (
            running_host() as host,
            new_ledger("postgres", folder) as ledger,
            AsyncExitStack() as stack,
        ):
            names = await host.prepare(jobs=JOBS, lists=False, poll_ms=_POLL_MS)
            await fill(ledger.url, folder, at_host(names, host.url))
            env = host_environment(folder, host.url, SORA_MCP_DATABASE_URL=ledger.url or "")
            for number in range(replicas):
                await stack.enter_async_context(_replica(env, folder / f"home-{number}"))
            await _at_work(host, replicas)
            before, idle, total = await _looks(host), *_core_time()
            await anyio.sleep(seconds)
            after, still_idle, in_all = await _looks(host), *_core_time()
    return (after - before) / seconds, 1 - (still_idle - idle) / (in_all - total)


@asynccontextmanager
async def _replica(env: Mapping[str, str], home: Path) -> AsyncGenerator[None]:
    process = await anyio.open_process(
        [sys.executable, "-m", "sora_mcp", "worker"],
        env={**env, "SORA_MCP_HOME": str(home)},
        cwd=ROOT,
        stderr=subprocess.DEVNULL,
    )
    async with process:
        try:
            yield
        finally:
            process.kill()


async def _at_work(host: Host, replicas: int) -> None:
    """Wait until the host has been looked at often, and every replica has had time to join in."""
    while await _looks(host) < JOBS / 4:  # noqa: ASYNC110  # another process looks
        await anyio.sleep(0.2)
    await anyio.sleep(replicas)


async def _looks(host: Host) -> int:
    return (await host.report())["requests"].get("retrieve", 0)


def _core_time() -> tuple[int, int]:
    """Idle time and all time of all cores so far, in ticks."""
    ticks = list(
        map(int, Path("/proc/stat").read_text(encoding="ascii").split("\n")[0].split()[1:])
    )
    return ticks[3] + ticks[4], sum(ticks[:8])
