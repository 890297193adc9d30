"""What is shipped, what it needs, and what it costs to start."""

import importlib.metadata
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import sora_mcp

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LONGEST_FILE = 400


def requirement_name(requirement: str) -> str:
    return re.split(r"[\[<>=!~; ]", requirement, maxsplit=1)[0].lower()


def test_the_version_is_the_same_everywhere() -> None:
    assert PROJECT["project"]["version"] == sora_mcp.__version__
    assert importlib.metadata.version("sora-mcp") == sora_mcp.__version__
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(rf"^## {re.escape(sora_mcp.__version__)}\b", changelog, re.MULTILINE)


def test_the_files_made_from_others_are_up_to_date() -> None:
    done = subprocess.run(
        [sys.executable, "scripts/generate.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_every_dependency_has_one_exact_version_that_its_range_allows() -> None:
    pins = dict(pin.split("==") for pin in PROJECT["tool"]["uv"]["constraint-dependencies"])
    groups = PROJECT["dependency-groups"]
    needed = [*PROJECT["project"]["dependencies"], *groups["dev"], *groups["lint"]]
    assert [one for one in needed if requirement_name(one) not in pins] == []
    for requirement in needed:
        least = re.search(r">=([\d.]+)", requirement)
        assert least is not None
        pinned = [int(part) for part in pins[requirement_name(requirement)].split(".")]
        assert pinned >= [int(part) for part in least[1].split(".")], requirement


def test_help_is_shown_without_loading_what_only_work_needs() -> None:
    heavy = "{'mcp', 'openai', 'sqlalchemy', 'alembic', 'av', 'PIL', 'numpy', 'uvicorn'}"
    script = (
        "import sys\n"
        "from sora_mcp.cli import main\n"
        "main(['--help'], standalone_mode=False)\n"
        f"sys.stderr.write(' '.join({heavy} & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "generate" in done.stdout


def test_no_source_file_is_longer_than_people_read_at_once() -> None:
    lines = {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines())
        for folder in ("sora_mcp", "scripts")
        for path in (ROOT / folder).rglob("*.py")
    }
    assert {name: count for name, count in lines.items() if count > LONGEST_FILE} == {}
