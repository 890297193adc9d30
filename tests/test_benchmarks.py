"""The benchmarks, and the page that tells of them. How fast anything is, no test asserts."""

import json
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from benchmarks.__main__ import GROWTH, ROWS
from benchmarks.figures import Figure, Target
from benchmarks.growth import STEPS

ROOT = Path(__file__).parent.parent
NUMBERS: dict[str, Any] = json.loads((ROOT / "docs/performance.json").read_text(encoding="utf-8"))
PAGE = (ROOT / "docs/performance.md").read_text(encoding="utf-8")


def test_every_module_of_the_suite_is_run_and_can_be() -> None:
    modules = {path.stem for path in (ROOT / "benchmarks" / "rows").glob("[a-z]*.py")}
    assert set(ROWS) == modules
    assert all(callable(import_module(f"benchmarks.rows.{name}").measure) for name in ROWS)


def test_the_page_tells_of_every_row_and_of_the_growth() -> None:
    # `scripts/generate.py --check` holds the page to the numbers, in tests/test_packaging.py.
    assert list(NUMBERS["rows"]) == list(ROWS)
    for figures in NUMBERS["rows"].values():
        assert figures["figures"]
    told = [line.split(" | ")[0] for line in PAGE.splitlines() if line.startswith("| `")]
    assert list(dict.fromkeys(told)) == [f"| `{name}`" for name in ROWS]
    for what in ("jobs", "agents"):
        assert [number["count"] for number in NUMBERS[GROWTH][what]] == list(STEPS)


def test_no_figure_of_the_page_is_written_by_hand() -> None:
    counted = sum(len(row["figures"]) for row in NUMBERS["rows"].values())
    assert PAGE.count("\n| `") == counted
    for row in NUMBERS["rows"].values():
        for figure in row["figures"]:
            assert f"| **{figure['median']}** | {figure['spread']} |" in PAGE


@pytest.mark.parametrize(
    ("target", "ours", "reference", "median", "met"),
    [
        (Target(1.5), [3, 2, 2], [2, 2, 1], "1.50 ×", True),
        (Target(1.4), [3, 2, 2], [2, 2, 1], "1.50 ×", False),
        (Target(0.7, at_least=True), [8, 6, 1], [10, 10, 10], "0.60 ×", False),
        (Target(0.6, at_least=True), [8, 6, 1], [10, 10, 10], "0.60 ×", True),
        (Target(15, "MB"), [70, 75, 66], [60, 60, 60], "10.0 MB", True),
        (Target(1, "s", allowed=1.3), [3, 3, 3], [1, 2, 1], "1.70 s", False),
    ],
)
def test_a_figure_is_the_median_of_rounds_that_each_have_their_own_reference(
    target: Target, ours: list[float], reference: list[float], median: str, met: bool
) -> None:
    told = Figure("what", "against", target, ours, reference).told()
    assert (told["median"], told["met"], told["rounds"]) == (median, met, 3)
