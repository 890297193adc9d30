"""Joining clips: packets are copied where the clips are of one kind, else all are encoded anew."""
# PyAV leaves the type argument of its packets open:
# pyright: reportUnknownMemberType=false

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from itertools import chain
from pathlib import Path

import av
import av.error
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.filter import Graph
from av.video.frame import VideoFrame
from av.video.reformatter import ColorPrimaries, ColorTrc
from av.video.stream import VideoStream
from numpy.typing import NDArray

from sora_mcp.media.concat import PartsDiffer, append_copy
from sora_mcp.media.probe import Clip, NotAVideo, open_clip, probe

RATE = 48_000
"""Samples per second of an encoded join's sound, which is stereo."""

MAX_FPS = Fraction(60)
"""More frames per second are not written, whatever the first clip claims to have."""

MAX_SECONDS = 3 * 3600
"""A longer join is given up: broken time stamps can make a tiny file last for years."""

Progress = Callable[[float], None]
"""Takes the per cent done: 0, then after every encoded frame, 100. What it raises ends the join."""

Samples = NDArray[np.float32]


def join(clips: Sequence[Path], output: Path, on_progress: Progress) -> str | None:
    """Join MP4 files in their order into a new one that can be played while it loads.

    The picture has the first clip's size and frame rate; clips of another shape get black bars,
    clips without sound are silent. Memory does not grow with the length. After an error, `output`
    may be there and incomplete.

    Returns:
        What had to be changed, for people; None when the packets were copied as they are.

    Raises:
        NotAVideo: A clip cannot be decoded.
        OSError: A file is missing, or cannot be read or written.
    """
    found = [probe(clip) for clip in clips]
    on_progress(0)
    try:
        note = None if _copied(clips, output) else _encode(clips, found, output, on_progress)
    except av.error.FFmpegError as error:
        raise OSError(error.errno, error.strerror, str(output)) from error
    on_progress(100)
    return note


def _copied(clips: Sequence[Path], output: Path) -> bool:
    """Whether the clips' packets could be put one after the other."""
    try:
        append_copy(clips, output)
    except (PartsDiffer, av.error.ArgumentError, av.error.InvalidDataError):
        # The last two: time stamps that no file may have. Encoding makes them anew.
        return False
    return True


def _encode(
    clips: Sequence[Path], found: Sequence[Clip], output: Path, on_progress: Progress
) -> str:
    first = found[0]
    size = (first.width - first.width % 2, first.height - first.height % 2)
    fps = min(first.fps, MAX_FPS)
    total = max(1, sum(round(clip.seconds * fps) for clip in found))
    heard = any(clip.has_audio for clip in found)
    frames = samples = 0
    with av.open(output, "w", format="mp4", options={"movflags": "+faststart"}) as container:
        video = _add_video(container, size, fps)
        audio = container.add_stream("aac", rate=RATE, layout="stereo") if heard else None
        for path, clip in zip(clips, found, strict=True):
            sound = _Sound(_samples(path) if clip.has_audio else iter(()))
            for picture in _pictures(path, size, fps):
                picture.pts, picture.time_base = frames, 1 / fps
                container.mux(video.encode(picture))
                frames += 1
                if audio is not None:
                    # As much sound as picture after every frame: so each clip's sound begins with
                    # its picture, however long the tracks of the clips before were.
                    count = round(frames * RATE / fps) - samples
                    container.mux(audio.encode(sound.read(count, samples)))
                    samples += count
                if frames > MAX_SECONDS * fps:
                    raise NotAVideo(f"they are longer than {MAX_SECONDS // 3600} hours")
                on_progress(min(100.0, 100 * frames / total))
        for stream in (video, audio):
            if stream is not None:
                container.mux(stream.encode())
    return _told(found, size, fps)


def _told(found: Sequence[Clip], size: tuple[int, int], fps: Fraction) -> str:
    width, height = size
    told = (
        f"The clips are of different kinds, so they were encoded anew as {width}x{height} with "
        f"{float(fps):.4g} frames per second."
    )
    boxed = [
        f"{number} ({clip.width}x{clip.height})"
        for number, clip in enumerate(found, 1)
        if abs(clip.width * height - clip.height * width) > max(size)
    ]
    silent = [str(number) for number, clip in enumerate(found, 1) if not clip.has_audio]
    if boxed:
        told += f" Black bars were added to clip {', '.join(boxed)}."
    if 0 < len(silent) < len(found):
        told += f" Silence was added to clip {', '.join(silent)}."
    return told


