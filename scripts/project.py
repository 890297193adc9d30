"""What the scripts share: where the project is and what it says about itself."""

import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PYPROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT: dict[str, Any] = PYPROJECT["project"]


def with_part(page: str, name: str, text: str) -> str:
    """A page with the part between `<!-- name -->` and `<!-- end of name -->` anew.

    Raises:
        SystemExit: The page has no such part.
    """
    begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
    before, found_begin, rest = page.partition(begin)
    _, found_end, after = rest.partition(end)
    if not found_begin or not found_end:
        raise SystemExit(f"There is no part “{name}” in the page.")
    return before + begin + text + end + after
