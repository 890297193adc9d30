"""The embedded engine's jobs: taking them on, rendering them in child processes, ending them.

Several servers may share the folder. A job belongs to the server that has claimed it, and is free
again when that server has ended; whoever looks at an unfinished job tries to claim it. So nothing
has to watch: a job is restarted by the next look.
"""

import logging
import os
import sys
import time
import zlib
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Literal

import anyio
from anyio import to_thread
from anyio.abc import TaskGroup

from sora_mcp.engines.embedded.errors import ApiError, no_such_video
from sora_mcp.engines.embedded.moderation import BLOCKED, is_refused
from sora_mcp.engines.embedded.records import (
    Failure,
    JobRecord,
    JobRecords,
    Script,
    is_job_id,
    new_job_id,
)
from sora_mcp.engines.embedded.renderer import (
    RendererBusy,
    RendererCrashed,
    RenderFailed,
    run_renderer,
)
from sora_mcp.engines.embedded.request import Extension, RenderRequest, RenderResult
from sora_mcp.engines.embedded.webhooks import announce
from sora_mcp.videos.ports import Receiver

RENDERER = (sys.executable, "-P", "-m", "sora_mcp.engines.embedded.render")
"""`-P`: the working folder may be a stranger's project, and nothing is imported from there."""

KEPT_SECONDS = 24 * 3600
MOST_EXTENSIONS = 6
LONGEST_SECONDS = 120
MOST_ATTEMPTS = 3

_PROGRESS_SECONDS = 0.2
"""Between two writes of a job's progress. A renderer tells every per cent, and writing a hundred of
them takes 0.05 s of the processors that it works on."""

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Work:
    """What this server is doing for one job."""

    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    ended: anyio.Event = field(default_factory=anyio.Event)


