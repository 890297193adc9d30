"""Stopping without cutting connections: what is still open gets an end of its own."""

import math
from collections.abc import Generator
from contextlib import contextmanager

import anyio
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

PATIENCE = 3.0
"""Seconds that requests under way have to finish once the server stops."""


class Stopping:
    """Whether the server is about to stop, and the waits that it then cuts short."""

    def __init__(self) -> None:
        self.begun = False
        self._waits: dict[anyio.CancelScope, float] = {}

    def begin(self) -> None:
        """The server stops: from now on each wait has its patience left."""
        self.begun = True
        now = anyio.current_time()
        for wait, patience in self._waits.items():
            wait.deadline = now + patience

    @contextmanager
    def cutting_short(self, patience: float) -> Generator[None]:
        """End what the block waits for `patience` seconds after the stop, or after now."""
        deadline = anyio.current_time() + patience if self.begun else math.inf
        # A task that watches each wait instead took a sixth of a request.
        with anyio.CancelScope(deadline=deadline) as wait:
            self._waits[wait] = patience
            try:
                yield
            finally:
                del self._waits[wait]


class Drain:
    """ASGI middleware: when the server stops, handlers see their client go, clients a clean end.

    Streams that only wait for news end at once, other requests after `PATIENCE`. It also keeps a
    handler from answering twice: the SDK's SSE endpoint returns an empty response after its
    stream, which nobody sees where the client has gone, but which is an error where it has not.
    """

    def __init__(self, app: ASGIApp, stopping: Stopping) -> None:
        self._app = app
        self._stopping = stopping

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and see to its end."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        patience = 0.0 if _only_listens(scope) else PATIENCE
        begun = ended = False

        async def receive_until_stopped() -> Message:
            with self._stopping.cutting_short(patience):
                return await receive()
            return {"type": "http.disconnect"}

        async def send_once(message: Message) -> None:
            nonlocal begun, ended
            if ended or (begun and message["type"] == "http.response.start"):
                return
            begun = True
            ended = message["type"] == "http.response.body" and not message.get("more_body")
            await send(message)

        await self._app(scope, receive_until_stopped, send_once)
        if self._stopping.begun and not begun:
            response = PlainTextResponse("The server is stopping.", 503, {"Retry-After": "2"})
            await response(scope, receive, send)
        elif begun and not ended:
            await send({"type": "http.response.body", "body": b""})


def _only_listens(scope: Scope) -> bool:
    listens = Headers(scope=scope).get("mcp-method") == "subscriptions/listen"
    return listens or (scope["method"] == "GET" and scope["path"].endswith("/sse"))
