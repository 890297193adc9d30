"""Somebody who receives webhooks: notes what arrives, checks it, and answers as a test wants."""

import json
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import anyio
from openai import OpenAI
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

SECRET = SecretStr("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
PATIENCE = 60


@dataclass(frozen=True)
class Message:
    """What was posted."""

    id: str
    event: dict[str, Any]
    status: int
    """What it was answered with."""


@dataclass
class FakeReceiver:
    """Takes what is signed rightly, after it has answered otherwise as often as it was told to."""

    answers: list[int] = field(default_factory=list[int])
    """Statuses of the first answers."""
    before_answer: Callable[[], None] = lambda: None
    paths: set[str] = field(default_factory=set[str])

    def __post_init__(self) -> None:
        self._posted, self._messages = anyio.create_memory_object_stream[Message](1000)
        self._sdk = OpenAI(api_key="none")

    async def __aenter__(self) -> "FakeReceiver":
        self._stack = AsyncExitStack()
        for end in (self._posted, self._messages):
            self._stack.enter_context(end)
        self._stack.callback(self._sdk.close)
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._stack.aclose()

    def app(self) -> Starlette:
        """The receiver as an ASGI app."""
        return Starlette(routes=[Route("/{path:path}", self._receive, methods=["POST", "GET"])])

    async def _receive(self, request: Request) -> Response:
        body = await request.body()
        self.paths.add(request.url.path)
        secret = SECRET.get_secret_value()
        self._sdk.webhooks.verify_signature(body, request.headers, secret=secret)
        status = self.answers.pop(0) if self.answers else 204
        message = Message(request.headers["webhook-id"], json.loads(body), status)
        self._posted.send_nowait(message)
        self.before_answer()
        return Response(status_code=status, headers={"Location": "/elsewhere"})

    async def next(self) -> Message:
        """The next message, also one that was not taken."""
        with anyio.fail_after(PATIENCE):
            return await self._messages.receive()

    @property
    def unread(self) -> int:
        """Messages that have come and no test has looked at."""
        return self._messages.statistics().current_buffer_used

    async def taken(self, count: int) -> list[Message]:
        """So many messages that were taken."""
        found: list[Message] = []
        while len(found) < count:
            message = await self.next()
            if 200 <= message.status < 300:
                found.append(message)
        return found
