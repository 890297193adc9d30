"""A street that leads to a vanishing point: houses, shops, signs, a road that mirrors them."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from sora_mcp.engines.embedded.pictures import drawing
from sora_mcp.engines.embedded.pictures.arrays import U8, Colour
from sora_mcp.engines.embedded.pictures.elements import Element, Ripple, Scenery
from sora_mcp.engines.embedded.pictures.outline import Painting, Point, limb, oval
from sora_mcp.engines.embedded.pictures.palette import mix, rgb
from sora_mcp.engines.embedded.pictures.stage import Band, Stage

_STOREY = 0.36
"""Height of a storey in units of the distance from the middle of the road."""


@dataclass(frozen=True)
class _Lines:
    """The street's perspective: everything runs to (x, y); walls stand on lines of this slope."""

    x: float
    y: float
    slope: float

    def wall(self, across: float, storeys: float) -> Point:
        """A point on a wall: `across` pixels from the middle, so many storeys above the ground."""
        return (
            self.x + across,
            self.y + abs(across) * (self.slope - _STOREY * storeys),
        )


def street(stage: Stage, horizon: float, *, wet: bool) -> list[Element]:
    """Paint the whole street; a wet road mirrors it."""
    band = stage.band(0, 1, 0.35)
    lines = _Lines(stage.x(0.5), stage.y(horizon), stage.y(0.93 - horizon) / stage.x(0.5))
    painting = Painting(band, stage.palette.lit(rgb("2c2d34"), 0.25))
    left = lines.wall(-stage.x(0.8), 0)
    right = lines.wall(stage.x(0.8), 0)
    painting.fill([(lines.x, lines.y), right, left])
    for side in (-1, 1):
        _row_of_houses(stage, painting, lines, side)
    houses = painting.colours()
    if stage.palette.lamps > 0.3:
        houses = drawing.bloom(houses, stage.unit * 0.02, 0.6 * stage.palette.lamps, 36)
    elements: list[Element] = [_road(stage, lines, houses, band, wet=wet)]
    if wet:
        elements.append(Ripple(lines.y, stage.unit * 0.004, depth=0.35))
    elements.append(Scenery(stage.picture(band, houses, painting.opacity())))
    if stage.palette.lamps > 0.5:
        elements.append(_garland(stage, horizon))
    return elements


def _row_of_houses(stage: Stage, painting: Painting, lines: _Lines, side: int) -> None:
    """Build one side from the far end towards the camera."""
    random, palette = stage.random, stage.palette
    edges = stage.x(1) * np.array([0.035, 0.07, 0.115, 0.18, 0.29, 0.45, 0.75])
    for index, (far, near) in enumerate(pairwise(edges.tolist())):
        distance = float(0.75 * (1 - index / 5) ** 1.3)
        wall = palette.lit(rgb("4a4656") * random.uniform(0.7, 1.2), 0.15 if side > 0 else 0.3)
        wall = palette.distant(wall, distance)
        floors = float(random.uniform(3.6, 6.5))
        painting.paint(
            [
                lines.wall(side * far, 0),
                lines.wall(side * far, floors),
                lines.wall(side * near, floors),
                lines.wall(side * near, 0),
            ],
            wall,
        )
        _windows(stage, painting, lines, side, far, near, floors, wall, distance)
        _shop(stage, painting, lines, side, far, near, distance)
        if palette.lamps > 0.3:
            for _ in range(3):
                at = far + (near - far) * random.random()
                _sign(stage, painting, lines, side * at, random.uniform(1.1, 2.9), distance)


def _spaced(far: float, near: float, count: int) -> list[float]:
    """Divide a wall evenly as perspective shows it."""
    return (1 / np.linspace(1 / far, 1 / near, count + 1)).tolist()


def _quad(
    painting: Painting,
    lines: _Lines,
    side: int,
    span: tuple[float, float],
    level: tuple[float, float],
    colour: Colour,
) -> None:
    painting.tint(
        [
            lines.wall(side * span[0], level[0]),
            lines.wall(side * span[0], level[1]),
            lines.wall(side * span[1], level[1]),
            lines.wall(side * span[1], level[0]),
        ],
        colour,
    )


def _windows(
    stage: Stage,
    painting: Painting,
    lines: _Lines,
    side: int,
    far: float,
    near: float,
    floors: float,
    wall: Colour,
    distance: float,
) -> None:
    random, palette = stage.random, stage.palette
    warm = palette.distant(mix(rgb("ffcf85"), palette.accents[0], 0.25), distance * 0.6)
    columns = _spaced(far, near, 4)
    for floor in range(1, int(floors)):
        for start, end in pairwise(columns):
            lit = random.random() < palette.lamps * 0.45
            colour = warm * random.uniform(0.55, 1.05) if lit else wall * 0.62
            pane = (start + (end - start) * 0.24, start + (end - start) * 0.76)
            _quad(painting, lines, side, pane, (floor + 0.2, floor + 0.75), colour)
            _quad(painting, lines, side, pane, (floor + 0.16, floor + 0.2), wall * 1.25)
    _quad(painting, lines, side, (far, near), (0.92, 0.99), wall * 0.7)


