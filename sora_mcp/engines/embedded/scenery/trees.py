"""Trees: single outlines, rows of them, and the leaves that frame a picture."""

from math import pi

import numpy as np

from sora_mcp.engines.embedded.pictures import drawing
from sora_mcp.engines.embedded.pictures.arrays import Colour, Floats, Random
from sora_mcp.engines.embedded.pictures.elements import Scenery
from sora_mcp.engines.embedded.pictures.outline import Point, Stencil, curve, limb, oval
from sora_mcp.engines.embedded.pictures.palette import rgb
from sora_mcp.engines.embedded.pictures.stage import Band, Stage


def conifer(random: Random, x: float, foot: float, height: float) -> list[list[Point]]:
    """Outline a fir."""
    half = height * random.uniform(0.16, 0.22)
    tiers = 9
    left: list[Point] = []
    right: list[Point] = []
    for tier in range(tiers):
        y = foot - height * (1 - (tier + 1) / tiers * 0.9)
        out = half * ((tier + 1) / tiers) ** 0.9
        for side, points in ((-1, left), (1, right)):
            tip = out * random.uniform(0.8, 1.15)
            points.append((x + side * tip, y + height * 0.03))
            points.append((x + side * out * 0.45, y - height * 0.005))
    trunk = height * 0.018
    return [
        [
            (x, foot - height),
            *right,
            (x + trunk, foot - height * 0.08),
            (x + trunk, foot),
            (x - trunk, foot),
            (x - trunk, foot - height * 0.08),
            *left[::-1],
        ]
    ]


def broadleaf(random: Random, x: float, foot: float, height: float) -> list[list[Point]]:
    """Outline a tree with a round crown."""
    lean = random.uniform(-0.05, 0.05) * height
    shapes = [
        limb(
            [(x, foot), (x + lean * 0.4, foot - height * 0.3), (x + lean, foot - height * 0.6)],
            [height * 0.07, height * 0.045, height * 0.03],
        )
    ]
    for _ in range(15):
        angle, far = random.uniform(0, 2 * pi), random.random() ** 0.5
        radius = height * random.uniform(0.09, 0.16)
        shapes.append(
            _leafy(
                random,
                x + lean + np.cos(angle) * far * height * 0.24,
                foot - height * 0.68 + np.sin(angle) * far * height * 0.2,
                radius,
            )
        )
    return shapes


def _leafy(random: Random, x: float, y: float, radius: float) -> list[Point]:
    count = 22
    return curve(
        [
            (
                x + np.cos(2 * pi * i / count) * radius * r,
                y + np.sin(2 * pi * i / count) * radius * r,
            )
            for i, r in enumerate(random.uniform(0.82, 1.16, count))
        ],
        steps=2,
    )


def palm(random: Random, x: float, foot: float, height: float) -> list[list[Point]]:
    """Outline a palm."""
    lean = random.choice([-1, 1]) * random.uniform(0.08, 0.22) * height
    top = (x + lean, foot - height * 0.86)
    shapes = [
        limb(
            [(x, foot), (x + lean * 0.25, foot - height * 0.45), top],
            [height * 0.045, height * 0.032, height * 0.026],
        )
    ]
    for angle in np.linspace(-0.15 * pi, 1.15 * pi, 9) + random.uniform(-0.1, 0.1, 9):
        length = height * random.uniform(0.3, 0.4)
        dx, dy = np.cos(angle), -np.sin(angle) * 0.55
        shapes.append(
            limb(
                [
                    top,
                    (top[0] + dx * length * 0.5, top[1] + dy * length - height * 0.04),
                    (top[0] + dx * length, top[1] + dy * length * 0.7 + height * 0.09),
                ],
                [height * 0.012, height * 0.062, height * 0.004],
            )
        )
    return shapes


def trunk(random: Random, x: float, foot: float, height: float) -> list[list[Point]]:
    """Outline a tall bare stem that leaves the picture at the top."""
    width = height * random.uniform(0.028, 0.055)
    lean = random.uniform(-0.03, 0.03) * height
    shapes = [
        limb(
            [
                (x - width * 0.1, foot + width * 0.3),
                (x, foot - height * 0.1),
                (x + lean, foot - height),
            ],
            [width * 1.7, width, width * 0.7],
        )
    ]
    for _ in range(3):
        at = random.uniform(0.45, 0.9)
        side = random.choice([-1, 1])
        start = (x + lean * at, foot - height * at)
        shapes.append(
            limb(
                [
                    start,
                    (start[0] + side * width * 3, start[1] - width * 2),
                    (start[0] + side * width * 6, start[1] - width * 2.6),
                ],
                [width * 0.45, width * 0.25, width * 0.08],
            )
        )
    return shapes


