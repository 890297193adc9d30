"""Pictures taken from clips."""

import io
from collections.abc import Callable
from functools import partial
from pathlib import Path

import av
import pytest
from PIL import Image

from sora_mcp.media.probe import NotAVideo
from sora_mcp.media.stills import contact_sheet, last_frame, poster, spritesheet
from tests.media.clips import BLACK, BLUE, GREEN, RED, WHITE, Colour, make_clip

UNSPECIFIED = 2


def opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def near(image: Image.Image, place: tuple[int, int], colour: Colour) -> bool:
    pixel = image.convert("RGB").getpixel(place)
    assert isinstance(pixel, tuple)
    return all(abs(one - other) <= 12 for one, other in zip(pixel, colour, strict=True))


def test_a_poster_is_a_webp_of_the_frame_at_a_third(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a.mp4", RED, GREEN, BLUE, width=1280, height=720, frames=4)

    image = opened(poster(clip))

    assert (image.format, image.size) == ("WEBP", (640, 360))
    assert near(image, (320, 180), GREEN)


def test_a_poster_of_a_portrait_clip_is_at_most_640_high(tmp_path: Path) -> None:
    assert opened(poster(make_clip(tmp_path / "a.mp4", width=360, height=1280))).size == (180, 640)


def test_a_poster_passes_over_black_frames(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a.mp4", BLACK, BLACK, BLACK, RED, frames=8)

    assert near(opened(poster(clip)), (64, 48), RED)


def test_a_poster_of_a_black_clip_is_black(tmp_path: Path) -> None:
    assert near(opened(poster(make_clip(tmp_path / "a.mp4", BLACK))), (64, 48), BLACK)


def test_a_spritesheet_is_a_jpeg_of_25_frames_in_reading_order(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a.mp4", RED, GREEN, BLUE, WHITE, BLACK, frames=10)

    image = opened(spritesheet(clip))

    assert (image.format, image.size) == ("JPEG", (5 * 128, 5 * 96))
    for row, colour in enumerate((RED, GREEN, BLUE, WHITE, BLACK)):
        assert all(near(image, (128 * column + 64, 96 * row + 48), colour) for column in range(5))


def test_a_spritesheet_of_a_clip_of_three_frames_repeats_them(tmp_path: Path) -> None:
    image = opened(spritesheet(make_clip(tmp_path / "a.mp4", RED, GREEN, BLUE, frames=1)))

    assert near(image, (64, 48), RED)
    assert near(image, (4 * 128 + 64, 4 * 96 + 48), BLUE)


@pytest.mark.parametrize("movflags", ["+faststart", "+frag_keyframe+empty_moov"])
def test_the_last_frame_is_the_very_last_one_in_full_size(tmp_path: Path, movflags: str) -> None:
    colours = [WHITE] * 40 + [RED]
    clip = make_clip(
        tmp_path / "a.mp4", *colours, frames=1, width=320, height=200, movflags=movflags, g="250"
    )

    image = opened(last_frame(clip))

    assert (image.format, image.mode, image.size) == ("PNG", "RGB", (320, 200))
    assert near(image, (160, 100), RED)


def test_the_last_frame_is_found_among_reordered_frames(tmp_path: Path) -> None:
    colours = [WHITE] * 29 + [BLUE]
    clip = make_clip(tmp_path / "a.mp4", *colours, frames=1, preset="medium", bf="3", rate=None)

    assert near(opened(last_frame(clip)), (64, 48), BLUE)


@pytest.mark.parametrize("size", [(1280, 720), (640, 360)])
def test_the_colours_of_a_clip_that_does_not_name_its_colour_space_are_kept(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    clip = make_clip(tmp_path / "a.mp4", GREEN, width=size[0], height=size[1], frames=2, rate=None)
    with av.open(clip) as container:
        assert container.streams.video[0].colorspace == UNSPECIFIED

    assert near(opened(last_frame(clip)), (100, 100), GREEN)


def test_a_contact_sheet_goes_from_the_first_to_the_last_frame(tmp_path: Path) -> None:
    colours = [RED, GREEN, BLUE, WHITE]
    clip = make_clip(tmp_path / "a.mp4", *colours, frames=12, width=320, height=180)

    sheet = contact_sheet(clip, 4)

    image = opened(sheet.jpeg)
    assert image.format == "JPEG"
    assert image.size == (sheet.width, sheet.height)
    assert sheet.timestamps == pytest.approx((0, 0.625, 1.29, 1.958), abs=0.05)
    places = [(160, 40), (500, 40), (160, 230), (500, 230)]
    assert all(near(image, *cell) for cell in zip(places, colours, strict=True))


@pytest.mark.parametrize("frames", range(1, 13))
def test_a_contact_sheet_holds_as_many_frames_as_asked_for(tmp_path: Path, frames: int) -> None:
    clip = make_clip(tmp_path / "a.mp4", WHITE, frames=48, width=320, height=180, rate=None)

    sheet = contact_sheet(clip, frames)

    image = opened(sheet.jpeg).convert("L")
    cells = image.resize((image.width // 6, image.height // 6), Image.Resampling.BOX)
    white = sum(value > 200 for value in cells.tobytes()) * 36
    assert len(sheet.timestamps) == frames
    assert list(sheet.timestamps) == sorted(set(sheet.timestamps))
    assert white == pytest.approx(frames * 320 * 180, rel=0.12)
    assert max(image.size) <= 1280


def test_each_cell_of_a_contact_sheet_shows_its_time(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a.mp4", WHITE, frames=48, width=320, height=180, rate=None)

    image = opened(contact_sheet(clip, 2).jpeg).convert("L")

    lower_left = image.crop((6, image.height - 6 - 24, 50, image.height - 6))
    darkest, lightest = lower_left.getextrema()
    assert isinstance(darkest, int)
    assert isinstance(lightest, int)
    assert darkest < 100 < 230 < lightest


@pytest.mark.parametrize("frames", [1, 12])
def test_a_contact_sheet_of_noise_stays_within_its_size(tmp_path: Path, frames: int) -> None:
    clip = make_clip(
        tmp_path / "a.mp4", width=1920, height=1080, frames=12, noise=True, rate=None, crf="18"
    )

    assert len(contact_sheet(clip, frames).jpeg) <= 150_000


@pytest.mark.parametrize(
    "make", [poster, spritesheet, last_frame, partial(contact_sheet, frames=3)]
)
def test_a_picture_of_something_else_is_refused(
    tmp_path: Path, make: Callable[[Path], object]
) -> None:
    path = tmp_path / "a.mp4"
    path.write_text("{}")

    with pytest.raises(NotAVideo, match="JSON"):
        make(path)
