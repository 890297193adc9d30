"""Joining clips by copying their packets."""
# PyAV leaves the type argument of its packets open:
# pyright: reportUnknownMemberType=false

from pathlib import Path

import av
import numpy as np
import pytest
from av.error import FFmpegError
from clips import BLUE, GREEN, RED, make_clip

from sora_mcp.media.concat import PartsDiffer, append_copy


def pictures(path: Path) -> list[tuple[float, tuple[int, ...]]]:
    """Per decoded frame its time and its mean colour."""
    with av.open(path) as container:
        return [
            (
                round(frame.time, 4),
                tuple(frame.to_ndarray(format="rgb24").mean(axis=(0, 1)).round().astype(int)),
            )
            for frame in container.decode(video=0)
        ]


def blocks(path: Path) -> list[tuple[int, int]]:
    """Per decoded block of sound its first sample and its length."""
    with av.open(path) as container:
        return [(frame.pts or 0, frame.samples) for frame in container.decode(audio=0)]


def packets(path: Path, kind: str) -> list[bytes]:
    with av.open(path) as container:
        stream = container.streams.best(kind)  # pyright: ignore[reportArgumentType]  # "video", "audio"
        return [bytes(packet) for packet in container.demux(stream) if packet.size]


def test_clips_follow_one_another_with_every_frame_at_its_time(tmp_path: Path) -> None:
    parts = [
        make_clip(tmp_path / f"{index}.mp4", colour, bf="2")
        for index, colour in enumerate((RED, GREEN, BLUE))
    ]
    append_copy(parts, tmp_path / "joined.mp4")

    decoded = pictures(tmp_path / "joined.mp4")
    assert [time for time, _ in decoded] == [round(index / 24, 4) for index in range(72)]
    apart = [colour for part in parts for _, colour in pictures(part)]
    assert [colour for _, colour in decoded] == apart
    assert packets(tmp_path / "joined.mp4", "video") == [
        packet for part in parts for packet in packets(part, "video")
    ]


def test_sound_stays_with_its_pictures_at_every_joint(tmp_path: Path) -> None:
    # Half a second is no whole number of AAC's blocks: what is too much must not add up.
    part = make_clip(tmp_path / "part.mp4", frames=12)
    append_copy([part] * 8, tmp_path / "joined.mp4")

    heard = blocks(tmp_path / "joined.mp4")
    starts = [start for start, _ in heard]
    assert starts == sorted(starts)
    for joint in range(0, 8 * 24_000, 24_000):
        assert joint in starts
    with av.open(tmp_path / "joined.mp4") as container:
        assert container.duration == 4 * av.time_base
        samples = np.concatenate([f.to_ndarray() for f in container.decode(audio=0)], axis=1)
    assert float(samples.reshape(2, -1, 1024).std(axis=2).min()) > 0.05


def test_silent_clips_are_joined_too(tmp_path: Path) -> None:
    part = make_clip(tmp_path / "part.mp4", rate=None)
    append_copy([part, part], tmp_path / "joined.mp4")

    assert len(pictures(tmp_path / "joined.mp4")) == 48


def test_the_join_can_be_played_while_it_loads_and_keeps_its_title(tmp_path: Path) -> None:
    part = make_clip(tmp_path / "part.mp4", movflags="")
    append_copy([part, part], tmp_path / "one.mp4", metadata={"title": "Two in one"})
    append_copy([tmp_path / "one.mp4", part], tmp_path / "two.mp4")

    for name in ("one.mp4", "two.mp4"):
        data = (tmp_path / name).read_bytes()
        assert 0 < data.index(b"moov") < data.index(b"mdat")
        with av.open(tmp_path / name) as container:
            assert container.metadata["title"] == "Two in one"


@pytest.mark.parametrize(
    ("other", "difference"),
    [
        ({"width": 160}, "picture size"),
        ({"preset": "medium"}, "video encoding"),
        ({"fps": 25}, "video encoding"),
        ({"rate": 44_100}, "sound"),
        ({"channels": "mono"}, "sound"),
        ({"rate": None}, "sound"),
    ],
)
def test_clips_that_were_not_encoded_alike_are_refused_by_name(
    tmp_path: Path, other: dict[str, object], difference: str
) -> None:
    first = make_clip(tmp_path / "first.mp4")
    second = make_clip(tmp_path / "second.mp4", **other)  # pyright: ignore[reportArgumentType]  # mixed kinds

    with pytest.raises(
        PartsDiffer, match=rf"second.mp4 differs from first.mp4 in its {difference}"
    ):
        append_copy([first, second], tmp_path / "joined.mp4")
    assert not (tmp_path / "joined.mp4").exists()


def test_what_is_no_clip_leaves_no_output(tmp_path: Path) -> None:
    part = make_clip(tmp_path / "part.mp4")
    (tmp_path / "text.mp4").write_text("ffconcat version 1.0")

    with pytest.raises(FFmpegError):
        append_copy([part, tmp_path / "text.mp4"], tmp_path / "joined.mp4")
    with pytest.raises(FileNotFoundError):
        append_copy([part, tmp_path / "missing.mp4"], tmp_path / "joined.mp4")
    with pytest.raises(ValueError, match="nothing to join"):
        append_copy([], tmp_path / "joined.mp4")
    assert not (tmp_path / "joined.mp4").exists()
