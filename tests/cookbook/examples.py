"""The code that the cookbook shows, run as its readers run it."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import anyio

from tests.server.processes import ROOT, environment

EXAMPLES = ROOT / "docs" / "examples"

LONGEST = 240
"""Seconds that an example may take."""


def put(folder: Path, name: str, changes: Mapping[str, str] | None = None) -> Path:
    """Lay an example into a folder, with an address or an id in place of the one on the page."""
    text = (EXAMPLES / name).read_text(encoding="utf-8")
    for shown, real in (changes or {}).items():
        assert shown in text, f"{name} does not show {shown}."
        text = text.replace(shown, real)
    place = folder / name
    place.write_text(text, encoding="utf-8")
    return place


def small(folder: Path, **variables: str) -> dict[str, str]:
    """Variables of a reader who has `sora-mcp` on the PATH and wants small clips."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    defaults = {"PATH": path, "SORA_MCP_SIZE": "256x256", "SORA_MCP_SECONDS": "1"}
    return environment(folder, **(defaults | variables))


@dataclass(frozen=True)
class Ended:
    """How a command ended, and what it said."""

    code: int
    printed: str
    said: str
    """On standard error."""


async def run(*command: str | Path, env: Mapping[str, str], folder: Path) -> Ended:
    """Run a command in a folder to its end, or to that of its time, with all that it started."""
    printed, said = folder / "printed.txt", folder / "said.txt"
    with printed.open("wb") as stdout, said.open("wb") as stderr:
        process = await anyio.open_process(
            [str(word) for word in command],
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            cwd=folder,
            env=env,
            start_new_session=True,
        )
        async with process:
            try:
                with anyio.fail_after(LONGEST):
                    code = await process.wait()
            finally:
                if process.returncode is None:
                    os.killpg(process.pid, signal.SIGKILL)
    return Ended(code, printed.read_text(encoding="utf-8"), said.read_text(encoding="utf-8"))


async def output_of(*command: str | Path, env: Mapping[str, str], folder: Path) -> str:
    """What a command prints that has to end well."""
    done = await run(*command, env=env, folder=folder)
    assert done.code == 0, done.said
    return done.printed


def in_shell(name: str) -> tuple[str, ...]:
    """The command that runs an example of the shell; the first failure ends it."""
    return ("bash", "-euo", "pipefail", name)
