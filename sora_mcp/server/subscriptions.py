"""Telling clients that videos changed.

Clients of protocol 2026-07-28 listen through the SDK's subscription bus. Older ones are told
unasked where their connection can carry it (stdio, SSE): the SDK gives them no way to subscribe.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import anyio
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.mcpserver import MCPServer
from mcp.server.session import ServerSession
from mcp.server.subscriptions import (
    InMemorySubscriptionBus,
    ResourcesListChanged,
    ResourceUpdated,
)

from sora_mcp.app import App
from sora_mcp.server.present import video_uri
from sora_mcp.videos.lifecycle import FINAL
from sora_mcp.videos.models import Change, Variant

_PATIENCE = 2.0
"""Seconds for a client to take a notification; one that does not must not hold up the others."""


class Connection:
    """One client of the older kind, for as long as it is connected."""

    def __init__(self) -> None:
        self.session: ServerSession | None = None


class Subscriptions:
    """Forwards changes from the ledger to whoever wants to hear of them."""

    def __init__(self, app: App) -> None:
        self._app = app
        self.bus = InMemorySubscriptionBus()
        self._connections: set[Connection] = set()

    async def forward(self) -> None:
        """Pass changes on until cancelled."""
        async for change in self._app.changes():
            await self._publish(change)
            if change.deleted or change.status in FINAL:
                for connection in tuple(self._connections):
                    await self._push(connection, change)

    async def _publish(self, change: Change) -> None:
        await self.bus.publish(ResourceUpdated(uri=video_uri(change.video_id)))
        if change.deleted or change.status in FINAL:
            await self.bus.publish(ResourceUpdated(uri=video_uri(change.video_id, Variant.VIDEO)))
            await self.bus.publish(ResourcesListChanged())

    async def _push(self, connection: Connection, change: Change) -> None:
        session = connection.session
        if session is None:
            return
        with anyio.move_on_after(_PATIENCE) as patience:
            await session.send_resource_updated(video_uri(change.video_id))
            await session.send_resource_list_changed()
        if patience.cancelled_caught:
            connection.session = None

    @asynccontextmanager
    async def lifespan(self, server: MCPServer[Connection]) -> AsyncGenerator[Connection]:
        """The SDK enters this once per connection on stdio and SSE, once in all on HTTP."""
        connection = Connection()
        self._connections.add(connection)
        try:
            yield connection
        finally:
            self._connections.discard(connection)

    async def remember(
        self, ctx: ServerRequestContext[Any, Any], call_next: CallNext
    ) -> HandlerResult:
        """Middleware: note the session of a client of the older kind once it is ready.

        Only where the connection can carry what nobody asked for; stateless HTTP cannot.
        """
        if ctx.method == "notifications/initialized" and ctx.session.can_send_request:
            connection: Connection = ctx.lifespan_context
            connection.session = ctx.session
        return await call_next(ctx)
