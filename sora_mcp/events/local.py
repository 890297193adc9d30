"""Hints that jobs changed, among the processes of one machine.

What this process changes is told at once. What others change is noticed by SQLite's
`data_version`, a number that moves with every commit of another connection and costs microseconds
to look at, and then read from the ledger.
"""

import logging
import sqlite3
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import anyio
from anyio.streams.memory import MemoryObjectSendStream

from sora_mcp.events.hints import ChangesSince, Hints, Wanted
from sora_mcp.videos.errors import LedgerError
from sora_mcp.videos.models import Change

LOOK_SECONDS = 0.1
"""How often the ledger is looked at while somebody listens."""

log = logging.getLogger(__name__)


class LocalEvents(Hints):
    """Implements the `EventBus` port for processes that share one SQLite ledger."""

    def __init__(self, changes_since: ChangesSince) -> None:
        super().__init__()
        self._changes_since = changes_since
        self._seen = 0
        self._joining = anyio.Lock()
        self._somebody_listens = anyio.Event()

    @classmethod
    @asynccontextmanager
    async def open(cls, ledger: Path, changes_since: ChangesSince) -> AsyncGenerator["LocalEvents"]:
        """Carry hints while the context is open; from this process alone without such a file."""
        async with anyio.create_task_group() as tasks:
            events = cls(changes_since)
            if await anyio.Path(ledger).is_file():
                tasks.start_soon(events._follow, ledger)
            yield events
            tasks.cancel_scope.cancel()

    async def _add(self, reader: MemoryObjectSendStream[Change], wanted: Wanted) -> None:
        async with self._joining:
            if not self._readers:
                self._seen, _ = await self._changes_since(None)
            await super()._add(reader, wanted)
        self._somebody_listens.set()

    def _remove(self, reader: MemoryObjectSendStream[Change], wanted: Wanted) -> None:
        super()._remove(reader, wanted)
        if not self._readers:
            self._somebody_listens = anyio.Event()

    async def _follow(self, ledger: Path) -> None:
        """Tell what other processes change, while somebody listens."""
        version = None
        with closing(_connect(ledger)) as connection:
            while True:
                await self._somebody_listens.wait()
                try:
                    # In the event loop on purpose: a look takes less than handing it to a thread.
                    (now,) = connection.execute("PRAGMA data_version").fetchone()
                    if now != version:
                        self._seen, changes = await self._changes_since(self._seen)
                        version = now
                        for change in changes:
                            await self.publish(change)
                except (sqlite3.Error, LedgerError) as error:
                    log.info("The ledger could not be looked at: %s", error)
                await anyio.sleep(LOOK_SECONDS)


def _connect(ledger: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{ledger.absolute().as_uri()}?mode=ro", uri=True, timeout=0)
