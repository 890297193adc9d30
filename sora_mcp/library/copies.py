"""Copies on this machine of files that are kept elsewhere: the oldest go when there are many."""

import os
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path, PurePath

from sora_mcp.library.disk import new_part, on_disk, sha256_of
from sora_mcp.videos.errors import StorageUnavailable
from sora_mcp.videos.models import File

MOST_BYTES = 4 << 30
IN_USE_SECONDS = 600
"""What was used so lately may be in use, and stays."""


class LocalCopies:
    """A folder with copies, each under its SHA-256; what is made of one may lie beside it."""

    def __init__(self, folder: Path, *, most_bytes: int = MOST_BYTES) -> None:
        """`most_bytes`: what all copies together may have, those in use aside."""
        self._folder = folder
        self._most = most_bytes

    async def find(self, file: File) -> Path | None:
        """The copy of a file, if there is one; it is in use from now on."""
        return await on_disk(self._folder, self._find, file)

    async def take(self, source: Path, file: File) -> None:
        """Move a file that is here already among the copies."""
        await on_disk(self._folder, self._take, source, file)

    async def bring(self, file: File, parts: AsyncIterator[bytes]) -> Path:
        """Make a copy from a file's bytes.

        Raises:
            StorageUnavailable: They are not the file's.
            LibraryError: This machine's disk refused.
        """
        path = self._path(file)
        part = new_part(path)
        try:
            await on_disk(self._folder, self._begin, part)
            async for data in parts:
                await on_disk(self._folder, _append, part, data)
            if await on_disk(self._folder, sha256_of, part) != file.sha256:
                raise StorageUnavailable(
                    f"{PurePath(file.location).name} comes damaged from the object storage.",
                    "Try again; if that stays so, restore it from a backup.",
                )
            await on_disk(self._folder, self._take, part, file)
        finally:
            await on_disk(self._folder, _unlink, part)
        return path

    async def forget(self, file: File) -> None:
        """Remove a copy and what lies beside it."""
        await on_disk(self._folder, self._forget, file)

    def _path(self, file: File) -> Path:
        return self._folder / f"{file.sha256}{PurePath(file.location).suffix}"

    def _find(self, file: File) -> Path | None:
        path = self._path(file)
        try:
            os.utime(path)
            return path if path.stat().st_size == file.bytes else None
        except FileNotFoundError:
            return None

    def _begin(self, part: Path) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        part.touch()

    def _take(self, source: Path, file: File) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._path(file)
        try:
            source.replace(path)
        except FileNotFoundError:
            if not path.exists():  # another process took it here
                raise
        os.utime(path)
        self._make_room()

    def _make_room(self) -> None:
        states: dict[Path, os.stat_result] = {}
        for path in self._folder.iterdir():
            with suppress(FileNotFoundError):  # another one has just named or removed it
                states[path] = path.lstat()
        total = sum(state.st_size for state in states.values())
        oldest_first = sorted(states, key=lambda path: states[path].st_mtime)
        for path in oldest_first:
            in_use = states[path].st_mtime > time.time() - IN_USE_SECONDS
            if total <= self._most or in_use:
                return
            _unlink(path)
            total -= states[path].st_size

    def _forget(self, file: File) -> None:
        for path in self._folder.glob(f"{file.sha256}.*"):
            _unlink(path)


def _append(part: Path, data: bytes) -> None:
    with part.open("ab") as file:
        file.write(data)


def _unlink(path: Path) -> None:
    with suppress(FileNotFoundError):
        path.unlink()
