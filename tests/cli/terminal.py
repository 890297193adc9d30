"""The program as a person or a script runs it, with an environment of its own."""

import fcntl
import json
import os
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
from anyio.abc import Process
from anyio.streams.text import TextReceiveStream
from click.testing import CliRunner

from sora_mcp.cli import main
from tests.harness import KEY

LONGEST = 180
"""Seconds that any command may take before its test fails."""

END_OF_INPUT = b"\x04"
"""Ctrl+D."""

_OTHERS = ("SORA_MCP_", "OPENAI_", "UV", "COLUMNS")
"""Variables of whoever runs the tests that would change what is tested."""


@dataclass(frozen=True)
class Result:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True)
class Terminal:
    """A shell: a folder to work in and variables."""

    folder: Path
    variables: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def home(self) -> Path:
        return self.folder / "state"

    @property
    def library(self) -> Path:
        return self.folder / "films"

    def _ours(self) -> dict[str, str]:
        return {
            "HOME": str(self.folder),
            "XDG_CONFIG_HOME": str(self.folder / ".config"),
            "SORA_MCP_HOME": str(self.home),
            "SORA_MCP_LIBRARY": str(self.library),
            "SORA_MCP_MIN_SUBMIT_INTERVAL": "0",
            **self.variables,
        }

    def environment(self) -> dict[str, str]:
        """All variables of a process that is started here."""
        others = {k: v for k, v in os.environ.items() if not k.startswith(_OTHERS)}
        return others | self._ours()

    def before(self, url: str) -> "Terminal":
        """The same with a host at this root URL."""
        host = {"SORA_MCP_BASE_URL": f"{url}/v1", "SORA_MCP_API_KEY": KEY}
        return self.with_variables(**host)

    def with_variables(self, **variables: str) -> "Terminal":
        """The same with other variables."""
        return Terminal(self.folder, self.variables | variables)

    async def run(self, *arguments: str | Path, typed: bytes = b"") -> Result:
        """Run a command to its end, in this process: what has been imported is there already."""
        cleared = {name: None for name in os.environ if name.startswith(_OTHERS)}
        with anyio.fail_after(LONGEST):
            done = await anyio.to_thread.run_sync(
                lambda: CliRunner().invoke(
                    main,
                    [str(argument) for argument in arguments],
                    input=typed,
                    env=cleared | self._ours(),
                    prog_name="sora-mcp",
                )
            )
        return Result(done.exit_code, done.stdout, done.stderr)

    async def run_apart(self, *arguments: str | Path) -> Result:
        """Run a command to its end in a process of its own."""
        async with self.started(*arguments) as command:
            return await command.ended()

    @asynccontextmanager
    async def started(self, *arguments: str | Path) -> AsyncGenerator["Running"]:
        """A command that runs for the length of the context, in a process group of its own."""
        with anyio.fail_after(LONGEST):
            async with await anyio.open_process(
                [sys.executable, "-m", "sora_mcp", *map(str, arguments)],
                cwd=self.folder,
                env=self.environment(),
                start_new_session=True,
            ) as process:
                try:
                    yield Running(process)
                finally:
                    if process.returncode is None:
                        os.killpg(process.pid, signal.SIGKILL)


class Running:
    """A command that has not ended."""

    def __init__(self, process: Process) -> None:
        self._process = process
        assert process.stderr is not None
        self._err = TextReceiveStream(process.stderr)
        self.err = ""

    async def wait_for(self, words: str) -> str:
        """Everything on standard error, once these words are there."""
        while words not in self.err:
            await self.more()
        return self.err

    async def more(self) -> str:
        """Everything on standard error, once there is more of it."""
        self.err += await self._err.receive()
        return self.err

    def press_ctrl_c(self) -> None:
        """What a terminal does: interrupt the whole process group."""
        os.killpg(self._process.pid, signal.SIGINT)

    async def ended(self) -> Result:
        """What it left behind, once it has ended."""
        assert self._process.stdout is not None
        out = "".join([part async for part in TextReceiveStream(self._process.stdout)])
        self.err += "".join([part async for part in self._err])
        return Result(await self._process.wait(), out, self.err)


async def on_a_terminal(
    terminal: Terminal,
    *arguments: str,
    columns: int = 80,
    typed: bytes = b"",
    with_results: bool = False,
) -> str:
    """What a command shows on a terminal; its standard output only if asked for."""
    master, slave = os.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    os.write(master, typed)
    shown: list[bytes] = []

    def watch() -> None:
        with suppress(OSError):  # the end of a terminal is an error
            while part := os.read(master, 4096):
                shown.append(part)

    with anyio.fail_after(LONGEST):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(anyio.to_thread.run_sync, watch)
            try:
                await anyio.run_process(
                    [sys.executable, "-m", "sora_mcp", *arguments],
                    check=False,
                    env=terminal.environment(),
                    cwd=terminal.folder,
                    stdin=slave,
                    stdout=slave if with_results else subprocess.PIPE,
                    stderr=slave,
                    start_new_session=True,
                )
            finally:
                os.close(slave)  # the end of what can be read, or the thread would wait for ever
    os.close(master)
    return b"".join(shown).decode()
