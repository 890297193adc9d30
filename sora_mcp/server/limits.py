"""What messages may be, and how many requests may run.

No message is above a mebibyte: some clients stop at that, and one of them dies of it.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.shared.exceptions import MCPError
from mcp.types import INTERNAL_ERROR, INVALID_PARAMS
from pydantic_core import to_json

from sora_mcp.server.owners import current_owner

LARGEST_MESSAGE = 1024 * 1024
"""Bytes."""

_ENVELOPE = 4096
"""Bytes of a message that are not its result: ids, and who we are."""

_LARGEST_PARAMETERS = 256 * 1024
"""Bytes. A tool's arguments may be larger (an image), what others may repeat may not."""

_LONGEST_NAME = 256
"""Characters of an `id` or a `method`, which answers repeat."""

_LARGEST_ID = 10**20

LARGEST_BLOB = (LARGEST_MESSAGE - 2 * _ENVELOPE) // 4 * 3
"""Bytes that fit into a result, as base64 and with what else belongs to it."""


def envelope_problem(request_id: object, method: object) -> str | None:
    """What is wrong with a message whose `id` or `method` is too long to be repeated."""
    if isinstance(request_id, str) and len(request_id) > _LONGEST_NAME:
        return f"The id is too long: {_LONGEST_NAME} characters at most."
    if isinstance(request_id, int) and abs(request_id) >= _LARGEST_ID:
        return "The id is too large: 20 digits at most."
    if isinstance(method, str) and len(method) > _LONGEST_NAME:
        return f"The method is too long: {_LONGEST_NAME} characters at most."
    return None


class ConcurrencyLimit:
    """Middleware: an error for an owner who has too many requests running; others never notice.

    On SSE this is the only place that sees them run: what posts them has ended long before.
    """

    def __init__(self, most: int) -> None:
        """`most`: requests of one owner, on all transports together."""
        self._most = most
        self._running: Counter[str] = Counter()

    async def __call__(
        self, ctx: ServerRequestContext[Any, Any], call_next: CallNext
    ) -> HandlerResult:
        """Answer a request, or refuse to; notifications pass."""
        if ctx.request_id is None:
            return await call_next(ctx)
        owner = current_owner()
        if self._running[owner] >= self._most:
            raise MCPError(INTERNAL_ERROR, "Too many requests at once: wait for some to end.")
        self._running[owner] += 1
        try:
            return await call_next(ctx)
        finally:
            self._running[owner] -= 1


async def no_large_message(
    ctx: ServerRequestContext[Any, Any], call_next: CallNext
) -> HandlerResult:
    """Middleware: refuse what would make us send too large a message, or would be one."""
    if _size(_repeatable(ctx)) > _LARGEST_PARAMETERS:
        most = f"{_LARGEST_PARAMETERS:,} bytes"
        raise MCPError(INVALID_PARAMS, f"The parameters are too large: {most} at most.")
    result = await call_next(ctx)
    size = _size(result)
    if size > LARGEST_MESSAGE - _ENVELOPE:
        raise MCPError(INTERNAL_ERROR, f"The answer would have {size:,} bytes: ask for less.")
    return result


def _repeatable(ctx: ServerRequestContext[Any, Any]) -> Mapping[str, Any]:
    params = ctx.params or {}
    if ctx.method != "tools/call":
        return params
    return {name: value for name, value in params.items() if name != "arguments"}


def _size(value: object) -> int:
    return len(to_json(value))
