"""The messages that clients post: read once before anything acts on them."""

from collections.abc import Mapping
from typing import Any, cast

from mcp.server.transport_security import RequestBodyLimitMiddleware
from mcp.types import INVALID_REQUEST, PARSE_ERROR
from pydantic_core import from_json
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sora_mcp.http.refusals import Refusals
from sora_mcp.http.webhooks import PATH
from sora_mcp.server.limits import envelope_problem
from sora_mcp.server.scopes import WRITE, Scopes
from sora_mcp.server.transports import LARGEST_BODY

_MOST_VALUES = 50_000
"""Far above what any message of ours needs: a large one is one long string, an image."""


class Messages:
    """ASGI middleware: what is posted is one JSON object in UTF-8, and its token allows it.

    The SDK's own reading is more tolerant: it takes other encodings, and halves of surrogate
    pairs, which nothing behind it could store or send back.
    """

    def __init__(self, app: ASGIApp, scopes: Scopes, refusals: Refusals) -> None:
        self._app = app
        self._scopes = scopes
        self._refusals = refusals
        self._limited = RequestBodyLimitMiddleware(self._read, LARGEST_BODY)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it: 400, 403 or 413."""
        posted = scope["type"] == "http" and scope["method"] == "POST" and scope["path"] != PATH
        await (self._limited if posted else self._app)(scope, receive, send)

    async def _read(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            body = await Request(scope, receive).body()
        except ClientDisconnect:
            return
        refusal = self._refusal(scope, body)
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        unread: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def replay() -> Message:
            return unread.pop() if unread else await receive()

        await self._app(scope, replay, send)

    def _refusal(self, scope: Scope, body: bytes) -> Response | None:
        # Before it is parsed: millions of small values keep everybody waiting for seconds.
        if _most_values_in(body) > _MOST_VALUES:
            most = f"{_MOST_VALUES:,}"
            return _error(INVALID_REQUEST, f"A message has {most} values at most.", 413)
        try:
            read = from_json(body)
        except ValueError:
            return _error(PARSE_ERROR, "The message is not JSON in UTF-8.")
        if not isinstance(read, dict):
            return _error(INVALID_REQUEST, "Post one JSON-RPC message at a time.")
        message = cast("Mapping[str, Any]", read)
        problem = envelope_problem(message.get("id"), message.get("method"))
        if problem is not None:
            return _error(INVALID_REQUEST, problem)
        user = scope.get("user")
        needed = self._scopes.needed(message)
        if user is not None and WRITE in needed and WRITE not in user.scopes:
            return self._refusals.forbidden(needed)
        return None


def _most_values_in(body: bytes) -> int:
    """At least as many as it has: what begins or parts values is counted within strings, too."""
    return 1 + body.count(b",") + body.count(b"[") + body.count(b"{")


def _error(code: int, text: str, status: int = 400) -> Response:
    error = {"code": code, "message": text}
    return JSONResponse({"jsonrpc": "2.0", "id": None, "error": error}, status)
