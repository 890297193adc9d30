"""Pack the .mcpb bundle: `uv run python scripts/bundle.py sora-mcp.mcpb`.

The bundle has the sources and pyproject.toml: the host that installs it brings uv, which gets
Python and the packages. The same sources give the same bytes.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from project import ROOT

PACKAGING = ROOT / "packaging" / "mcpb"
READABLE = 0o644 << 16


def contents() -> Iterator[tuple[str, bytes]]:
    """The name and the bytes of each file of the bundle."""
    for path in sorted(PACKAGING.iterdir()):
        if path.is_file():
            yield path.name, path.read_bytes()
    for name in ("LICENSE", "README.md"):
        yield name, (ROOT / name).read_bytes()
    yield "pyproject.toml", _project_file().encode()
    for path in sorted((ROOT / "sora_mcp").rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path.relative_to(ROOT).as_posix(), path.read_bytes()


def _project_file() -> str:
    """pyproject.toml without the groups for development: uv would look them up at the start."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    return re.sub(r"^\[dependency-groups\]\n.*?(?=^\[)", "", text, flags=re.MULTILINE | re.DOTALL)


def main() -> None:
    """Write the bundle to the path that is the only argument."""
    if len(sys.argv) != 2:
        raise SystemExit("usage: bundle.py FILE.mcpb")
    target = Path(sys.argv[1])
    target.parent.mkdir(parents=True, exist_ok=True)
    with ZipFile(target, "w", ZIP_DEFLATED) as bundle:
        for name, content in contents():
            entry = ZipInfo(name)
            entry.external_attr = READABLE
            bundle.writestr(entry, content, ZIP_DEFLATED)
    sys.stdout.write(f"{target}\n")


if __name__ == "__main__":
    main()
