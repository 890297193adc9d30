"""Tells a receiver that jobs have ended: at least once each, however long it cannot be reached.

The ledger has an announcement from the moment that the job ends, and forgets it when the receiver
has taken it, or after three days. Whoever dies on the way leaves it to the next one.
"""

import json
import logging
import random
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any

import anyio

from sora_mcp.videos.errors import LedgerError
from sora_mcp.videos.lifecycle import FINAL, backoff
from sora_mcp.videos.measuring import Measures
from sora_mcp.videos.models import Job, JobStatus
from sora_mcp.videos.ports import Announcement, EventBus, Outbox, Receipt, Receiver

GIVE_UP = timedelta(hours=72)
FIRST_PAUSE = 5.0
LONGEST_PAUSE = 3 * 3600.0
LEASE_SECONDS = 20.0
"""Longer than any receiver is waited for."""

AT_ONCE = 8
IDLE_SECONDS = 10.0
"""How long the event bus is trusted before the ledger is looked at again."""

Describe = Callable[[Job], Awaitable[Mapping[str, Any]]]
"""A video as clients see it."""

log = logging.getLogger(__name__)


class Announcer:
    """Sends what is due: `video.completed`, and `video.failed` for every other end."""

    def __init__(
        self,
        *,
        outbox: Outbox,
        receiver: Receiver,
        describe: Describe,
        events: EventBus,
        measures: Measures,
        hurry: float = 1,
    ) -> None:
        """`hurry`: divides every pause between tries; tests have no patience."""
        self._outbox = outbox
        self._receiver = receiver
        self._describe = describe
        self._events = events
        self._measures = measures
        self._hurry = hurry
        self._woken = anyio.Event()

    async def run(self) -> None:
        """Announce until cancelled."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._listen)
            while True:
                self._woken = anyio.Event()
                pause = IDLE_SECONDS
                try:
                    due = await self._outbox.next_due()
                    if due == 0:
                        await self._send_due()
                    if due is not None:
                        pause = min(due, pause)
                except LedgerError as error:
                    log.warning("The ledger cannot be used just now: %s", error.message)
                except Exception:
                    log.exception("What is due could not be told")
                with anyio.move_on_after(pause):
                    await self._woken.wait()

    async def _listen(self) -> None:
        async with self._events.subscribe() as changes:
            async for change in changes:
                if change.status in FINAL:
                    self._woken.set()

    async def _send_due(self) -> None:
        claimed = await self._outbox.claim(limit=AT_ONCE, lease_seconds=LEASE_SECONDS)
        async with anyio.create_task_group() as tasks:
            for announcement in claimed:
                tasks.start_soon(self._send, announcement)

    async def _send(self, announcement: Announcement) -> None:
        receipt = Receipt.NOT_NOW
        try:
            body = await self._body(announcement)
            receipt = await self._receiver.send(announcement.id, body, self._outbox.now())
        except Exception:
            log.exception("The end of %s could not be told", announcement.job.id)
        self._measures.told[receipt] += 1
        try:
            await self._outbox.settle(announcement, self._again(announcement, receipt))
        except LedgerError as error:  # the lease ends, and it is told again
            log.warning("The ledger cannot be used just now: %s", error.message)

    async def _body(self, announcement: Announcement) -> bytes:
        completed = announcement.job.status is JobStatus.COMPLETED
        event = {
            "type": "video.completed" if completed else "video.failed",
            "timestamp": announcement.ended_at.isoformat(timespec="seconds"),
            "data": await self._describe(announcement.job),
        }
        return json.dumps(event, ensure_ascii=False).encode()

    def _again(self, announcement: Announcement, receipt: Receipt) -> float | None:
        """Seconds until the next try; None when there is none."""
        if receipt is Receipt.TAKEN:
            return None
        video_id = announcement.job.id
        if receipt is Receipt.NEVER:
            log.warning("The end of %s was not told: the receiver wants no more.", video_id)
            return None
        if self._outbox.now() - announcement.ended_at > GIVE_UP:
            log.warning("The end of %s was not told in %s.", video_id, GIVE_UP)
            return None
        pause = backoff(announcement.attempts + 1, first=FIRST_PAUSE, most=LONGEST_PAUSE)
        jitter = random.uniform(0.75, 1.25)  # noqa: S311  # spreads tries, guards nothing
        return pause * jitter / self._hurry
