"""The plot of the growth. matplotlib comes with the dependency group `bench`."""

from importlib import import_module
from pathlib import Path
from typing import Any


def draw(growth: dict[str, Any], path: Path) -> None:
    """Draw the numbers of `growth.measure` into a PNG."""
    matplotlib: Any = import_module("matplotlib")
    matplotlib.use("Agg")
    pyplot: Any = import_module("matplotlib.pyplot")
    jobs, agents = growth["jobs"], growth["agents"]
    figure, ((memory, requests), (rate, wait)) = pyplot.subplots(
        2, 2, figsize=(9, 6), layout="constrained"
    )
    _lines(memory, jobs, "Memory (PSS)", "MB", {"following": "memory_mb", "idle": "idle_mb"})
    _lines(
        *(requests, jobs, "Requests to the host", "per poll interval"),
        {"sora-mcp": "requests_per_interval", "one look per job": "count"},
    )
    _lines(
        *(rate, agents, "Status calls over HTTP", "per second"),
        {"sora-mcp": "calls_per_second", "bare server": "bare_calls_per_second"},
    )
    _lines(
        *(wait, agents, "Time of a status call (95th percentile)", "ms"),
        {"sora-mcp": "p95_ms", "bare server": "bare_p95_ms"},
    )
    for axes in (requests, wait):
        axes.set_yscale("log")
    for axes, what in ((memory, "jobs"), (requests, "jobs"), (rate, "agents"), (wait, "agents")):
        axes.set_xlabel(what)
    path.parent.mkdir(exist_ok=True)
    figure.savefig(path, dpi=110)
    pyplot.close(figure)


def _lines(
    axes: Any, numbers: list[dict[str, Any]], title: str, unit: str, columns: dict[str, str]
) -> None:
    counts = [number["count"] for number in numbers]
    for label, column in columns.items():
        axes.plot(counts, [number[column] for number in numbers], marker="o", label=label)
    axes.set_xscale("log")
    axes.set_title(title)
    axes.set_ylabel(unit)
    axes.grid(alpha=0.3)
    axes.legend()
