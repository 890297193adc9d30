"""Measure, and keep the numbers: `python -m benchmarks [--quick] [GROUP …]`; without one, all, but
with `--quick` not the growth, which takes two minutes.

Writes docs/performance.json and the plot of the growth; `scripts/generate.py` makes the page of it.
"""

import json
import os
import platform
import sys
import time
from datetime import UTC, datetime
from functools import partial
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

import anyio
import click

from benchmarks import growth
from benchmarks.figures import FULL, QUICK, Effort, Row
from benchmarks.plot import draw

ROWS = (
    "start",
    "memory",
    "following",
    "status",
    "submission",
    "finish",
    "download",
    "reading",
    "rendering",
    "first_video",
    "ledger",
    "replicas",
    "sheet",
)
"""The modules of `benchmarks.rows`, in the order of the page."""

GROWTH = "growth"
NUMBERS = Path("docs/performance.json")
PLOT = Path("docs/images/performance.png")
_PACKAGES = ("sora-mcp", "mcp", "openai", "sqlalchemy", "av", "numpy", "uvicorn")


@click.command()
@click.option("--quick", is_flag=True, help="Few rounds: whether everything works, in short.")
@click.argument("groups", nargs=-1, type=click.Choice((*ROWS, GROWTH)))
def main(groups: tuple[str, ...], quick: bool) -> None:
    """Measure the groups, print a table, and keep the numbers."""
    # As wherever Python is used, modules are compiled once, in the round that is not counted: some
    # build machines forbid to keep them, and every process would compile all of its modules anew.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    kept: dict[str, Any] = {"rows": {}}
    if NUMBERS.exists():
        kept = json.loads(NUMBERS.read_text(encoding="utf-8"))
    kept |= _here()
    for name in groups or (ROWS if quick else (*ROWS, GROWTH)):
        begun = time.monotonic()
        told = anyio.run(partial(_measure, name, QUICK if quick else FULL))
        click.echo(f"{name}, {time.monotonic() - begun:.0f} s", err=True)
        if name == GROWTH:
            kept[GROWTH] = told
            draw(told, PLOT)
        else:
            kept["rows"][name] = told
            _print(told["figures"])
        text = json.dumps(kept, ensure_ascii=False, indent=1)
        NUMBERS.write_text(text + "\n", encoding="utf-8")


async def _measure(name: str, effort: Effort) -> dict[str, Any]:
    run = {"date": f"{datetime.now(UTC):%Y-%m-%d}", "quick": effort.quick}
    if name == GROWTH:
        return {**run, **await growth.measure(effort)}
    module: Any = import_module(f"benchmarks.rows.{name}")
    row: Row = module
    return {**run, "figures": [figure.told() for figure in await row.measure(effort)]}


def _print(figures: list[dict[str, Any]]) -> None:
    for figure in figures:
        sign = "met" if figure["met"] else "MISSED"
        click.echo(
            f"{figure['what']}: {figure['median']} ({figure['spread']}), "
            f"target {figure['target']}: {sign}. {figure['note']}"
        )


def _here() -> dict[str, Any]:
    """The machine, and the versions of what counts."""
    processor = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    model = processor.partition("model name\t: ")[2].partition("\n")[0]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30)
    return {
        "machine": {
            "processor": model or platform.machine(),
            "cores": os.cpu_count(),
            "memory_gib": round(memory),
            "system": f"{platform.system()} {platform.release()}",
        },
        "versions": {
            "python": platform.python_version(),
            **{name: version(name) for name in _PACKAGES},
        },
    }


if __name__ == "__main__":
    sys.exit(main())
