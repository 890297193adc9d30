"""Shows how a job comes along: one line that is redrawn on a terminal, plain lines elsewhere."""

import math
import os
import sys
import time
from collections.abc import Callable

import anyio
import click

from sora_mcp.videos.errors import SoraError
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


class Progress:
    """The progress of one job on standard error. ASCII only: not every terminal has more."""

    def __init__(self) -> None:
        self._live = sys.stderr.isatty()
        self._began = time.monotonic()
        self._job: Job | None = None
        self._told: tuple[str, int] | None = None

    def show(self, job: Job) -> None:
        """Show where the job stands."""
        self._job = job
        if self._live:
            self.redraw()
            return
        word = _word(job)
        told = (word, int(job.progress) // PLAIN_STEP)
        if told != self._told:
            self._told = told
            click.echo(f"{job.id}: {word} {job.progress:.0f} % ({self._elapsed} elapsed)", err=True)

    def redraw(self) -> None:
        """Draw the line again over itself, cut to the terminal's width."""
        if self._job is None:
            return
        width = (os.get_terminal_size(sys.stderr.fileno()).columns or _USUAL_WIDTH) - 1
        word, elapsed = _word(self._job), self._elapsed
        room = min(width - len(f"{word:<9} [] 100 % {elapsed}"), _WIDEST_BAR)
        filled = int(room * self._job.progress / 100)
        bar = f"[{'#' * filled}{'-' * (room - filled)}] " if room >= _NARROWEST_BAR else ""
        line = f"{word:<9} {bar}{self._job.progress:3.0f} % {elapsed}"
        click.echo(f"\r{line[:width]:<{width}}", err=True, nl=False)

    def close(self) -> None:
        """Leave the line, so that what follows begins at the margin."""
        if self._live and self._job is not None:
            click.echo(err=True)

    @property
    def _elapsed(self) -> str:
        minutes, seconds = divmod(int(time.monotonic() - self._began), 60)
        return f"{minutes}:{seconds:02}"

    async def tick(self) -> None:
        """Keep the clock on a terminal going; ends only by being cancelled."""
        while self._live:
            await anyio.sleep(REDRAW_SECONDS)
            self.redraw()


def _word(job: Job) -> str:
    return _WORDS.get(job.status, shown_status(job.status))


async def follow(
    videos: VideoService, job: Job, timeout: float | None, note: Callable[[Job], None]
) -> Job:
    """Show a job's progress until it is final or `timeout` seconds are over; the job as it is.

    `note` hears of every change, so that an interrupted caller knows where the job stood.
    """
    progress = Progress()
    failure: SoraError | None = None

    def changed(state: Job) -> None:
        note(state)
        progress.show(state)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(progress.tick)
        try:
            job = await videos.wait(
                job.owner, job.id, math.inf if timeout is None else timeout, changed
            )
        except SoraError as error:  # past the task group, which would wrap it
            failure = error
        finally:
            progress.close()
            tasks.cancel_scope.cancel()
    if failure is not None:
        raise failure
    return job
