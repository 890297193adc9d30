"""Outlines drawn with Pillow at a multiple of the final size, for smooth edges."""

from collections.abc import Sequence
from math import cos, hypot, pi, sin

import numpy as np
from PIL import Image, ImageDraw

from sora_mcp.engines.embedded.pictures.arrays import U8, Colour
from sora_mcp.engines.embedded.pictures.stage import Band

Point = tuple[float, float]


def curve(points: Sequence[Point], *, closed: bool = True, steps: int = 8) -> list[Point]:
    """Run a smooth line (Catmull-Rom) through points."""
    count = len(points)
    if closed:
        knots = [points[-1], *points, points[0], points[1]]
        spans = count
    else:
        knots = [points[0], *points, points[-1]]
        spans = count - 1
    line: list[Point] = []
    weights = [_weights(step / steps) for step in range(steps)]
    for span in range(spans):
        (x0, y0), (x1, y1), (x2, y2), (x3, y3) = knots[span : span + 4]
        for a, b, c, d in weights:
            line.append((a * x0 + b * x1 + c * x2 + d * x3, a * y0 + b * y1 + c * y2 + d * y3))
    if not closed:
        line.append(points[-1])
    return line


def _weights(t: float) -> tuple[float, float, float, float]:
    return (
        0.5 * t * (-1 + t * (2 - t)),
        0.5 * (2 + t * t * (-5 + 3 * t)),
        0.5 * t * (1 + t * (4 - 3 * t)),
        0.5 * t * t * (t - 1),
    )


def limb(points: Sequence[Point], widths: Sequence[float]) -> list[Point]:
    """Outline a tapered stroke along a smooth line: one width per point."""
    line = curve(points, closed=False)
    along = np.interp(
        np.linspace(0, 1, len(line)), np.linspace(0, 1, len(widths)), np.asarray(widths)
    )
    left: list[Point] = []
    right: list[Point] = []
    for index, (x, y) in enumerate(line):
        (ax, ay), (bx, by) = line[max(index - 1, 0)], line[min(index + 1, len(line) - 1)]
        length = hypot(bx - ax, by - ay) or 1.0
        nx, ny = -(by - ay) / length, (bx - ax) / length
        half = float(along[index]) / 2
        left.append((x + nx * half, y + ny * half))
        right.append((x - nx * half, y - ny * half))
    return left + right[::-1]


def oval(x: float, y: float, rx: float, ry: float, turn: float = 0.0) -> list[Point]:
    """Outline an ellipse, turned clockwise by radians."""
    c, s = cos(turn), sin(turn)
    corners = max(12, min(64, round(max(rx, ry) * 2)))
    angles = [2 * pi * i / corners for i in range(corners)]
    return [
        (x + rx * cos(a) * c - ry * sin(a) * s, y + rx * cos(a) * s + ry * sin(a) * c)
        for a in angles
    ]


class Stencil:
    """An opacity for a band, drawn in the frame's pixels; shapes over a seam meet themselves."""

    def __init__(self, band: Band, scale: int = 2) -> None:
        self._band, self._scale = band, scale
        self._picture = Image.new("L", (band.width * scale, band.height * scale))
        self._draw = ImageDraw.Draw(self._picture)

    def fill(self, outline: Sequence[Point], cover: int = 255) -> None:
        """Fill an outline. `cover`: opacity, 0 to cut out."""
        for points in self._places(outline):
            self._draw.polygon(points, fill=cover)

    def _places(self, points: Sequence[Point]) -> list[list[Point]]:
        """Points on the picture; thrice where the band repeats, so that seams close."""
        band, scale = self._band, self._scale
        return [
            [((x - band.x + shift) * scale - 0.5, (y - band.y) * scale - 0.5) for x, y in points]
            for shift in ((0, -band.period, band.period) if band.period else (0,))
        ]

    def opacity(self) -> U8:
        """Scale down to the band's size."""
        return np.asarray(self._picture.reduce(self._scale))


class Painting(Stencil):
    """Shapes with colours of their own on a band."""

    def __init__(self, band: Band, ground: Colour | None = None) -> None:
        super().__init__(band)
        self._colours = Image.new("RGB", self._picture.size, _pixel(ground))
        self._pen = ImageDraw.Draw(self._colours)

    def paint(self, outline: Sequence[Point], colour: Colour) -> None:
        """Fill an outline with a colour."""
        self.fill(outline)
        self.tint(outline, colour)

    def tint(self, outline: Sequence[Point], colour: Colour) -> None:
        """Colour an area without making it any more opaque."""
        pixel = _pixel(colour)
        for points in self._places(outline):
            # The colour reaches a pixel further than the opacity: no dark fringes.
            self._pen.polygon(points, fill=pixel, outline=pixel, width=3)

    def box(self, left: float, top: float, right: float, bottom: float, colour: Colour) -> None:
        """Colour an upright rectangle without making it any more opaque."""
        for (x, y), (far_x, far_y) in self._places([(left, top), (right, bottom)]):
            self._pen.rectangle((x, y, max(far_x, x), max(far_y, y)), fill=_pixel(colour))

    def colours(self) -> U8:
        """The colours painted so far, at the band's size."""
        return np.asarray(self._colours.reduce(self._scale))


def _pixel(colour: Colour | None) -> tuple[int, int, int]:
    if colour is None:
        return (0, 0, 0)
    red, green, blue = (min(max(round(float(part) * 255), 0), 255) for part in colour)
    return (red, green, blue)
