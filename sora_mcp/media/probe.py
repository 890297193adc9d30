"""What a file really is: magic bytes, and what an MP4 holds.

Files come from strangers. They are opened as MP4 and nothing else, because other formats that
FFmpeg would guess (playlists, concatenation scripts) can name further files to read.
"""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import av.error
from av.container import InputContainer
from av.video.stream import VideoStream

HEAD_BYTES = 64
"""So many bytes from the beginning of a file are enough to recognise it."""

MAX_FRAME_PIXELS = 64_000_000
"""Larger frames are refused before one is decoded (8K UHD has 33 million pixels)."""


class NotAVideo(ValueError):
    """The file is no playable MP4; the message says what is wrong with it."""


@dataclass(frozen=True)
class Clip:
    """What an MP4 holds. Sizes are pixels, `seconds` is the length of its picture."""

    width: int
    height: int
    seconds: float
    frames: int
    fps: Fraction
    video_codec: str
    audio_codec: str | None

    @property
    def has_audio(self) -> bool:
        """Whether there is a sound track."""
        return self.audio_codec is not None


def looks_like_mp4(head: bytes) -> bool:
    """Whether a file begins as an MP4 does (ISO/IEC 14496-12: a `ftyp` box comes first)."""
    return head[4:8] == b"ftyp"


def image_type(head: bytes) -> str | None:
    """The MIME type of a JPEG, PNG or WebP image, by its first bytes; None for all else."""
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    return None


def describe(head: bytes) -> str:
    """A few words for what a file seems to be, by its first bytes."""
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if not head:
        return "an empty file"
    if looks_like_mp4(head):
        return "an MP4 file"
    if text.startswith((b"{", b"[")):
        return "JSON text"
    if text.startswith((b"<!doctype html", b"<html", b"<head", b"<body")):
        return "an HTML page"
    if text.startswith(b"<"):
        return "XML text"
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return "a WebM or Matroska file"
    if (image := image_type(head)) is not None:
        return f"an image ({image})"
    return "data of an unknown kind"


@contextmanager
def open_clip(path: Path) -> Generator[tuple[InputContainer, VideoStream]]:
    """An MP4 opened for reading, with its picture track.

    Raises:
        NotAVideo: It cannot be opened, has no picture or breaks while it is read.
        OSError: The file is missing or may not be read.
    """
    try:
        with av.open(str(path.absolute()), mode="r", format="mp4") as container:
            video = container.streams.best("video")
            if not isinstance(video, VideoStream):
                raise NotAVideo("it has no picture track")
            if video.width * video.height > MAX_FRAME_PIXELS:
                raise NotAVideo(f"its frames of {video.width}x{video.height} are too large")
            # A stream may announce larger frames later on.
            video.codec_context.options = {"max_pixels": str(MAX_FRAME_PIXELS)}
            yield container, video
    except av.error.FFmpegError as error:
        if isinstance(error, OSError):
            raise
        raise NotAVideo(
            f"it cannot be decoded ({error.strerror or type(error).__name__})"
        ) from error


def probe(path: Path) -> Clip:
    """Look at an MP4: the index is checked against the file's size, one frame is decoded.

    Raises:
        NotAVideo: It is something else, cut short or undecodable.
        OSError: The file is missing or may not be read.
    """
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if not looks_like_mp4(head):
        raise NotAVideo(f"it is {describe(head)}, not an MP4 video")
    with open_clip(path) as (container, video):
        _check_complete(container, path.stat().st_size)
        audio = container.streams.best("audio")
        if next(container.decode(video), None) is None:
            raise NotAVideo("it has no picture that can be decoded")
        frames = video.frames or _count_packets(container, video)
        fps = video.average_rate or video.guessed_rate or Fraction(24)
        return Clip(
            width=video.width,
            height=video.height,
            seconds=round(_seconds(container, video) or float(frames / fps), 3),
            frames=frames,
            fps=fps,
            video_codec=video.codec_context.name,
            audio_codec=audio.codec_context.name if audio is not None else None,
        )


def _check_complete(container: InputContainer, size: int) -> None:
    for stream in container.streams:
        for entry in stream.index_entries:
            if entry.pos + entry.size > size:
                raise NotAVideo("it is cut short: its end is missing")


def _count_packets(container: InputContainer, video: VideoStream) -> int:
    # Fragmented files state no number of frames in their header.
    container.seek(0)
    return sum(1 for packet in container.demux(video) if packet.size)


def _seconds(container: InputContainer, video: VideoStream) -> float | None:
    if video.duration and video.time_base:
        return float(video.duration * video.time_base)
    return container.duration / av.time_base if container.duration else None
