"""What the domain needs of the places where files are kept, come from and go to."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from sora_mcp.videos.models import File, Fit, Job, Variant
from sora_mcp.videos.ports.engine import OpenContent


@dataclass(frozen=True)
class ContactSheet:
    """One picture of several moments of a clip."""

    jpeg: bytes
    width: int
    height: int
    timestamps: tuple[float, ...]
    """Seconds from the start, in reading order."""


@dataclass(frozen=True)
class PreparedReference:
    """A first-frame image as it will be sent: upright RGB, metadata removed."""

    png: bytes
    width: int
    height: int
    note: str | None
    """What was done to it, for the person who asked."""


class Library(Protocol):
    """Keeps finished files. A file never appears under its final name incomplete.

    Where they are kept in object storage, everything may raise `StorageUnavailable`: nothing is
    lost, and the same call does it once the storage answers again.
    """

    @property
    def place(self) -> str:
        """Where it is, for people."""
        ...

    async def fetch(self, job: Job, open_content: OpenContent) -> File:
        """Download the video of a job, resuming what an earlier try left, and check it.

        Raises:
            EngineFault, ContentMissing, ContentInvalid: Nothing is kept under the final name.
            LibraryError: No space, no permission, folder missing.
        """
        ...

    async def fetch_part(self, job: Job, open_content: OpenContent) -> File:
        """Download what an emulated extension adds, to be joined. Raises what `fetch` does."""
        ...

    async def first_frame(self, file: File) -> bytes:
        """The first frame of a video as a PNG. Raises `LibraryError` when it cannot be had."""
        ...

    async def add_still(self, job: Job, variant: Variant) -> File:
        """An image of a job's video, made from it; the one there is when it was made before."""
        ...

    async def join(
        self, job: Job, parts: Sequence[File], on_progress: Callable[[float], None]
    ) -> tuple[File, str | None]:
        """Join videos into a new file (per cent to `on_progress`); a note on what was changed."""
        ...

    async def write_sidecar(self, job: Job) -> None:
        """Write down beside the video what it is and how it was made."""
        ...

    async def read(self, file: File, offset: int, length: int) -> bytes:
        """Some bytes of a file. Raises `LibraryError` when it is gone."""
        ...

    async def local_path(self, file: File) -> Path | None:
        """The file's path on this machine, or None when it has none (object storage)."""
        ...

    async def address(self, file: File, method: Literal["GET", "HEAD"]) -> str | None:
        """Where anyone can fetch the file for a short while; None when it has a path instead."""
        ...

    async def exists(self, file: File) -> bool:
        """Whether the file is still there, with the size it had."""
        ...

    async def copy(self, file: File, destination: Path) -> Path:
        """Copy to a path; an existing name gets a number, nothing is overwritten."""
        ...

    async def contact_sheet(self, file: File, frames: int) -> ContactSheet:
        """A picture of a video's moments, at most 500,000 bytes."""
        ...

    async def keep_reference(self, video_id: str, png: bytes) -> None:
        """Keep a prepared first-frame image until the job has been submitted."""
        ...

    async def reference(self, video_id: str) -> bytes:
        """The kept first-frame image. Raises `LibraryError` when it is gone."""
        ...

    async def drop_reference(self, video_id: str) -> None:
        """Forget a kept first-frame image; where that fails, it stays, and harms nobody."""
        ...

    async def drop_part(self, video_id: str) -> None:
        """Forget what `fetch_part` brought."""
        ...

    async def remove(self, job: Job) -> None:
        """Remove all files of a job, unfinished ones too."""
        ...


class References(Protocol):
    """Brings first-frame images in: from allowed folders, https, data URLs and our own files."""

    @property
    def input_dirs(self) -> tuple[Path, ...]:
        """The folders that references may be read from."""
        ...

    async def load(self, source: str | bytes) -> bytes:
        """The encoded image that a path, `https:` or `data:` URL names; bytes pass through.

        Raises `OutsideFolders` or `InvalidReference`.
        """
        ...

    async def prepare(self, image: bytes, size: str | None, fit: Fit) -> PreparedReference:
        """Decode, turn upright and fit to `size` ("1280x720"; None: as it is).

        Raises `InvalidReference`.
        """
        ...


class Outputs(Protocol):
    """Decides where copies may be written."""

    @property
    def output_dirs(self) -> tuple[Path, ...]:
        """The folders that copies may be written to."""
        ...

    def resolve(self, save_as: str, variant: Variant) -> Path:
        """The path meant by `save_as`. Raises `OutsideFolders` or `InvalidRequest`."""
        ...
