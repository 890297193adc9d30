"""The renderer as a process: what it writes, what it says, and when it stops."""
# PyAV leaves the type argument of its packets open:
# pyright: reportUnknownMemberType=false

import json
import signal
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import anyio
import av
import numpy as np
import pytest
from filelock import FileLock
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageOps

from sora_mcp.engines.embedded import vocabulary
from sora_mcp.engines.embedded.caption import drawable, make_mark
from sora_mcp.engines.embedded.film import Film
from sora_mcp.engines.embedded.language import entries
from sora_mcp.engines.embedded.pictures.planes import Canvas
from sora_mcp.engines.embedded.request import RenderRequest
from sora_mcp.engines.embedded.scene import Scene
from sora_mcp.engines.embedded.storyboard import storyboard

COMMAND = (sys.executable, "-P", "-m", "sora_mcp.engines.embedded.render")
LIMIT = 120
"""Seconds after which a test gives up on a renderer."""

Message = dict[str, Any]


def a_request(folder: Path, **fields: object) -> RenderRequest:
    usual = {"prompt": "A fox in a forest", "width": 256, "height": 256, "seconds": 1}
    files = {"output": str(folder / "clip.mp4"), "lock": str(folder / "clip.lock")}
    return RenderRequest.model_validate(usual | files | fields)


async def render(request: RenderRequest) -> list[Message]:
    """Everything the renderer says about a request, the last line last."""
    with anyio.fail_after(LIMIT):
        async with await anyio.open_process(COMMAND) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            assert process.stderr is not None
            await process.stdin.send(request.model_dump_json().encode() + b"\n")
            output = b"".join([chunk async for chunk in process.stdout])
            errors = b"".join([chunk async for chunk in process.stderr])
            code = await process.wait()
    messages: list[Message] = [json.loads(line) for line in output.splitlines()]
    assert errors == b""
    assert code == (0 if "result" in messages[-1] else 1)
    return messages


async def rendered(folder: Path, **fields: object) -> Message:
    """The result of a request that succeeds."""
    last = (await render(a_request(folder, **fields)))[-1]
    assert "result" in last, last
    return last["result"]


def pictures(path: Path) -> list[NDArray[np.uint8]]:
    """All frames, decoded: RGB."""
    with av.open(path) as container:
        return [
            np.asarray(
                frame.reformat(format="rgb24", src_colorspace="ITU709").to_ndarray(), np.uint8
            )
            for frame in container.decode(video=0)
        ]


def sound(path: Path) -> NDArray[np.float32]:
    """All samples, decoded: (2, count)."""
    with av.open(path) as container:
        blocks = [np.asarray(frame.to_ndarray(), np.float32) for frame in container.decode(audio=0)]
    return np.concatenate(blocks, axis=1)


def boxes(path: Path) -> list[str]:
    """The names of an MP4's outermost parts, in order."""
    data = path.read_bytes()
    names: list[str] = []
    at = 0
    while at < len(data):
        names.append(data[at + 4 : at + 8].decode("ascii"))
        at += int.from_bytes(data[at : at + 4])
    return names


@pytest.mark.parametrize(
    ("width", "height", "seconds"),
    [(256, 256, 1), (640, 360, 2.5), (258, 274, 1), (256, 1920, 1), (1920, 256, 1)],
)
async def test_a_clip_has_the_size_and_length_asked_for_and_plays_everywhere(
    tmp_path: Path, width: int, height: int, seconds: float
) -> None:
    result = await rendered(tmp_path, width=width, height=height, seconds=seconds)

    frames = round(seconds * 24)
    assert result == {
        "width": width, "height": height, "seconds": seconds, "frames": frames, "warnings": []
    }  # fmt: skip
    with av.open(tmp_path / "clip.mp4") as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        assert (video.codec_context.name, video.codec_context.profile) == ("h264", "High")
        assert video.codec_context.pix_fmt == "yuv420p"
        assert (video.average_rate, video.frames, video.width, video.height) == (
            (24, frames, width, height)
        )
        assert (audio.codec_context.name, audio.codec_context.profile) == ("aac", "LC")
        assert (audio.codec_context.sample_rate, audio.codec_context.layout.name) == (
            (48_000, "stereo")
        )
        assert container.duration == seconds * av.time_base
        assert container.metadata["title"] == "A fox in a forest"
        assert container.metadata["comment"] == (
            "Preview animatic rendered locally from the prompt; not AI-generated video."
        )
    assert boxes(tmp_path / "clip.mp4").index("moov") < boxes(tmp_path / "clip.mp4").index("mdat")
    decoded = pictures(tmp_path / "clip.mp4")
    assert [picture.shape for picture in decoded] == [(height, width, 3)] * frames
    assert sorted(path.name for path in tmp_path.iterdir()) == ["clip.lock", "clip.mp4"]


