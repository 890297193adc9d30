"""First-frame images from allowed folders, https and data URLs, made ready to be sent.

What reads media or the web is imported where it is used, because a server starts without it.
"""

import base64
import binascii
import os
import re
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, get_args
from urllib.parse import unquote_to_bytes

from anyio import to_thread

from sora_mcp.videos.errors import InvalidReference, OutsideFolders
from sora_mcp.videos.models import Fit
from sora_mcp.videos.ports import PreparedReference

if TYPE_CHECKING:
    from sora_mcp.web import PublicWeb

_SCHEME = re.compile(r"([a-z][a-z0-9+.-]+):", re.IGNORECASE)
"""At least two letters: `C:` is a Windows drive."""

_SIZE = re.compile(r"([1-9]\d{0,4})x([1-9]\d{0,4})")
_OPEN_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_NONBLOCK", 0)  # a pipe must not make us wait for its writer
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_BINARY", 0)
)


class FolderReferences:
    """Brings images in from some folders and from the public web."""

    def __init__(self, input_dirs: Sequence[Path], *, web: "PublicWeb | None" = None) -> None:
        """A relative path is looked for in each of `input_dirs`, in their order."""
        self._input_dirs = tuple(folder.absolute() for folder in input_dirs)
        self._web = web

    @property
    def input_dirs(self) -> tuple[Path, ...]:
        """The folders that images may be read from."""
        return self._input_dirs

    async def load(self, source: str | bytes) -> bytes:
        """The encoded image that a path, `https:` or `data:` URL names; bytes pass through.

        Raises:
            OutsideFolders: A path leads out of the allowed folders.
            InvalidReference: There is no such image, or it is too large.
        """
        from sora_mcp.media.images import MAX_IMAGE_BYTES

        if isinstance(source, bytes):
            return source
        scheme = _SCHEME.match(source)
        match scheme and scheme[1].lower():
            case None:
                return await to_thread.run_sync(self._read, source, MAX_IMAGE_BYTES)
            case "data":
                return _data_url(source, MAX_IMAGE_BYTES)
            case "https":
                return await self._fetch(source, MAX_IMAGE_BYTES)
            case other:
                raise InvalidReference(
                    f"An input_reference over {other}: is not read. Give a path, or an https: or "
                    "data: URL."
                )

    async def prepare(self, image: bytes, size: str | None, fit: Fit) -> PreparedReference:
        """Decode, turn upright and fit to `size`; a size that names no pixels leaves it as it is.

        Raises:
            InvalidReference: It cannot be decoded or is too large.
        """
        if fit not in get_args(Fit):
            raise InvalidReference(
                f"reference_fit {fit!r} is not known; use {', '.join(get_args(Fit))}."
            )
        return await to_thread.run_sync(_prepare, image, size, fit)

    async def _fetch(self, url: str, most: int) -> bytes:
        from sora_mcp.web import NotFetched, PublicWeb

        try:
            return await (self._web or PublicWeb()).get(url, most=most)
        except NotFetched as error:
            raise InvalidReference(
                f"The input_reference {_short(url)} was not fetched: {error}. "
                "Give the https: URL of an image that anyone can open, a path or a data: URL."
            ) from error

    def _read(self, source: str, most: int) -> bytes:
        if "\0" in source or not source:
            raise InvalidReference("input_reference is not a path; it is empty or has a NUL in it.")
        try:
            path = self._locate(source)
            descriptor = os.open(path, _OPEN_FLAGS)
        except OSError as error:
            raise _unreadable(source, error.strerror or "it cannot be opened") from error
        except UnicodeError as error:
            raise _unreadable(source, "its name has broken characters") from error
        with os.fdopen(descriptor, "rb") as file:
            # What counts is what was opened: a link may have been changed since it was followed.
            if not self._holds(_opened_path(descriptor, path)):
                raise self._outside(source)
            state = os.fstat(descriptor)
            if not stat.S_ISREG(state.st_mode):
                raise _unreadable(source, "it is no regular file")
            if state.st_size > most:
                raise _unreadable(source, f"it has more than {most // 1_000_000} MB")
            return file.read(most)

    def _locate(self, source: str) -> Path:
        """The real path of a file in the folders."""
        candidates = [Path(os.path.realpath(folder / source)) for folder in self._input_dirs]
        inside = [path for path in candidates if self._holds(path)]
        if not inside:
            raise self._outside(source)
        for path in inside:
            if path.is_file():
                return path
        if any(path.exists() for path in inside):
            raise _unreadable(source, "it is no regular file")
        raise InvalidReference(
            f"There is no file {_short(source)} in {self._places()}. Check the name."
        )

    def _holds(self, path: Path) -> bool:
        return any(path.is_relative_to(os.path.realpath(folder)) for folder in self._input_dirs)

    def _outside(self, source: str) -> OutsideFolders:
        if not self._input_dirs:
            return OutsideFolders(
                "This server reads no images from folders. Give an https: or data: URL, or a "
                "sora:// URI of an image."
            )
        return OutsideFolders(
            f"{_short(source)} is outside the folders that images may be read from: "
            f"{self._places()}. Put the image there, or give it as an https: or data: URL."
        )

    def _places(self) -> str:
        return ", ".join(map(str, self._input_dirs))


def _opened_path(descriptor: int, asked: Path) -> Path:
    """Where an opened file is: as the kernel says, else the path that was asked for, looked up."""
    link = Path(f"/proc/self/fd/{descriptor}")
    return link.readlink() if link.is_symlink() else Path(os.path.realpath(asked))


def _prepare(image: bytes, size: str | None, fit: Fit) -> PreparedReference:
    from sora_mcp.media.images import MAX_IMAGE_PIXELS, NotAnImage, fit_image

    pixels = _SIZE.fullmatch(size or "")
    target = (int(pixels[1]), int(pixels[2])) if pixels else None
    if target is not None and target[0] * target[1] > MAX_IMAGE_PIXELS:
        raise InvalidReference(f"No image can be made as large as {size}.")
    try:
        return PreparedReference(*fit_image(image, target, fit))
    except NotAnImage as error:
        raise InvalidReference(f"The input_reference cannot be used: {error}.") from error


def _data_url(url: str, most: int) -> bytes:
    head, comma, body = url.partition(",")
    if not comma:
        raise InvalidReference("The data: URL has no comma; write data:image/png;base64,…")
    if len(body) > 3 * most:
        raise InvalidReference(f"The data: URL has more than {most // 1_000_000} MB.")
    data = unquote_to_bytes(body)
    if head.lower().endswith(";base64"):
        packed = b"".join(data.split())
        try:
            data = base64.b64decode(packed + b"=" * (-len(packed) % 4), validate=True)
        except binascii.Error as error:
            raise InvalidReference("The data: URL's base64 content is damaged.") from error
    if len(data) > most:
        raise InvalidReference(f"The data: URL has more than {most // 1_000_000} MB.")
    return data


def _unreadable(source: str, reason: str) -> InvalidReference:
    return InvalidReference(f"{_short(source)} cannot be read as an image: {reason}.")


def _short(source: str) -> str:
    return repr(source if len(source) <= 120 else source[:117] + "...")
