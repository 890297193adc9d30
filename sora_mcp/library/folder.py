"""The library as a folder: names for people, nothing incomplete, nothing overwritten.

What reads media is imported where it is used, because a server starts without it.
"""

import json
import logging
import os
import secrets
import shutil
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from stat import S_ISREG
from typing import TYPE_CHECKING, Literal

from anyio import from_thread, to_thread

from sora_mcp.library.disk import (
    OWN_PART,
    new_part,
    on_disk,
    put,
    replace,
    sha256_of,
    sweep,
    sync_file,
)
from sora_mcp.library.download import receive
from sora_mcp.library.files import (
    accept,
    described,
    first_frame,
    gone,
    join_clips,
    look,
    sheet_of,
    still,
)
from sora_mcp.library.naming import part_name, sibling, sidecar, video_name
from sora_mcp.videos.errors import LibraryError
from sora_mcp.videos.models import File, Job, Variant
from sora_mcp.videos.ports import ContactSheet, OpenContent

if TYPE_CHECKING:
    from filelock import BaseFileLock

LEFTOVER_SECONDS = 24 * 3600
"""Unfinished files that have not been touched for so long are nobody's any more."""

ABANDONED_SECONDS = 30 * 24 * 3600
"""Nor are complete ones that wait to be joined or uploaded: every try touches them."""

log = logging.getLogger(__name__)