def _add_video(container: OutputContainer, size: tuple[int, int], fps: Fraction) -> VideoStream:
    options = {"preset": "veryfast", "crf": "18", "profile": "high"}
    video = container.add_stream("libx264", rate=fps, options=options)
    video.width, video.height = size
    video.pix_fmt = "yuv420p"
    if _is_hd(size):
        video.codec_context.colorspace = 1  # BT.709, as `_pictures` converts to
        video.codec_context.color_primaries = ColorPrimaries.BT709
        video.codec_context.color_trc = ColorTrc.BT709
    return video


def _is_hd(size: tuple[int, int]) -> bool:
    return max(size) >= 1280


def _pictures(path: Path, size: tuple[int, int], fps: Fraction) -> Iterator[VideoFrame]:
    """A clip's frames in another size and rate, with black bars where the shape differs."""
    width, height = size
    with open_clip(path) as (container, video):
        # Files that do not name their colour matrix mean BT.709 in HD, BT.601 below.
        matrix = "bt709" if _is_hd((video.width, video.height)) else "smpte170m"
        source = matrix if video.colorspace == _UNSPECIFIED else "auto"
        target = "bt709" if _is_hd(size) else "smpte170m"
        graph = Graph()
        graph.link_nodes(
            graph.add_buffer(template=video),
            graph.add("setpts", "PTS-STARTPTS"),
            graph.add("fps", str(fps)),
            graph.add(
                "scale",
                f"{width}:{height}:force_original_aspect_ratio=decrease:flags=bicubic:"
                f"in_color_matrix={source}:out_color_matrix={target}:out_range=tv",
            ),
            graph.add("format", "yuv420p"),
            graph.add("pad", f"{width}:{height}:(ow-iw)/2:(oh-ih)/2"),
            graph.add("setsar", "1"),
            graph.add("buffersink"),
        ).configure()
        for frame in chain(container.decode(video), (None,)):
            graph.vpush(frame)
            while True:
                try:
                    picture = graph.vpull()
                except (BlockingIOError, EOFError):
                    break
                yield picture


_UNSPECIFIED = 2


def _samples(path: Path) -> Iterator[Samples]:
    """A clip's sound from the moment at which its picture begins."""
    with open_clip(path) as (container, video):
        audio = container.streams.best("audio")
        if not isinstance(audio, AudioStream):
            return
        begin = float((video.start_time or 0) * (video.time_base or 0))
        resampler = AudioResampler("fltp", "stereo", RATE)
        late: int | None = None
        for frame in chain(container.decode(audio), (None,)):
            if late is None and frame is not None:
                late = round(((frame.time or 0.0) - begin) * RATE)
                while late > 0:
                    yield np.zeros((2, min(late, RATE)), np.float32)
                    late -= min(late, RATE)
            for piece in resampler.resample(frame):
                samples = piece.to_ndarray().astype(np.float32, copy=False)
                early = min(max(0, -(late or 0)), samples.shape[1])
                late = (late or 0) + early
                yield samples[:, early:]


class _Sound:
    """Reads sound in any portions; after its end there is silence."""

    def __init__(self, pieces: Iterator[Samples]) -> None:
        self._pieces = pieces
        self._waiting: Samples = np.zeros((2, 0), np.float32)

    def read(self, count: int, at: int) -> AudioFrame:
        """The next `count` samples as a frame that begins at sample `at` of the join."""
        while (missing := count - self._waiting.shape[1]) > 0:
            piece = next(self._pieces, np.zeros((2, missing), np.float32))
            self._waiting = np.concatenate((self._waiting, piece), axis=1)
        frame = AudioFrame.from_ndarray(
            np.ascontiguousarray(self._waiting[:, :count]), "fltp", "stereo"
        )
        self._waiting = self._waiting[:, count:]
        frame.sample_rate, frame.pts, frame.time_base = RATE, at, Fraction(1, RATE)
        return frame
