"""Hosts whose answer to a request is the video itself: the request stands while it is made.

Such a host (NVIDIA Dynamo; `/v1/videos/sync` of others) gives the video to the connection that
asked, and to nobody else. The request runs in the background of the process that sent it, and what
comes of it is kept in a folder, where other processes on this machine find it. When that process
ends first, the job is lost: nobody can ask the host again. So a process that can wait hears its
requests out before it ends.
"""

import json
import logging
import re
import secrets
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import anyio
import httpx2
from anyio import to_thread
from anyio.abc import TaskGroup
from filelock import FileLock, Timeout

from sora_mcp.engines.inline import decoded, with_video
from sora_mcp.engines.reading import HostWords, error_words, place, status_of
from sora_mcp.logs import Redactor
from sora_mcp.videos.errors import (
    EngineError,
    EngineJobMissing,
    EngineRefused,
    LibraryError,
    OutcomeUnknown,
    job_error,
)
from sora_mcp.videos.models import EngineJob, JobError, JobStatus

REFUSAL_SECONDS = 6.0
"""So long a submission waits for a refusal before it counts as taken: longer than connecting may
take, so that a request that never left is known as such."""

KEPT_SECONDS = 24 * 3600
_MOST_JSON = 256 << 20
"""A video inside JSON is decoded in memory; a larger one has to come as a file."""

_PREFIX = "standing_"

log = logging.getLogger(__name__)

Send = Callable[[], AbstractAsyncContextManager[httpx2.Response]]
"""Sends the request and gives its answer, unread. Raises what `Engine.submit` raises."""


@dataclass(frozen=True)
class _Running:
    """A request of this process that has no answer yet; cancelling its scope closes it."""

    scope: anyio.CancelScope = field(default_factory=lambda: anyio.CancelScope(shield=True))
    ended: anyio.Event = field(default_factory=anyio.Event)


