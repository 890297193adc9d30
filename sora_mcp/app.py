"""The composition root: the only place that knows every part.

Opening the app costs next to nothing. The ledger, the engine and the worker, with the heavy
libraries behind them, are opened by the first call that needs them, or right after the start when
an earlier process left unfinished jobs.
"""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import anyio
from anyio.abc import TaskGroup

from sora_mcp.settings import Settings
from sora_mcp.videos.models import Change
from sora_mcp.videos.ports import EngineDefaults, EventBus
from sora_mcp.videos.service import VideoService

if TYPE_CHECKING:
    from sora_mcp.videos.worker import Worker


@dataclass(frozen=True)
class _Parts:
    videos: VideoService
    events: EventBus


class App:
    """A running sora-mcp, whatever surface is in front of it."""

    def __init__(
        self, settings: Settings, tasks: TaskGroup, stack: AsyncExitStack, *, follow_jobs: bool
    ) -> None:
        self.settings = settings
        self._tasks = tasks
        self._stack = stack
        self._follow_jobs = follow_jobs
        self._lock = anyio.Lock()
        self._opened = anyio.Event()
        self._parts: _Parts | None = None

    async def videos(self) -> VideoService:
        """The service, opening ledger, engine and worker on first use.

        Raises:
            LedgerError, NotConfigured: They could not be opened; the next call tries again.
        """
        async with self._lock:
            if self._parts is None:
                self._parts = await self._open()
                self._opened.set()
        return self._parts.videos

    async def changes(self) -> AsyncIterator[Change]:
        """Every change to a job from now on; quiet until something has opened the ledger."""
        await self._opened.wait()
        assert self._parts is not None  # noqa: S101  # the event is set after the parts
        async with self._parts.events.subscribe() as changes:
            async for change in changes:
                yield change
