"""The library in object storage: made ready on this machine, kept in a bucket.

A video is brought into a folder of this machine as into a folder library, checked there, uploaded,
and looked at in the bucket; only then is it the library's. Until then it waits in that folder. Its
key holds its own hash (`vid_…/<sha256>/<name for people>`), so that nothing else can have that key,
and whoever uploads it twice changes nothing. Beside it are its images and its description.
"""

import json
import logging
import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Literal
from urllib.parse import quote

from anyio import to_thread

from sora_mcp.library.copies import LocalCopies
from sora_mcp.library.disk import sweep
from sora_mcp.library.files import described, gone
from sora_mcp.library.folder import ABANDONED_SECONDS, FolderLibrary
from sora_mcp.library.naming import sibling, sidecar, video_name
from sora_mcp.videos.errors import EngineError, LibraryError, NotConfigured, StorageUnavailable
from sora_mcp.videos.models import File, Job, Variant
from sora_mcp.videos.ports import ContactSheet, OpenContent

if TYPE_CHECKING:
    from sora_mcp.library.objects import Objects

ADDRESS_LIFE = timedelta(minutes=15)
"""A signed URL is good for so long; the link that leads to it, for a day."""

READ_BYTES = 8 << 20
_KEPT_SHEET = ".sheet-{}.jpg"
_FILE, _SHEET = "sora-mcp-file", "sora-mcp-sheet"
"""Attributes of objects: what they are, as JSON."""

log = logging.getLogger(__name__)


def open_bucket(url: str, work: Path, *, max_file_bytes: int) -> "BucketLibrary":
    """The library at `s3://bucket/prefix`. Nothing is sent yet.

    Raises:
        NotConfigured: The client for object storage is not installed, or cannot use the `AWS_…`
            variables.
    """
    try:
        from sora_mcp.library.objects import Objects
    except ModuleNotFoundError:
        raise NotConfigured(
            "SORA_MCP_STORAGE_URL needs the client for object storage: install sora-mcp with its "
            "extra `s3` (in a clone: uv sync --inexact --extra s3)."
        ) from None
    return BucketLibrary(Objects(url), work, max_file_bytes=max_file_bytes)


