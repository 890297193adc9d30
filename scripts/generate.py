"""Write the files that are made from others; with `--check`, only say which are out of date.

constraints.txt    from the exact versions in pyproject.toml
docs/settings.md   from the settings (`settings_page.py`)
docs/tools.md      from the definitions of the tools (`tools_page.py`)
docs/engines.md    its tables, from the dialects in `sora_mcp.engines.hosts`
docs/performance.md   its tables, from docs/performance.json (`performance_page.py`)
server.json, packaging/mcpb/manifest.json, the links of README.md   (`distribution.py`)
"""

import sys

from distribution import bundle_manifest, install_links, registry_entry
from performance_page import performance_page
from project import PYPROJECT, ROOT, with_part
from settings_page import settings_page
from tools_page import tool_definitions, tools_page

from sora_mcp.engines.dialects import Dialect
from sora_mcp.engines.hosts import DIALECTS
from sora_mcp.videos.models import Support


def constraints() -> str:
    """The text of constraints.txt."""
    pins: list[str] = PYPROJECT["tool"]["uv"]["constraint-dependencies"]
    return "\n".join(["# Written by scripts/generate.py from pyproject.toml.", *pins, ""])


def engines_page() -> str:
    """The text of docs/engines.md with its tables anew."""
    page = (ROOT / "docs" / "engines.md").read_text(encoding="utf-8")
    page = with_part(page, "capabilities", _capabilities())
    return with_part(page, "options", _options())


def readme() -> str:
    """The text of README.md with its links anew."""
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    return with_part(page, "install links", install_links())


def _capabilities() -> str:
    rows = ["| `SORA_MCP_DIALECT` | host | remix | extend | delete | list | thumbnails | length |"]
    rows.append("|---|---|---|---|---|---|---|---|")
    for dialect in DIALECTS.values():
        able = [_able(dialect, name, support) for name, support in dialect.operations.items()]
        length = "whole seconds" if dialect.whole_seconds else "seconds"
        rows.append(f"| `{dialect.name}` | {dialect.title} | {' | '.join(able)} | {length} |")
    return "\n".join([*rows, ""])


def _able(dialect: Dialect, operation: str, support: Support) -> str:
    if operation in ("remix", "extend") and dialect.tries_native:
        return f"{support}, else emulated"
    if operation == "delete" and not dialect.delete_stops:
        return f"{support}; the work may go on"
    return support


def _options() -> str:
    rows = ["| host | options |", "|---|---|"]
    for dialect in DIALECTS.values():
        told = "; ".join(
            f"`{name}`: {str(option).partition(';')[0]}" for name, option in dialect.options.items()
        )
        rows.append(f"| {dialect.title} | {told or '–'} |")
    return "\n".join([*rows, ""])


def main() -> int:
    """Write the files, or compare them."""
    tools = tool_definitions()
    stale: list[str] = []
    for name, text in {
        "constraints.txt": constraints(),
        "docs/settings.md": settings_page(),
        "docs/tools.md": tools_page(tools),
        "docs/engines.md": engines_page(),
        "docs/performance.md": performance_page(),
        "server.json": registry_entry(),
        "packaging/mcpb/manifest.json": bundle_manifest(tools),
        "README.md": readme(),
    }.items():
        path = ROOT / name
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(name)
        if "--check" not in sys.argv:
            path.write_text(text, encoding="utf-8")
    if stale:
        sys.stdout.write(" ".join(stale) + "\n")
    return 1 if stale and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