class Jobs:
    """Every job of a folder; made by `open_jobs`."""

    def __init__(
        self,
        records: JobRecords,
        server: str,
        tasks: TaskGroup,
        renderer: Sequence[str],
        max_renders: int,
        receiver: Receiver | None,
    ) -> None:
        self._records = records
        self._server = server
        self._tasks = tasks
        self._renderer = renderer
        self._receiver = receiver
        self._slots = anyio.Semaphore(max_renders)
        self._works: dict[str, _Work] = {}

    async def create(
        self,
        prompt: str,
        *,
        width: int,
        height: int,
        seconds: float,
        seed: int | None = None,
        reference: bytes | None = None,
        notes: tuple[str, ...] = (),
    ) -> JobRecord:
        """A clip of this prompt; its seed is derived from the prompt when none is given."""
        script = Script(
            prompt=prompt,
            width=width,
            height=height,
            seconds=seconds,
            seed=zlib.crc32(prompt.encode()) & 0x7FFF_FFFF if seed is None else seed,
        )
        files = {} if reference is None else {".reference": reference}
        return await self._submit(_new_record(prompt, script, notes=notes), files)

    async def remix(self, video_id: str, prompt: str) -> JobRecord:
        """The same shots with another look. Raises ApiError unless the source is completed."""
        source = await self._completed_job(video_id)
        script = source.script.model_copy(update={"changes": (*source.script.changes, prompt)})
        record = _new_record(prompt, script, remixed_from=source.id)
        files = {".reference": self._records.path(source.id, ".reference")}
        return await self._submit(record, files)

    async def extend(self, video_id: str, prompt: str, seconds: float) -> JobRecord:
        """The same clip, going on. Raises ApiError unless the source is completed, or at a limit.

        A clip can be extended six times, to 120 s in all.
        """
        source = await self._completed_job(video_id)
        if len(source.script.extensions) >= MOST_EXTENSIONS:
            message = f"A video can be extended at most {MOST_EXTENSIONS} times; this one has been."
            raise ApiError(400, message, param="video", code="invalid_value")
        total = source.script.total_seconds + seconds
        if total > LONGEST_SECONDS:
            message = (
                f"The extended video would be {total:g} s long; the limit is {LONGEST_SECONDS} s."
            )
            raise ApiError(400, message, param="seconds", code="invalid_value")
        extensions = (*source.script.extensions, Extension(prompt=prompt, seconds=seconds))
        script = source.script.model_copy(update={"extensions": extensions})
        files = {
            ".reference": self._records.path(source.id, ".reference"),
            ".source": self._records.path(source.id, ".mp4"),
        }
        return await self._submit(_new_record(prompt, script), files)

    async def get(self, video_id: str) -> JobRecord:
        """A job, which is taken up if nobody works on it. Raises ApiError (404)."""
        record = await to_thread.run_sync(self._records.read, _checked(video_id))
        if record is None:
            raise no_such_video(video_id)
        self._take_up(record)
        return record

    async def page(
        self, *, after: str, limit: int, order: Literal["asc", "desc"]
    ) -> tuple[list[JobRecord], bool]:
        """At most `limit` jobs in order of creation, and whether more follow them.

        An empty `after` begins at the beginning; a job that is gone still marks its place.
        """
        ids = await to_thread.run_sync(self._records.ids)
        if order == "asc":
            following = [job_id for job_id in ids if job_id > after]
        else:
            following = [job_id for job_id in reversed(ids) if not after or job_id < after]
        records = await to_thread.run_sync(self._records.read_all, following[:limit])
        for record in records:
            self._take_up(record)
        return records, len(following) > limit

    async def delete(self, video_id: str) -> None:
        """Forget a job and its files; one that is being rendered is cancelled. ApiError (404)."""
        if not await to_thread.run_sync(self._records.remove, _checked(video_id)):
            raise no_such_video(video_id)
        # Another server that renders it notices at its next progress.
        if work := self._works.get(video_id):
            work.scope.cancel()
            await work.ended.wait()

    async def release(self, video_id: str) -> None:
        """Drop what was made; the job can still be remixed and extended. ApiError (404)."""
        record = await self._completed_job(video_id, else_status=404)
        await to_thread.run_sync(self._records.release, record.id)

    async def content(self, video_id: str, ending: str) -> Path:
        """A finished video (`.mp4`) or a still of it (`.webp`, `.jpg`). Raises ApiError (404)."""
        record = await self._completed_job(video_id, else_status=404)
        return await to_thread.run_sync(self._content, record, ending)

    def _content(self, record: JobRecord, ending: str) -> Path:
        if record.expired:
            self._records.release(record.id)
        path = self._records.path(record.id, ending)
        if ending != ".mp4" and not path.exists():
            # Loaded here because PyAV and Pillow take longer to load than a server to start.
            from sora_mcp.media import stills

            make = stills.poster if ending == ".webp" else stills.spritesheet
            with suppress(FileNotFoundError):  # answered below
                still = make(self._records.path(record.id, ".mp4"))
                self._records.keep(record.id, ending, still)
        if not path.exists():
            raise ApiError(404, "The content of this video is no longer available.")
        return path

    async def _completed_job(self, video_id: str, *, else_status: int = 400) -> JobRecord:
        record = await self.get(video_id)
        if record.status == "failed":
            raise ApiError(else_status, "Video generation failed, so there is no video to use.")
        if record.status != "completed":
            raise ApiError(
                else_status,
                "Video is not ready yet, use GET /v1/videos/{video_id} to check status.",
            )
        return record

    async def _submit(self, record: JobRecord, files: Mapping[str, bytes | Path]) -> JobRecord:
        if is_refused(record.prompt):
            record, files = _failed(record, "moderation_blocked", BLOCKED), {}
        await to_thread.run_sync(self._records.sweep)
        await to_thread.run_sync(self._records.add, record, files)
        self._take_up(record)
        self._announce(record)
        return record

    def _announce(self, record: JobRecord) -> None:
        if record.finished and self._receiver is not None:
            self._tasks.start_soon(announce, self._receiver, record)

    def _take_up(self, record: JobRecord) -> None:
        if not record.finished and record.id not in self._works:
            self._works[record.id] = work = _Work()
            self._tasks.start_soon(self._work, record.id, work)

    async def _work(self, job_id: str, work: _Work) -> None:
        """Claim a job and render it; whatever goes wrong here concerns this job alone."""
        try:
            with work.scope:
                if await to_thread.run_sync(self._records.claim, job_id, self._server):
                    await self._render_claimed(job_id, work)
        except Exception:
            _logger.exception("%s stopped; it is taken up again at the next look at it", job_id)
        finally:
            del self._works[job_id]
            work.ended.set()

    async def _render_claimed(self, job_id: str, work: _Work) -> None:
        try:
            async with self._slots:
                record = await self._change(job_id, _started)
                while record is not None and record.server is not None:
                    record = await self._change(job_id, await self._attempt(record, work))
                if record is not None:
                    self._announce(record)
        finally:
            with anyio.CancelScope(shield=True):
                await to_thread.run_sync(self._records.tidy, job_id)

    async def _attempt(self, record: JobRecord, work: _Work) -> Callable[[JobRecord], JobRecord]:
        """Run one renderer; what its end does to the record."""
        shown, next_at = record.progress, 0.0

        async def show(percent: float) -> None:
            nonlocal shown, next_at
            whole, now = min(int(percent), 99), time.monotonic()
            if whole != shown and now >= next_at:
                shown, next_at = whole, now + _PROGRESS_SECONDS
                if await self._change(record.id, lambda job: job.changed(progress=whole)) is None:
                    work.scope.cancel()  # it was deleted through another server

        try:
            result = await run_renderer(self._renderer, self._request(record), show)
        except RendererBusy:
            # A server was killed, and its renderer has yet to notice: a later look tries again.
            return _queued
        except RendererCrashed as crash:
            _logger.warning("%s: the renderer ended early: %s", record.id, crash)
            return partial(_crashed, reason=str(crash))
        except RenderFailed as failure:
            return partial(_failed, code=failure.code, message=failure.message)
        return partial(_completed, result=result)

    def _request(self, record: JobRecord) -> RenderRequest:
        def path_if_there(ending: str) -> str | None:
            path = self._records.path(record.id, ending)
            return str(path) if path.exists() else None

        return RenderRequest(
            **record.script.model_dump(),
            first_frame=path_if_there(".reference"),
            source_video=path_if_there(".source"),
            output=str(self._records.path(record.id, ".mp4")),
            lock=str(self._records.path(record.id, ".lock")),
        )

    async def _change(
        self, job_id: str, update: Callable[[JobRecord], JobRecord]
    ) -> JobRecord | None:
        return await to_thread.run_sync(self._records.change, job_id, update)


