"""Figures: drawn in flat colours on a small sheet, then given volume and the light of the scene.

A figure is about 1 unit high: x runs to the right, y up from its feet, (0, 0) is the point that
stands on the ground. Figures face right. Outlines are points, or text with one "x,y" per point in
hundredths of a unit: `"0,0 50,100 100,0"` is a triangle one unit wide and high.
"""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from math import ceil, cos, sin

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from sora_mcp.engines.embedded.pictures import drawing
from sora_mcp.engines.embedded.pictures.arrays import U8, U16, Colour
from sora_mcp.engines.embedded.pictures.outline import Point, curve, limb, oval
from sora_mcp.engines.embedded.pictures.palette import Palette
from sora_mcp.engines.embedded.pictures.planes import Layer, blend_planes, to_yuv
from sora_mcp.engines.embedded.pictures.stage import even

Outline = str | Sequence[Point]

_BLACK, _WHITE = 16, 235
_COARSE = 4
_FINE = 2
"""Figures are drawn this many times larger, for smooth edges."""
_SHEET = "RGBa"
"""Pixels are opaque or empty, so they are multiplied by their opacity from the start; else `reduce`
would have to do it, for a quarter of a pose's time."""


@lru_cache(maxsize=512)
def _read(outline: str) -> tuple[Point, ...]:
    pairs = (pair.split(",") for pair in outline.split())
    return tuple((float(x) / 100, float(y) / 100) for x, y in pairs)


def points_of(outline: Outline) -> Sequence[Point]:
    """Read an outline given as text; leave points as they are."""
    return _read(outline) if isinstance(outline, str) else outline


class Sketch:
    """A sheet to draw one pose of a figure on."""

    def __init__(self, size: float, box: tuple[float, float, float, float]) -> None:
        """Open a sheet. `size`: pixels per unit; `box`: left, bottom, right, top in units."""
        self.left, self.bottom, self.right, self.top = box
        self.size = size
        self.width = even((self.right - self.left) * size) + 4
        self.height = even((self.top - self.bottom) * size) + 4
        sheet = (self.width * _FINE, self.height * _FINE)
        self._body = Image.new(_SHEET, sheet)
        self._pen = ImageDraw.Draw(self._body)
        self._lights: Image.Image | None = None
        self._matrix = np.eye(3)

    @contextmanager
    def moved(
        self,
        x: float = 0.0,
        y: float = 0.0,
        *,
        turn: float = 0.0,
        about: Point = (0.0, 0.0),
        wide: float = 1.0,
        high: float = 1.0,
    ) -> Generator[None]:
        """Draw what follows shifted, turned (radians, anticlockwise), stretched about a point."""
        before = self._matrix
        c, s = cos(turn), sin(turn)
        own = np.array([[c * wide, -s * high, 0], [s * wide, c * high, 0], [0, 0, 1]], np.float64)
        own[:2, 2] = np.array(about) - own[:2, :2] @ np.array(about) + (x, y)
        self._matrix = before @ own
        yield
        self._matrix = before

    def shape(self, outline: Outline, colour: Colour) -> None:
        """Fill an outline with straight sides."""
        place = self._place(points_of(outline))
        self._pen.polygon(place, fill=_pixel(colour))
        if self._lights:
            # It covers the lights behind it.
            ImageDraw.Draw(self._lights).polygon(place, fill=(0, 0, 0, 0))

    def blob(self, outline: Outline, colour: Colour) -> None:
        """Fill a smooth closed outline through points."""
        self.shape(curve(points_of(outline)), colour)

    def oval(
        self, x: float, y: float, rx: float, ry: float, colour: Colour, turn: float = 0.0
    ) -> None:
        """Fill an ellipse, turned anticlockwise by radians."""
        self.shape(self._ring(x, y, rx, ry, turn), colour)

    def stroke(self, outline: Outline, widths: Sequence[float], colour: Colour) -> None:
        """Draw a smooth tapered line with round ends; one width per point, in units."""
        points = points_of(outline)
        self.shape(limb(points, widths), colour)
        for (x, y), width in ((points[0], widths[0]), (points[-1], widths[-1])):
            self.oval(x, y, width / 2, width / 2, colour)

    def light(self, outline: Outline, colour: Colour) -> None:
        """Fill an outline that shines by itself (a lamp, a flame, a window)."""
        self.shape(outline, colour)
        if self._lights is None:
            self._lights = Image.new(_SHEET, self._body.size)
        pen = ImageDraw.Draw(self._lights)
        pen.polygon(self._place(points_of(outline)), fill=_pixel(colour))

    def lamp(self, x: float, y: float, rx: float, ry: float, colour: Colour) -> None:
        """Fill an ellipse that shines by itself."""
        self.light(self._ring(x, y, rx, ry, 0), colour)

    def flame(self, outline: Outline, colour: Colour) -> None:
        """Fill a smooth outline that shines by itself."""
        self.light(curve(points_of(outline)), colour)

    def _ring(self, x: float, y: float, rx: float, ry: float, turn: float) -> list[Point]:
        scale = self.size * _FINE
        ring = oval(0, 0, rx * scale, ry * scale, turn)
        return [(x + px / scale, y + py / scale) for px, py in ring]

    def _place(self, points: Sequence[Point]) -> list[Point]:
        scale = self.size * _FINE
        flat = np.asarray(points, np.float64) @ self._matrix[:2, :2].T + self._matrix[:2, 2]
        x = (flat[:, 0] - self.left) * scale + 2 * _FINE
        y = (self.top - flat[:, 1]) * scale + 2 * _FINE
        return list(zip(x.tolist(), y.tolist(), strict=True))

    def layer(self, palette: Palette, at: Point) -> Layer:
        """Light the drawing and make it a layer whose (0, 0) lies at a point of the frame."""
        body = self._body.reduce(_FINE).convert("RGBA")
        opacity = np.asarray(body.getchannel("A"))
        light = _volume(opacity, palette, self.size)
        # Colours in the shade, and what the light adds to them: luma and chroma are sums of these.
        flat = body.convert("RGB")
        luma, chroma = to_yuv(_dyed(flat, palette.ambient))
        bright_luma, bright_chroma = to_yuv(_dyed(flat, palette.key))
        luma += ((bright_luma - np.uint16(_BLACK)) * light) >> np.uint16(8)
        luma += _rim(opacity, palette, self.size)
        np.clip(luma, _BLACK, _WHITE, out=luma)
        tone = (bright_chroma.astype(np.int16) - 128) * light[::2, ::2].astype(np.int16) >> 8
        chroma = (chroma + tone).clip(16, 240).astype(np.uint16)
        chroma = ((chroma - 128.0) * palette.saturation + 128).astype(np.uint16)
        if self._lights:
            _kindle(luma, chroma, self._lights)
        x = at[0] + self.left * self.size - 2
        y = at[1] - self.top * self.size - 2
        return blend_planes(luma, chroma, opacity, x=2 * round(x / 2), y=2 * round(y / 2))


