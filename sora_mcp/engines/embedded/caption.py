"""Lettering: the shot's words as a lower third, and the mark that calls every frame a preview."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import as_file, files

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from sora_mcp.engines.embedded.pictures import drawing
from sora_mcp.engines.embedded.pictures.arrays import Colour, Floats
from sora_mcp.engines.embedded.pictures.palette import mix, rgb
from sora_mcp.engines.embedded.pictures.planes import Layer, blend_planes, to_yuv
from sora_mcp.engines.embedded.pictures.stage import even

MARK = "PREVIEW"
_ELLIPSIS = "…"
_NOWHERE = "\U0010ffff"
"""No font has this character: its picture is the box that stands for missing ones."""


@dataclass(frozen=True)
class Caption:
    """A caption ready to be laid. `left_out`: characters of the words that could not be drawn."""

    layer: Layer | None
    left_out: str


@lru_cache(maxsize=8)
def _font(size: int) -> ImageFont.FreeTypeFont:
    with as_file(files("sora_mcp.engines.embedded") / "fonts" / "DejaVuSans.ttf") as path:
        # The basic layout draws alike everywhere; the better one depends on what is installed.
        return ImageFont.truetype(path, size, layout_engine=ImageFont.Layout.BASIC)


def drawable(words: str) -> tuple[str, str]:
    """Split words into what the font can draw, tidied, and the characters it cannot."""
    kept: list[str] = []
    left_out: list[str] = []
    for sign in unicodedata.normalize("NFC", words):
        if sign.isspace():
            kept.append(" ")
        elif _has_glyph(sign):
            kept.append(sign)
        elif unicodedata.category(sign) not in {"Cf", "Mn", "Cc"}:
            left_out.append(sign)
    text = " ".join("".join(kept).split())
    # Marks that only parted what is gone would stand alone.
    return (text if any(sign.isalnum() for sign in text) else ""), "".join(dict.fromkeys(left_out))


@lru_cache(maxsize=1024)
def _has_glyph(sign: str) -> bool:
    # Scripts that are written from the right or joined need more than one picture per letter;
    # pictures beyond the basic plane (emoji) would look crude among the letters.
    if unicodedata.bidirectional(sign) in {"R", "AL", "AN"} or ord(sign) > 0xFFFF:
        return False
    if not sign.isprintable() or unicodedata.category(sign) in {"Cf", "Mn"}:
        return False
    return _drawn(sign) != _drawn(_NOWHERE)


def _drawn(sign: str) -> bytes:
    picture = Image.new("L", (48, 48))
    ImageDraw.Draw(picture).text((8, 8), sign, fill=255, font=_font(24))
    return picture.tobytes()


def make_caption(words: str, label: str, accent: Colour, width: int, height: int) -> Caption:
    """Set the words over a shade at the foot of the frame, under a small label.

    Long texts are cut after two lines (three on tall frames) with an ellipsis.
    """
    text, left_out = drawable(words)
    if not text:
        return Caption(None, left_out)
    unit = min(height, 1.2 * width)
    size = max(11, round(unit * 0.036))
    small = max(9, round(size * 0.58))
    margin = round(0.055 * width)
    tall = height > width
    room = width * (0.88 if tall else 0.74) - margin * (1 if tall else 0)
    lines = _wrapped(text, _font(size), room, 3 if tall else 2)
    leading = round(size * 1.36)
    block = leading * len(lines) + round(small * 1.9)
    foot = round(0.06 * height)
    shade = even(block * 1.9 + foot)
    top = 2 * ((height - shade) // 2)
    rows = height - top
    picture = Image.new("L", (width, rows))
    pen = ImageDraw.Draw(picture)
    first = rows - foot - block
    bar = max(2, round(size * 0.11))
    left = margin + bar + round(size * 0.6)
    gap = small * 0.14
    label = _cut(label, _font(small), width - margin - left - gap * len(label))
    _spaced(pen, (left, first), label, _font(small), gap, 215)
    for index, line in enumerate(lines):
        y = first + round(small * 1.9) + index * leading
        pen.text((left, y), line, fill=255, font=_font(size))
    letters = np.asarray(picture)
    halo = drawing.soften(letters, max(1.0, size * 0.14)).astype(np.float32) / 255
    down = np.linspace(0, 1, rows, dtype=np.float32)[:, None]
    cover = 0.62 * drawing.smooth(down, 0, 0.9) + 0.5 * halo
    share = letters.astype(np.float32) / 255
    opacity = np.maximum(cover.clip(0, 0.85), share)
    colour = np.broadcast_to(rgb("07090d"), (rows, width, 3)).astype(np.float32)
    colour = drawing.blend(colour, rgb("f7f5f0"), share)
    stroke = slice(first + round(small * 0.1), rows - foot - round(size * 0.1))
    colour[stroke, margin : margin + bar] = mix(accent, rgb("ffffff"), 0.25)
    opacity[stroke, margin : margin + bar] = 0.95
    return Caption(_lettering(colour, opacity, 0, top), left_out)


def _wrapped(text: str, font: ImageFont.FreeTypeFont, room: float, most: int) -> list[str]:
    """Break a text into lines of at most `room` pixels; what does not fit ends in an ellipsis."""
    lines: list[str] = [""]
    words = text.split(" ")
    for index, word in enumerate(words):
        longer = f"{lines[-1]} {word}".strip()
        if font.getlength(longer) <= room:
            lines[-1] = longer
        elif lines[-1] and len(lines) < most:
            lines.append(_cut(word, font, room))
        else:
            lines[-1] = _cut(" ".join([lines[-1], *words[index:]]).strip(), font, room)
            break
    return _balanced(lines, font, room)


def _cut(text: str, font: ImageFont.FreeTypeFont, room: float) -> str:
    if font.getlength(text) <= room:
        return text
    end = len(text)
    # Halving first: prompts may hold thousands of characters.
    while end > 1 and font.getlength(text[: end // 2] + _ELLIPSIS) > room:
        end //= 2
    while end > 1 and font.getlength(text[:end].rstrip(" ,;.") + _ELLIPSIS) > room:
        end -= 1
    return text[:end].rstrip(" ,;.") + _ELLIPSIS


def _balanced(lines: Sequence[str], font: ImageFont.FreeTypeFont, room: float) -> list[str]:
    """Move words down so that two lines are about equally long."""
    if len(lines) != 2 or lines[1].endswith(_ELLIPSIS):
        return list(lines)
    upper, lower = lines[0].split(" "), lines[1].split(" ")
    while len(upper) > 1:
        moved = " ".join([upper[-1], *lower])
        if font.getlength(moved) > min(room, font.getlength(" ".join(upper[:-1])) * 1.05):
            break
        lower.insert(0, upper.pop())
    return [" ".join(upper), " ".join(lower)]


def _spaced(
    pen: ImageDraw.ImageDraw, at: tuple[float, float], text: str,
    font: ImageFont.FreeTypeFont, gap: float, cover: int,
) -> float:  # fmt: skip
    """Write letters a little apart; the x where they end."""
    x, y = at
    for sign in text:
        pen.text((x, y), sign, fill=cover, font=font)
        x += font.getlength(sign) + gap
    return x - gap


def make_mark(width: int, height: int) -> Layer:
    """The small mark in the upper right corner."""
    unit = min(height, 1.2 * width)
    size = max(8, round(unit * 0.0185))
    font, gap = _font(size), size * 0.2
    length = sum(font.getlength(sign) + gap for sign in MARK) - gap
    wide, high = even(length + size * 1.5), even(size * 1.9)
    picture = Image.new("L", (wide, high))
    pen = ImageDraw.Draw(picture)
    _spaced(pen, ((wide - length) / 2, high / 2 - size * 0.62), MARK, font, gap, 255)
    pill = Image.new("L", (wide * 3, high * 3))
    ImageDraw.Draw(pill).rounded_rectangle((0, 0, wide * 3 - 1, high * 3 - 1), high * 1.5, fill=120)
    share = np.asarray(picture, np.float32) / 255 * 0.9
    opacity = np.maximum(np.asarray(pill.reduce(3), np.float32) / 255, share)
    colour = drawing.blend(
        np.broadcast_to(rgb("07090d"), (high, wide, 3)).astype(np.float32), rgb("f7f5f0"), share
    )
    margin = max(6, round(unit * 0.03))
    x, y = 2 * ((width - wide - margin) // 2), 2 * (margin // 2)
    return _lettering(colour, opacity, x, y)


def _lettering(colour: Floats, opacity: Floats, x: int, y: int) -> Layer:
    planes = to_yuv((colour * 255).astype(np.uint8))
    return blend_planes(*planes, (opacity * 255).astype(np.uint8), x=x, y=y)