@asynccontextmanager
async def open_jobs(
    folder: Path,
    *,
    renderer: Sequence[str] = RENDERER,
    max_renders: int | None = None,
    receiver: Receiver | None = None,
) -> AsyncGenerator[Jobs]:
    """Serve the jobs of a folder; leaving it ends this server's renderers, not its jobs.

    At most `max_renders` renderers run at once; see `default_max_renders`. `receiver` is told of
    the jobs that come to their end here.
    """
    records = await to_thread.run_sync(JobRecords, folder)
    await to_thread.run_sync(records.sweep)
    failure: Exception | None = None
    with records.serving() as server:
        async with anyio.create_task_group() as tasks:
            try:
                most = max_renders or default_max_renders()
                yield Jobs(records, server, tasks, renderer, most, receiver)
            except Exception as error:  # raised below, where no task group wraps it
                failure = error
            tasks.cancel_scope.cancel()
    if failure is not None:
        raise failure


def default_max_renders() -> int:
    """Half the processors, 1–4.

    A renderer paints on one processor and encodes on another (1 s of work in all for 4 s of 720p),
    and takes up to 0.4 GB; four is what one client's jobs come to.
    """
    return max(1, min(4, (os.cpu_count() or 1) // 2))


def _checked(video_id: str) -> str:
    if not is_job_id(video_id):
        raise no_such_video(video_id)
    return video_id


def _new_record(
    prompt: str,
    script: Script,
    *,
    remixed_from: str | None = None,
    notes: tuple[str, ...] = (),
) -> JobRecord:
    return JobRecord(
        id=new_job_id(),
        created_at=int(time.time()),
        prompt=prompt,
        script=script,
        remixed_from=remixed_from,
        notes=notes,
    )


def _queued(record: JobRecord) -> JobRecord:
    return record.changed(status="queued", progress=0, server=None)


def _started(record: JobRecord) -> JobRecord:
    return record.changed(status="in_progress")


def _crashed(record: JobRecord, reason: str) -> JobRecord:
    record = record.changed(attempts=record.attempts + 1)
    if record.attempts < MOST_ATTEMPTS:
        return record
    return _failed(record, "render_failed", f"The renderer ended early: {reason}")


def _failed(record: JobRecord, code: str, message: str) -> JobRecord:
    return record.changed(status="failed", server=None, error=Failure(code=code, message=message))


def _completed(record: JobRecord, result: RenderResult) -> JobRecord:
    now = int(time.time())
    return record.changed(
        status="completed",
        progress=100,
        server=None,
        completed_at=now,
        expires_at=now + KEPT_SECONDS,
        notes=(*record.notes, *result.warnings),
    )
