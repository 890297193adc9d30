"""What is told of an engine, and of a deletion."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import anyio

from sora_mcp.videos.models import EngineFacts
from sora_mcp.videos.ports import Engine, Engines


@dataclass(frozen=True)
class EngineReport:
    """An engine's facts with the money and the folders around it."""

    facts: EngineFacts
    others: tuple[EngineFacts, ...]
    """The other engines that new videos can go to."""
    prices_usd_per_second: dict[str, float]
    spent_today_usd: float
    budget_left_usd: float | None
    library: str
    input_dirs: tuple[Path, ...]
    output_dirs: tuple[Path, ...]


@dataclass(frozen=True)
class Deletion:
    """What became of a deleted video."""

    video_id: str
    files_kept: bool
    finished: bool
    """False when the worker has not yet got to it: the video is going, but not gone."""
    notes: tuple[str, ...]


async def facts_of(engines: Engines) -> Sequence[tuple[Engine, EngineFacts]]:
    """The engines that new videos can go to, with what they can do; all asked at once."""
    told: dict[int, tuple[Engine, EngineFacts]] = {}

    async def tell(number: int, engine: Engine) -> None:
        facts = await engine.facts()
        # It may turn out only now that it does not answer.
        other = None if engine.healthy else engines.instead_of(engine)
        told[number] = (engine, facts) if other is None else (other, await other.facts())

    async with anyio.create_task_group() as tasks:
        for number, engine in enumerate(engines.all()):
            tasks.start_soon(tell, number, engine)
    return [told[number] for number in sorted(told)]
