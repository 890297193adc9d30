"""Receiving the body of a download into a part file, from where an earlier try stopped.

What reads media is imported where it is used, because a server starts without it.
"""

import hashlib
import shutil
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import anyio

from sora_mcp.library.disk import on_disk, sync_file
from sora_mcp.videos.errors import ContentInvalid, EngineFault, LibraryError
from sora_mcp.videos.ports import Content, OpenContent

OVERLAP = 4096
"""So many bytes of what is there are asked for again: they show whether it is still the same
file, and a part that is complete already is never continued beyond the end."""

WRITE_BYTES = 1 << 20
"""Gathered in memory before they are written."""

SPARE_BYTES = 16 << 20
"""Left free on the disk, for the images and the description."""

_MP4_HEAD = 8
_WORDS = 200


class _Changed(EngineFault):
    """What comes differs from what an earlier try brought."""


class _TooLong(ContentInvalid):
    """More came than was announced."""


async def receive(path: Path, open_content: OpenContent, *, most: int) -> str:
    """Bring a video into the part file at `path`; its SHA-256. On a break the part is kept.

    Raises:
        EngineFault, ContentMissing: The body broke off or could not be had; try again later.
        ContentInvalid: It is no MP4, or longer than announced.
        LibraryError: No room, no permission, or more than `most` bytes.
    """
    folder = path.parent
    part = await on_disk(folder, _Part, path)
    try:
        async with open_content(part.size) as content:
            if content.offset not in (0, part.size):
                raise EngineFault(
                    f"The engine sent the video from byte {content.offset} on; "
                    f"from byte {part.size} on was asked for."
                )
            await on_disk(folder, _check_room, folder, content, most)
            await _fill(part, content, folder, most)
        return await on_disk(folder, part.finish)
    except (_Changed, _TooLong, LibraryError):
        part.discard()
        raise
    finally:
        part.close()


class _Part:
    """A part file, its bytes hashed as they come. Blocking."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.touch()
        self._file = path.open("r+b")
        self.size = max(0, path.stat().st_size - OVERLAP)
        self._hash = hashlib.sha256()
        left = self.size
        while left:
            data = self._file.read(min(left, WRITE_BYTES))
            self._hash.update(data)
            left -= len(data)
        self._expected = self._file.read(OVERLAP)
        self._file.seek(self.size)

    @property
    def lacks(self) -> bool:
        """Whether there are bytes that an earlier try brought, and this one has not."""
        return len(self._expected) > 0

    def restart(self) -> None:
        self.size, self._expected, self._hash = 0, b"", hashlib.sha256()
        self._file.seek(0)
        self._file.truncate()

    def write(self, data: bytearray) -> None:
        common = min(len(data), len(self._expected))
        if not data.startswith(self._expected[:common]):
            raise _Changed(
                "The engine's file is not the one that the download began with. "
                "It is fetched again from its beginning."
            )
        self._expected = self._expected[common:]
        self._file.write(data)
        self._file.flush()
        self._hash.update(data)
        self.size += len(data)

    def finish(self) -> str:
        self._file.truncate()
        sync_file(self._path)
        return self._hash.hexdigest()

    def discard(self) -> None:
        with suppress(OSError):
            self._path.unlink()

    def close(self) -> None:
        with suppress(OSError):
            self._file.close()


async def _fill(part: _Part, content: Content, folder: Path, most: int) -> None:
    """Write the body behind the bytes that still come; where it breaks off, what came is kept."""
    broke: EngineFault | None = None
    end, waiting, begun = content.offset, bytearray(), False

    async def write(data: bytearray) -> None:
        nonlocal begun
        if not begun and content.offset == 0:
            _check_head(bytes(data[: 4 * _WORDS]))
            await on_disk(folder, part.restart)
        begun = True
        await on_disk(folder, part.write, data)

    async with _behind(write) as give:
        try:
            async for chunk in content.chunks():
                waiting += chunk
                end += len(chunk)
                if end > most:
                    raise _too_large(most)
                if content.total is not None and end > content.total:
                    raise _TooLong(
                        f"The engine sent more than the {content.total:,} bytes that it announced."
                    )
                if len(waiting) >= WRITE_BYTES:
                    await give(waiting)
                    waiting = bytearray()
        except EngineFault as error:
            broke = error
        if broke is None or begun or len(waiting) >= _MP4_HEAD:
            await give(waiting)
    if broke is not None:
        raise broke
    if part.lacks:
        raise _Changed(
            "The engine's file ends before the one that the download began with. "
            "It is fetched again from its beginning."
        )
    if content.total is not None and end < content.total:
        raise EngineFault(
            f"The download ended after {end:,} of {content.total:,} bytes. The rest is fetched."
        )


@asynccontextmanager
async def _behind(
    write: Callable[[bytearray], Awaitable[None]],
) -> AsyncGenerator[Callable[[bytearray], Awaitable[None]]]:
    """Write what has come while more comes: a large file arrives 1.3 times as fast as by turns.

    At the end of the block all that was given is written; one that failed waits for what is being
    written.
    """
    giving, taking = anyio.create_memory_object_stream[bytearray]()

    async def keep_writing() -> None:
        async for data in taking:
            with anyio.CancelScope(shield=True):  # what has come is kept
                await write(data)

    try:
        with taking:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(keep_writing)
                with giving:
                    yield giving.send
    except BaseExceptionGroup as group:
        # What the block or the writing ran into, which the task group has wrapped.
        raise group.exceptions[0] from None


def _check_room(folder: Path, content: Content, most: int) -> None:
    if content.total is not None and content.total > most:
        raise _too_large(most)
    needed = (content.total or content.offset) - content.offset + SPARE_BYTES
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise LibraryError(
            f"The folder {folder} needs {needed / 1e6:,.0f} MB for this video, but its disk has "
            f"only {free / 1e6:,.0f} MB free. Free some space there, then try again."
        )


def _too_large(most: int) -> LibraryError:
    return LibraryError(
        f"The video is larger than {most:,} bytes, the largest file that is taken from a host. "
        "The operator can raise SORA_MCP_MAX_FILE_BYTES."
    )


def _check_head(head: bytes) -> None:
    from sora_mcp.media.probe import describe, looks_like_mp4

    if looks_like_mp4(head):
        return
    what = describe(head)
    # An HTML page says nothing to anyone; a JSON error usually says why.
    text = head.decode(errors="replace")
    said = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    words = f" It says: “{said[:_WORDS]}”." if "JSON" in what else ""
    raise ContentInvalid(f"The engine sent {what} instead of an MP4 video.{words}")
