"""Recognising files, and what an MP4 holds."""

from fractions import Fraction
from pathlib import Path

import av
import pytest

from sora_mcp.media.probe import NotAVideo, describe, image_type, looks_like_mp4, open_clip, probe
from tests.media.clips import make_clip


def test_a_clip_tells_its_size_length_rate_and_codecs(tmp_path: Path) -> None:
    clip = probe(make_clip(tmp_path / "a.mp4", width=160, height=96, frames=36))

    assert (clip.width, clip.height, clip.seconds, clip.frames) == (160, 96, 1.5, 36)
    assert clip.fps == Fraction(24)
    assert (clip.video_codec, clip.audio_codec, clip.has_audio) == ("h264", "aac", True)


def test_a_silent_clip_has_no_audio(tmp_path: Path) -> None:
    clip = probe(make_clip(tmp_path / "a.mp4", rate=None))

    assert clip.audio_codec is None
    assert not clip.has_audio


def test_a_fragmented_clip_is_counted_although_its_header_states_no_frames(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "a.mp4", movflags="+frag_keyframe+empty_moov", frames=30)

    clip = probe(path)

    assert clip.frames == 30
    assert clip.seconds == pytest.approx(1.25, abs=0.05)


@pytest.mark.parametrize("movflags", ["+faststart", ""])
def test_a_clip_whose_end_is_missing_is_no_video(tmp_path: Path, movflags: str) -> None:
    whole = make_clip(tmp_path / "a.mp4", movflags=movflags, noise=True).read_bytes()
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(whole[: len(whole) * 3 // 4])

    with pytest.raises(NotAVideo):
        probe(cut)


def test_a_clip_of_which_only_the_last_byte_is_missing_is_no_video(tmp_path: Path) -> None:
    whole = make_clip(tmp_path / "a.mp4").read_bytes()
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(whole[:-1])

    with pytest.raises(NotAVideo, match="cut short"):
        probe(cut)


@pytest.mark.parametrize(
    ("data", "named"),
    [
        (b"", "an empty file"),
        (b'{"error": {"message": "gone"}}', "JSON text"),
        (b"<!DOCTYPE html><html></html>", "an HTML page"),
        (b'\xef\xbb\xbf<?xml version="1.0"?><Error/>', "XML text"),
        (b"\x1a\x45\xdf\xa3" + bytes(60), "a WebM or Matroska file"),
        (b"\xff\xd8\xff\xe0" + bytes(60), "an image (image/jpeg)"),
        (bytes(64), "data of an unknown kind"),
    ],
)
def test_something_else_is_named(tmp_path: Path, data: bytes, named: str) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(data)

    assert describe(data) == named
    with pytest.raises(NotAVideo) as raised:
        probe(path)
    assert str(raised.value) == f"it is {named}, not an MP4 video"


def test_a_script_that_names_other_files_opens_none_of_them(tmp_path: Path) -> None:
    make_clip(tmp_path / "secret.mp4")
    script = tmp_path / "a.mp4"
    script.write_text("ffconcat version 1.0\nfile secret.mp4\n")

    with pytest.raises(NotAVideo), open_clip(script):
        pass


def test_an_mp4_with_sound_alone_is_no_video(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    with av.open(make_clip(tmp_path / "b.mp4")) as source, av.open(path, "w") as target:
        sound = target.add_stream_from_template(source.streams.audio[0])  # pyright: ignore[reportUnknownMemberType]  # PyAV's own
        for packet in source.demux(source.streams.audio[0]):
            if packet.dts is not None:
                packet.stream = sound
                target.mux(packet)  # pyright: ignore[reportUnknownMemberType]  # PyAV's own

    with pytest.raises(NotAVideo, match="no picture track"):
        probe(path)


def test_a_missing_file_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        probe(tmp_path / "missing.mp4")


def test_magic_bytes_decide() -> None:
    assert looks_like_mp4(b"\0\0\0\x20ftypisom")
    assert not looks_like_mp4(b"ftyp")
    assert image_type(b"\x89PNG\r\n\x1a\n") == "image/png"
    assert image_type(b"RIFF\0\0\0\0WEBPVP8 ") == "image/webp"
    assert image_type(b"RIFF\0\0\0\0WAVEfmt ") is None
    assert image_type(b"GIF89a") is None
