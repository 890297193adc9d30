"""Waiting for a job, and telling a client that gave a progress token how it goes meanwhile."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import anyio
from mcp.server.mcpserver import Context

from sora_mcp.server.deadline import Deadline
from sora_mcp.videos.lifecycle import FINAL
from sora_mcp.videos.models import Job, JobStatus, Operation
from sora_mcp.videos.service import VideoService

HEARTBEAT_SECONDS = 8.0
"""A client may give up when it hears nothing for ten seconds."""

_TOTAL = 100.0
_STEP = 0.01


class Progress:
    """Progress of one call: strictly increasing within 0–100, as the protocol wants it."""

    def __init__(self, ctx: Context[Any, Any]) -> None:
        self._ctx = ctx
        self._last = -_STEP

    async def report(self, percent: float, message: str) -> None:
        """Tell the client; what would repeat or fall adds 0.01, and 100 is said only once."""
        value = round(max(percent, self._last + _STEP), 2)
        if value <= _TOTAL - _STEP or (percent == _TOTAL and self._last < _TOTAL):
            self._last = value
            await self._ctx.report_progress(value, _TOTAL, message)

    async def job(self, job: Job) -> None:
        """Tell the client where a job stands."""
        # An engine's 100 % leaves the file to be fetched: 100 is kept for the end.
        percent = _TOTAL if job.status is JobStatus.COMPLETED else min(job.progress, 99.0)
        await self.report(percent, message_of(job))


async def follow(
    videos: VideoService,
    ctx: Context[Any, Any],
    job: Job,
    deadline: Deadline,
    *,
    submitted: bool = False,
) -> Job:
    """The job when it has ended, or as it is when the time for waiting is over.

    `submitted`: it has just been put into the ledger; then its host's answer is waited for first,
    and the time for waiting starts with that.
    """
    progress = Progress(ctx)

    async def heartbeat() -> None:
        await progress.job(job)

    async with every(HEARTBEAT_SECONDS, heartbeat):
        if submitted:
            job = await videos.wait_for_answer(job, deadline.answer)
        if deadline.wait > 0:
            with anyio.move_on_after(deadline.wait):
                async with aclosing(videos.watch(job.owner, job.id)) as states:
                    async for state in states:
                        changed = (state.status, state.progress) != (job.status, job.progress)
                        job = state
                        if changed and job.status not in FINAL:
                            await progress.job(job)
    await progress.job(job)
    return job


@asynccontextmanager
async def every(seconds: float, tell: Callable[[], Awaitable[None]]) -> AsyncGenerator[None]:
    """Call `tell` now and every so often while the block runs."""

    async def repeat() -> None:
        while True:
            await anyio.sleep(seconds)
            await tell()

    await tell()
    try:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(repeat)
            yield
            tasks.cancel_scope.cancel()
    except BaseExceptionGroup as group:
        # The block's own error, which the task group has wrapped.
        raise group.exceptions[0] from None


def message_of(job: Job) -> str:
    """Where a job stands, and how long it has taken, in a few words."""
    until = job.updated_at if job.status in FINAL and job.updated_at else datetime.now(UTC)
    elapsed = max(0, int((until - job.created_at).total_seconds()))
    return f"{_doing(job)} · {elapsed} s elapsed"


def _doing(job: Job) -> str:
    match job.status:
        case JobStatus.WAITING:
            return "waiting in the queue"
        case JobStatus.SUBMITTING:
            return f"asking {job.engine}"
        case JobStatus.QUEUED:
            return f"queued at {job.engine}"
        case JobStatus.IN_PROGRESS:
            verb = "joining" if job.operation is Operation.JOIN else "rendering"
            return f"{verb} {int(job.progress)} %"
        case JobStatus.DOWNLOADING:
            return "fetching the file"
        case JobStatus.COMPLETED:
            return "finished"
        case _:
            return job.status.value
