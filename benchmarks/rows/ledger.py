"""A ledger that has grown."""

import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.figures import Effort, Figure, Target, alternate
from benchmarks.ledgers import OWNER, fill
from sora_mcp.store.opening import open_store
from sora_mcp.store.sql import SqlJobStore
from sora_mcp.videos.models import Job, JobStatus, Operation, new_video_id

SMALL, LARGE = 100, 10_000
_CALLS = 40
_NEWEST = "vid_newestnews"


async def measure(effort: Effort) -> Sequence[Figure]:
    """Seconds for some calls, in a small and in a large ledger."""
    small, large = _jobs(SMALL), _jobs(LARGE)
    with TemporaryDirectory() as place:
        homes = Path(place) / "small", Path(place) / "large"
        for home, made in zip(homes, (small, large), strict=True):
            await fill(None, home, made)
        async with open_store(None, homes[0]) as little, open_store(None, homes[1]) as much:
            figures: list[Figure] = []
            for what, question in _QUESTIONS.items():
                measured = await alternate(
                    effort.rounds,
                    partial(_time, partial(question, much)),
                    partial(_time, partial(question, little)),
                )
                against = f"{SMALL} jobs"
                figures.append(
                    Figure(f"{LARGE:,} jobs in the ledger: {what}", against, Target(1.5), *measured)
                )
    return figures


def _jobs(count: int) -> list[Job]:
    now = datetime.now(UTC)
    return [
        Job(
            id=new_video_id() if number < count - 1 else _NEWEST,
            owner=OWNER,
            operation=Operation.GENERATE,
            status=JobStatus.COMPLETED,
            progress=100,
            prompt=f"A calico cat playing a piano on stage, take {number} of "
            f"{'a rare one' if number % (count // 10) == 0 else 'many'}",
            engine="embedded",
            created_at=now - timedelta(seconds=count - number),
        )
        for number in range(count)
    ]


_QUESTIONS: dict[str, Callable[[SqlJobStore], Awaitable[object]]] = {
    "a page of the list": lambda store: store.page(OWNER),
    "search by words that all prompts have": lambda store: store.page(OWNER, query="calico cat"),
    "search by a word that ten have": lambda store: store.page(OWNER, query="rare"),
    "search by both": lambda store: store.page(OWNER, query="cat rare"),
    "one status": lambda store: store.get(_NEWEST),
}


async def _time(ask: Callable[[], Awaitable[object]]) -> float:
    begun = time.perf_counter()
    for _ in range(_CALLS):
        await ask()
    return time.perf_counter() - begun