def _shop(
    stage: Stage,
    painting: Painting,
    lines: _Lines,
    side: int,
    far: float,
    near: float,
    distance: float,
) -> None:
    random, palette = stage.random, stage.palette
    accent = palette.accents[int(random.integers(len(palette.accents)))]
    open_now = palette.lamps > 0.2
    glass = mix(rgb("fff0c9"), accent, 0.35) if open_now else palette.lit(rgb("3a4450"), 0.3)
    glass = palette.distant(glass, distance * 0.6)
    posts = _spaced(far, near, 3)
    for start, end in pairwise(posts):
        pane = (start + (end - start) * 0.06, start + (end - start) * 0.94)
        _quad(painting, lines, side, pane, (0.06, 0.7), glass * random.uniform(0.28, 0.8))
    awning = palette.distant(palette.lit(accent, 0.45), distance)
    _quad(painting, lines, side, (far, near), (0.7, 0.84), awning)


def _sign(
    stage: Stage, painting: Painting, lines: _Lines, across: float, level: float, distance: float
) -> None:
    """An upright sign that stands out into the street, with bars that look like writing."""
    random, palette = stage.random, stage.palette
    accent = palette.accents[int(random.integers(len(palette.accents)))]
    colour = mix(accent, palette.haze, distance * 0.6)
    x, y = lines.wall(across, level)
    height = abs(across) * _STOREY * random.uniform(0.6, 1.0)
    width = height * random.uniform(0.24, 0.36)
    left = x if across < 0 else x - width
    painting.paint(
        [(left, y), (left + width, y), (left + width, y - height), (left, y - height)], colour * 0.3
    )
    rim = max(width * 0.1, 1.0)
    top = y - height
    for box in (
        (left, top, left + width, top + rim),
        (left, y - rim, left + width, y),
        (left, top, left + rim, y),
        (left + width - rim, top, left + width, y),
    ):
        painting.box(*box, colour)
    bright = mix(colour, rgb("ffffff"), 0.45)
    if height < stage.unit * 0.05:
        return
    for stroke in np.arange(top + height * 0.1, y - height * 0.12, height * 0.2):
        painting.box(
            left + width * 0.25, stroke, left + width * 0.72, stroke + height * 0.03, bright
        )
        stem = left + width * random.uniform(0.3, 0.6)
        painting.box(stem, stroke, stem + width * 0.1, stroke + height * 0.13, bright)
        painting.box(
            left + width * 0.3,
            stroke + height * 0.09,
            left + width * 0.66,
            stroke + height * 0.115,
            bright,
        )


def _road(stage: Stage, lines: _Lines, houses: U8, walls: Band, *, wet: bool) -> Scenery:
    """The road and its pavements under the walls; each column mirrors what stands on it."""
    palette, random = stage.palette, stage.random
    band = stage.band(lines.y / stage.height, 1, 0.35)
    rows, columns = band.coarse(2)
    y, x = band.rows(2), band.columns(2)
    across = np.abs(x - lines.x)
    base = lines.y + across * lines.slope
    source = (2 * base - y - walls.y).clip(0, walls.height - 1).astype(int)
    mirrored = houses[source, (np.arange(columns)[None] * 2).clip(0, walls.width - 1)]
    mirrored = drawing.soften(mirrored, 2) / np.float32(255)
    # Distance along the road, for texture and markings that shrink towards the vanishing point.
    near = ((y - lines.y) / stage.height).clip(1e-3, None)
    kerb = across / (near * stage.height / lines.slope)
    patches = drawing.noise(random, rows, columns, (10, 90), 4)
    road = palette.lit(rgb("34353d"), 0.3) * (0.75 + 0.5 * patches[..., None])
    pavement = palette.lit(rgb("5c5a60"), 0.3) * (0.8 + 0.4 * patches[..., None])
    ground = np.where((kerb > 0.62)[..., None], pavement, road)
    ground = drawing.blend(ground, ground * 0.45, np.exp(-(((kerb - 0.62) / 0.012) ** 2)))
    dashes = (np.abs(kerb) < 0.022) & (((0.35 / near) % 1) < 0.5)
    ground = drawing.blend(ground, palette.lit(rgb("d8d2c0"), 0.35), dashes * np.float32(0.8))
    ground = drawing.blend(ground, palette.haze, 0.97 * np.exp(-near * 14))
    share = (0.86 if wet else 0.14) * (0.55 + 0.75 * (patches - 0.3)).clip(0, 1)
    share = share * np.exp(-((y - base) / stage.height).clip(0, None) * 1.1)
    ground = ground * (0.7 if wet else 1.0) + mirrored * share[..., None] * (1.0 if wet else 0.6)
    return Scenery(stage.plane(band, ground))


def _garland(stage: Stage, horizon: float) -> Scenery:
    """Cables with lamps across the street."""
    band: Band = stage.band(0, horizon - 0.05, 0.55)
    painting = Painting(band, rgb("08080c"))
    random, unit = stage.random, stage.unit
    for _ in range(3):
        y = stage.y(random.uniform(0.06, 0.3))
        sag = unit * random.uniform(0.05, 0.1)
        line = [
            (band.x - 5.0, y),
            (band.x + band.width * 0.5, y + sag),
            (band.x + band.width + 5.0, y),
        ]
        painting.paint(limb(line, [unit * 0.003] * 3), rgb("08080c"))
        for share in np.linspace(0.06, 0.94, 13):
            x = band.x + share * band.width
            drop = y + sag * (1 - (2 * share - 1) ** 2) * 0.95
            accent = stage.palette.accents[int(random.integers(len(stage.palette.accents)))]
            painting.paint(
                oval(x, drop + unit * 0.008, unit * 0.006, unit * 0.008),
                mix(accent, rgb("ffffff"), 0.45),
            )
    return Scenery(stage.picture(band, painting.colours(), painting.opacity()))
