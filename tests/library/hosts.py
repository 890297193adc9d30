"""A host of finished videos that serves bytes from memory, with faults, and a job for it."""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sora_mcp.videos.errors import EngineFault
from sora_mcp.videos.models import Job, JobStatus, Operation

CHUNK = 4000


def make_job(video_id: str = "vid_7k2m9q4x2c", **values: Any) -> Job:
    """A job whose video its engine has finished."""
    given: dict[str, Any] = {
        "id": video_id,
        "owner": "local",
        "operation": Operation.GENERATE,
        "status": JobStatus.DOWNLOADING,
        "prompt": "A calico cat playing a piano on stage",
        "engine": "embedded",
        "engine_job_id": "video_123",
        "created_at": datetime(2026, 11, 20, 9, 0, tzinfo=UTC),
    }
    return Job(**{**given, **values})


async def nothing(start: int) -> None:
    """Send the next chunk at once."""


@dataclass
class Body:
    """What a host answers to one request."""

    data: bytes
    offset: int
    total: int | None
    content_type: str | None = "video/mp4"
    breaks_after: int | None = None
    before_chunk: Callable[[int], Awaitable[None]] = nothing

    async def chunks(self) -> AsyncIterator[bytes]:
        """The bytes from `offset` on, until the connection breaks."""
        for start in range(self.offset, len(self.data), CHUNK):
            sent = start - self.offset
            await self.before_chunk(start)
            if self.breaks_after is not None and sent + CHUNK > self.breaks_after:
                yield self.data[start : self.offset + self.breaks_after]
                raise EngineFault("The connection broke.")
            yield self.data[start : start + CHUNK]


@dataclass
class Host:
    """Opens the same file again and again; `asked` tells from where."""

    data: bytes
    breaks_after: int | None = None
    ignores_range: bool = False
    says_total: bool = True
    total: int | None = None
    shifts: int = 0
    before_chunk: Callable[[int], Awaitable[None]] = nothing
    fails: Exception | None = None
    asked: list[int] = field(default_factory=list[int])

    @asynccontextmanager
    async def open(self, offset: int) -> AsyncGenerator[Body]:
        """Answer one request."""
        self.asked.append(offset)
        if self.fails is not None:
            raise self.fails
        total = self.total or len(self.data)
        yield Body(
            data=self.data,
            offset=0 if self.ignores_range else offset + self.shifts,
            total=total if self.says_total else None,
            breaks_after=self.breaks_after,
            before_chunk=self.before_chunk,
        )