async def test_the_picture_is_composed_coloured_and_moves(tmp_path: Path) -> None:
    await rendered(tmp_path, width=640, height=360, prompt="Panning over a city at golden hour")

    decoded = pictures(tmp_path / "clip.mp4")
    first = decoded[0].astype(int)
    assert first.std() > 25
    assert len(np.unique(first.reshape(-1, 3) // 16, axis=0)) > 60
    changes = [
        float(np.abs(later.astype(int) - earlier).mean()) for earlier, later in pairwise(decoded)
    ]
    assert min(changes) > 0.2


async def test_the_sound_is_soft_stereo_and_never_stops(tmp_path: Path) -> None:
    await rendered(tmp_path, seconds=2, prompt="A boat at sea in a storm")

    samples = sound(tmp_path / "clip.mp4")
    assert samples.shape[1] >= 2 * 48_000
    assert 0.01 < float(np.abs(samples).max()) < 0.9
    assert not np.array_equal(samples[0], samples[1])
    parts = samples[:, 12_000:84_000].reshape(2, 12, -1)
    assert float(parts.std(axis=2).min()) > 0.003


def mark_contrast(picture: NDArray[np.uint8]) -> float:
    """How much brighter the letters of the mark are than the ground they stand on."""
    height, width = picture.shape[:2]
    mark = make_mark(width, height)
    rows = slice(mark.y, mark.y + mark.luma.shape[1])
    columns = slice(mark.x, mark.x + mark.luma.shape[2])
    area = picture[rows, columns].astype(float).mean(axis=2)
    kept = mark.luma[1]
    letters, ground = kept < 80, (kept > 120) & (kept < 160)
    return float(area[letters].mean() - area[ground].mean())


@pytest.mark.parametrize("prompt", ["Snow at noon. Clouds.", "A cat on a stage. Space."])
async def test_every_frame_is_marked_as_a_preview(tmp_path: Path, prompt: str) -> None:
    await rendered(tmp_path, prompt=prompt, seconds=3, width=640, height=360)

    decoded = pictures(tmp_path / "clip.mp4")
    assert len(decoded) == 72
    assert min(mark_contrast(picture) for picture in decoded) > 40


async def test_the_same_request_gives_the_same_frames_and_another_seed_others(
    tmp_path: Path,
) -> None:
    await rendered(tmp_path, output=str(tmp_path / "one.mp4"))
    await rendered(tmp_path, output=str(tmp_path / "two.mp4"))
    await rendered(tmp_path, output=str(tmp_path / "other.mp4"), seed=7)

    one, two, other = (pictures(tmp_path / f"{name}.mp4") for name in ("one", "two", "other"))
    assert np.array_equal(one, two)
    assert np.array_equal(sound(tmp_path / "one.mp4"), sound(tmp_path / "two.mp4"))
    assert not np.array_equal(one, other)


async def test_progress_follows_the_encoder_up_to_the_end(tmp_path: Path) -> None:
    *progress, last = await render(a_request(tmp_path, seconds=4))

    shares = [message["progress"] for message in progress]
    assert shares == sorted(shares)
    assert len(set(shares)) > 20
    assert (shares[0] < 5, shares[-1]) == (True, 100)
    assert list(last) == ["result"]


def a_photo(path: Path, width: int, height: int) -> Image.Image:
    photo = Image.linear_gradient("L").resize((width, height)).convert("RGB")
    draw = ImageDraw.Draw(photo)
    draw.ellipse((width * 0.3, height * 0.2, width * 0.7, height * 0.8), fill=(200, 60, 40))
    draw.rectangle((0, height * 0.7, width * 0.4, height), fill=(30, 90, 160))
    photo.save(path)
    return photo


async def test_a_clip_begins_with_the_given_image_and_moves_over_it(tmp_path: Path) -> None:
    photo = a_photo(tmp_path / "photo.png", 640, 640)
    await rendered(
        tmp_path, width=640, height=360, first_frame=str(tmp_path / "photo.png"), seconds=2,
        prompt="Rain falls on a red ball, panning right", changes=("at night",),
    )  # fmt: skip

    decoded = pictures(tmp_path / "clip.mp4")
    expected = np.asarray(ImageOps.fit(photo, (640, 360))).astype(int)
    away = np.abs(decoded[0].astype(int) - expected).mean(axis=2)
    away[: 360 // 8, 640 * 3 // 4 :] = 0  # where the mark is
    assert float(away.mean()) < 3
    assert float(np.quantile(away, 0.99)) < 25
    assert float(np.abs(decoded[-1].astype(int) - expected).mean()) > 10
    assert min(mark_contrast(picture) for picture in decoded) > 40


async def test_an_image_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "photo.png").write_bytes(b"no image")
    (message,) = await render(a_request(tmp_path, first_frame=str(tmp_path / "photo.png")))

    assert message["error"]["code"] == "invalid_first_frame"
    assert not list(tmp_path.glob("clip.mp4*"))


async def test_a_remix_has_as_many_frames_and_another_look(tmp_path: Path) -> None:
    await rendered(tmp_path, output=str(tmp_path / "day.mp4"))
    await rendered(tmp_path, output=str(tmp_path / "night.mp4"), changes=("at night",))

    day, night = pictures(tmp_path / "day.mp4"), pictures(tmp_path / "night.mp4")
    assert len(day) == len(night)
    assert night[0].mean() < day[0].mean() - 30


def packets(path: Path) -> list[bytes]:
    with av.open(path) as container:
        return [bytes(packet) for packet in container.demux(video=0) if packet.size]


async def test_an_extension_keeps_the_clip_and_goes_on_with_its_sound(tmp_path: Path) -> None:
    await rendered(tmp_path, output=str(tmp_path / "source.mp4"), seconds=2)
    result = await rendered(
        tmp_path,
        seconds=2,
        extensions=({"prompt": "Night falls", "seconds": 1.5},),
        source_video=str(tmp_path / "source.mp4"),
    )

    assert (result["frames"], result["seconds"]) == (84, 3.5)
    source = packets(tmp_path / "source.mp4")
    assert packets(tmp_path / "clip.mp4")[: len(source)] == source
    decoded = pictures(tmp_path / "clip.mp4")
    assert len(decoded) == 84
    assert decoded[-1].mean() < decoded[47].mean() - 10
    with av.open(tmp_path / "clip.mp4") as container:
        times = [frame.time for frame in container.decode(video=0)]
        assert container.duration == 3.5 * av.time_base
    assert times == pytest.approx([index / 24 for index in range(84)])
    joint = sound(tmp_path / "clip.mp4")[:, 2 * 48_000 - 2400 : 2 * 48_000 + 2400]
    assert float(joint.reshape(2, 10, -1).std(axis=2).min()) > 0.003


async def test_an_extension_of_what_cannot_be_copied_draws_everything(tmp_path: Path) -> None:
    await rendered(tmp_path, output=str(tmp_path / "source.mp4"), width=320)
    await rendered(
        tmp_path,
        extensions=({"prompt": "It goes on", "seconds": 1},),
        source_video=str(tmp_path / "source.mp4"),
    )
    whole = pictures(tmp_path / "clip.mp4")

    assert [picture.shape for picture in whole] == [(256, 256, 3)] * 48


async def test_an_extension_that_changes_nothing_has_no_visible_joint(tmp_path: Path) -> None:
    await rendered(tmp_path, extensions=({"prompt": "A fox in a forest", "seconds": 1},))

    decoded = pictures(tmp_path / "clip.mp4")
    above = [picture[:150].astype(int) for picture in decoded]
    changes = [float(np.abs(after - before).mean()) for before, after in pairwise(above)]
    assert changes[23] < 2 * float(np.median(changes))


async def test_scripts_the_font_lacks_are_left_out_with_a_warning(tmp_path: Path) -> None:
    result = await rendered(tmp_path, prompt="A cat 猫 and قطة 🐱, naïve Ёлка")

    (warning,) = result["warnings"]
    assert "could not be drawn with the built-in font and was left out of the caption" in warning
    assert all(sign in warning for sign in "猫قطة🐱")


@pytest.mark.parametrize(
    ("words", "kept", "left_out"),
    [
        ("naïve Ёлка — “ok” 5 €", "naïve Ёлка — “ok” 5 €", ""),
        ("猫 cat 犬", "cat", "猫犬"),
        ("قطة", "", "قطة"),
        ("🐱🐶!", "", "🐱🐶"),
        ("a\u200db\ufe0f\tc", "ab c", ""),
    ],
)
def test_a_caption_holds_what_the_font_can_draw(words: str, kept: str, left_out: str) -> None:
    assert drawable(words) == (kept, left_out)


async def test_a_clip_that_is_being_rendered_is_left_to_its_renderer(tmp_path: Path) -> None:
    with FileLock(tmp_path / "clip.lock"):
        (message,) = await render(a_request(tmp_path))

    assert message["error"]["code"] == "busy"
    assert not list(tmp_path.glob("clip.mp4*"))


async def test_nonsense_is_refused_in_the_same_words_as_everything_else() -> None:
    with anyio.fail_after(LIMIT):
        done = await anyio.run_process(COMMAND, input=b"{}\n", check=False)

    assert json.loads(done.stdout)["error"]["code"] == "invalid_request"
    assert (done.returncode, done.stderr) == (1, b"")


async def test_the_renderer_stops_when_its_input_ends_and_leaves_nothing(tmp_path: Path) -> None:
    request = a_request(tmp_path, width=1280, height=720, seconds=20)
    with anyio.fail_after(LIMIT):
        async with await anyio.open_process(COMMAND) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            await process.stdin.send(request.model_dump_json().encode() + b"\n")
            assert b"progress" in await process.stdout.receive()
            await process.stdin.aclose()
            said = b"".join([chunk async for chunk in process.stdout])
            assert await process.wait() == 1

    assert b"result" not in said
    assert [path.name for path in tmp_path.iterdir()] == ["clip.lock"]


PARENT = """
import subprocess, sys
renderer = subprocess.Popen(sys.argv[2:], stdin=subprocess.PIPE)
renderer.stdin.write(sys.argv[1].encode() + b"\\n")
renderer.stdin.flush()
renderer.wait()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
async def test_the_renderer_does_not_outlive_a_killed_parent(tmp_path: Path) -> None:
    request = a_request(tmp_path, width=1280, height=720, seconds=20)
    command = (sys.executable, "-c", PARENT, request.model_dump_json(), *COMMAND)
    with anyio.fail_after(LIMIT):
        async with await anyio.open_process(command) as parent:
            assert parent.stdout is not None
            assert b"progress" in await parent.stdout.receive()
            parent.send_signal(signal.SIGKILL)
            # The renderer shares this pipe: it ends when both are gone.
            said = b"".join([chunk async for chunk in parent.stdout])

    assert b"result" not in said
    assert [path.name for path in tmp_path.iterdir()] == ["clip.lock"]
    with FileLock(tmp_path / "clip.lock", blocking=False):
        pass


def film(prompt: str, **fields: object) -> Film:
    return Film(a_request(Path(), prompt=prompt, **fields))


@pytest.mark.parametrize("setting", [*entries(vocabulary.SETTINGS), "reverie"])
def test_every_place_can_be_seen_in_every_light_and_weather(setting: str) -> None:
    words = entries(vocabulary.SETTINGS).get(setting, ("entropy",))[0]
    lights = [words[0] for words in entries(vocabulary.LIGHTS).values()]
    weathers = [words[0] for words in entries(vocabulary.WEATHERS).values()]
    for index, light in enumerate(lights):
        seen = film(f"{words}, {light}, {weathers[index % len(weathers)]}")
        assert float(seen.paint(12).luma.std()) > 4, (light, weathers[index % len(weathers)])


@pytest.mark.parametrize("figure", entries(vocabulary.FIGURES))
def test_every_figure_can_be_seen_in_every_size(figure: str) -> None:
    words = entries(vocabulary.FIGURES)[figure][0]
    for size in ("wide shot", "medium shot", "close-up"):
        with_it, without = film(f"{size} of {words} in a meadow"), film(f"{size} in a meadow")
        assert not np.array_equal(with_it.paint(0).luma, without.paint(0).luma)


@pytest.mark.parametrize("move", entries(vocabulary.MOVES))
@pytest.mark.parametrize("setting", ["mountains", "forest", "lake", "stage", "space", "reverie"])
def test_every_camera_move_stays_within_what_is_painted(move: str, setting: str) -> None:
    words = f"{entries(vocabulary.MOVES)[move][0]}, {setting}"
    (shot,) = storyboard(a_request(Path(), prompt=words))
    scene, canvas = Scene(shot, 256, 256), Canvas(256, 256)
    for time in (0, 0.04, 1, 20, 120):
        canvas.luma[:] = 0
        scene.paint(canvas, time)
        assert int(canvas.luma.min()) >= 8, time
