"""What the conformance suite looks for before 2026-07-28, and we leave out.

Sessions on Streamable HTTP (streams that are taken up again, questions during a call), log
messages to clients, and subscriptions by request.
"""

from typing import Any

import anyio
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.mcpserver import Context, MCPServer
from mcp.server.streamable_http import EventCallback, EventMessage, EventStore
from mcp.server.transport_security import TransportSecuritySettings
from mcp.types import JSONRPCMessage

from sora_mcp.http.guard import Names
from sora_mcp.server.build import SoraServer
from sora_mcp.server.transports import LARGEST_BODY
from tests.conformance.content import STEP_SECONDS

Ctx = Context[Any, Any]

RETRY_MILLISECONDS = 100
_ACKNOWLEDGED = ("logging/setLevel", "resources/subscribe", "resources/unsubscribe")


def offer_older(server: MCPServer[Any]) -> None:
    """Add what clients of the older kind are told during a call."""
    server.middleware.append(_acknowledge)
    for tool in (test_tool_with_logging, test_reconnection):
        server.tool(structured_output=False)(tool)
    server.tool(name="test_logging_tool", structured_output=False)(test_tool_with_logging)


def with_sessions(server: SoraServer, names: Names):
    """`/mcp` as `server.transports` makes it, but for sessions, which calls that ask back need."""
    return server.streamable_http_app(
        event_store=_Events(),
        retry_interval=RETRY_MILLISECONDS,
        max_request_body_size=LARGEST_BODY,
        transport_security=TransportSecuritySettings(
            allowed_hosts=[*names.hosts], allowed_origins=[*names.origins]
        ),
    )


async def _acknowledge(ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
    if ctx.method in _ACKNOWLEDGED and ctx.protocol_version < "2026-07-28":
        return {}
    return await call_next(ctx)


async def test_tool_with_logging(ctx: Ctx) -> str:
    """Three log messages."""
    for what in ("started", "processing data", "completed"):
        await _log(ctx, f"Tool {what}" if "data" in what else f"Tool execution {what}")
        await anyio.sleep(STEP_SECONDS)
    return "done"


async def test_reconnection(ctx: Ctx) -> str:
    """Closes its stream before it answers."""
    await _log(ctx, "Before disconnect")
    await ctx.close_sse_stream()
    await anyio.sleep(2 * RETRY_MILLISECONDS / 1000)
    return "Reconnection test completed"


async def _log(ctx: Ctx, text: str) -> None:
    await ctx.info(text)  # pyright: ignore[reportDeprecated]  # the suite still asks for it


class _Events(EventStore):
    """Every message, so that a stream can be taken up again."""

    def __init__(self) -> None:
        self._events: list[tuple[str, JSONRPCMessage | None]] = []

    async def store_event(self, stream_id: str, message: JSONRPCMessage | None) -> str:
        """Keep a message; its place is its id."""
        self._events.append((stream_id, message))
        return str(len(self._events))

    async def replay_events_after(
        self, last_event_id: str, send_callback: EventCallback
    ) -> str | None:
        """Send what came later on the same stream."""
        seen = int(last_event_id)
        stream_id, _ = self._events[seen - 1]
        for place, (stream, message) in enumerate(self._events[seen:], seen + 1):
            if stream == stream_id and message is not None:
                await send_callback(EventMessage(message, str(place)))
        return stream_id