class BucketLibrary:
    """Keeps finished files in a bucket. What an earlier folder library holds stays readable."""

    def __init__(self, objects: "Objects", work: Path, *, max_file_bytes: int) -> None:
        """`work`: this machine's own state: what is under way, and copies of what was used."""
        self._objects = objects
        self._outgoing = work.absolute() / "outgoing"
        self._desk = FolderLibrary(self._outgoing, work, max_file_bytes=max_file_bytes)
        self._copies = LocalCopies(work.absolute() / "copies")

    @property
    def place(self) -> str:
        """The bucket and prefix."""
        return self._objects.url

    async def try_out(self) -> None:
        """Put, read, list and remove a small object.

        Raises:
            StorageUnavailable: One of these cannot be done.
        """
        key, data = f"doctor/{secrets.token_hex(8)}", secrets.token_bytes(64)
        await self._objects.put_new(key, data, len(data), {"Content-Type": "text/plain"})
        came = await self._objects.read(key, 0, len(data))
        listed = await self._objects.keys("doctor")
        await self._objects.delete([key])
        if came != data or key not in listed:
            raise self._not_kept(key)

    def _not_kept(self, key: str) -> StorageUnavailable:
        return StorageUnavailable(
            f"The object storage {self.place} did not keep {PurePosixPath(key).name} as it was "
            "sent.",
            "If that stays so, look at its own log.",
        )

    async def sweep(self) -> None:
        """Remove what tries long ago left on this machine."""
        await self._desk.sweep()
        await to_thread.run_sync(sweep, self._outgoing, "*.mp4", ABANDONED_SECONDS)

    # Videos

    async def fetch(self, job: Job, open_content: OpenContent) -> File:
        """Download the video of a job, check it, and keep it in the bucket."""
        try:
            kept = await self._kept_video(job)
        except StorageUnavailable:
            # Its host may not have it for long: it is brought here before the bucket is waited for.
            with suppress(EngineError):
                await self._desk.fetch(job, open_content)
            raise
        if kept is not None:
            return kept
        try:
            made = await self._desk.fetch(job, open_content)
        except LibraryError as error:
            return await self._kept_in_spite_of(error, job)
        return await self._keep_video(job, made)

    async def fetch_part(self, job: Job, open_content: OpenContent) -> File:
        """Download what an emulated extension adds; it waits on this machine to be joined."""
        return await self._desk.fetch_part(job, open_content)

    async def join(
        self, job: Job, parts: Sequence[File], on_progress: Callable[[float], None]
    ) -> tuple[File, str | None]:
        """Join videos into a new file and keep it in the bucket."""
        kept = await self._kept_video(job)
        if kept is not None:
            return kept, None
        clips = [await self._here(part) for part in parts]
        try:
            joined, note = await self._desk.join(job, clips, on_progress)
        except LibraryError as error:
            return await self._kept_in_spite_of(error, job), None
        return await self._keep_video(job, joined), note

    async def _kept_video(self, job: Job) -> File | None:
        for key in await self._objects.keys(job.id):
            if key.endswith(".mp4") and (file := await self._kept(key)) is not None:
                return file
        return None

    async def _kept_in_spite_of(self, error: LibraryError, job: Job) -> File:
        """What another one kept meanwhile: it takes the file from under whoever is at work on it.

        Raises:
            LibraryError: The error, if there is no such thing.
        """
        kept = await self._kept_video(job)
        if kept is None:
            raise error
        return kept

    async def _keep_video(self, job: Job, made: File) -> File:
        source = Path(made.location)
        kept = await self._keep(f"{job.id}/{made.sha256}/{source.name}", made)
        try:
            await self._copies.take(source, kept)
        except LibraryError as error:
            log.info("%s: no copy of it is kept on this machine: %s", job.id, error.message)
        return kept

    async def _keep(self, key: str, made: File) -> File:
        """Upload a file of this machine; the one that is there by then."""
        file = made.model_copy(update={"location": key})
        told = file.model_dump_json(exclude={"location"}, exclude_none=True)
        attributes = {**_headers(key, file.mime_type), _FILE: told}
        with suppress(FileNotFoundError):  # another process keeps it already, and took it away
            await self._objects.put_new(key, Path(made.location), file.bytes, attributes)
        kept = await self._kept(key)
        if kept is None:
            await self._objects.delete([key])
            raise self._not_kept(key)
        return kept

    async def _kept(self, key: str) -> File | None:
        """The file that an object is, if it is whole and ours."""
        found = await self._objects.stat(key)
        if found is None:
            return None
        try:
            told = json.loads(found.attributes.get(_FILE, "{}"))
            file = File.model_validate({**told, "location": key})
        except ValueError:
            return None
        return file if file.bytes == found.bytes else None

    # Beside the videos

    async def add_still(self, job: Job, variant: Variant) -> File:
        """An image of a job's video, made from it; the one there is when it was made before."""
        video = job.file(Variant.VIDEO)
        if video is None:
            raise gone(Path(video_name(job)))
        if _is_here(video):
            return await self._desk.add_still(job, variant)
        key = sibling(Path(video.location), variant).as_posix()
        kept = await self._kept(key)
        if kept is None:
            here = job.model_copy(update={"files": (await self._here(video),)})
            kept = await self._keep(key, await self._desk.add_still(here, variant))
        return kept

    async def first_frame(self, file: File) -> bytes:
        """A video's first frame as a PNG."""
        return await self._desk.first_frame(await self._here(file))

    async def write_sidecar(self, job: Job) -> None:
        """Write down beside the video what it is and how it was made."""
        video = job.file(Variant.VIDEO)
        if video is None or _is_here(video):
            await self._desk.write_sidecar(job)
            return
        key = sidecar(Path(video.location)).as_posix()
        text = json.dumps(described(job), ensure_ascii=False, indent=2) + "\n"
        headers = _headers(key, "application/json")
        await self._objects.put(key, text.encode(errors="replace"), headers)

    async def contact_sheet(self, file: File, frames: int) -> ContactSheet:
        """A picture of a video's moments, at most 500,000 bytes."""
        if _is_here(file):
            return await self._desk.contact_sheet(file, frames)
        key = file.location.removesuffix(".mp4") + _KEPT_SHEET.format(frames)
        kept = await self._objects.stat(key)
        if kept is not None and (jpeg := await self._objects.read(key, 0, kept.bytes)) is not None:
            width, height, timestamps = json.loads(kept.attributes[_SHEET])
            return ContactSheet(jpeg, width, height, tuple(timestamps))
        sheet = await self._desk.contact_sheet(await self._here(file), frames)
        about = json.dumps([sheet.width, sheet.height, sheet.timestamps])
        attributes = {**_headers(key, "image/jpeg"), _SHEET: about}
        try:
            await self._objects.put_new(key, sheet.jpeg, len(sheet.jpeg), attributes)
        except StorageUnavailable as error:
            log.info("A contact sheet is not kept: %s", error.message)
        return sheet

    # Giving out

    async def read(self, file: File, offset: int, length: int) -> bytes:
        """Some bytes of a file. Raises `LibraryError` when it is gone."""
        if _is_here(file):
            return await self._desk.read(file, offset, length)
        length = min(length, file.bytes - offset)
        data = await self._objects.read(file.location, offset, length) if length > 0 else b""
        if data is None:
            raise gone(Path(file.location))
        return data

    async def local_path(self, file: File) -> Path | None:
        """None, but for what an earlier folder library holds."""
        return Path(file.location) if _is_here(file) else None

    async def address(self, file: File, method: Literal["GET", "HEAD"]) -> str | None:
        """A signed URL of the file in the bucket."""
        if _is_here(file):
            return None
        return await self._objects.address(file.location, method, ADDRESS_LIFE)

    async def exists(self, file: File) -> bool:
        """Whether the file is still there, with the size it had."""
        if _is_here(file):
            return await self._desk.exists(file)
        kept = await self._objects.stat(file.location)
        return kept is not None and kept.bytes == file.bytes

    async def copy(self, file: File, destination: Path) -> Path:
        """Copy to a path; an existing name gets a number, nothing is overwritten."""
        return await self._desk.copy(await self._here(file), destination)

    async def _here(self, file: File) -> File:
        """The file as it is on this machine, brought here if need be."""
        if _is_here(file):
            return file
        path = await self._copies.find(file) if await self.exists(file) else None
        path = path or await self._copies.bring(file, self._parts_of(file))
        return file.model_copy(update={"location": str(path)})

    async def _parts_of(self, file: File) -> AsyncIterator[bytes]:
        for offset in range(0, file.bytes, READ_BYTES):
            yield await self.read(file, offset, READ_BYTES)

    # First-frame images that wait for their submission, which any machine may send

    async def keep_reference(self, video_id: str, png: bytes) -> None:
        """Keep a prepared first-frame image until the job has been submitted."""
        await self._objects.put(_reference(video_id), png, {"Content-Type": "image/png"})

    async def reference(self, video_id: str) -> bytes:
        """The kept first-frame image. Raises `LibraryError` when it is gone."""
        kept = await self._objects.stat(_reference(video_id))
        png = kept and await self._objects.read(_reference(video_id), 0, kept.bytes)
        if not png:
            raise LibraryError(
                f"The first frame of {video_id} is no longer in the object storage. Ask for the "
                "video again."
            )
        return png

    async def drop_reference(self, video_id: str) -> None:
        """Forget a kept first-frame image; where that fails, it stays, and harms nobody."""
        try:
            await self._objects.delete([_reference(video_id)])
        except StorageUnavailable as error:
            log.info("%s: its first frame is kept: %s", video_id, error.message)

    # Ending

    async def drop_part(self, video_id: str) -> None:
        """Forget what `fetch_part` brought."""
        await self._desk.drop_part(video_id)

    async def remove(self, job: Job) -> None:
        """Remove all files of a job, unfinished ones too, from the bucket and this machine."""
        keys = await self._objects.keys(job.id)
        if keys:
            await self._objects.delete(keys)
        for file in job.files:
            await self._copies.forget(file)
        here = tuple(file for file in job.files if _is_here(file))
        await self._desk.remove(job.model_copy(update={"files": here}))


def _is_here(file: File) -> bool:
    """Whether a file is on this machine: a key is never absolute."""
    return Path(file.location).is_absolute()


def _reference(video_id: str) -> str:
    return f"references/{video_id}.png"


def _headers(key: str, mime_type: str) -> dict[str, str]:
    """What whoever opens an object by its URL is told (RFC 6266, RFC 8187)."""
    name = quote(PurePosixPath(key).name, safe="")
    return {
        "Content-Type": mime_type,
        "Content-Disposition": f"inline; filename*=UTF-8''{name}",
    }
