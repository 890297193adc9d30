"""The tables of docs/performance.md, from the numbers that `just bench` has kept."""

import json
from typing import Any

from project import ROOT, with_part

_JOBS = {
    "count": "jobs",
    "memory_mb": "memory, MB",
    "idle_mb": "idle, MB",
    "requests_per_interval": "requests per interval",
    "lateness_p95_intervals": "lateness (95th percentile), intervals",
    "processor_percent": "one core, %",
}
_AGENTS = {
    "count": "agents",
    "calls_per_second": "status calls per second",
    "p95_ms": "95th percentile, ms",
    "bare_calls_per_second": "bare server, per second",
    "bare_p95_ms": "bare server, ms",
}


def performance_page() -> str:
    """The text of docs/performance.md with its tables anew."""
    numbers = json.loads((ROOT / "docs" / "performance.json").read_text(encoding="utf-8"))
    page = (ROOT / "docs" / "performance.md").read_text(encoding="utf-8")
    growth = numbers["growth"]
    page = with_part(page, "machine", _machine(numbers))
    page = with_part(page, "figures", _figures(numbers["rows"]))
    page = with_part(page, "jobs", _table(_JOBS, growth["jobs"]))
    return with_part(page, "agents", _table(_AGENTS, growth["agents"]))


def _machine(numbers: dict[str, Any]) -> str:
    machine, versions = numbers["machine"], numbers["versions"]
    told = ", ".join(f"{name} {version}" for name, version in versions.items())
    runs = [*numbers["rows"].values(), numbers["growth"]]
    dates = sorted({run["date"] for run in runs})
    when = dates[0] if len(dates) == 1 else f"{dates[0]} to {dates[-1]}"
    quick = "; rows marked *quick* come from few rounds" if any(r["quick"] for r in runs) else ""
    return (
        f"Measured {when}{quick}, on {machine['processor']}, {machine['cores']} cores, "
        f"{machine['memory_gib']} GiB, {machine['system']}. {told}.\n"
    )


def _figures(rows: dict[str, Any]) -> str:
    lines = ["| group | what | against | target | median | spread | rounds | |"]
    lines.append("|---|---|---|---|---|---|---|---|")
    for group, row in rows.items():
        for figure in row["figures"]:
            rounds = f"{figure['rounds']}{', *quick*' if row['quick'] else ''}"
            met = "met" if figure["met"] else "**missed**"
            note = f" ({figure['note']})" if figure["note"] else ""
            cells = [
                *(f"`{group}`", figure["what"] + note, figure["against"], figure["target"]),
                *(f"**{figure['median']}**", figure["spread"], rounds, met),
            ]
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


def _table(columns: dict[str, str], numbers: list[dict[str, Any]]) -> str:
    lines = [f"| {' | '.join(columns.values())} |", "|---" * len(columns) + "|"]
    lines += [f"| {' | '.join(f'{number[name]:,}' for name in columns)} |" for number in numbers]
    return "\n".join([*lines, ""])
