"""The shell commands of the documents, as somebody would copy them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tests.packaging.newcomer import ROOT

PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
EXAMPLES = {path.read_text(encoding="utf-8") for path in (ROOT / "docs" / "examples").glob("*.sh")}
SHELLS = ("sh", "bash", "shell", "console", "zsh")

FOREIGN = {
    "pip install uv": "uv runs these tests",
    "pipx install uv": "uv runs these tests",
    "brew install uv": "uv runs these tests",
    "python3 -m venv ~/.uv": "uv runs these tests",
    "~/.uv/bin/pip install uv": "uv runs these tests",
    "uv run pytest": "these tests",
    "claude mcp add sora -- ": "Claude Code is not here",
    "claude mcp add --transport http sora ": "Claude Code is not here",
    "codex mcp add sora -- ": "Codex is not here",
    "npx @modelcontextprotocol/inspector ": "needs a newer Node",
    "vllm serve ": "needs a GPU",
    'uv pip install "sglang[diffusion]"': "needs a GPU",
    "sglang serve ": "needs a GPU",
    "uv pip install fastvideo": "needs a GPU",
    "fastvideo serve ": "needs a GPU",
    "trtllm-serve ": "needs a GPU",
    "python -m dynamo.trtllm ": "needs a GPU",
    "docker build ": "needs Docker",
    "docker run ": "needs Docker",
    "docker compose ": "needs Docker",
    "(umask 077; env | grep ": "writes a file of Docker's",
    "uv sync --inexact --extra s3": "the package is installed",
    "sqlite3 ": "tests/reliability/test_restore.py does the same",
    "cp ": "tests/reliability/test_restore.py does the same",
    "rm -f ": "tests/reliability/test_restore.py does the same",
    "pg_dump ": "needs PostgreSQL's tools",
    "pg_restore ": "needs PostgreSQL's tools",
    "aws s3 sync ": "needs AWS's tools",
    "otelcol ": "needs OpenTelemetry's collector",
    "uv run --with opentelemetry-distro": "needs packages of others",
}
"""How commands of other people's software begin, and why they are not run. What comes after our own
name in them is."""

_OURS = re.compile(r"(uv run |uvx )?sora-mcp(?= |$)|uv run python scripts/")
_START = re.compile(r"uv --directory \S+ run sora-mcp|uvx sora-mcp")


@dataclass(frozen=True)
class Block:
    """One block of commands."""

    page: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def commands(self) -> list[str]:
        """Its commands in order: continued lines are one, those joined by && are several."""
        lines = re.sub(r" *\\\n *", " ", self.text).splitlines()
        told = [line for line in lines if line.strip() and not line.lstrip().startswith("#")]
        return [command.strip() for line in told for command in line.split(" && ")]


def is_ours(command: str) -> bool:
    """Whether it is a command of this project, to be run."""
    return _OURS.match(command) is not None


def sets_variables(command: str) -> bool:
    """Whether it changes the variables of the commands after it."""
    return command.startswith("export ")


def foreign(command: str) -> str | None:
    """The beginning by which it is known as a command of other people's software."""
    return next((start for start in FOREIGN if command.startswith(start)), None)


def start_of_server(command: str) -> str | None:
    """The command that another one is told to start our server with."""
    found = _START.search(command)
    return found and command[found.start() :]


def blocks() -> Iterator[Block]:
    """Every block of commands, except whole files of docs/examples: `tests/cookbook` runs those."""
    for page in PAGES:
        for language, line, text in _fenced(page.read_text(encoding="utf-8")):
            if language in SHELLS and text not in EXAMPLES:
                yield Block(page.relative_to(ROOT).as_posix(), line, text)


def lines_elsewhere() -> Iterator[tuple[str, str]]:
    """The lines of all other blocks, with their page."""
    for page in PAGES:
        for language, _, text in _fenced(page.read_text(encoding="utf-8")):
            if language not in SHELLS:
                yield from ((page.name, line) for line in text.splitlines())


def _fenced(text: str) -> Iterator[tuple[str, int, str]]:
    for found in re.finditer(r"^```(\w*)\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        yield found[1], text.count("\n", 0, found.start()) + 2, found[2]
