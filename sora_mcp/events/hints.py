"""What every way to hear of changes has in common: the readers in this process."""

from collections import defaultdict
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager, suppress

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from sora_mcp.videos.models import Change

BUFFER = 256
"""Hints kept for a reader that is busy; when there are more, it loses the newest."""

Wanted = frozenset[str | None]
"""Videos that a reader wants to hear of; None stands for all."""

ChangesSince = Callable[[int | None], Awaitable[tuple[int, list[Change]]]]
"""The newest change's number, and what other processes changed after a number (None: now)."""

_ALL: Wanted = frozenset({None})


class Hints:
    """Implements the `EventBus` port within one process."""

    def __init__(self) -> None:
        # By video: hundreds of calls may wait, each for its own one. With 333 of them a change took
        # 4.8 ms of the processor when all were woken by it, and takes 0.03 ms.
        self._readers: defaultdict[str | None, set[MemoryObjectSendStream[Change]]]
        self._readers = defaultdict(set)

    async def publish(self, change: Change) -> None:
        """Tell everyone here; other processes see it in the ledger."""
        for video_id in (None, change.video_id):
            for reader in self._readers.get(video_id, ()):
                with suppress(anyio.WouldBlock):
                    reader.send_nowait(change)

    @asynccontextmanager
    async def subscribe(
        self, video_ids: Collection[str] | None = None
    ) -> AsyncGenerator[MemoryObjectReceiveStream[Change]]:
        """Changes from now on, of these videos or of all. Slow readers lose hints, never block
        writers.

        Raises:
            LedgerError: The ledger cannot be read.
        """
        wanted = _ALL if video_ids is None else frozenset(video_ids)
        reader, changes = anyio.create_memory_object_stream[Change](BUFFER)
        with reader, changes:
            await self._add(reader, wanted)
            try:
                yield changes
            finally:
                self._remove(reader, wanted)

    async def _add(self, reader: MemoryObjectSendStream[Change], wanted: Wanted) -> None:
        for video_id in wanted:
            self._readers[video_id].add(reader)

    def _remove(self, reader: MemoryObjectSendStream[Change], wanted: Wanted) -> None:
        for video_id in wanted:
            self._readers[video_id].remove(reader)
            if not self._readers[video_id]:
                del self._readers[video_id]