class StandingRequests:
    """The standing requests of this machine, and what came of those that have ended."""

    def __init__(self, folder: Path, tasks: TaskGroup, words: HostWords, *, max_bytes: int) -> None:
        self._folder = folder
        self._tasks = tasks
        self._words = words
        self._max_bytes = max_bytes
        self._running: dict[str, _Running] = {}

    async def start(self, send: Send) -> EngineJob:
        """Send a request.

        Raises:
            EngineError: Its refusal, where that comes at once.
            OutcomeUnknown: This process was stopped meanwhile.
            LibraryError: The folder cannot be used; nothing was sent.
        """
        job_id = _new_id()
        running = _Running()
        refusal: list[EngineError] = []
        try:
            lock = await to_thread.run_sync(self._take, job_id)
        except OSError as error:
            raise LibraryError(
                f"{self._folder} cannot be written ({error.strerror}), so nothing was sent."
            ) from error

        async def stand() -> None:
            try:
                with running.scope:
                    await self._carry_out(job_id, send, refusal)
            finally:
                self._running.pop(job_id, None)
                running.ended.set()
                lock.release()

        self._running[job_id] = running
        self._tasks.start_soon(stand)
        with anyio.move_on_after(REFUSAL_SECONDS):
            await running.ended.wait()
        if refusal:
            await self.release(job_id)
            raise refusal[0]
        return await self._taken(job_id)

    async def _taken(self, job_id: str) -> EngineJob:
        """How a request is doing that was sent just now."""
        try:
            return await self.look(job_id)
        except EngineJobMissing as error:
            raise OutcomeUnknown(error.message) from error

    async def keep(self, answer: bytes) -> EngineJob:
        """Take in an answer that turned out to be the video itself.

        Raises:
            OutcomeUnknown: It could not be written, or read.
        """
        job_id = _new_id()

        def write() -> None:
            part = self._path(job_id, ".part")
            self._folder.mkdir(parents=True, exist_ok=True)
            try:
                part.write_bytes(answer)
                self._write(job_id, self._outcome(job_id, part))
            finally:
                part.unlink(missing_ok=True)

        try:
            await to_thread.run_sync(write)
        except OSError as error:
            raise OutcomeUnknown(
                f"The video came, but could not be written to {self._folder} ({error.strerror})."
            ) from error
        return await self._taken(job_id)

    def _take(self, job_id: str) -> FileLock:
        self._folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self._path(job_id, ".lock"), timeout=0, thread_local=False)
        lock.acquire()
        return lock

    async def _carry_out(self, job_id: str, send: Send, refusal: list[EngineError]) -> None:
        part = self._path(job_id, ".part")
        try:
            async with send() as response:
                await self._receive(response, part)
            # What was paid for is kept, even if this process is stopped now.
            with anyio.CancelScope(shield=True):
                outcome = await to_thread.run_sync(self._outcome, job_id, part)
                await to_thread.run_sync(self._write, job_id, outcome)
        except EngineError as error:
            refusal.append(error)
            open_end = isinstance(error, OutcomeUnknown)
            self._note(
                job_id,
                _lost(error.message) if open_end else {"error": job_error(error).model_dump()},
            )
        except Exception:
            # Nobody waits for this task: what goes wrong here must not end the server.
            log.exception("What came of %s could not be kept", job_id)
            self._note(job_id, _lost("The host answered, but its answer could not be kept."))
        finally:
            with suppress(OSError):
                part.unlink(missing_ok=True)

    def _note(self, job_id: str, outcome: dict[str, Any]) -> None:
        try:
            self._write(job_id, outcome)
        except OSError as error:
            log.warning("What came of %s could not be written: %s", job_id, error.strerror)

    async def _receive(self, response: httpx2.Response, part: Path) -> None:
        size = 0
        async with await anyio.open_file(part, "wb") as file:
            async for chunk in response.aiter_bytes():
                size += len(chunk)
                if size > self._most_answered:
                    raise EngineRefused(
                        "The video was made, but it is larger than SORA_MCP_MAX_FILE_BYTES allows.",
                        reason="too_large",
                        charged="yes",
                    )
                await file.write(chunk)

    def _outcome(self, job_id: str, part: Path) -> dict[str, Any]:
        """What an answer holds: the MP4 itself, or JSON with it or with its address."""
        with part.open("rb") as file:
            head = file.read(12)
        if head[4:8] == b"ftyp":
            part.replace(self._path(job_id, ".mp4"))
            return {}
        try:
            body = json.loads(part.read_bytes()) if part.stat().st_size <= _MOST_JSON else None
        except (ValueError, RecursionError):
            body = None
        outcome = self._from_json(job_id, body)
        if "lost" in outcome:
            # It may have been paid for: somebody may find the video in it.
            kept = self._path(job_id, ".answer")
            part.replace(kept)
            outcome["lost"] += f" Its answer is kept for a day as {kept}."
        return outcome

    def _from_json(self, job_id: str, body: object) -> dict[str, Any]:
        if not isinstance(body, dict):
            return _lost("The host sent something that is no video.")
        answer = cast("dict[str, Any]", body)
        wrong = answer.get("error") and not answer.get("data")
        failed = wrong or status_of(answer.get("status")) is JobStatus.FAILED
        data: Mapping[str, Any] = {} if failed else with_video(answer)
        if isinstance(data.get("b64_json"), str):
            video = decoded(data["b64_json"])
            if video is None:
                return _lost("The host sent a video that cannot be decoded.")
            self._path(job_id, ".mp4").write_bytes(video)
            return {}
        if (address := place(data.get("url"))) is not None:
            return {"url": address}
        if failed or answer.get("error"):
            code, message = error_words(answer, self._words)
            return _failed(message or "The host gave no reason.", code)
        return _lost("The host's answer has no video in it.")

    async def look(self, job_id: str) -> EngineJob:
        """How a request is doing.

        Raises:
            EngineJobMissing: The process that was waiting for the answer has ended, or the answer
                was none.
        """
        return await to_thread.run_sync(self._look, job_id)

    def _look(self, job_id: str) -> EngineJob:
        with suppress(FileNotFoundError):
            outcome = json.loads(self._path(job_id, ".json").read_text(encoding="utf-8"))
            if outcome.get("lost"):
                raise EngineJobMissing(outcome["lost"], for_good=True)
            if outcome.get("error"):
                error = JobError.model_validate(outcome["error"])
                return EngineJob(id=job_id, status=JobStatus.FAILED, error=error)
            return EngineJob(
                id=job_id, status=JobStatus.COMPLETED, progress=100, asset_url=outcome.get("url")
            )
        if job_id in self._running or self._is_held(job_id):
            return EngineJob(id=job_id, status=JobStatus.IN_PROGRESS)
        raise EngineJobMissing(
            "The process that was waiting for this video has ended, and the host gives it only to "
            "the connection that asked.",
            for_good=True,
        )

    def _is_held(self, job_id: str) -> bool:
        path = self._path(job_id, ".lock")
        if not path.exists():
            return False
        lock = FileLock(path, timeout=0, thread_local=False)
        try:
            lock.acquire()
        except Timeout:
            return True
        lock.release()
        # Written before the lock was released, it may have come just now.
        return self._path(job_id, ".json").exists()

    async def cancel(self, job_id: str) -> bool:
        """Close the connection; False where another process holds it."""
        running = self._running.get(job_id)
        if running is None:
            return False
        running.scope.cancel()
        return True

    @property
    def _most_answered(self) -> int:
        """Bytes of an answer with the largest video in base64."""
        return self._max_bytes * 3 // 2

    @property
    def most_held(self) -> int:
        """Bytes of an answer with a video that is read into memory."""
        return min(self._most_answered, _MOST_JSON)

    @property
    def standing(self) -> int:
        """How many requests of this process have no answer yet: they would be lost with it."""
        return len(self._running)

    async def hear_out(self) -> None:
        """Wait until none of this process's requests stands any more."""
        while self._running:
            await next(iter(self._running.values())).ended.wait()

    async def cut_off(self) -> None:
        """Close this process's requests: their videos are lost."""
        for running in list(self._running.values()):
            running.scope.cancel()
        with anyio.CancelScope(shield=True):
            await self.hear_out()

    async def release(self, job_id: str) -> None:
        """Forget what came of a request."""

        def remove() -> None:
            for suffix in (".json", ".mp4", ".part", ".answer", ".lock"):
                with suppress(OSError):
                    self._path(job_id, suffix).unlink(missing_ok=True)

        await to_thread.run_sync(remove)

    def content(self, job_id: str, offset: int) -> "StoredContent | None":
        """The video, where it came with the answer."""
        path = self._path(job_id, ".mp4")
        return StoredContent(path, offset) if path.is_file() else None

    def _write(self, job_id: str, outcome: dict[str, Any]) -> None:
        path = self._path(job_id, ".json")
        new = path.with_suffix(".new")
        new.write_text(json.dumps(outcome), encoding="utf-8")
        new.replace(path)

    def _path(self, job_id: str, suffix: str) -> Path:
        if not is_standing(job_id):
            raise EngineJobMissing(f"{job_id!r} is not the id of a job.")
        return self._folder / f"{job_id}{suffix}"


