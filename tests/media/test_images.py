"""Untrusted images: what is taken, what is refused, and what becomes of it."""

import io
import struct
import zlib
from typing import Any, Literal

import numpy as np
import pytest
from PIL import Image, ImageCms
from PIL.PngImagePlugin import PngInfo

from sora_mcp.media.images import MAX_IMAGE_BYTES, Fitted, NotAnImage, fit_image, image_size


def encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def opened(fitted: Fitted) -> Image.Image:
    image = Image.open(io.BytesIO(fitted.png))
    image.load()
    assert (image.format, image.mode) == ("PNG", "RGB")
    assert image.size == (fitted.width, fitted.height)
    return image


def halves(left: str, right: str, size: tuple[int, int] = (64, 64)) -> Image.Image:
    image = Image.new("RGB", size, left)
    image.paste(right, (size[0] // 2, 0, size[0], size[1]))
    return image


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_an_image_of_the_right_size_is_kept_without_a_note(kind: str) -> None:
    fitted = fit_image(encoded(Image.new("RGB", (64, 48), "red"), kind), (64, 48), "cover")

    assert fitted.note is None
    assert opened(fitted).size == (64, 48)


def test_without_a_size_an_image_keeps_its_own() -> None:
    assert fit_image(encoded(Image.new("RGB", (33, 17))), None, "cover")[1:] == (33, 17, None)


def test_cover_crops_the_middle_out() -> None:
    image = halves("red", "blue", (640, 640))

    fitted = fit_image(encoded(image), (1280, 720), "cover")

    shown = opened(fitted)
    assert fitted.note == "cropped 640x640 to 1280x720 (cover)"
    assert shown.getpixel((5, 5)) == (255, 0, 0)
    assert shown.getpixel((1275, 715)) == (0, 0, 255)


def test_contain_adds_black_bars() -> None:
    fitted = fit_image(encoded(Image.new("RGB", (64, 64), "red")), (128, 64), "contain")

    shown = opened(fitted)
    assert fitted.note == "fitted 64x64 into 128x64 with black bars (contain)"
    assert [shown.getpixel((x, 32)) for x in (5, 64, 123)] == [(0, 0, 0), (255, 0, 0), (0, 0, 0)]


def test_stretch_keeps_everything() -> None:
    fitted = fit_image(encoded(halves("red", "blue")), (128, 32), "stretch")

    shown = opened(fitted)
    assert fitted.note == "stretched 64x64 to 128x32 (stretch)"
    assert [shown.getpixel((x, 16)) for x in (2, 125)] == [(255, 0, 0), (0, 0, 255)]


@pytest.mark.parametrize("fit", ["cover", "contain", "stretch"])
def test_an_image_of_the_same_shape_is_only_scaled(
    fit: Literal["cover", "contain", "stretch"],
) -> None:
    fitted = fit_image(encoded(Image.new("RGB", (854, 480))), (1280, 720), fit)

    assert fitted.note == "scaled 854x480 to 1280x720"


@pytest.mark.parametrize("fit", ["cover", "contain", "stretch"])
def test_a_line_of_pixels_can_be_fitted(fit: Literal["cover", "contain", "stretch"]) -> None:
    assert fit_image(encoded(Image.new("RGB", (20000, 1))), (64, 32), fit)[1:3] == (64, 32)


def test_a_picture_taken_sideways_is_turned_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: the top is on the right
    sideways = encoded(halves("red", "blue", (80, 40)), "JPEG", exif=exif, quality=95)

    fitted = fit_image(sideways, None, "cover")

    shown = opened(fitted)
    assert fitted.note == "turned upright"
    assert shown.size == (40, 80)
    top, bottom = shown.getpixel((20, 10)), shown.getpixel((20, 70))
    assert isinstance(top, tuple)
    assert isinstance(bottom, tuple)
    assert top[0] > 200 > 50 > top[2]
    assert bottom[2] > 200 > 50 > bottom[0]


@pytest.mark.parametrize("kind", ["WEBP", "PNG"])
def test_of_an_animation_the_first_frame_is_taken(kind: str) -> None:
    frames = [Image.new("RGB", (32, 32), colour) for colour in ("red", "blue")]
    moving = encoded(frames[0], kind, save_all=True, append_images=frames[1:], lossless=True)

    fitted = fit_image(moving, None, "cover")

    assert fitted.note == "first frame of an animation"
    assert opened(fitted).getpixel((16, 16)) == (255, 0, 0)


def test_cmyk_becomes_rgb() -> None:
    image = Image.new("CMYK", (32, 32), (0, 255, 255, 0))

    shown = opened(fit_image(encoded(image, "JPEG", quality=95), None, "cover"))

    pixel = shown.getpixel((16, 16))
    assert isinstance(pixel, tuple)
    assert pixel[0] > 200 > 60 > max(pixel[1:])


def test_16_bit_grey_keeps_its_shades() -> None:
    shades = np.linspace(0, 65535, 64, dtype=np.uint16).reshape(1, 64).repeat(8, axis=0)

    shown = opened(fit_image(encoded(Image.fromarray(shades)), None, "cover"))

    assert [shown.getpixel((x, 4)) for x in (0, 32, 63)] == [(0,) * 3, (130,) * 3, (255,) * 3]


@pytest.mark.parametrize("mode", ["1", "L", "P"])
def test_grey_and_palette_images_become_rgb(mode: str) -> None:
    image = Image.new("RGB", (16, 16), "white").convert(mode)

    assert opened(fit_image(encoded(image), None, "cover")).getpixel((8, 8)) == (255, 255, 255)


def test_transparency_behind_something_dark_becomes_white() -> None:
    image = Image.new("RGBA", (32, 32), (0, 0, 0, 0))
    image.paste((10, 10, 60, 255), (8, 8, 24, 24))

    fitted = fit_image(encoded(image), None, "cover")

    assert fitted.note == "transparency filled with white"
    assert opened(fitted).getpixel((1, 1)) == (255, 255, 255)
    assert opened(fitted).getpixel((16, 16)) == (10, 10, 60)


def test_transparency_behind_something_bright_becomes_black() -> None:
    image = Image.new("RGBA", (32, 32), (255, 255, 255, 0))
    image.paste((250, 250, 200, 255), (8, 8, 24, 24))

    fitted = fit_image(encoded(image), None, "cover")

    assert fitted.note == "transparency filled with black"
    assert opened(fitted).getpixel((1, 1)) == (0, 0, 0)


def test_a_transparent_palette_colour_is_filled() -> None:
    image = Image.new("P", (32, 32), 0)
    image.putpalette([0, 0, 0, 90, 0, 0])
    image.paste(1, (8, 8, 24, 24))

    fitted = fit_image(encoded(image, transparency=0), None, "cover")

    assert opened(fitted).getpixel((1, 1)) == (255, 255, 255)
    assert opened(fitted).getpixel((16, 16)) == (90, 0, 0)


def test_an_opaque_alpha_channel_is_not_worth_a_note() -> None:
    assert fit_image(encoded(Image.new("RGBA", (8, 8), "red")), None, "cover").note is None


def test_metadata_is_removed() -> None:
    exif = Image.Exif()
    exif[0x010E] = "taken at home"
    info = PngInfo()
    info.add_text("Comment", "a secret")
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]  # Pillow leaves the C type out
    image = Image.new("RGB", (16, 16), "red")
    data = encoded(image, exif=exif, pnginfo=info, icc_profile=profile, dpi=(300, 300))

    shown = opened(fit_image(data, None, "cover"))

    assert shown.info == {}
    assert not shown.getexif()


def test_colours_of_another_profile_become_srgb() -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]  # Pillow leaves the C type out
    # A screen on which the value for red lights the green lamp.
    swapped = srgb.replace(b"rXYZ", b"xXYZ").replace(b"gXYZ", b"rXYZ").replace(b"xXYZ", b"gXYZ")
    data = encoded(Image.new("RGB", (16, 16), (200, 40, 60)), icc_profile=swapped)

    pixel = opened(fit_image(data, None, "cover")).getpixel((8, 8))

    assert pixel == pytest.approx((40, 200, 60), abs=2)


