"""Careful work on a folder: names given once, data that survives a power cut, plain errors.

Everything but `on_disk` blocks, and is run through it, in a thread.
"""

import errno
import hashlib
import os
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar, TypeVarTuple

from anyio import to_thread

from sora_mcp.videos.errors import LibraryError

Result = TypeVar("Result")
Arguments = TypeVarTuple("Arguments")

OWN_PART = ".sora-mcp-"
"""How the names of nameless unfinished files begin."""

_REASONS = {
    errno.ENOSPC: "its disk is full. Free some space there",
    errno.EDQUOT: "the disk quota there is used up. Free some space there",
    errno.EFBIG: "a file there may not be as large as this one. Set another folder",
    errno.EROFS: "it is on a read-only file system. Make it writable or set another folder",
    errno.EACCES: "its permissions forbid it. Change them or set another folder",
    errno.EPERM: "its permissions forbid it. Change them or set another folder",
    errno.ENOENT: "it is missing. Check that its disk is mounted",
    errno.ENOTDIR: "its path leads through something that is no folder. Set another folder",
    errno.EEXIST: "something that is no folder has its name. Set another folder",
    errno.EIO: "its disk reports an error. Check the disk",
}


def library_error(error: OSError, folder: Path) -> LibraryError:
    """An operating system's error in words that say what to do."""
    reason = _REASONS.get(error.errno or 0) or f"an error there ({error.strerror or error})"
    return LibraryError(f"The folder {folder} cannot be used: {reason}, then try again.")


async def on_disk(
    folder: Path, work: Callable[[*Arguments], Result], *arguments: *Arguments
) -> Result:
    """The result of blocking work on a folder, done in a thread.

    Raises:
        LibraryError: The operating system refused.
    """
    try:
        return await to_thread.run_sync(work, *arguments)
    except OSError as error:
        raise library_error(error, folder) from error


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def put(part: Path, final: Path, *, adopt: str | None = None) -> Path:
    """Give a complete file its name; where that is taken, a numbered one. Nothing is overwritten.

    With `adopt` (a SHA-256), a file that has the name and is the same is taken instead.
    """
    name, number = final, 1
    while not _claim(part, name):
        if adopt is not None and name.is_file() and sha256_of(name) == adopt:
            part.unlink()
            return name
        number += 1
        name = final.with_name(f"{final.stem} ({number}){final.suffix}")
    sync_folder(name.parent)
    return name


def _claim(part: Path, name: Path) -> bool:
    try:
        os.link(part, name)
    except FileExistsError:
        return False
    except OSError:
        # No hard links here (FAT, some network drives): look, then rename.
        if os.path.lexists(name):
            return False
        part.rename(name)
    else:
        part.unlink()
    return True


def new_part(final: Path) -> Path:
    """A hidden name beside `final` that nobody else uses."""
    return final.with_name(f"{OWN_PART}{secrets.token_hex(8)}.part")


def write_part(final: Path, data: bytes) -> Path:
    """Data in a complete, hidden file of its own beside `final`, ready to be given that name."""
    part = new_part(final)
    try:
        with part.open("xb") as file:
            file.write(data)
        sync_file(part)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    return part


def replace(final: Path, data: bytes) -> None:
    """Write a file of our own anew: a reader sees the old or the new one, never a half."""
    write_part(final, data).replace(final)
    sync_folder(final.parent)


def sync_file(path: Path) -> None:
    """Wait until a file's data is on the disk."""
    with path.open("r+b") as file:  # Windows syncs only what may be written
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Wait until a folder's names are on the disk, where the system can do that."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def sweep(folder: Path, pattern: str, seconds: float) -> None:
    """Remove what has not been touched for so long; what cannot be looked at is left."""
    with suppress(OSError):
        for path in folder.glob(pattern):
            with suppress(OSError):
                if path.lstat().st_mtime < time.time() - seconds:
                    path.unlink()