class FolderLibrary:
    """Keeps finished files in one folder, and what is under way also in another one."""

    def __init__(self, root: Path, work: Path, *, max_file_bytes: int) -> None:
        """`root`: the finished files; `work`: this machine's own state, such as waiting images."""
        self._root = root.absolute()
        self._references = work.absolute() / "references"
        self._parts = work.absolute() / "parts"
        self._locks = work.absolute() / "locks"
        self._max_file_bytes = max_file_bytes

    @property
    def place(self) -> str:
        """The folder."""
        return str(self._root)

    async def sweep(self) -> None:
        """Remove what tries long ago left unfinished; a folder that cannot be read is skipped."""
        await to_thread.run_sync(self._sweep)

    # Videos

    async def fetch(self, job: Job, open_content: OpenContent) -> File:
        """Download the video of a job, resuming what an earlier try left, and check it."""
        final = await on_disk(self._root, self._place_for, job)
        return await self._receive(job, final, open_content)

    async def fetch_part(self, job: Job, open_content: OpenContent) -> File:
        """Download what an emulated extension adds; it waits in the work folder to be joined."""
        await on_disk(self._parts, _make_folder, self._parts)
        return await self._receive(job, self._added(job.id), open_content)

    async def _receive(self, job: Job, final: Path, open_content: OpenContent) -> File:
        # Only complete files get their final names: an earlier try has come this far.
        found = await on_disk(final.parent, _found, final)
        if found is not None:
            return found
        async with self._part(job.id, final.parent) as part:
            digest = await receive(part, open_content, most=self._max_file_bytes)
            return await on_disk(final.parent, accept, part, final, digest)

    async def join(
        self, job: Job, parts: Sequence[File], on_progress: Callable[[float], None]
    ) -> tuple[File, str | None]:
        """Join videos into a new file; when it is cancelled, it stops at the next frame."""
        final = await on_disk(self._root, self._place_for, job)
        found = await on_disk(self._root, _found, final)
        if found is not None:
            return found, None
        clips = [await self._present(part) for part in parts]
        told = 0.0

        def tell(percent: float) -> None:
            nonlocal told
            from_thread.check_cancelled()
            if percent >= told + 1:
                told = percent
                from_thread.run_sync(on_progress, percent)

        async with self._part(job.id, self._root) as part:
            note = await on_disk(self._root, join_clips, clips, part, tell)
            digest = await on_disk(self._root, sha256_of, part)
            return await on_disk(self._root, accept, part, final, digest), note

    # Beside the videos

    async def add_still(self, job: Job, variant: Variant) -> File:
        """An image of a job's video, made from it; the one there is when it was made before."""
        return await on_disk(self._root, still, self._video_of(job), variant)

    async def first_frame(self, file: File) -> bytes:
        """A video's first frame as a PNG."""
        path = await self._present(file)
        return await on_disk(path.parent, first_frame, path)

    async def write_sidecar(self, job: Job) -> None:
        """Write down beside the video what it is and how it was made."""
        text = json.dumps(described(job), ensure_ascii=False, indent=2) + "\n"
        await on_disk(
            self._root, replace, sidecar(self._video_of(job)), text.encode(errors="replace")
        )

    # Giving out

    async def read(self, file: File, offset: int, length: int) -> bytes:
        """Some bytes of a file. Raises `LibraryError` when it is gone."""
        path = await self._present(file)
        return await on_disk(path.parent, _read, path, offset, length)

    async def local_path(self, file: File) -> Path | None:
        """The file's path on this machine."""
        return Path(file.location)

    async def address(self, file: File, method: Literal["GET", "HEAD"]) -> str | None:
        """None: the file has a path."""
        return None

    async def exists(self, file: File) -> bool:
        """Whether the file is still there, with the size it had."""
        return await to_thread.run_sync(_size, Path(file.location)) == file.bytes

    async def copy(self, file: File, destination: Path) -> Path:
        """Copy to a path; an existing name gets a number, nothing is overwritten."""
        path = await self._present(file)
        return await on_disk(destination.parent, _copy, path, destination)

    async def contact_sheet(self, file: File, frames: int) -> ContactSheet:
        """A picture of a video's moments, at most 500,000 bytes."""
        path = await self._present(file)
        return await on_disk(path.parent, sheet_of, path, frames)

    # First-frame images that wait for their submission

    async def keep_reference(self, video_id: str, png: bytes) -> None:
        """Keep a prepared first-frame image until the job has been submitted."""
        path = self._reference(video_id)
        await on_disk(path.parent, _make_folder, path.parent)
        await on_disk(path.parent, replace, path, png)

    async def reference(self, video_id: str) -> bytes:
        """The kept first-frame image. Raises `LibraryError` when it is gone."""
        path = self._reference(video_id)
        return await on_disk(path.parent, path.read_bytes)

    async def drop_reference(self, video_id: str) -> None:
        """Forget a kept first-frame image; where that fails, it stays, and harms nobody."""
        path = self._reference(video_id)
        try:
            await on_disk(path.parent, _unlink, path)
        except LibraryError as error:
            log.info("%s: its first frame is kept: %s", video_id, error.message)

    # Ending

    async def drop_part(self, video_id: str) -> None:
        """Forget what `fetch_part` brought."""
        await on_disk(self._parts, _unlink, self._added(video_id))

    async def remove(self, job: Job) -> None:
        """Remove all files of a job, unfinished ones too."""
        await on_disk(self._root, self._remove, job)

    def _place_for(self, job: Job) -> Path:
        _make_folder(self._root)
        return self._root / video_name(job)

    def _video_of(self, job: Job) -> Path:
        video = job.file(Variant.VIDEO)
        return self._root / video_name(job) if video is None else Path(video.location)

    def _added(self, video_id: str) -> Path:
        return self._parts / f"{video_id}.mp4"

    def _reference(self, video_id: str) -> Path:
        return self._references / f"{video_id}.png"

    async def _present(self, file: File) -> Path:
        path = Path(file.location)
        if await to_thread.run_sync(_size, path) is None:
            raise gone(path)
        return path

    @asynccontextmanager
    async def _part(self, video_id: str, folder: Path) -> AsyncGenerator[Path]:
        """The path of an unfinished file in a folder that nobody else writes to."""
        lock = await on_disk(self._locks, self._lock, video_id)
        if lock is not None:
            try:
                yield folder / part_name(video_id)
            finally:
                lock.release()
            return
        # Some process is still at it, perhaps frozen since it lost its lease. Nobody waits for it.
        own = folder / part_name(video_id, f".{secrets.token_hex(4)}")
        try:
            yield own
        finally:
            with suppress(OSError):
                own.unlink()

    def _lock(self, video_id: str) -> "BaseFileLock | None":
        from filelock import FileLock, Timeout

        _make_folder(self._locks)
        path = self._locks / f"{video_id}.lock"
        lock = FileLock(path, timeout=0, thread_local=False)
        try:
            lock.acquire()
        except Timeout:
            return None
        path.touch()  # so that a sweep does not take it for a leftover
        return lock

    def _remove(self, job: Job) -> None:
        video = self._video_of(job)
        for path in (
            *(Path(file.location) for file in job.files),
            video,
            sidecar(video),
            *(sibling(video, variant) for variant in Variant),
            *self._root.glob(part_name(job.id, "*")),
            *self._parts.glob(part_name(job.id, "*")),
            self._added(job.id),
            self._locks / f"{job.id}.lock",
        ):
            _unlink(path)

    def _sweep(self) -> None:
        for folder, pattern, seconds in (
            (self._root, part_name("vid_", "*"), LEFTOVER_SECONDS),
            (self._root, f"{OWN_PART}*", LEFTOVER_SECONDS),
            (self._references, f"{OWN_PART}*", LEFTOVER_SECONDS),
            (self._parts, part_name("vid_", "*"), LEFTOVER_SECONDS),
            (self._parts, "*.mp4", ABANDONED_SECONDS),
            (self._locks, "vid_*.lock", LEFTOVER_SECONDS),
        ):
            sweep(folder, pattern, seconds)


def _found(final: Path) -> File | None:
    """What an earlier try completed, if it did; it is wanted still, and outlives a sweep."""
    with suppress(OSError):
        os.utime(final)
    return look(final)


def _make_folder(path: Path) -> None:
    path.mkdir(parents=True, exist_ok=True)


def _unlink(path: Path) -> None:
    path.unlink(missing_ok=True)


def _size(path: Path) -> int | None:
    try:
        state = path.stat()
    except OSError:
        return None
    return state.st_size if S_ISREG(state.st_mode) else None


def _read(path: Path, offset: int, length: int) -> bytes:
    with path.open("rb") as file:
        file.seek(offset)
        return file.read(length)


def _copy(path: Path, destination: Path) -> Path:
    _make_folder(destination.parent)
    part = new_part(destination)
    try:
        shutil.copyfile(path, part)
        sync_file(part)
        return put(part, destination)
    except BaseException:
        _unlink(part)
        raise
