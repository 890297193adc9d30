"""Ctrl+C, pressed at the worst moments."""

import re
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import anyio
import pytest
from starlette.requests import Request
from starlette.responses import Response

from sora_mcp.cli.outcome import Exit
from tests.cli.terminal import Terminal
from tests.fakes.hosts.dynamo import DynamoHost
from tests.harness import a_host, small_mp4
from tests.serving import serving

SLOW = ("queued", *["in_progress"] * 400, "completed")
"""A job that takes at least twenty seconds: nobody waits for it to end."""


def python(*lines: str) -> subprocess.CompletedProcess[str]:
    """A program of its own, to its end."""
    program = [sys.executable, "-c", "\n".join(lines)]
    return subprocess.run(program, capture_output=True, text=True, check=False, timeout=60)


async def test_a_request_that_is_under_way_is_heard_out_first(terminal: Terminal) -> None:
    host = a_host(statuses=("queued", "completed"))
    arrived, answered = anyio.Event(), anyio.Event()

    async def slowly(_: Request, carry_out: Callable[[], Awaitable[Response]]) -> Response:
        arrived.set()
        await answered.wait()
        return await carry_out()

    host.fail("POST /videos", slowly)
    async with serving(host.app()) as url:
        shell = terminal.before(url)
        async with shell.started("generate", "A cat") as command:
            await arrived.wait()
            command.press_ctrl_c()
            answered.set()
            interrupted = await command.ended()
        assert interrupted.code == Exit.INTERRUPTED
        told = re.search(r"sora-mcp (status vid_\w+ --watch)\n", interrupted.err)
        assert told is not None, interrupted.err
        resumed = await shell.run(*told[1].split())
    assert resumed.code == Exit.OK, resumed.err
    assert len(host.accepted) == 1


async def test_whoever_presses_twice_gets_no_traceback_but_the_command_that_goes_on(
    terminal: Terminal,
) -> None:
    async with (
        serving(a_host(statuses=SLOW).app()) as url,
        terminal.before(url).started("generate", "A cat") as command,
    ):
        await command.wait_for("rendering")
        command.press_ctrl_c()
        command.press_ctrl_c()
        interrupted = await command.ended()
    assert (interrupted.code, interrupted.out) == (Exit.INTERRUPTED, "")
    assert "--watch" in interrupted.err
    assert "Traceback" not in interrupted.err


def test_the_second_press_is_answered_and_the_third_stops_at_once() -> None:
    done = python(
        "import os, signal, anyio",
        "from sora_mcp.cli.interrupts import run",
        "async def main():",
        "    with anyio.CancelScope(shield=True):",
        "        for press in ('first', 'second', 'third'):",
        "            os.kill(os.getpid(), signal.SIGINT)",
        "            await anyio.lowlevel.checkpoint()",
        "            print(press, flush=True)",
        "run(main)",
    )
    assert (done.returncode, done.stdout) == (Exit.INTERRUPTED, "first\nsecond\n")
    assert "heard out first" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("leaving", ["the time is up", "Ctrl+C"])
async def test_a_video_that_comes_to_this_process_only_is_waited_for(
    leaving: str, terminal: Terminal
) -> None:
    host = DynamoHost(mp4=small_mp4(), gate=anyio.Event())
    assert host.gate is not None
    async with serving(host.app()) as url:
        shell = terminal.before(url).with_variables(SORA_MCP_MODEL=host.model)
        limit = ["--timeout", "1"] if leaving == "the time is up" else []
        async with shell.started("generate", "A cat", "--seconds", "4", *limit) as command:
            if leaving == "Ctrl+C":
                await command.wait_for("rendering")
                command.press_ctrl_c()
            await command.wait_for("Waiting for a video")
            host.gate.set()
            left = await command.ended()
        told = re.search(r"sora-mcp (status vid_\w+ --watch)\n", left.err)
        assert told is not None, left.err
        resumed = await shell.run(*told[1].split())
    assert left.code == (Exit.INTERRUPTED if leaving == "Ctrl+C" else Exit.TIMED_OUT)
    assert resumed.code == Exit.OK, resumed.err
    assert Path(resumed.out.strip()).read_bytes() == small_mp4()
    assert len(host.accepted) == 1


async def test_an_interrupted_command_says_in_json_how_to_go_on(terminal: Terminal) -> None:
    async with serving(a_host(statuses=SLOW).app()) as url:
        shell = terminal.before(url)
        async with shell.started("generate", "A cat", "--json", "--open") as command:
            await command.wait_for("rendering")
            command.press_ctrl_c()
            interrupted = await command.ended()
    assert interrupted.code == Exit.INTERRUPTED
    told = interrupted.json
    assert told["status"] == "in_progress"
    assert told["resume"] == f"sora-mcp status {told['video_id']} --watch --open"


def test_ctrl_c_while_the_interpreter_tidies_up_changes_nothing() -> None:
    done = python(
        "import atexit, os, signal, sys",
        "atexit.register(lambda: os.kill(os.getpid(), signal.SIGINT))",
        "sys.argv = ['sora-mcp', '--version']",
        "from sora_mcp.cli import main",
        "main()",
    )
    assert (done.returncode, done.stderr) == (Exit.OK, "")
    assert done.stdout.startswith("sora-mcp")
