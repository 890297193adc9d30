"""Clients that are too slow: those that never finish a request, or never read an answer."""

import asyncio
import math

import anyio
import h11
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

HEADER_SECONDS = 10.0
"""For the head of a request, from the connection or the first byte on."""
BODY_SECONDS = 30.0
"""For the rest of it: 16 MiB over a slow line."""
READ_SECONDS = 30.0
"""For a client to take what is in its way; it may take as long as it likes for the whole."""


class Patience:
    """ASGI middleware: 408 for a body that does not end; an answer that nobody reads is dropped."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and watch its client."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body_ends = anyio.current_time() + BODY_SECONDS
        whole = late = begun = False

        async def receive_in_time() -> Message:
            nonlocal whole, late
            if whole:
                return await receive()
            message: Message = {"type": "http.disconnect"}
            with anyio.CancelScope(deadline=body_ends) as limit:
                message = await receive()
            late = limit.cancelled_caught
            whole = late or not message.get("more_body")
            return message

        async def send_in_time(message: Message) -> None:
            nonlocal begun
            if late:
                return
            begun = True
            handling.deadline = anyio.current_time() + READ_SECONDS
            try:
                await send(message)
            finally:
                handling.deadline = math.inf

        with anyio.CancelScope() as handling:
            await self._app(scope, receive_in_time, send_in_time)
        if late and not begun:
            headers = {"Connection": "close"}
            text = f"The request did not arrive within {BODY_SECONDS:g} s."
            await PlainTextResponse(text, 408, headers)(scope, receive, send)


class PatientProtocol(H11Protocol):
    """Uvicorn's protocol, which waits for ever for the head of a request, with an end to that."""

    _limit: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]  # as in uvicorn's own class
        """Give a new connection its time for a request."""
        super().connection_made(transport)
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Read on, and see whether a head is still under way."""
        super().data_received(data)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        super().connection_lost(exc)
        self._forget()

    def _watch(self) -> None:
        if self.conn.their_state is not h11.IDLE:
            self._forget()
        elif self._limit is None:
            self._limit = self.loop.call_later(HEADER_SECONDS, self.transport.close)

    def _forget(self) -> None:
        if self._limit is not None:
            self._limit.cancel()
            self._limit = None
