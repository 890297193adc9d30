"""What a scene is made of: things that paint themselves onto the canvas at a time.

Every element is drawn beforehand; painting one costs a few passes over whole numbers.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import floor, pi, sin
from typing import Protocol

import numpy as np

from sora_mcp.engines.embedded.pictures.arrays import U16, Floats
from sora_mcp.engines.embedded.pictures.camera import View
from sora_mcp.engines.embedded.pictures.once import Once
from sora_mcp.engines.embedded.pictures.planes import SUBPIXELS, Canvas, Layer, lay
from sora_mcp.engines.embedded.pictures.stage import Plane

BLACK, WHITE = 16, 235
"""The darkest and the brightest luma of video."""


class Element(Protocol):
    """A part of a scene."""

    def paint(self, canvas: Canvas, view: View, time: float) -> None:
        """Add this element to the picture at `time` seconds after the shot began."""
        ...


def offset(canvas: Canvas, view: View, depth: float, wing: float = 0.0) -> tuple[float, float]:
    """How far the camera has moved things at a depth, in pixels of the frame."""
    return (
        (wing * view.push - view.turn_x - view.x * depth) * canvas.width,
        -(view.turn_y + view.y * depth) * canvas.height,
    )


@dataclass(frozen=True)
class Scenery:
    """A layer of the landscape. `wing`: which side it frames the picture at (-1, 0, 1)."""

    plane: Plane
    wing: float = 0.0
    drift: float = 0.0
    """Its own speed sideways, in pixels per second (clouds, fog)."""

    def paint(self, canvas: Canvas, view: View, time: float) -> None:
        """Lay the layer where the camera sees it."""
        dx, dy = offset(canvas, view, self.plane.depth, self.wing)
        dx += self.drift * time
        if self.plane.period:
            dx = dx % self.plane.period - self.plane.period
        lay(canvas, self.plane.layer, dx, dy)


class Poses(Once[Layer]):
    """The poses of a figure, each drawn when it is first seen."""

    def __init__(self, count: int, draw: Callable[[int], Layer]) -> None:
        super().__init__(draw)
        self.count = count


@dataclass(frozen=True)
class Sprite:
    """A figure in changing poses. `path`: its place (pixels from its layers' own) at a time."""

    poses: Poses
    depth: float
    cycle: float = 1.0
    """Seconds for all poses once."""
    sways: bool = False
    """The poses lie between two ends, and it goes to and fro between them."""
    path: Callable[[float], tuple[float, float]] = lambda time: (0.0, 0.0)
    follows: bool = False
    """The camera goes along with it."""

    def paint(self, canvas: Canvas, view: View, time: float) -> None:
        """Lay the pose of the moment."""
        dx, dy = offset(canvas, view, self.depth)
        if self.follows:
            dx = 0.0
        x, y = self.path(time)
        lay(canvas, self.pose(time), dx + x, dy + y)

    def pose(self, time: float) -> Layer:
        """The pose of a moment; any thread may have it drawn beforehand."""
        cycles, count = time / self.cycle, self.poses.count
        if self.sways:
            return self.poses[round((0.5 + 0.5 * sin(2 * pi * cycles)) * (count - 1))]
        return self.poses[int(cycles * count) % count]


@dataclass(frozen=True)
class Sheet:
    """Many small lights (rain, snow, dust) on one sheet that repeats in both directions."""

    light: U16
    """Luma to add: one period and one frame more in each direction."""
    period: tuple[int, int]
    """Rows and columns after which the sheet repeats."""
    speed: tuple[float, float]
    """Pixels per second to the right and down."""
    depth: float = 1.0
    sway: float = 0.0
    """Width in pixels of a slow swinging from side to side."""

    def paint(self, canvas: Canvas, view: View, time: float) -> None:
        """Add the sheet's light."""
        dx, dy = offset(canvas, view, self.depth)
        dx += self.speed[0] * time + self.sway * float(np.sin(0.9 * time + self.depth * 2))
        dy += self.speed[1] * time
        rows, columns = self.period
        column, shift = _window(dx, columns)
        row = round(-dy) % rows
        part = self.light[row : row + canvas.height, column : column + canvas.width + 1]
        slow = abs(self.speed[0]) + abs(self.speed[1]) < 90
        add_light(canvas, canvas.luma, part, shift if slow else 0)


def _window(travel: float, period: int) -> tuple[int, int]:
    """Where a repeating sheet is cut that has travelled so far, and the sixteenths left over."""
    steps = floor(-travel * SUBPIXELS) % (period * SUBPIXELS)
    return steps // SUBPIXELS, steps % SUBPIXELS


def add_light(canvas: Canvas, target: U16, light: U16, shift: int = 0) -> None:
    """Add luma, never beyond white. `light` is one column wider, for a shift by sixteenths."""
    here = light[:, :-1]
    if shift:
        mixed, other = canvas.scratch(target.shape)
        np.multiply(here, SUBPIXELS - shift, out=mixed)
        np.multiply(light[:, 1:], shift, out=other)
        np.add(mixed, other, out=mixed)
        np.right_shift(mixed, 4, out=mixed)
        here = mixed
    np.add(target, here, out=target)
    _keep_legal(target)


def _keep_legal(luma: U16) -> None:
    """Lower what is brighter than white."""
    # With two limits this is six times as fast as `np.minimum` with one.
    np.clip(luma, BLACK, WHITE, out=luma)


@dataclass(frozen=True)
class Rays:
    """Light that falls through the picture and breathes."""

    light: U16
    """Luma to add at full strength, of the frame's size."""
    pulse: Callable[[float], float]
    """Strength 0–1 at a time."""

    def paint(self, canvas: Canvas, view: View, time: float) -> None:
        """Add the light of the moment."""
        scaled, _ = canvas.scratch(self.light.shape)
        np.multiply(self.light, round(256 * self.pulse(time)), out=scaled)
        np.right_shift(scaled, 8, out=scaled)
        np.add(canvas.luma, scaled, out=canvas.luma)
        _keep_legal(canvas.luma)


@dataclass(frozen=True)
class Mirror:
    """Water or a wet floor: what is above its edge, upside down, broken by ripples."""

    edge: float
    """Row of the frame where it begins."""
    luma: U16
    """Per row from the edge: what is added (colour of the water itself), then what is kept."""
    chroma: U16
    """(4, rows/2): U added, V added, kept, and nothing."""
    stretch: float = 1.0
    """Rows above that one row below shows."""
    ripple: float = 6.0
    """Height in pixels of the ripples close to the camera."""
    speed: float = 2.4
    depth: float = 0.2

    def paint(self, canvas: Canvas, view: View, time: float) -> None:
        """Reflect what has been painted so far."""
        _, dy = offset(canvas, view, self.depth)
        edge = 2 * round((self.edge + dy) / 2)
        rows = min(canvas.height - edge, self.luma.shape[1])
        if rows <= 0:
            return
        below = np.arange(rows, dtype=np.float32)
        near = below / max(self.luma.shape[1], 1)
        # Wavelengths grow towards the camera: equal waves seen flatly.
        phase = 26 * np.log1p(below / (0.02 * self.luma.shape[1] + 1))
        wave = np.sin(phase - self.speed * time) + 0.6 * np.sin(2.3 * phase + 1.7 * time)
        source = (edge - 1 - below * self.stretch + wave * self.ripple * (0.15 + near)).clip(
            0, edge - 1
        )
        _reflect(canvas, canvas.luma[None], edge, source, self.luma[:, :rows])
        half = source[::2] / 2
        _reflect(canvas, canvas.chroma, edge // 2, half, self.chroma[:, : half.size])


def _reflect(canvas: Canvas, planes: U16, edge: int, source: Floats, mixing: U16) -> None:
    lines = source.astype(np.intp)
    keep = mixing[-1][:, None]
    for plane, added in zip(planes, mixing[:-1], strict=True):
        seen, _ = canvas.scratch((lines.size, plane.shape[1]))
        np.take(plane, lines, axis=0, out=seen, mode="clip")
        np.multiply(seen, keep, out=seen)
        np.right_shift(seen, 8, out=seen)
        np.add(seen, added[:, None], out=plane[edge : edge + lines.size])


@dataclass(frozen=True)
class Glints:
    """Light that dances on water: where two sheets of noise that pass each other add up."""

    first: U16
    second: U16
    """(rows, columns + frame width) noise, 0–255, repeating sideways."""
    period: int
    edge: float
    threshold: int
    speed: float
    gain: U16
    """Per column of the frame: brightness, 0-256 (a path of light under the sun)."""
    depth: float = 0.4

    def paint(self, canvas: Canvas, view: View, time: float) -> None:
        """Add the glints of the moment."""
        dx, dy = offset(canvas, view, self.depth)
        edge = round(self.edge + dy)
        rows = min(canvas.height - edge, self.first.shape[0])
        if rows <= 0:
            return
        one, _ = _window(dx + self.speed * time, self.period)
        two, _ = _window(dx - self.speed * time, self.period)
        shine, _ = canvas.scratch((rows, canvas.width))
        np.add(
            self.first[:rows, one : one + canvas.width],
            self.second[:rows, two : two + canvas.width],
            out=shine,
        )
        np.clip(shine, self.threshold, self.threshold + 85, out=shine)
        np.subtract(shine, self.threshold, out=shine)
        np.multiply(shine, self.gain, out=shine)
        np.right_shift(shine, 7, out=shine)
        target = canvas.luma[edge : edge + rows]
        np.add(target, shine, out=target)
        _keep_legal(target)


@dataclass(frozen=True)
class Ripple:
    """A wet floor that trembles: rows below `edge` are read a little higher or lower."""

    edge: float
    size: float
    """Height in pixels of the tremor close to the camera."""
    depth: float = 0.35

    def paint(self, canvas: Canvas, view: View, time: float) -> None:
        """Distort what has been painted below the edge so far."""
        _, dy = offset(canvas, view, self.depth)
        edge = 2 * round((self.edge + dy) / 2)
        rows = canvas.height - edge
        if rows <= 0:
            return
        below = np.arange(rows, dtype=np.float32)
        phase = 30 * np.log1p(below / (0.05 * rows + 1))
        wave = np.sin(phase - 1.9 * time) + 0.5 * np.sin(2.6 * phase + 1.3 * time)
        source = below + wave * self.size * (0.2 + below / rows)
        _reread(canvas, canvas.luma[None, edge:], source)
        _reread(canvas, canvas.chroma[:, edge // 2 :], source[::2] / 2)


def _reread(canvas: Canvas, planes: U16, source: Floats) -> None:
    lines = (source + 0.5).astype(np.intp)
    for plane in planes:
        moved, _ = canvas.scratch(plane.shape)
        np.take(plane, lines, axis=0, out=moved, mode="clip")
        np.copyto(plane, moved)