SHAPES = {"conifer": conifer, "broadleaf": broadleaf, "palm": palm, "trunk": trunk}


def row(
    stage: Stage,
    kind: str,
    *,
    foot: float,
    height: float,
    depth: float,
    distance: float,
    count: float,
    leaf: Colour | None = None,
    gap: tuple[float, float] | None = None,
) -> Scenery:
    """Paint a row of trees that stand at `foot` (share of the height).

    `count`: trees per frame's width; `gap`: a range across the frame (shares) left free.
    """
    random, palette = stage.random, stage.palette
    if height < 0.8:  # higher ones are meant to leave the picture
        height *= stage.upright
    lower = 1.0 if foot >= 1 else min(foot + 0.03, 1.0)
    band = stage.band(foot - height * 1.15, lower, depth)
    stencil = Stencil(band)
    places = round(count * band.width / stage.width)
    for place in range(places):
        x = band.x + (place + random.uniform(0.1, 0.9)) * band.width / max(places, 1)
        if gap and gap[0] < x / stage.width < gap[1]:
            continue
        ground = stage.y(foot) + stage.y(0.02) * random.random()
        size = stage.y(height) * (random.uniform(0.62, 1.1) if height < 0.8 else 1.1)
        for shape in SHAPES[kind](random, x, ground, size):
            stencil.fill(shape)
    field = _foliage(stage, band, leaf if leaf is not None else rgb("35502f"))
    field = drawing.blend(field, palette.haze, np.full(field.shape[:2], distance, np.float32))
    return Scenery(stage.plane(band, field, stencil.opacity()))


def _foliage(stage: Stage, band: Band, leaf: Colour) -> Floats:
    """Colour leaves: clumps in light and shade, brighter towards the sky."""
    rows, columns = band.coarse(2)
    clumps = drawing.noise(stage.random, rows, columns, (rows / 7, rows / 7), 4)
    side = 3 if stage.palette.sun_at[0] > 0.5 else -3
    relief = (clumps - drawing.moved(clumps, 2, side)) * 3.2
    down = np.linspace(0.16, -0.2, rows, dtype=np.float32)[:, None]
    light = (0.32 + relief + down).clip(0, 1)
    dark, bright = stage.palette.lit(leaf * 0.75, 0.05), stage.palette.lit(leaf * 1.35, 0.75)
    return np.asarray(dark + (bright - dark) * light[..., None], np.float32)


def framing_leaves(stage: Stage, side: int, leaf: Colour | None = None) -> Scenery:
    """Hang a twig out of focus into an upper corner. `side`: -1 left, 1 right."""
    random = stage.random
    band = stage.band(0, 0.5, 1.9)
    stencil = Stencil(band, 1)
    edge = band.x if side < 0 else band.x + band.width
    unit = stage.unit
    for _ in range(3):
        start = (float(edge), stage.y(random.uniform(-0.05, 0.16)))
        end = (
            edge - side * unit * random.uniform(0.25, 0.46),
            start[1] + unit * random.uniform(0.06, 0.24),
        )
        middle = ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2 - unit * 0.05)
        stencil.fill(limb([start, middle, end], [unit * 0.014, unit * 0.009, unit * 0.003]))
        for x, y in curve([start, middle, end], closed=False, steps=9)[2:]:
            for _ in range(2):
                turn = random.uniform(0, pi)
                size = unit * random.uniform(0.018, 0.036)
                stencil.fill(
                    oval(
                        x + random.normal(0, size),
                        y + random.normal(0, size) + size * 0.6,
                        size,
                        size * 0.4,
                        turn,
                    )
                )
    # Leaves are dark against the light; blossoms let it through.
    tone = rgb("22301c") if leaf is None else leaf
    light = 0.1 if leaf is None else 0.55
    field = np.full((2, 2, 3), stage.palette.lit(tone, light), np.float32)
    opacity = drawing.soften(stencil.opacity(), max(1.0, unit * 0.005))
    return Scenery(stage.plane(band, field, opacity), wing=side)
