"""Joining clips."""
# PyAV leaves the type argument of its packets open:
# pyright: reportUnknownMemberType=false

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from sora_mcp.media.join import join
from sora_mcp.media.probe import NotAVideo, probe
from tests.media.clips import BLUE, GREEN, RED, WHITE, Colour, make_clip

THREE = (RED, GREEN, BLUE)


def silently(percent: float) -> None:
    """Take no notice."""


def colours_of(path: Path, *seconds: float, place: tuple[int, int] = (64, 48)) -> list[Colour]:
    """The colour at a place of the picture at some times, after decoding everything."""
    with av.open(path) as container:
        frames = [
            (frame.time, frame.to_ndarray(format="rgb24")) for frame in container.decode(video=0)
        ]
    found: list[Colour] = []
    for wanted in seconds:
        picture = [picture for time, picture in frames if time <= wanted + 1e-6][-1]
        red, green, blue = picture[place[1], place[0]].tolist()
        found.append((red, green, blue))
    return found


def near(one: Colour, other: Colour) -> bool:
    return all(abs(left - right) <= 14 for left, right in zip(one, other, strict=True))


def loudness(path: Path) -> NDArray[np.float64]:
    """The loudness of each tenth of a second."""
    with av.open(path) as container:
        pieces = [frame.to_ndarray()[0] for frame in container.decode(audio=0)]
    sound = np.concatenate(pieces)
    tenths = sound[: len(sound) // 4800 * 4800].reshape(-1, 4800)
    return np.sqrt((tenths.astype(np.float64) ** 2).mean(axis=1))


def packets(path: Path) -> list[bytes]:
    with av.open(path) as container:
        return [bytes(packet) for packet in container.demux(video=0) if packet.size]


def test_the_packets_of_clips_of_one_kind_are_copied_as_they_are(tmp_path: Path) -> None:
    clips = [make_clip(tmp_path / f"{index}.mp4", colour) for index, colour in enumerate(THREE)]
    output = tmp_path / "out.mp4"
    percents: list[float] = []

    note = join(clips, output, percents.append)

    assert note is None
    assert percents == [0, 100]
    assert packets(output) == [packet for clip in clips for packet in packets(clip)]
    assert all(map(near, colours_of(output, 0.5, 1.5, 2.5), THREE))
    assert loudness(output)[2:28].min() > 0.05


def test_clips_of_different_kinds_become_one_of_the_first_ones_kind(tmp_path: Path) -> None:
    clips = [
        make_clip(tmp_path / "a.mp4", RED),
        make_clip(tmp_path / "b.mp4", GREEN, width=64, height=48, fps=30, frames=30, rate=44_100),
        make_clip(tmp_path / "c.mp4", BLUE, width=256, height=192, fps=12, frames=12),
    ]
    output = tmp_path / "out.mp4"

    note = join(clips, output, silently)

    clip = probe(output)
    assert (clip.width, clip.height, clip.fps) == (128, 96, Fraction(24))
    assert (clip.frames, clip.seconds) == (72, 3.0)
    assert (clip.video_codec, clip.audio_codec) == ("h264", "aac")
    shown = colours_of(output, 0, 0.9, 1.1, 1.9, 2.1, 2.95)
    assert all(map(near, shown, [RED, RED, GREEN, GREEN, BLUE, BLUE]))
    assert note == (
        "The clips are of different kinds, so they were encoded anew as 128x96 with 24 frames "
        "per second."
    )


def test_an_encoded_join_plays_everywhere_and_while_it_loads(tmp_path: Path) -> None:
    clips = [
        make_clip(tmp_path / "a.mp4", RED, channels="mono", rate=22_050),
        make_clip(tmp_path / "b.mp4", BLUE, width=64, height=48),
    ]
    output = tmp_path / "out.mp4"

    join(clips, output, silently)

    with av.open(output) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        assert (video.profile, video.pix_fmt) == ("High", "yuv420p")
        assert (audio.codec_context.sample_rate, audio.codec_context.layout.name) == (
            48_000,
            "stereo",
        )
    data = output.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


def test_a_clip_of_another_shape_gets_black_bars(tmp_path: Path) -> None:
    clips = [
        make_clip(tmp_path / "a.mp4", RED, width=192, height=96),
        make_clip(tmp_path / "b.mp4", WHITE, width=96, height=192),
    ]
    output = tmp_path / "out.mp4"

    note = join(clips, output, silently)

    assert near(colours_of(output, 1.5, place=(96, 48))[0], WHITE)
    assert near(colours_of(output, 1.5, place=(20, 48))[0], (0, 0, 0))
    assert near(colours_of(output, 1.5, place=(172, 48))[0], (0, 0, 0))
    assert note is not None
    assert "Black bars were added to clip 2 (96x192)." in note


@pytest.mark.parametrize("sizes", [((1280, 720), (128, 72)), ((128, 72), (1280, 720))])
def test_colours_stay_the_same_between_hd_and_smaller_clips(
    tmp_path: Path, sizes: tuple[tuple[int, int], tuple[int, int]]
) -> None:
    clips = [
        make_clip(tmp_path / f"{width}.mp4", GREEN, width=width, height=height, frames=6)
        for width, height in sizes
    ]
    output = tmp_path / "out.mp4"

    join(clips, output, silently)

    assert all(near(colour, GREEN) for colour in colours_of(output, 0.1, 0.4))


def test_a_clip_without_sound_is_silent_and_the_others_keep_theirs(tmp_path: Path) -> None:
    clips = [
        make_clip(tmp_path / "a.mp4", RED),
        make_clip(tmp_path / "b.mp4", GREEN, rate=None),
        make_clip(tmp_path / "c.mp4", BLUE, width=64, height=48),
    ]
    output = tmp_path / "out.mp4"

    note = join(clips, output, silently)

    volume = loudness(output)
    assert len(volume) == pytest.approx(30, abs=1)
    assert volume[2:9].min() > 0.05
    assert volume[11:19].max() < 0.001
    assert volume[21:28].min() > 0.05
    assert note is not None
    assert "Silence was added to clip 2." in note


def with_sound(source: Path, target: Path, *, until: int = 10**9, later: int = 0) -> Path:
    """A copy whose sound ends, or begins, at another of its 48,000 ticks per second."""
    with av.open(source) as before, av.open(target, "w") as after:
        streams = {
            stream.index: after.add_stream_from_template(stream) for stream in before.streams
        }
        for packet in before.demux():
            sound = packet.stream.type == "audio"
            if packet.dts is None or packet.pts is None or (sound and packet.dts > until):
                continue
            if sound:
                packet.dts, packet.pts = packet.dts + later, packet.pts + later
            packet.stream = streams[packet.stream.index]
            after.mux(packet)
    return target


def test_sound_that_ends_early_does_not_move_the_next_clips_sound(tmp_path: Path) -> None:
    short = with_sound(make_clip(tmp_path / "a.mp4", RED), tmp_path / "short.mp4", until=24_000)
    output = tmp_path / "out.mp4"

    join([short, make_clip(tmp_path / "b.mp4", BLUE, width=64, height=48)], output, silently)

    volume = loudness(output)
    assert volume[1:4].min() > 0.05
    assert volume[7:9].max() < 0.001
    assert volume[11:18].min() > 0.05


def test_sound_that_begins_late_stays_late(tmp_path: Path) -> None:
    late = with_sound(make_clip(tmp_path / "a.mp4", RED), tmp_path / "late.mp4", later=24_000)
    output = tmp_path / "out.mp4"

    join([late, make_clip(tmp_path / "b.mp4", BLUE, width=64, height=48)], output, silently)

    volume = loudness(output)
    assert volume[:4].max() < 0.001
    assert volume[6:18].min() > 0.05


def test_silent_clips_make_a_silent_join(tmp_path: Path) -> None:
    clips = [
        make_clip(tmp_path / "a.mp4", RED, rate=None),
        make_clip(tmp_path / "b.mp4", BLUE, rate=None, width=64, height=48),
    ]
    output = tmp_path / "out.mp4"

    note = join(clips, output, silently)

    assert not probe(output).has_audio
    assert note is not None
    assert "ilence" not in note


def test_progress_rises_to_the_end(tmp_path: Path) -> None:
    clips = [make_clip(tmp_path / "a.mp4", RED), make_clip(tmp_path / "b.mp4", BLUE, width=64)]
    percents: list[float] = []

    join(clips, tmp_path / "out.mp4", percents.append)

    assert percents == sorted(percents)
    assert len(percents) == 1 + 48 + 1
    assert (percents[0], percents[-1]) == (0, 100)


def test_what_the_progress_callback_raises_ends_the_join(tmp_path: Path) -> None:
    clips = [make_clip(tmp_path / "a.mp4", RED), make_clip(tmp_path / "b.mp4", BLUE, width=64)]
    percents: list[float] = []

    def stop(percent: float) -> None:
        percents.append(percent)
        if percent > 50:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        join(clips, tmp_path / "out.mp4", stop)

    assert 50 < percents[-1] < 55


def test_a_clip_that_cannot_be_decoded_is_named_as_the_reason(tmp_path: Path) -> None:
    broken = tmp_path / "b.mp4"
    broken.write_text("{}")

    with pytest.raises(NotAVideo, match="JSON"):
        join([make_clip(tmp_path / "a.mp4", RED), broken], tmp_path / "out.mp4", silently)


def test_a_place_that_cannot_be_written_is_an_error_of_the_system(tmp_path: Path) -> None:
    clips = [make_clip(tmp_path / "a.mp4", RED), make_clip(tmp_path / "b.mp4", BLUE, width=64)]

    with pytest.raises(FileNotFoundError):
        join(clips, tmp_path / "missing" / "out.mp4", silently)
