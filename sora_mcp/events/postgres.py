"""Hints that jobs changed, among replicas that share a PostgreSQL ledger.

What this process changes is told at once. What others change is told by the database, with their
commit (NOTIFY, https://www.postgresql.org/docs/current/sql-notify.html). Nothing is kept for who is
not connected: after a lost connection, what has changed meanwhile is read from the ledger.
"""

import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import anyio
from anyio.abc import TaskStatus

from sora_mcp.events.hints import ChangesSince, Hints
from sora_mcp.videos.errors import LedgerError
from sora_mcp.videos.models import Change

RECONNECT_SECONDS = 1.0
"""Between two tries to hear of changes again."""

News = Callable[[], AbstractAsyncContextManager[AsyncIterator[tuple[int, Change | None]]]]
"""Numbers of changes from now on, with the change where another process made it."""

log = logging.getLogger(__name__)


class PostgresEvents(Hints):
    """Implements the `EventBus` port for replicas."""

    @classmethod
    @asynccontextmanager
    async def open(
        cls, news: News, changes_since: ChangesSince
    ) -> AsyncGenerator["PostgresEvents"]:
        """Carry hints while the context is open."""
        async with anyio.create_task_group() as tasks:
            events = cls()
            await tasks.start(events._follow, news, changes_since)
            yield events
            tasks.cancel_scope.cancel()

    async def _follow(
        self, news: News, changes_since: ChangesSince, *, task_status: TaskStatus[None]
    ) -> None:
        """Tell what other processes change; told `started` once that is heard of, or cannot be."""
        seen = None
        opened = False
        while True:
            try:
                async with news() as changes:
                    seen, missed = await changes_since(seen)
                    if not opened:
                        task_status.started()
                    opened = True
                    for change in missed:
                        await self.publish(change)
                    async for number, change in changes:
                        seen = max(seen, number)
                        if change is not None:
                            await self.publish(change)
            except LedgerError as error:
                log.warning("Changes by other replicas are not heard of: %s", error.message)
            if not opened:
                task_status.started()
            opened = True
            await anyio.sleep(RECONNECT_SECONDS)
