"""The server as clients start it: a process that speaks over its standard streams."""

import json
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal

import anyio
import pytest
from anyio.abc import Process
from anyio.streams.buffered import BufferedByteReceiveStream
from mcp import Client, StdioServerParameters

from tests.harness import KEY
from tests.server.processes import ROOT, environment, sora_mcp
from tests.server.surface import ERAS, made, quick_host, structured
from tests.serving import serving

HANDSHAKE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "raw", "version": "1"},
    },
}
INITIALIZED = {"jsonrpc": "2.0", "method": "notifications/initialized"}


class Wire:
    """JSON-RPC by hand."""

    def __init__(self, process: Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._stdin = process.stdin
        self._stdout = BufferedByteReceiveStream(process.stdout)

    async def send(self, message: dict[str, Any]) -> None:
        await self._stdin.send(json.dumps(message).encode() + b"\n")

    async def receive(self) -> dict[str, Any]:
        line = await self._stdout.receive_until(b"\n", 2_000_000)
        return json.loads(line)

    async def ask(self, number: int, method: str, **params: Any) -> dict[str, Any]:
        await self.send({"jsonrpc": "2.0", "id": number, "method": method, "params": params})
        while True:
            message = await self.receive()
            if message.get("id") == number:
                return message["result"]


@asynccontextmanager
async def shaken(folder: Path) -> AsyncGenerator[tuple[Process, Wire]]:
    """A server process after the handshake of 2025-06-18."""
    with anyio.fail_after(60):
        async with await sora_mcp(env=environment(folder)) as process:
            wire = Wire(process)
            await wire.send(HANDSHAKE)
            answer = await wire.receive()
            assert answer["result"]["protocolVersion"] == "2025-06-18"
            await wire.send(INITIALIZED)
            yield process, wire


async def test_a_raw_client_of_2025_06_18_is_served_until_it_closes_the_stream(
    tmp_path: Path,
) -> None:
    async with shaken(tmp_path) as (process, wire):
        listed = await wire.ask(2, "tools/list")
        assert len(listed["tools"]) == 10
        arguments = {"prompt": "a cat", "duration": 12}
        wrong = await wire.ask(3, "tools/call", name="generate_video", arguments=arguments)
        assert wrong["isError"] is True
        assert "did you mean `seconds`?" in wrong["content"][0]["text"]
        assert process.stdin is not None
        await process.stdin.aclose()
        assert await process.wait() == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_ends_it_cleanly_though_the_client_is_still_there(
    number: signal.Signals, tmp_path: Path
) -> None:
    async with shaken(tmp_path) as (process, wire):
        await wire.ask(2, "tools/call", name="list_videos", arguments={})
        process.send_signal(number)
        assert await process.wait() == 0
        assert process.stderr is not None
        said = b"".join([chunk async for chunk in process.stderr])
        assert b"Traceback" not in said


async def test_lines_that_are_no_messages_do_not_end_it(tmp_path: Path) -> None:
    async with shaken(tmp_path) as (process, wire):
        assert process.stdin is not None
        for line in (b"hello\n", b"{\n", b"[]\n", b'{"jsonrpc": "2.0"}\n', b"\xff\xfe\n", b"\n"):
            await process.stdin.send(line)
        assert len((await wire.ask(2, "tools/list"))["tools"]) == 10


@pytest.mark.parametrize("mode", ERAS)
async def test_a_video_is_made_through_a_server_process(
    mode: Literal["auto", "legacy"], tmp_path: Path
) -> None:
    async with serving(quick_host().app()) as url:
        variables = environment(
            tmp_path,
            SORA_MCP_ENGINE="auto",
            SORA_MCP_BASE_URL=f"{url}/v1",
            SORA_MCP_API_KEY=KEY,
        )
        process = StdioServerParameters(
            command=sys.executable, args=["-m", "sora_mcp"], env=variables, cwd=ROOT
        )
        with anyio.fail_after(60):
            async with Client(process, mode=mode) as client:
                video_id = await made(client)
                shown = await client.call_tool("get_video_status", {"video_id": video_id})
                assert Path(structured(shown)["files"][0]["path"]).exists()
                assert "url" not in structured(shown)["files"][0]