def _volume(opacity: U8, palette: Palette, size: float) -> U16:
    """Light a flat drawing as if it were round: per pixel how much key light it gets, 0-287."""
    rows, columns = opacity.shape
    # Light is soft: it is worked out small and enlarged.
    small = Image.fromarray(opacity).reduce(_COARSE)
    round_off = max(1.0, size * 0.055 / _COARSE)
    blurred = small.filter(ImageFilter.BoxBlur(round_off))
    soft = np.asarray(blurred, np.float32) / np.float32(255)
    reach = max(1, ceil(round_off / 2))
    slope_x = np.roll(soft, reach, 1) - np.roll(soft, -reach, 1)
    slope_y = np.roll(soft, reach, 0) - np.roll(soft, -reach, 0)
    # `soft` rises towards the inside: where it falls towards the light, the surface faces it.
    side = 1.0 if palette.sun_at[0] > 0.5 else -1.0
    facing = slope_x * side * 0.8 - slope_y * 0.9
    down = np.linspace(0.1, -0.14, len(soft), dtype=np.float32)[:, None]
    light = (0.42 + 0.8 * facing + down).clip(0.02, 1.12)
    return (drawing.enlarge(light, rows, columns, smooth=False) * 256).astype(np.uint16)


def _dyed(flat: Image.Image, colour: Colour) -> U8:
    """Show a drawing's colours under light of one colour."""
    table = np.rint(np.arange(256) * colour[:, None]).clip(0, 255).astype(int)
    return np.asarray(flat.point(table.ravel().tolist()))


def _rim(opacity: U8, palette: Palette, size: float) -> U16:
    """A thin edge of light on the side of the sun, as luma to add."""
    edge = max(1, round(size * 0.008))
    side = 1 if palette.sun_at[0] > 0.5 else -1
    shifted = np.roll(opacity, (edge, -side * edge), (0, 1)).astype(np.uint16)
    rim = np.maximum(opacity, shifted) - shifted
    return rim * np.uint16(256 * (0.4 * palette.glow + 0.1)) >> np.uint16(8)


def _kindle(luma: U16, chroma: U16, sheet: Image.Image) -> None:
    """Let what shines by itself show its own colours, whatever the light."""
    box = sheet.getbbox()
    if box is None:
        return
    # Lights are small: done only where they are, this costs an eighth. Edges lie between
    # whole chroma samples.
    left, top = (edge // (2 * _FINE) * 2 for edge in box[:2])
    right, bottom = (even(edge / _FINE) for edge in box[2:])
    lights = sheet.crop((left * _FINE, top * _FINE, right * _FINE, bottom * _FINE)).reduce(_FINE)
    lights = lights.convert("RGBA")
    cover = np.asarray(lights.getchannel("A"), np.float32) / np.float32(255)
    own_luma, own_chroma = to_yuv(np.asarray(lights.convert("RGB")))
    luma = luma[top:bottom, left:right]
    chroma = chroma[:, top // 2 : bottom // 2, left // 2 : right // 2]
    luma[:] = luma + (own_luma - luma.astype(np.float32)) * cover
    chroma[:] = chroma + (own_chroma - chroma.astype(np.float32)) * cover[::2, ::2]


def _pixel(colour: Colour) -> tuple[int, int, int, int]:
    red, green, blue = (min(max(round(float(part) * 255), 0), 255) for part in colour)
    return (red, green, blue, 255)


def shadow(
    palette: Palette, at: Point, width: float, height: float, strength: float = 0.5
) -> Layer:
    """A soft dark pool on the ground under a figure, in pixels of the frame."""
    columns, rows = even(width * 1.5), even(height * 1.6)
    y = (np.arange(rows, dtype=np.float32)[:, None] - rows / 2) / (height / 2)
    x = (np.arange(columns, dtype=np.float32)[None] - columns / 2) / (width / 2)
    pool = np.exp(-(x * x + y * y) * 1.6) * drawing.smooth(np.maximum(abs(x), abs(y)), 1.45, 1.1)
    dark = (np.broadcast_to(palette.ambient * 0.16, (rows, columns, 3)) * 255).astype(np.uint8)
    return blend_planes(
        *to_yuv(dark),
        (pool * 255 * strength).astype(np.uint8),
        x=2 * round((at[0] - columns / 2) / 2),
        y=2 * round((at[1] - rows / 2) / 2),
    )
