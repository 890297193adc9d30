"""A client that begins something and does not go on is let go."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import httpx2
import pytest
from anyio.abc import SocketStream
from mcp.types import ResourceListChangedNotification
from starlette.types import ASGIApp, Receive, Scope, Send

from sora_mcp.http.patience import Patience
from sora_mcp.server.limits import LARGEST_BLOB
from tests.fakes.videos_api import FakeHost
from tests.http.served import TOKENS, bearer, client_at, message, served_before, tokens_file
from tests.server.surface import made, quick_host
from tests.server.test_message_size import mp4_of
from tests.serving import serving

HEAD = b"POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\n"


@asynccontextmanager
async def connection(url: str) -> AsyncGenerator[SocketStream]:
    host, _, port = url.removeprefix("http://").rpartition(":")
    with anyio.fail_after(90):
        async with await anyio.connect_tcp(host, int(port)) as stream:
            yield stream


async def rest_of(stream: SocketStream) -> bytes:
    received = b""
    try:
        while True:
            received += await stream.receive()
    except anyio.EndOfStream:
        return received


@pytest.mark.parametrize("sent", [b"", b"POST /mcp HT", HEAD])
async def test_a_head_that_does_not_end_closes_the_connection(
    sent: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sora_mcp.http.patience.HEADER_SECONDS", 0.05)
    async with served_before(quick_host(), tmp_path) as url, connection(url) as stream:
        if sent:
            await stream.send(sent)
        assert await rest_of(stream) == b""


async def test_a_second_head_that_does_not_end_closes_the_connection_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with served_before(quick_host(), tmp_path) as url, connection(url) as stream:
        await stream.send(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert b"200 OK" in await stream.receive()
        monkeypatch.setattr("sora_mcp.http.patience.HEADER_SECONDS", 0.05)
        await stream.send(b"GET /he")
        assert b"200 OK" not in await rest_of(stream)


async def test_a_body_that_does_not_end_is_answered_with_408(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sora_mcp.http.patience.BODY_SECONDS", 0.05)
    async with served_before(quick_host(), tmp_path) as url, connection(url) as stream:
        await stream.send(HEAD + b'Content-Length: 100\r\n\r\n{"jsonrpc"')
        answer = await rest_of(stream)
        assert answer.startswith(b"HTTP/1.1 408 ")


async def test_a_head_beyond_measure_is_refused(tmp_path: Path) -> None:
    async with served_before(quick_host(), tmp_path) as url, connection(url) as stream:
        await stream.send(HEAD + b"X-Long: " + b"x" * 100_000)
        answer = await rest_of(stream)
        assert answer.startswith(b"HTTP/1.1 400 ")


async def test_an_answer_that_nobody_reads_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sora_mcp.http.patience.READ_SECONDS", 0.05)
    dropped = anyio.Event()

    async def endless(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            while True:
                await send({"type": "http.response.body", "body": b"x" * 65536, "more_body": True})
                await anyio.lowlevel.checkpoint()  # or nothing else runs once `send` waits no more
        finally:
            dropped.set()

    app: ASGIApp = Patience(endless)
    with anyio.fail_after(90):  # the server too: it ends only when its answers have
        async with serving(app, lifespan="off") as url, connection(url) as stream:
            await stream.send(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            await dropped.wait()


async def test_a_client_that_reads_no_notifications_costs_nobody_theirs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sora_mcp.server.subscriptions.PATIENCE_SECONDS", 1000)
    told = anyio.Event()

    async def note(news: Any) -> None:
        if isinstance(news, ResourceListChangedNotification):
            told.set()

    host = FakeHost(mp4=mp4_of(LARGEST_BLOB), statuses=("completed",))
    async with (
        served_before(
            host, tmp_path, auth_tokens_file=tokens_file(tmp_path), max_read_bytes=LARGEST_BLOB
        ) as url,
        client_at(url, "http-auto", TOKENS["anna"]) as anna,
        client_at(url, "sse-legacy", TOKENS["ben"], message_handler=note) as ben,
        httpx2.AsyncClient(base_url=url, headers=bearer(TOKENS["anna"])) as http,
        http.stream("GET", "/sse") as unread,
    ):
        lines = unread.aiter_lines()
        assert await anext(lines) == "event: endpoint"
        endpoint = (await anext(lines)).removeprefix("data: ")
        uri = f"sora://videos/{await made(anna)}/video.mp4"
        hello = message(
            "initialize",
            protocolVersion="2025-11-25",
            capabilities={},
            clientInfo={"name": "deaf", "version": "1"},
        )
        ready = {"jsonrpc": "2.0", "method": "notifications/initialized"}
        # More than what lies between the two can hold.
        for asked in (hello, ready, *[message("resources/read", uri=uri)] * 16):
            assert (await http.post(endpoint, json=asked)).status_code == 202
        await made(anna, "a dog")
        await made(ben)
        with anyio.fail_after(60):
            await told.wait()
