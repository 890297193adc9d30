"""Commands that go on until they are stopped, and what they show on a terminal."""

import fcntl
import os
import re
import struct
import sys
import termios
from collections.abc import Awaitable, Callable
from contextlib import suppress

import anyio
import anyio.to_thread
import httpx2
import pytest
from openai import AsyncOpenAI
from starlette.requests import Request
from starlette.responses import Response

from sora_mcp.cli.outcome import Exit
from tests.cli.terminal import LONGEST, Running, Terminal
from tests.harness import a_host
from tests.serving import serving


async def url_of(command: Running) -> str:
    text = await command.wait_for("/")
    while not (found := re.search(r"http://[\d.:]+/\w+\n", text)):
        text = await command.more()
    return found[0].strip()


END_OF_INPUT = b"\x04"


async def on_a_terminal(
    terminal: Terminal, *arguments: str, columns: int = 80, typed: bytes = b""
) -> str:
    """What a command shows on a terminal (standard output is a pipe)."""
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
            await anyio.run_process(
                [sys.executable, "-m", "sora_mcp", *arguments],
                env=terminal.environment(),
                cwd=terminal.folder,
                stdin=slave,
                stderr=slave,
                start_new_session=True,
            )
            os.close(slave)
    os.close(master)
    return b"".join(shown).decode()


async def test_the_http_server_tells_its_address_and_stops_quietly(terminal: Terminal) -> None:
    async with terminal.started("serve", "--transport", "http", "--port", "0") as command:
        url = await url_of(command)
        assert url.endswith("/mcp")
        async with httpx2.AsyncClient() as client:
            health = await client.get(url.replace("/mcp", "/healthz"))
        assert health.status_code == 200
        command.press_ctrl_c()
        result = await command.ended()
    assert result.out == ""
    assert "Traceback" not in result.err


async def test_an_address_for_others_needs_access_control(terminal: Terminal) -> None:
    result = await terminal.run("serve", "--transport", "http", "--host", "0.0.0.0")  # noqa: S104  # what is refused
    assert result.code == Exit.NOT_CONFIGURED
    assert "SORA_MCP_AUTH_TOKEN" in result.err


@pytest.mark.parametrize("command", [["serve", "--transport", "http"], ["engine"]])
async def test_a_port_that_is_taken_ends_with_code_3(
    terminal: Terminal, command: list[str]
) -> None:
    async with serving(a_host().app()) as url:
        port = url.rpartition(":")[2]
        result = await terminal.run(*command, "--port", port)
    assert result.code == Exit.NOT_CONFIGURED
    assert port in result.err


async def test_the_embedded_engine_serves_any_client_of_the_videos_api(
    terminal: Terminal,
) -> None:
    async with terminal.started("engine", "--port", "0") as command:
        url = await url_of(command)
        async with AsyncOpenAI(base_url=url, api_key="any") as client:
            models = await client.models.list()
        assert [model.id for model in models.data] == ["preview-animatic"]
        async with httpx2.AsyncClient() as browser:
            page = await browser.get(f"{url}/models", headers={"Origin": "https://evil.example"})
        assert page.status_code == 403
        command.press_ctrl_c()
        result = await command.ended()
    assert "Traceback" not in result.err


async def test_a_worker_follows_the_jobs_that_others_left(terminal: Terminal) -> None:
    host = a_host(statuses=("queued", "completed"))
    fetched = anyio.Event()

    async def notice(_: Request, carry_out: Callable[[], Awaitable[Response]]) -> Response:
        fetched.set()
        return await carry_out()

    async with serving(host.app()) as url:
        shell = terminal.before(url)
        left = await shell.run("generate", "A cat", "--timeout", "0", "--json")
        assert left.code == Exit.TIMED_OUT
        host.fail("GET /videos/{id}/content", notice)
        async with shell.started("worker") as worker:
            await worker.wait_for("Following jobs")
            await fetched.wait()
            worker.press_ctrl_c()
            stopped = await worker.ended()
    assert (stopped.code, stopped.out) == (Exit.INTERRUPTED, "")
    assert "Traceback" not in stopped.err


async def test_on_a_narrow_terminal_progress_is_one_line_that_is_drawn_again(
    terminal: Terminal,
) -> None:
    host = a_host(statuses=("queued", "in_progress", "completed"))
    async with serving(host.app()) as url:
        shown = await on_a_terminal(terminal.before(url), "generate", "A cat", columns=40)
    bar, _, rest = shown.partition("\r\n")
    drawn = bar.split("\r")[1:]
    assert len(drawn) >= 4
    assert all(len(line) <= 39 for line in drawn)
    assert any(re.match(r"rendering \[#+-+\]  50 % \d:\d\d", line) for line in drawn)
    assert "is finished" in rest


async def test_a_person_who_starts_the_server_is_told_what_it_waits_for(
    terminal: Terminal,
) -> None:
    shown = await on_a_terminal(terminal, typed=END_OF_INPUT)
    assert "waits for an MCP client" in shown
    assert "sora-mcp --help" in shown
