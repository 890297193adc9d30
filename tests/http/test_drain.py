"""A server that stops lets its requests end, and never cuts one in the middle."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import anyio
import httpx2
import pytest
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from sora_mcp.http.drain import Drain, Stopping
from tests.serving import serving


@asynccontextmanager
async def client_of(app: ASGIApp, stopping: Stopping) -> AsyncGenerator[httpx2.AsyncClient]:
    """A client of an app behind the middleware, over real HTTP."""
    with anyio.fail_after(90):
        async with (
            serving(Drain(app, stopping), lifespan="off") as url,
            httpx2.AsyncClient(base_url=url) as client,
        ):
            yield client


async def until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def test_a_stream_that_only_listens_is_ended_at_once_and_cleanly() -> None:
    stopping = Stopping()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"news ", "more_body": True})
        stopping.begin()
        await until_gone(receive)
        # As the SDK's SSE endpoint does after its stream.
        await PlainTextResponse("")(scope, receive, send)

    async with client_of(app, stopping) as client:
        answer = await client.post("/", headers={"Mcp-Method": "subscriptions/listen"})
        assert (answer.status_code, answer.text) == (200, "news ")


async def test_a_request_without_an_answer_is_told_to_come_again_when_patience_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sora_mcp.http.drain.PATIENCE", 0.01)
    stopping = Stopping()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        stopping.begin()
        await until_gone(receive)

    async with client_of(app, stopping) as client:
        answer = await client.post("/")
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "2"


async def test_a_request_that_ends_in_time_gets_its_answer() -> None:
    stopping = Stopping()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        stopping.begin()
        message = await receive()
        await PlainTextResponse(message["body"])(scope, receive, send)

    async with client_of(app, stopping) as client:
        assert (await client.post("/", content=b"abc")).text == "abc"
