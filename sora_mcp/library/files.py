"""The blocking work behind a library's files: checking, making, describing.

What reads media is imported where it is used, because a server starts without it.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sora_mcp.library.disk import put, sha256_of, sync_file, write_part
from sora_mcp.library.naming import sibling
from sora_mcp.videos.errors import ContentInvalid, LibraryError
from sora_mcp.videos.models import File, Job, Variant
from sora_mcp.videos.ports import ContactSheet

if TYPE_CHECKING:
    from sora_mcp.media.probe import Clip


def gone(path: Path) -> LibraryError:
    """What to say of a file that has been taken away."""
    return LibraryError(
        f"{path.name} is no longer in the library. Call download_video with its video_id to fetch "
        "it again, or make the video again."
    )


def look(video: Path) -> File | None:
    """The complete video that is there already, or None."""
    from sora_mcp.media.probe import NotAVideo, probe

    if not video.is_file():
        return None
    try:
        return _video_file(video, probe(video), sha256_of(video))
    except NotAVideo:
        return None


def accept(part: Path, final: Path, digest: str) -> File:
    """Check a complete video and give it its name.

    Raises:
        ContentInvalid: It cannot be played; it is removed.
    """
    from sora_mcp.media.probe import NotAVideo, probe

    try:
        clip = probe(part)
    except NotAVideo as error:
        part.unlink(missing_ok=True)
        raise ContentInvalid(f"What the engine sent is no usable video: {error}.") from error
    return _video_file(put(part, final, adopt=digest), clip, digest)


def _video_file(path: Path, clip: "Clip", digest: str) -> File:
    return File(
        variant=Variant.VIDEO,
        location=str(path),
        mime_type=Variant.VIDEO.mime_type,
        bytes=path.stat().st_size,
        sha256=digest,
        width=clip.width,
        height=clip.height,
        seconds=clip.seconds,
        audio=clip.has_audio,
    )


def join_clips(clips: Sequence[Path], output: Path, tell: Callable[[float], None]) -> str | None:
    """Join clips into a complete file; the note on what was changed. Nothing is left on failure.

    Raises:
        LibraryError: A clip cannot be decoded.
    """
    from sora_mcp.media.join import join
    from sora_mcp.media.probe import NotAVideo

    try:
        note = join(clips, output, tell)
        sync_file(output)
    except BaseException as error:
        output.unlink(missing_ok=True)
        if isinstance(error, NotAVideo):
            raise LibraryError(f"The videos could not be joined: {error}.") from error
        raise
    return note


def still(video: Path, variant: Variant) -> File:
    """The image beside a video: the one that is there, else made from the video.

    Raises:
        LibraryError: The video is gone or cannot be decoded.
    """
    from sora_mcp.media import stills
    from sora_mcp.media.images import NotAnImage, image_size
    from sora_mcp.media.probe import NotAVideo, image_type

    final = sibling(video, variant)
    with suppress(FileNotFoundError, NotAnImage):
        data = final.read_bytes()
        if image_type(data) == variant.mime_type:
            return _still_file(final, variant, data, image_size(data))
    makers = {
        Variant.THUMBNAIL: stills.poster,
        Variant.SPRITESHEET: stills.spritesheet,
        Variant.LAST_FRAME: stills.last_frame,
    }
    try:
        data = makers[variant](video)
    except FileNotFoundError:
        raise gone(video) from None
    except NotAVideo as error:
        raise LibraryError(f"{video.name} cannot be read: {error}.") from error
    path = put(write_part(final, data), final, adopt=sha256(data).hexdigest())
    return _still_file(path, variant, data, image_size(data))


def _still_file(path: Path, variant: Variant, data: bytes, size: tuple[int, int]) -> File:
    return File(
        variant=variant,
        location=str(path),
        mime_type=variant.mime_type,
        bytes=len(data),
        sha256=sha256(data).hexdigest(),
        width=size[0],
        height=size[1],
    )


def first_frame(video: Path) -> bytes:
    """A video's first frame as a PNG.

    Raises:
        LibraryError: The video cannot be decoded.
    """
    from sora_mcp.media import stills
    from sora_mcp.media.probe import NotAVideo

    try:
        return stills.first_frame(video)
    except NotAVideo as error:
        raise LibraryError(f"{video.name} cannot be read: {error}.") from error


def sheet_of(video: Path, frames: int) -> ContactSheet:
    """A picture of a video's moments.

    Raises:
        LibraryError: The video cannot be decoded.
    """
    from sora_mcp.media.probe import NotAVideo
    from sora_mcp.media.stills import contact_sheet

    try:
        return ContactSheet(*contact_sheet(video, frames))
    except NotAVideo as error:
        raise LibraryError(f"{video.name} cannot be read: {error}.") from error


def described(job: Job) -> dict[str, Any]:
    """What the sidecar tells. Absent values are left out."""
    told = job.model_dump(
        mode="json",
        exclude_none=True,
        include={
            "operation",
            "prompt",
            "title",
            "model",
            "size",
            "seconds",
            "options",
            "source_ids",
            "emulated",
            "notes",
            "engine",
            "engine_job_id",
            "estimated_cost_usd",
            "created_at",
            "completed_at",
        },
    )
    files = [
        {
            **file.model_dump(mode="json", exclude_none=True, exclude={"location"}),
            "name": Path(file.location).name,
        }
        for file in job.files
    ]
    return {"video_id": job.id, **told, "files": files}
