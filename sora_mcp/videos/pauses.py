"""Waiting for changes, in a process that may be told to end meanwhile."""

from collections.abc import AsyncIterator

import anyio

from sora_mcp.videos.models import Change


class Pauses:
    """Those of all calls that wait, so that they can be ended together."""

    def __init__(self) -> None:
        self.ended = False
        self._open: set[anyio.CancelScope] = set()

    def end(self) -> None:
        """End all that there are, once; those that begin later last as long as they would."""
        self.ended = True
        for pause in self._open:
            pause.cancel()

    async def until_change(self, changes: AsyncIterator[Change], seconds: float) -> None:
        """Return when there is a change, after so many seconds, or when pauses are ended."""
        with anyio.move_on_after(seconds) as pause:
            self._open.add(pause)
            try:
                async for _ in changes:
                    return
            finally:
                self._open.remove(pause)
