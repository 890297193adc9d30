"""What falls, drifts and flies through the air."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import pi, sin

import numpy as np
from PIL import Image, ImageDraw

from sora_mcp.engines.embedded.pictures import drawing
from sora_mcp.engines.embedded.pictures.arrays import Colour, Floats
from sora_mcp.engines.embedded.pictures.camera import View
from sora_mcp.engines.embedded.pictures.elements import Element, Rays, Scenery, Sheet, offset
from sora_mcp.engines.embedded.pictures.outline import oval
from sora_mcp.engines.embedded.pictures.palette import mix, rgb
from sora_mcp.engines.embedded.pictures.planes import (
    Canvas,
    Layer,
    blend_planes,
    lay,
    spread,
    to_yuv,
)
from sora_mcp.engines.embedded.pictures.stage import Stage


def weather(stage: Stage, name: str, horizon: float) -> list[Element]:
    """Make the weather of `vocabulary.WEATHERS`: what is painted over a scene."""
    makers: dict[str, Callable[[], list[Element]]] = {
        "rain": lambda: _rain(stage),
        "snow": lambda: _snow(stage),
        "fog": lambda: [_fog(stage, horizon, 0.5, 0.5), _fog(stage, horizon + 0.2, 1.2, 0.35)],
        "dust": lambda: [_dots(stage, 90, 0.0022, 60, (0.012, -0.01), 1.0),
                         _dots(stage, 26, 0.005, 34, (0.02, -0.016), 1.6)],
        "sparks": lambda: [_sparks(stage)],
        "fireflies": lambda: [_fireflies(stage, horizon)],
        "leaves": lambda: [_falling(stage, ("c8642a", "d9a02e", "9a3a22", "b8862e"), 0.017, 0.4)],
        "petals": lambda: [_falling(stage, ("f6c4d4", "f2a8c0", "fbe3ea"), 0.014, 0.6)],
        "bubbles": lambda: [_dots(stage, 40, 0.004, 70, (0.0, -0.09), 1.0),
                            _dots(stage, 14, 0.008, 55, (0.0, -0.15), 1.5)],
    }  # fmt: skip
    return makers[name]() if name in makers else []


def _sheet(
    stage: Stage, draw: Callable[[ImageDraw.ImageDraw, float, float], None], count: int,
    speed: tuple[float, float], depth: float, blur: float, sway: float = 0.0,
) -> Sheet:  # fmt: skip
    """Sow a mark `count` times over a sheet that repeats; speeds are frame heights per second."""
    rows, columns = round(stage.height * 0.8), round(stage.width * 0.8)
    picture = Image.new("L", (columns, rows))
    pen = ImageDraw.Draw(picture)
    for _ in range(count):
        x, y = stage.random.uniform(0, columns), stage.random.uniform(0, rows)
        for shift_x in (0, -columns):
            for shift_y in (0, -rows):
                draw(pen, x + shift_x, y + shift_y)
    tile = np.asarray(picture)
    if blur:
        tile = drawing.soften(np.pad(tile, 8, "wrap"), blur)[8:-8, 8:-8]
    light = np.tile(tile, (3, 3))[: rows + stage.height, : columns + stage.width + 2]
    return Sheet(
        light.astype(np.uint16), (rows, columns),
        (speed[0] * stage.height, speed[1] * stage.height), depth, sway * stage.height,
    )  # fmt: skip


def _rain(stage: Stage) -> list[Element]:
    bright = 46 if stage.palette.ambient.mean() > 0.4 else 34
    elements: list[Element] = []
    for count, length, speed, light, depth in (
        (340, 0.05, 1.25, 0.6, 0.6),
        (110, 0.1, 2.1, 1.0, 1.4),
    ):
        streak = partial(_streak, stage.unit, length, round(bright * light))
        elements.append(_sheet(stage, streak, count, (-0.13 * speed, speed), depth, 0))
    return elements


def _streak(
    unit: float, length: float, light: int, pen: ImageDraw.ImageDraw, x: float, y: float
) -> None:
    tall = unit * length
    width = max(1, round(unit / 720))
    pen.line((x, y, x - tall * 0.13, y + tall), fill=light, width=width)


def _snow(stage: Stage) -> list[Element]:
    return [
        _dots(stage, 260, 0.0022, 105, (-0.02, 0.07), 0.5, 0.008),
        _dots(stage, 110, 0.0042, 130, (-0.035, 0.12), 1.0, 0.014),
        _dots(stage, 26, 0.010, 70, (-0.06, 0.21), 1.7, 0.02),
    ]


def _dots(
    stage: Stage, count: int, size: float, light: int, speed: tuple[float, float], depth: float,
    sway: float = 0.004,
) -> Sheet:  # fmt: skip
    radius = size * stage.unit
    random = stage.random

    def dot(pen: ImageDraw.ImageDraw, x: float, y: float) -> None:
        own = radius * random.uniform(0.6, 1.25)
        pen.ellipse((x - own, y - own, x + own, y + own), fill=light)

    return _sheet(stage, dot, count, speed, depth, max(radius * 0.45, 0.7), sway)


def _fog(stage: Stage, middle: float, depth: float, strength: float) -> Scenery:
    band = stage.band(middle - 0.42, middle + 0.4, depth, loop=True)
    rows, columns = band.coarse(8)
    wisps = drawing.noise(stage.random, rows, columns, (rows / 2, rows * 1.6), 5)
    down = np.abs(np.linspace(-1, 1, rows, dtype=np.float32))[:, None]
    cover = drawing.smooth(wisps, 0.25, 0.85) * drawing.smooth(down, 1.0, 0.2) * strength
    opacity = drawing.enlarge(cover, band.height, band.width).clip(0, 1) * 235
    field = np.broadcast_to(stage.palette.haze, (2, 2, 3)).astype(np.float32)
    plane = stage.plane(band, field, opacity.astype(np.uint8))
    return Scenery(plane.soft(), drift=-stage.unit * 0.03 * depth)


def aurora(stage: Stage, horizon: float) -> list[Element]:
    """Curtains of northern light over the sky."""
    elements: list[Element] = []
    for tone, top, speed in (("3fe0a0", 0.02, 0.012), ("7a5fe0", 0.0, -0.008)):
        band = stage.band(top, horizon, 0.02, loop=True)
        rows, columns = band.coarse(4)
        x = np.arange(columns, dtype=np.float32)[None] / columns
        wave = drawing.ridge(stage.random, columns, 1.6, 3)[None]
        rays = drawing.noise(stage.random, 4, columns, (4, stage.unit / 90), 2)[1][None]
        y = np.linspace(0, 1, rows, dtype=np.float32)[:, None]
        edge = 0.3 + 0.3 * wave
        curtain = np.exp(-((edge - y) / 0.34).clip(0, None) * 1.6) * drawing.smooth(
            np.asarray(y - edge, np.float32), 0.05, -0.02
        )
        cover = curtain * (0.35 + 0.9 * rays) * (0.6 + 0.4 * np.sin(2 * pi * x * 2))
        opacity = drawing.enlarge(np.asarray(cover * 0.95, np.float32), band.height, band.width)
        field = drawing.gradient(rows, (0, rgb("6a4fd0")), (0.6, rgb(tone)), (1, rgb("b8ffd8")))
        plane = stage.plane(band, field, (opacity.clip(0, 1) * 255).astype(np.uint8))
        elements.append(Scenery(plane, drift=stage.unit * speed))
    return elements


def lightning(stage: Stage) -> Rays:
    """Flashes that light up the whole picture now and then."""
    glow = drawing.halo(
        stage.height // 8, stage.width // 8, (stage.width / 16, 0), stage.height / 12, 2
    )
    light = drawing.enlarge(glow * 150, stage.height, stage.width, smooth=False).clip(0, 150)
    start = float(stage.random.uniform(0.6, 1.6))

    def pulse(time: float) -> float:
        since = (time - start) % 4.3
        return max(0.0, 1 - since * 5) * (0.55 + 0.45 * sin(70 * since)) if since < 0.4 else 0.0

    return Rays(light.astype(np.uint16), pulse)


@dataclass(frozen=True)
class Motes:
    """A handful of small things, each on its own path."""

    sprites: tuple[Layer, ...]
    start: Floats
    """(count, 2) places in pixels."""
    speed: Floats
    """(count, 2) pixels per second."""
    phase: Floats
    """(count,) where each is in its swing and its changes of sprite."""
    swing: float
    turn: float
    """Changes of sprite per second."""
    span: tuple[float, float]
    """Width and height in pixels after which they come in again on the other side."""
    glow: bool = False
    """They come and go like fireflies: the last sprite is the brightest."""

    def paint(self, canvas: Canvas, view: View, time: float) -> None:
        """Lay each in its place."""
        dx, dy = offset(canvas, view, 1.0)
        swing = self.swing * np.sin(1.3 * time + 2 * pi * self.phase)
        x = (self.start[:, 0] + self.speed[:, 0] * time + swing + dx) % self.span[0] - 40
        y = (self.start[:, 1] + self.speed[:, 1] * time + 0.5 * swing + dy) % self.span[1] - 40
        beat = self.phase * len(self.sprites) + self.turn * time
        if self.glow:
            shine = 0.5 + 0.5 * np.sin(2 * pi * (self.phase + self.turn * time))
            beat = shine * (len(self.sprites) - 1)
        for index in range(x.size):
            sprite = self.sprites[int(beat[index]) % len(self.sprites)]
            lay(canvas, sprite, float(x[index]), float(y[index]))


def _motes(
    stage: Stage,
    sprites: Sequence[Layer],
    count: int,
    speed: tuple[float, float],
    *,
    swing: float,
    turn: float,
    top: float = 0.0,
    glow: bool = False,
) -> Motes:
    """Scatter sprites below a height of the frame; speed and swing are in stage units."""
    random = stage.random
    span = (stage.width + 80.0, stage.height * (1 - top) + 80.0)
    own = random.uniform(0.6, 1.4, (count, 1)) * np.array(speed) * stage.unit
    row = 2 * round(stage.y(top) / 2)
    return Motes(
        sprites=tuple(replace(sprite, y=sprite.y + row) for sprite in sprites),
        start=random.random((count, 2)) * np.array(span),
        speed=own,
        phase=random.random(count),
        swing=swing * stage.unit,
        turn=turn,
        span=span,
        glow=glow,
    )


_GLOW = 160
"""Rows and columns of a light that is worked out in all detail."""


def glow(colour: Colour, radius: float, strength: float) -> Layer:
    """A small light with a soft halo."""
    size = 2 * max(3, round(radius * 3))
    # A large light is smooth enough to be worked out small and enlarged.
    coarse = min(size, _GLOW)
    centre = (coarse / 2 - 0.5, coarse / 2 - 0.5)
    light = drawing.halo(coarse, coarse, centre, radius * 0.55 * coarse / size)
    edge = drawing.halo(coarse, coarse, centre, coarse)
    share = (light * 1.5 * drawing.smooth(edge, 0.607, 0.75)).clip(0, 1)
    core = mix(colour, rgb("ffffff"), 0.6)
    field = colour + (core - colour) * (share**2)[..., None]
    opacity = drawing.enlarge(share, size, size).clip(0, 1) * strength * 255
    return blend_planes(*spread(field, size, size), opacity.astype(np.uint8))


def _fireflies(stage: Stage, horizon: float) -> Motes:
    sprites = tuple(
        glow(rgb("d8f06a"), stage.unit * 0.015, level) for level in (0.0, 0.15, 0.4, 0.7, 1.0)
    )
    return _motes(
        stage, sprites, 44, (0.012, -0.006), swing=0.02, turn=0.33, top=horizon * 0.55, glow=True
    )


def _sparks(stage: Stage) -> Motes:
    sprites = tuple(
        glow(rgb(tone), stage.unit * size, 0.95)
        for tone, size in (
            ("ffb04a", 0.004),
            ("ff7a2a", 0.003),
            ("ffd98a", 0.0026),
            ("ff5a1a", 0.0035),
        )
    )
    return _motes(stage, sprites, 46, (0.03, -0.16), swing=0.03, turn=0.0)


def _falling(stage: Stage, tones: tuple[str, ...], size: float, wide: float) -> Motes:
    """Leaves or petals that tumble down."""
    side = 2 * max(4, round(stage.unit * size * 1.3))
    sprites: list[Layer] = []
    for step in range(12):
        angle = 2 * pi * step / 12
        tone = stage.palette.lit(rgb(tones[step % len(tones) if len(tones) < 12 else 0]), 0.6)
        mask = Image.new("L", (side * 3, side * 3))
        reach = side * 1.2
        flat = 0.25 + 0.75 * abs(sin(angle * 1.5))
        ring = oval(side * 1.5, side * 1.5, reach, reach * wide * flat, angle)
        ImageDraw.Draw(mask).polygon(ring, fill=245)
        colour = np.broadcast_to(tone.clip(0, 1) * 255, (side, side, 3)).astype(np.uint8)
        sprites.append(blend_planes(*to_yuv(colour), np.asarray(mask.reduce(3))))
    return _motes(stage, tuple(sprites), 44, (0.06, 0.13), swing=0.05, turn=5.0)