def _new_id() -> str:
    return _PREFIX + secrets.token_hex(12)


def is_standing(job_id: str) -> bool:
    """Whether an id was given by `StandingRequests`."""
    return re.fullmatch(_PREFIX + "[0-9a-f]{24}", job_id) is not None


class StoredContent:
    """A video that lies in the folder, opened at an offset."""

    content_type = "video/mp4"

    def __init__(self, path: Path, offset: int) -> None:
        self._path = path
        self.offset = offset
        self.total = path.stat().st_size

    async def chunks(self) -> AsyncIterator[bytes]:
        """The bytes from `offset` on."""
        async with await anyio.open_file(self._path, "rb") as file:
            await file.seek(self.offset)
            while chunk := await file.read(1 << 20):
                yield chunk


@asynccontextmanager
async def open_standing_requests(
    folder: Path, *, max_bytes: int, redact: Redactor | None = None
) -> AsyncGenerator[StandingRequests]:
    """Standing requests that are kept in a folder; those of this process end with the context.

    `redact`: takes secrets out of what the hosts say; it knows none by default.
    """
    async with anyio.create_task_group() as tasks:
        await to_thread.run_sync(_sweep, folder)
        words = HostWords(redact or Redactor(()))
        standing = StandingRequests(folder, tasks, words, max_bytes=max_bytes)
        try:
            yield standing
        finally:
            await standing.cut_off()


def _failed(message: str, code: str | None = None) -> dict[str, Any]:
    error = JobError(code=code or "generation_failed", message=message)
    return {"error": error.model_dump()}


def _lost(why: str) -> dict[str, Any]:
    """The outcome of a request of which nobody can know any more what became of it."""
    return {"lost": why}


def _sweep(folder: Path) -> None:
    """Remove what nobody has fetched for a day."""
    oldest = time.time() - KEPT_SECONDS
    with suppress(OSError):
        for path in folder.glob(f"{_PREFIX}*"):
            with suppress(OSError):
                if path.stat().st_mtime < oldest:
                    path.unlink()