@pytest.mark.parametrize("profile", [b"", b"no profile" * 40])
def test_a_broken_colour_profile_does_not_cost_the_picture(profile: bytes) -> None:
    data = encoded(Image.new("RGB", (16, 16), (200, 40, 60)), icc_profile=profile)

    assert opened(fit_image(data, None, "cover")).getpixel((8, 8)) == (200, 40, 60)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "an empty file"),
        (b'{"error": "no"}', "JSON text"),
        (b"<html>not an image</html>", "an HTML page"),
        (b"GIF89a" + bytes(60), "data of an unknown kind"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "XML text"),
    ],
)
def test_other_kinds_of_data_are_refused_with_what_would_do(data: bytes, reason: str) -> None:
    with pytest.raises(NotAnImage) as raised:
        fit_image(data, None, "cover")

    assert str(raised.value) == f"it is {reason}; a JPEG, PNG or WebP image would do"


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_an_image_that_is_cut_short_is_refused(kind: str) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (64, 64, 3), np.uint8)
    data = encoded(Image.fromarray(noise), kind)

    with pytest.raises(NotAnImage, match="damaged"):
        fit_image(data[: len(data) // 2], None, "cover")


def png_claiming(width: int, height: int) -> bytes:
    """A PNG that unpacks to nothing, whatever its header says."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


@pytest.mark.parametrize("side", [8001, 9000, 12000, 40000, 2**31 - 1])
def test_too_many_pixels_are_refused_before_decoding(side: int) -> None:
    # Decoding would report damage instead: the image holds no pixels at all.
    with pytest.raises(NotAnImage, match="at most 64 megapixels"):
        fit_image(png_claiming(side, side), None, "cover")


def test_a_small_file_that_unpacks_to_a_huge_image_is_refused() -> None:
    bomb = encoded(Image.new("1", (20000, 20000)))
    assert len(bomb) < 100_000

    with pytest.raises(NotAnImage, match="at most 64 megapixels"):
        image_size(bomb)


def test_too_many_bytes_are_refused() -> None:
    data = encoded(Image.new("RGB", (8, 8))) + bytes(MAX_IMAGE_BYTES)

    with pytest.raises(NotAnImage, match="at most 50 MB"):
        fit_image(data, None, "cover")


def test_a_lie_about_the_kind_is_refused() -> None:
    with pytest.raises(NotAnImage, match="damaged"):
        fit_image(b"\x89PNG\r\n\x1a\n" + b"<script>alert(1)</script>" * 40, None, "cover")
