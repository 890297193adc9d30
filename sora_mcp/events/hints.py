"""What every way to hear of changes has in common: the readers in this process."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from sora_mcp.videos.models import Change

BUFFER = 256
"""Hints kept for a reader that is busy; when there are more, it loses the newest."""


class Hints:
    """Implements the `EventBus` port within one process."""

    def __init__(self) -> None:
        self._readers: set[MemoryObjectSendStream[Change]] = set()

    async def publish(self, change: Change) -> None:
        """Tell everyone here; other processes see it in the ledger."""
        for reader in self._readers:
            with suppress(anyio.WouldBlock):
                reader.send_nowait(change)

    @asynccontextmanager
    async def subscribe(self) -> AsyncGenerator[MemoryObjectReceiveStream[Change]]:
        """Changes from now on. Slow readers lose hints, never block writers.

        Raises:
            LedgerError: The ledger cannot be read.
        """
        reader, changes = anyio.create_memory_object_stream[Change](BUFFER)
        with reader, changes:
            await self._add(reader)
            try:
                yield changes
            finally:
                self._remove(reader)

    async def _add(self, reader: MemoryObjectSendStream[Change]) -> None:
        self._readers.add(reader)

    def _remove(self, reader: MemoryObjectSendStream[Change]) -> None:
        self._readers.remove(reader)
