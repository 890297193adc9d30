"""Joining MP4 files by copying their packets, without encoding them again."""
# PyAV leaves the type argument of its packets open:
# pyright: reportUnknownMemberType=false

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path

import av
from av import Packet
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.stream import Stream
from av.video.stream import VideoStream

MediaStream = VideoStream | AudioStream


class PartsDiffer(ValueError):
    """The parts were not encoded alike, so their packets cannot follow one another."""


def append_copy(
    parts: Sequence[Path], output: Path, *, metadata: Mapping[str, str] | None = None
) -> None:
    """Join MP4 files in their order into one that can be played while it loads.

    Of every part the first video and the first audio stream are taken. The parts must agree in
    codecs, picture size, time scales, sample rate and codec headers, and must all have sound or
    none. Sound is cut where a part's pictures end, so both stay together at every joint.
    `metadata` replaces that of the first part.

    Raises:
        PartsDiffer: The parts cannot be joined as they are; encode them anew instead.
        ValueError: There is no part.
        av.FFmpegError: A part cannot be read, or the output cannot be written. Those that come
            from the system are `OSError` too (`FileNotFoundError`, …).

    After an error there is no output.
    """
    if not parts:
        raise ValueError("there is nothing to join")
    try:
        with ExitStack() as stack:
            # Named, because FFmpeg would also follow playlists to other files.
            sources = [stack.enter_context(av.open(part, format="mp4")) for part in parts]
            _check_alike(sources, [part.name for part in parts])
            options = {"movflags": "+faststart"}
            target = stack.enter_context(av.open(output, "w", format="mp4", options=options))
            target.metadata.update(sources[0].metadata if metadata is None else metadata)
            _copy(sources, target)
    except BaseException:
        output.unlink(missing_ok=True)
        raise


def _streams(source: InputContainer) -> list[MediaStream]:
    """The first video stream, then the first audio stream where there is sound."""
    return [*source.streams.video[:1], *source.streams.audio[:1]]


def _check_alike(sources: Sequence[InputContainer], names: Sequence[str]) -> None:
    first = _parameters(sources[0])
    for source, name in zip(sources, names, strict=True):
        if not source.streams.video:
            raise PartsDiffer(f"{name} has no pictures")
        found = _parameters(source)
        for quality in first | found:
            if first.get(quality) != found.get(quality):
                raise PartsDiffer(f"{name} differs from {names[0]} in its {quality}")


def _parameters(source: InputContainer) -> dict[str, object]:
    """What has to be equal, under the name a person would call it by."""
    found: dict[str, object] = {}
    for video in source.streams.video[:1]:
        found["picture size"] = (video.width, video.height)
        found["video encoding"] = (
            video.codec_context.name,
            video.codec_context.pix_fmt,
            video.codec_context.extradata,
            video.time_base,
        )
    for audio in source.streams.audio[:1]:
        found["sound"] = (
            audio.codec_context.name,
            audio.codec_context.layout.name,
            audio.codec_context.extradata,
            audio.time_base,
        )
    return found


def _copy(sources: Sequence[InputContainer], target: OutputContainer) -> None:
    outputs = [target.add_stream_from_template(stream) for stream in _streams(sources[0])]
    start = Fraction(0)
    """Where the pictures of the current part begin in the output, in seconds."""
    latest: list[int | None] = [None] * len(outputs)
    for source in sources:
        video = _streams(source)[0]
        scale = video.time_base or Fraction(1)
        first = Fraction(video.start_time or 0) * scale
        end = first + (video.duration or 0) * scale
        for index, packet, pts, dts in _packets(source):
            begins = pts * packet.time_base
            # Before a part's own beginning lies the run-up of its sound: it belongs before the
            # first part alone, elsewhere it would fall into the part before.
            if index == 1 and (begins >= end or (start and begins < first)):
                continue
            shift = round((start - first) / packet.time_base)
            packet.pts, packet.dts = pts + shift, dts + shift
            before = latest[index]
            if before is not None and packet.dts <= before:
                continue
            latest[index] = packet.dts
            packet.stream = outputs[index]
            target.mux(packet)
        start += end - first


def _packets(source: InputContainer) -> Iterator[tuple[int, "Packet[Stream]", int, int]]:
    """Packets in the file's order, with the place of their stream in `_streams` and their times."""
    streams = _streams(source)
    places = {stream.index: place for place, stream in enumerate(streams)}
    for packet in source.demux(*streams):
        if packet.pts is not None and packet.dts is not None:
            yield places[packet.stream.index], packet, packet.pts, packet.dts
