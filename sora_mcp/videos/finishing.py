"""The steps at the end of a job: fetching the file, joining parts, deleting."""

import logging
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager

import anyio

from sora_mcp.videos.emulation import is_only_here
from sora_mcp.videos.errors import (
    ContentMissing,
    EngineError,
    LibraryError,
    NotConfigured,
    SoraError,
    StorageUnavailable,
    job_error,
)
from sora_mcp.videos.following import Save
from sora_mcp.videos.lifecycle import (
    ACTIVE,
    DOWNLOAD_PAUSES,
    advance,
    is_hopeless,
    storage_delay,
)
from sora_mcp.videos.measuring import Measures
from sora_mcp.videos.models import File, Job, JobError, JobStatus, Operation, Variant
from sora_mcp.videos.ports import Content, Engine, Engines, JobStore, Library, OpenContent

SECONDS_TOLERANCE = 0.3
"""A shorter difference in length is how codecs round, not news."""

_NEVER_SENT = JobError(code="cancelled", message="It was deleted before it was sent.", charged="no")
_ON_REQUEST = JobError(code="cancelled", message="It was cancelled on request.")

log = logging.getLogger(__name__)


class Finisher:
    """Brings files home, and sees jobs off."""

    def __init__(
        self,
        store: JobStore,
        engines: Engines,
        library: Library,
        save: Save,
        forget: Callable[[Job], Awaitable[None]],
        measures: Measures,
    ) -> None:
        self._store = store
        self._engines = engines
        self._library = library
        self._write = save
        self._forget = forget
        self._measures = measures

    async def _save(self, job: Job, run_in: float | None, keep_lease: bool = False) -> bool:
        """Write what a step did; where its lease was lost, remove what nobody wants any more.

        Whoever took the job over may have deleted it before this step wrote its files.
        """
        saved = await self._write(job, run_in, keep_lease)
        if not saved:
            stored = await self._store.get(job.id, deleted=True)
            if stored is not None and stored.delete_requested and not stored.keep_files:
                await self._library.remove(job)
        return saved

    async def fetch(self, job: Job) -> None:
        """Fetch the finished video, make its images, and only then call the job completed."""
        engine = self._engines.of(job)

        def open_content(offset: int) -> AbstractAsyncContextManager[Content]:
            return engine.open_content(job, offset)

        note = None
        extends = is_only_here(job)
        try:
            if extends:
                video, note = await self._lengthened(job, open_content)
            else:
                video = await self._library.fetch(job, open_content)
                self._measures.download(video.bytes)
            completed = await self._complete(job, video, note)
        except EngineError as error:
            await self._fetch_later(job, error)
            return
        except StorageUnavailable as error:
            await self._keep_later(job, error, self._store.home)
            return
        except LibraryError as error:
            await self._save(_unfetched(job, error, free=engine.free), None)
            return
        if completed:
            await self._release(engine, job, had_part=extends)

    async def _lengthened(self, job: Job, open_content: OpenContent) -> tuple[File, str | None]:
        """An emulated extension: what was added, fetched and joined to its source."""
        added = await self._library.fetch_part(job, open_content)
        self._measures.download(added.bytes)
        source = await self._store.get(job.source_ids[0], job.owner)
        video = source and source.file(Variant.VIDEO)
        if video is None or not await self._library.exists(video):
            alone, note = await self._library.join(job, [added], _unheard)
            gone = "The original is gone, so this is only what was added to it."
            return alone, " ".join(filter(None, [gone, note]))
        return await self._library.join(job, [video, added], _unheard)

    async def _fetch_later(self, job: Job, error: EngineError) -> None:
        if isinstance(error, ContentMissing) and self._may_be_elsewhere(job):
            what = f"{job.engine} no longer has the video, and it is not in the object storage yet."
            hope = "The machine that fetched it puts it there."
            await self._keep_later(job, StorageUnavailable(what, hope), job.home)
            return
        attempts = job.attempts + 1
        if attempts <= len(DOWNLOAD_PAUSES):
            log.info("%s: %s (download %d)", job.id, error.message, attempts)
            again = job.model_copy(update={"attempts": attempts, "trouble": error.message})
            await self._save(again, DOWNLOAD_PAUSES[attempts - 1])
        elif isinstance(error, ContentMissing) and job.completed_at is None:
            gone = JobError(
                code=error.code,
                message=f"{job.engine} made the video but no longer has its file. {error.message}",
                charged="no" if self._engines.of(job).free else "yes",
                retry=False,
            )
            await self._save(advance(job, JobStatus.EXPIRED, error=gone), None)
        else:  # one that was in the library before may be there again
            await self._save(_unfetched(job, error, free=self._engines.of(job).free), None)

    def _may_be_elsewhere(self, job: Job) -> bool:
        """Whether a machine may have the video that could not put it into its storage so far."""
        return job.awaits_storage and not is_hopeless(job, self._store.now())

    async def _keep_later(self, job: Job, error: StorageUnavailable, home: str | None) -> None:
        """What is made waits for its storage, for ever if need be: it is not made again.

        `home`: the folder where it waits, whose processes try again.
        """
        pause = storage_delay(job)
        log.warning("%s: %s Trying again in %.0f s.", job.id, error.message, pause)
        trouble = f"{error.message} The video is not lost: it will be tried again automatically."
        waiting = {"awaits_storage": True, "home": home, "poll_after": pause, "trouble": trouble}
        await self._save(job.model_copy(update=waiting), pause)

    async def _release(self, engine: Engine, job: Job, *, had_part: bool) -> None:
        """Let go of copies that are not needed any more; a failure leaves them where they are."""
        try:
            if had_part:
                await self._library.drop_part(job.id)
            if job.engine_job_id is not None:
                await engine.release(job.engine_job_id)
        except SoraError as error:
            log.info("%s: a copy is kept: %s", job.id, error.message)

    async def _complete(self, job: Job, video: File, note: str | None = None) -> bool:
        files = [video]
        notes = [*job.notes, *_differences(job, video), *([note] if note else [])]
        job = job.model_copy(update={"files": (video,)})
        for variant in (Variant.THUMBNAIL, Variant.SPRITESHEET):
            try:
                files.append(await self._library.add_still(job, variant))
            except StorageUnavailable:
                raise
            except SoraError as error:
                notes.append(f"The {variant} could not be made: {error.message}")
        done = advance(
            job,
            JobStatus.COMPLETED,
            files=tuple(files),
            notes=tuple(notes),
            seconds=video.seconds or job.seconds,
            completed_at=job.completed_at or self._store.now(),
            error=None,
            attempts=0,
            awaits_storage=False,
            home=self._home_at_engine(job),
        )
        try:
            await self._library.write_sidecar(done)
        except LibraryError as error:
            log.warning("%s: its description could not be written: %s", job.id, error.message)
        return await self._save(done, None)

    def _home_at_engine(self, job: Job) -> str | None:
        if job.engine_job_id is None:
            return None
        here = self._engines.of(job).keeps_here(job.engine_job_id)
        return self._store.home if here else None

    async def join(self, job: Job) -> None:
        """Join finished videos into one; begun anew when an earlier worker did not get through."""
        parts: list[File] = []
        for video_id in job.source_ids:
            part = await self._store.get(video_id, job.owner)
            video = part and part.file(Variant.VIDEO)
            if video is None:
                gone = JobError(code="source_missing", message=f"{video_id} is gone.", charged="no")
                await self._save(advance(job, JobStatus.FAILED, error=gone), None)
                return
            parts.append(video)
        job = advance(job, JobStatus.IN_PROGRESS)
        if not await self._save(job, 0, keep_lease=True):
            return
        done = 0.0

        def on_progress(percent: float) -> None:
            nonlocal done
            done = percent

        async def show_progress() -> None:
            while True:
                await anyio.sleep(0.5)
                if done > job.progress:
                    shown = advance(job, JobStatus.IN_PROGRESS, progress=min(done, 99))
                    await self._save(shown, 0, keep_lease=True)

        outcome: tuple[File, str | None] | SoraError = LibraryError("The join was stopped.")
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(show_progress)
            try:
                outcome = await self._library.join(job, parts, on_progress)
            except SoraError as error:
                outcome = error
            tasks.cancel_scope.cancel()
        job = advance(job, JobStatus.IN_PROGRESS, progress=min(done, 99))
        try:
            if isinstance(outcome, SoraError):
                raise outcome
            await self._complete(job, *outcome)
        except StorageUnavailable as error:
            await self._keep_later(job, error, self._store.home)
        except SoraError as error:
            await self._save(advance(job, JobStatus.FAILED, error=job_error(error)), None)

    async def cancel(self, job: Job) -> None:
        """Stop a job where its host can; it stays in the ledger, as cancelled."""
        note = await self._stop_at_host(job, maybe_sent=False)
        ended = advance(
            job,
            JobStatus.CANCELLED,
            notes=(*job.notes, note) if note else job.notes,
            error=_ON_REQUEST if note else _ON_REQUEST.model_copy(update={"charged": "no"}),
        )
        if await self._save(ended, None) and job.has_reference:
            await self._library.drop_reference(job.id)

    async def delete(self, job: Job, *, maybe_sent: bool) -> None:
        """Stop a job where its host can, remove its files, and hide it for ever."""
        note = await self._stop_at_host(job, maybe_sent)
        never_sent = job.status is JobStatus.WAITING and not maybe_sent
        ended = advance(
            job,
            JobStatus.CANCELLED if job.status in ACTIVE else job.status,
            notes=(*job.notes, note) if note else job.notes,
            error=_NEVER_SENT if never_sent else job.error,
        )
        if not await self._save(ended, None, keep_lease=True):
            return
        if not job.keep_files:
            await self._library.remove(job)
        if job.has_reference:
            await self._library.drop_reference(job.id)
        await self._forget(ended)

    async def _stop_at_host(self, job: Job, maybe_sent: bool) -> str | None:
        """Tell the host; what the person should know about the charge."""
        if job.engine_job_id is None:
            sent = maybe_sent or job.status is JobStatus.UNKNOWN
            return (
                "It may have reached the host, which cannot be told to stop: the charge may stand."
                if sent
                else None
            )
        try:
            engine = self._engines.of(job)
        except NotConfigured:
            if job.status not in ACTIVE:
                return None
            return f"{job.engine} is not configured any more, so the charge may stand."
        stopped = await engine.cancel(job.engine_job_id)
        if job.status not in ACTIVE or engine.free:
            return None
        if stopped:
            return f"{engine.name} was told to stop; what it had done may be charged."
        return f"{engine.name} could not be stopped: it may go on, and the charge may stand."


def _unheard(percent: float) -> None:
    """Takes progress that nobody is told of."""


def _unfetched(job: Job, error: SoraError, *, free: bool) -> Job:
    """Made but not fetched: completed without files, so that it can be fetched later."""
    reason = JobError(
        code="download_failed",
        message=f"The video was made, but its file could not be fetched. {error.message}",
        charged="no" if free else "unknown",
        retry=True,
    )
    return advance(job, JobStatus.COMPLETED, error=reason, attempts=0)


def _differences(job: Job, video: File) -> list[str]:
    """What the file is that was not asked for: the file is trusted, not the host's echo."""
    told: list[str] = []
    size = f"{video.width}x{video.height}"
    if job.asked.size and "x" in job.asked.size and job.asked.size != size:
        told.append(f"Asked for {job.asked.size}; the file is {size}.")
    asked = job.asked.seconds if job.operation is Operation.GENERATE else None
    if asked and video.seconds and abs(asked - video.seconds) > SECONDS_TOLERANCE:
        told.append(f"Asked for {asked:g} s; the file lasts {video.seconds:g} s.")
    return told
