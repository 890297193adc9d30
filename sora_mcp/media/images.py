"""Untrusted images: decoded within limits, turned upright, flattened and fitted to a size."""

import io
from contextlib import suppress
from typing import Literal, NamedTuple

import numpy as np
from PIL import Image, ImageCms, ImageOps

from sora_mcp.media.probe import describe, image_type

MAX_IMAGE_BYTES = 50_000_000
"""Of the encoded image."""

MAX_IMAGE_PIXELS = 64_000_000
"""Checked in the header, before anything is decoded; three bytes each in memory."""

_ORIENTATION = 0x0112
"""The EXIF tag (CIPA DC-008) for how the camera was held; 1 is upright."""

_BRIGHT = 160
"""Above this mean brightness (0–255) what is visible stands out better on black."""

_DONE = {
    "cover": "cropped {old} to {new} (cover)",
    "contain": "fitted {old} into {new} with black bars (contain)",
    "stretch": "stretched {old} to {new} (stretch)",
}


class NotAnImage(ValueError):
    """The data cannot be used as an image; the message says why and what would do."""


class Fitted(NamedTuple):
    """An upright RGB picture without metadata."""

    png: bytes
    width: int
    height: int
    note: str | None
    """What was done to it, for people; None when nothing was."""


def fit_image(
    data: bytes, size: tuple[int, int] | None, fit: Literal["cover", "contain", "stretch"]
) -> Fitted:
    """Decode a JPEG, PNG or WebP and bring it to `size` (width, height in pixels; None: its own).

    Of an animation the first frame is taken; colours become sRGB; transparency is filled with
    white, or with black where the picture itself is bright.

    Raises:
        NotAnImage: Another kind of data, too large or damaged.
    """
    image, notes = _decode(data)
    if size is not None and size != image.size:
        old, new = (f"{width}x{height}" for width, height in (image.size, size))
        same_shape = abs(image.width * size[1] - image.height * size[0]) <= max(size)
        notes.append(
            f"scaled {old} to {new}" if same_shape else _DONE[fit].format(old=old, new=new)
        )
        image = _fit(image, size, fit)
    image.info = {}  # or Pillow would write colour profiles and the like into the PNG
    file = io.BytesIO()
    image.save(file, "PNG", compress_level=4)
    return Fitted(file.getvalue(), image.width, image.height, "; ".join(notes) or None)


def image_size(data: bytes) -> tuple[int, int]:
    """Width and height in pixels of an image that decodes.

    Raises:
        NotAnImage: Another kind of data, too large or damaged.
    """
    image, _ = _decode(data)
    return image.size


def _decode(data: bytes) -> tuple[Image.Image, list[str]]:
    if len(data) > MAX_IMAGE_BYTES:
        raise NotAnImage(
            f"it has {len(data) / 1e6:.0f} MB; at most {MAX_IMAGE_BYTES // 1_000_000} MB are taken"
        )
    if image_type(data) is None:
        raise NotAnImage(f"it is {describe(data)}; a JPEG, PNG or WebP image would do")
    try:
        with Image.open(io.BytesIO(data), formats=("JPEG", "PNG", "WEBP")) as image:
            if image.width * image.height > MAX_IMAGE_PIXELS:
                raise _too_large(f"{image.width}x{image.height} pixels")
            notes = ["first frame of an animation"] if getattr(image, "is_animated", False) else []
            image.load()
            if image.getexif().get(_ORIENTATION) in range(2, 9):
                notes.append("turned upright")
                ImageOps.exif_transpose(image, in_place=True)
            flat, filled = _flatten(_to_srgb(image))
            return flat, notes + filled
    except NotAnImage:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_large("far too many pixels") from error
    except Exception as error:  # decoders raise nearly anything when data is damaged
        raise NotAnImage(
            "it is damaged and cannot be decoded; a complete JPEG, PNG or WebP image would do"
        ) from error


def _too_large(what: str) -> NotAnImage:
    most = MAX_IMAGE_PIXELS // 1_000_000
    return NotAnImage(f"it has {what}; at most {most} megapixels are taken, such as 8000x8000")


def _to_srgb(image: Image.Image) -> Image.Image:
    """8-bit colours as screens show them, with the alpha channel where there is one."""
    if image.mode.startswith("I"):  # 16-bit grey, which `convert` would clip
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8)).convert("RGB")
    profile = image.info.get("icc_profile")
    wanted = "RGBA" if image.has_transparency_data else "RGB"
    if image.mode not in ("CMYK", wanted):
        image = image.convert(wanted)
    mode = "RGB" if image.mode == "CMYK" else image.mode
    if profile:
        # A broken profile, or one for other colours, must not cost the picture.
        with suppress(ImageCms.PyCMSError, OSError):
            shown = ImageCms.profileToProfile(
                image,
                ImageCms.ImageCmsProfile(io.BytesIO(profile)),
                ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")),  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]  # Pillow leaves the C type out
                outputMode=mode,
            )
            return shown or image
    return image if image.mode == mode else image.convert(mode)


def _flatten(image: Image.Image) -> tuple[Image.Image, list[str]]:
    if image.mode != "RGBA":
        return image, []
    alpha = image.getchannel("A")
    if alpha.getextrema()[0] == 255:
        return image.convert("RGB"), []
    sample = image.resize((64, 64), Image.Resampling.BOX)
    shown = np.asarray(sample.getchannel("A"), np.float32)
    brightness = np.asarray(sample.convert("L"), np.float32)
    bright = float((brightness * shown).sum()) > _BRIGHT * float(shown.sum())
    flat = Image.new("RGB", image.size, "black" if bright else "white")
    flat.paste(image, mask=alpha)
    return flat, [f"transparency filled with {'black' if bright else 'white'}"]


def _fit(image: Image.Image, size: tuple[int, int], fit: str) -> Image.Image:
    if fit == "cover":
        return ImageOps.fit(image, size)
    if fit == "stretch":
        return image.resize(size)
    scale = min(size[0] / image.width, size[1] / image.height)
    inner = image.resize((max(1, round(image.width * scale)), max(1, round(image.height * scale))))
    padded = Image.new("RGB", size)
    padded.paste(inner, ((size[0] - inner.width) // 2, (size[1] - inner.height) // 2))
    return padded
