"""Telling clients that their owner's videos changed.

Clients of protocol 2026-07-28 listen through the SDK's subscription bus. Older ones are told
unasked where their connection can carry it (stdio, SSE): the SDK gives them no way to subscribe.
Nobody is told of another owner's videos.
"""

from collections import defaultdict
from collections.abc import AsyncGenerator, Callable
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
    ServerEvent,
)

from sora_mcp.app import App
from sora_mcp.server.owners import current_owner
from sora_mcp.server.present import video_uri
from sora_mcp.videos.errors import SoraError, VideoNotFound
from sora_mcp.videos.lifecycle import FINAL
from sora_mcp.videos.models import Change, Variant

PATIENCE_SECONDS = 2.0
"""For a client to take a notification; one that does not is told no more."""


class Connection:
    """One client of the older kind, for as long as it is connected."""

    def __init__(self) -> None:
        self.session: ServerSession | None = None
        self.owner: str | None = None


class OwnersBus:
    """Implements the SDK's `SubscriptionBus`: one for each owner, so that nobody hears of others.

    Who listens or publishes is the owner of the present request.
    """

    def __init__(self) -> None:
        self._buses: defaultdict[str, InMemorySubscriptionBus] = defaultdict(
            InMemorySubscriptionBus
        )

    async def publish(self, event: ServerEvent) -> None:
        """Tell the listeners of the present owner."""
        await self.publish_to(current_owner(), event)

    async def publish_to(self, owner: str, event: ServerEvent) -> None:
        """Tell an owner's listeners."""
        await self._buses[owner].publish(event)

    def subscribe(self, listener: Callable[[ServerEvent], None]) -> Callable[[], None]:
        """Listen for the present owner; gives what ends it."""
        return self._buses[current_owner()].subscribe(listener)


class Subscriptions:
    """Forwards changes from the ledger to whoever wants to hear of them."""

    def __init__(self, app: App) -> None:
        self._app = app
        self.bus = OwnersBus()
        self._connections: set[Connection] = set()

    async def forward(self) -> None:
        """Pass changes on until cancelled."""
        async with anyio.create_task_group() as pushes:
            async for change in self._app.changes():
                if await self._is_going(change):
                    continue
                await self._publish(change)
                if change.deleted or change.status in FINAL:
                    for connection in self._connections:
                        if connection.owner == change.owner:
                            pushes.start_soon(self._push, connection, change)

    async def _is_going(self, change: Change) -> bool:
        """Whether all that is new is that a video shall be deleted: told once it is gone."""
        if change.deleted or change.status not in FINAL:
            return False
        try:
            videos = await self._app.videos()
            return (await videos.get(change.owner, change.video_id)).delete_requested
        except VideoNotFound:
            return True
        except SoraError:
            return False

    async def _publish(self, change: Change) -> None:
        events: list[ServerEvent] = [ResourceUpdated(uri=video_uri(change.video_id))]
        if change.deleted or change.status in FINAL:
            events.append(ResourceUpdated(uri=video_uri(change.video_id, Variant.VIDEO)))
            events.append(ResourcesListChanged())
        for event in events:
            await self.bus.publish_to(change.owner, event)

    async def _push(self, connection: Connection, change: Change) -> None:
        session = connection.session
        if session is None:
            return
        with anyio.move_on_after(PATIENCE_SECONDS) as patience:
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
            connection.owner = current_owner()
        return await call_next(ctx)
