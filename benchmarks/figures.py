"""What a benchmark says: one figure, measured several times beside its reference."""

import statistics
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

Unit = Literal["×", "MB", "ms", "s"]


@dataclass(frozen=True)
class Target:
    """What a figure should come to.

    In `×` the figure is ours divided by the reference. In every other unit it is what ours is
    above `allowed` times the reference.
    """

    limit: float
    unit: Unit = "×"
    at_least: bool = False
    allowed: float = 1.0

    def __str__(self) -> str:
        sign = "≥" if self.at_least else "≤"
        return f"{sign} {shown(self.limit, self.unit)}"


@dataclass(frozen=True)
class Figure:
    """One line of the table. `ours` and `reference`: what each round measured, in one unit."""

    what: str
    against: str
    target: Target
    ours: Sequence[float]
    reference: Sequence[float]
    note: str = ""

    @property
    def values(self) -> list[float]:
        """The figure of every round."""
        pairs = zip(self.ours, self.reference, strict=True)
        if self.target.unit == "×":
            return [ours / reference for ours, reference in pairs]
        return [ours - self.target.allowed * reference for ours, reference in pairs]

    @property
    def median(self) -> float:
        """What stands in the table."""
        return statistics.median(self.values)

    @property
    def met(self) -> bool:
        """Whether the median is within the target."""
        limit = self.target.limit
        return self.median >= limit if self.target.at_least else self.median <= limit

    def told(self) -> dict[str, Any]:
        """The figure as JSON has it: what was measured, and what the table says of it."""
        values, unit = self.values, self.target.unit
        return {
            "what": self.what,
            "against": self.against,
            "target": str(self.target),
            "median": shown(self.median, unit),
            "spread": f"{shown(min(values), unit)} to {shown(max(values), unit)}",
            "met": self.met,
            "rounds": len(values),
            "note": self.note,
            "ours": [round(value, 6) for value in self.ours],
            "reference": [round(value, 6) for value in self.reference],
        }


def shown(value: float, unit: Unit) -> str:
    """A value with its unit, in three significant digits."""
    digits = 2 if abs(value) < 10 else 1 if abs(value) < 100 else 0
    return f"{value:.{digits}f} {unit}"


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which a share (0–1) of the values lies."""
    ordered = sorted(values)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]


@dataclass(frozen=True)
class Effort:
    """How much trouble a run takes. `rounds`: how often each side is measured."""

    rounds: int
    quick: bool


FULL = Effort(rounds=7, quick=False)
QUICK = Effort(rounds=2, quick=True)


class Row(Protocol):
    """A module of `benchmarks.rows`."""

    async def measure(self, effort: Effort) -> Sequence[Figure]:
        """Measure everything that this row is about; the reference in the same run."""
        ...


async def alternate(
    rounds: int, ours: Callable[[], Awaitable[float]], reference: Callable[[], Awaitable[float]]
) -> tuple[list[float], list[float]]:
    """Measure both sides by turns, so that both meet the same noise; the first is not counted."""
    measured: tuple[list[float], list[float]] = ([], [])
    for turn in range(rounds + 1):
        for side, measure in zip(measured, (ours, reference), strict=True):
            value = await measure()
            if turn:
                side.append(value)
    return measured
