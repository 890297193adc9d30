"""Shows how a job comes along: one line that is redrawn on a terminal, plain lines elsewhere."""

import math
import os
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import anyio
import click

from sora_mcp.videos.lifecycle import shown_status
from sora_mcp.videos.models import Job, JobStatus
from sora_mcp.videos.service import VideoService

REDRAW_SECONDS = 0.5
PLAIN_STEP = 10
"""Without a terminal, a line is written for every so many per cent."""

_WORDS = {
    JobStatus.WAITING: "waiting",
    JobStatus.SUBMITTING: "sending",
    JobStatus.QUEUED: "queued",
    JobStatus.IN_PROGRESS: "rendering",
    JobStatus.DOWNLOADING: "saving",
}
_WIDEST_BAR = 40
_NARROWEST_BAR = 5
_USUAL_WIDTH = 80


class LiveLine:
    """A line on standard error that is drawn again over itself, where that is a terminal."""

    def __init__(self) -> None:
        self.live = sys.stderr.isatty()
        self._drawn = False

    @property
    def width(self) -> int:
        """How many cells it has; the last one of the terminal is left free, as some wrap there."""
        return (os.get_terminal_size(sys.stderr.fileno()).columns or _USUAL_WIDTH) - 1

    def draw(self, text: str) -> None:
        """Draw the line again, cut to the terminal's width."""
        width = self.width
        click.echo(f"\r{text[:width]:<{width}}", err=True, nl=False)
        self._drawn = True

    def clear(self) -> None:
        """Make room for something else."""
        if self._drawn:
            click.echo(f"\r{'':<{self.width}}\r", err=True, nl=False)
            self._drawn = False

    def close(self) -> None:
        """Leave the line as it is, so that what follows begins at the margin."""
        if self._drawn:
            click.echo(err=True)
            self._drawn = False


class Progress:
    """The progress of one job on standard error. ASCII only: not every terminal has more."""

    def __init__(self, expected_seconds: float | None = None) -> None:
        """`expected_seconds`: how long the job may take from its submission to its end."""
        self.line = LiveLine()
        self._expected = expected_seconds
        self._job: Job | None = None
        self._told: tuple[str, int] | None = None

    def show(self, job: Job) -> None:
        """Show where the job stands."""
        self._job = job
        if self.line.live:
            self.redraw()
            return
        word = _word(job)
        told = (word, int(job.progress) // PLAIN_STEP)
        if told != self._told:
            self._told = told
            total = self._total(job)
            expected = f", about {clock(total)} expected" if total is not None else ""
            click.echo(
                f"{job.id}: {word} {job.progress:.0f} % ({clock(age(job))} elapsed{expected})",
                err=True,
            )

    def redraw(self) -> None:
        """Draw the line again."""
        job = self._job
        if job is None:
            return
        total = self._total(job)
        time = clock(age(job)) + (f" of ~{clock(total)}" if total is not None else "")
        word = _word(job)
        room = min(self.line.width - len(f"{word:<9} [] 100 % {time}"), _WIDEST_BAR)
        filled = int(room * job.progress / 100)
        bar = f"[{'#' * filled}{'-' * (room - filled)}] " if room >= _NARROWEST_BAR else ""
        self.line.draw(f"{word:<9} {bar}{job.progress:3.0f} % {time}")

    def _total(self, job: Job) -> int | None:
        """Seconds that the job will have taken in the end, its time in the queue included."""
        if self._expected is None or job.submitted_at is None or job.completed_at is not None:
            return None
        return math.ceil(self._expected + (job.submitted_at - job.created_at).total_seconds())


def age(job: Job) -> float:
    """Seconds since a job was asked for, or that it took."""
    return max(0.0, ((job.completed_at or datetime.now(UTC)) - job.created_at).total_seconds())


def clock(seconds: float) -> str:
    """Seconds as a clock shows them: `0:07`, `12:30`, `1:02:03`."""
    minutes, seconds = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


@asynccontextmanager
async def redrawn(line: LiveLine, redraw: Callable[[], None]) -> AsyncGenerator[None]:
    """Keep the clock on a terminal going while the block runs."""

    async def tick() -> None:
        while line.live:
            await anyio.sleep(REDRAW_SECONDS)
            redraw()

    try:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(tick)
            try:
                yield
            finally:
                line.close()
                tasks.cancel_scope.cancel()
    except BaseExceptionGroup as group:
        # The block's own error, which the task group has wrapped.
        raise group.exceptions[0] from None


def _word(job: Job) -> str:
    return _WORDS.get(job.status, shown_status(job.status))


async def follow(
    videos: VideoService, job: Job, timeout: float | None, note: Callable[[Job], None]
) -> Job:
    """Show a job's progress until it is final or `timeout` seconds are over; the job as it is.

    `note` hears of every change, so that an interrupted caller knows where the job stood.
    """
    progress = Progress(await videos.expected_seconds(job))

    def changed(state: Job) -> None:
        note(state)
        progress.show(state)

    async with redrawn(progress.line, progress.redraw):
        return await videos.wait(
            job.owner, job.id, math.inf if timeout is None else timeout, changed
        )
