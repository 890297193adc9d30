"""Ground: strips of grass, snow, sand or stone, hills, mesas, a road."""

from dataclasses import dataclass

import numpy as np

from sora_mcp.engines.embedded.pictures import drawing
from sora_mcp.engines.embedded.pictures.arrays import U8, Colour, Floats
from sora_mcp.engines.embedded.pictures.elements import Element, Scenery
from sora_mcp.engines.embedded.pictures.outline import Stencil
from sora_mcp.engines.embedded.pictures.palette import rgb
from sora_mcp.engines.embedded.pictures.stage import Band, Stage


@dataclass(frozen=True)
class Material:
    """What the ground is made of: its colour in hollows and on tops, and how coarse it is."""

    low: Colour
    high: Colour
    grain: float
    """Height of the largest patches, in frame heights."""
    blades: float = 0.0
    """Height of the blades of grass at the edge, in frame heights."""


def material(name: str) -> Material:
    """Look up grass, dry grass, snow, sand, red sand, rock, earth, moss, asphalt or moon dust."""
    low, high, grain, blades = {
        "grass": ("3d5a2a", "86a84a", 0.06, 0.016),
        "dry grass": ("6e5a2e", "c9a95c", 0.06, 0.014),
        "snow": ("b9c6d6", "fbfcfe", 0.09, 0.0),
        "sand": ("b8935c", "f0d7a0", 0.08, 0.0),
        "red sand": ("8f4a2c", "d98f58", 0.08, 0.0),
        "rock": ("45464c", "84858a", 0.05, 0.0),
        "earth": ("3c2e22", "77604a", 0.05, 0.006),
        "moss": ("1f3320", "4e6b36", 0.05, 0.012),
        "asphalt": ("303238", "4c4f57", 0.03, 0.0),
        "moon": ("5c5e64", "b9babd", 0.06, 0.0),
    }[name]
    return Material(rgb(low), rgb(high), grain, blades)


def strip(
    stage: Stage,
    ground: Material,
    *,
    top: float,
    depth: float,
    distance: float = 0.0,
    relief: float = 0.02,
    waves: float = 1.2,
    bottom: float = 1.0,
    wing: float = 0.0,
) -> Scenery:
    """Paint ground from an uneven upper edge (share of the height) down to `bottom`.

    `relief`: how uneven the edge is, in frame heights; `distance`: 0 near to 1 in the haze.
    """
    palette, random = stage.palette, stage.random
    band = stage.band(top - relief - ground.blades - 0.01, bottom, depth)
    across = band.width / stage.width
    profile = drawing.ridge(random, band.width, waves * across, 4)
    line = stage.y(top) - band.y + (0.5 - profile) * 2 * stage.y(relief)
    if ground.blades:
        opacity = _bladed(stage, band, line, ground.blades * depth**0.5)
    else:
        opacity = drawing.below(line, band.height)

    step = 2
    rows, columns = band.coarse(step)
    crest = line[::step][:columns][None] / step
    under = (np.arange(rows, dtype=np.float32)[:, None] - crest) * step / stage.height
    cell = stage.y(ground.grain) / step * max(depth, 0.4)
    patches = drawing.noise(random, rows, columns, (cell, cell * 4.5), 5)
    # Seen flatly, what is far is squeezed: rows are read faster near the upper edge.
    squeeze = np.linspace(0, 1, rows, dtype=np.float32) ** 0.55
    patches = patches[(squeeze * (rows - 1)).astype(int)]
    fine = drawing.noise(random, rows, columns, (2.5, 9), 2)
    light = 0.52 + (patches - 0.5) * 0.8 + (fine - 0.5) * 0.35
    # The near edge of the picture lies in the camera's own shade; crests catch the light.
    light = light + 0.35 * np.exp(-under.clip(0, 1) * 24) - 0.9 * under.clip(0, 1)
    light = light.clip(0, 1)
    dark, bright = palette.lit(ground.low, 0.1), palette.lit(ground.high, 0.5)
    field = np.asarray(dark + (bright - dark) * light[..., None], np.float32)
    air = distance * np.exp(-under.clip(0, 1) * 5)
    field = drawing.blend(field, palette.haze, np.asarray(air, np.float32))
    return Scenery(stage.plane(band, field, opacity), wing)


def _bladed(stage: Stage, band: Band, line: Floats, height: float) -> U8:
    """Let blades of grass stand up from an edge."""
    random = stage.random
    size = max(stage.y(height), 3.0)
    columns = line.size
    tall = np.zeros(columns, np.float32)
    x = random.random(round(columns / size * 4)) * columns
    for offset in np.arange(-round(size * 0.22) - 1, round(size * 0.22) + 2):
        lengths = size * (0.35 + 0.65 * random.random(x.size))
        at = (x + offset).astype(int) % columns
        np.maximum.at(tall, at, lengths * (1 - abs(offset) / (size * 0.25 + 2)).clip(0, 1))
    return drawing.below((line - tall).astype(np.float32), band.height)


def hills(stage: Stage, horizon: float, ground: Material, count: int = 3) -> list[Element]:
    """Rolling hills, paler with distance."""
    elements: list[Element] = []
    for index in range(count):
        near = (index + 1) / count
        elements.append(
            strip(
                stage,
                ground,
                top=horizon - 0.05 + 0.10 * near,
                depth=0.12 + 0.3 * near,
                distance=0.75 - 0.55 * near,
                relief=0.05,
                waves=0.9 + 0.3 * index,
                bottom=min(horizon + 0.24 + 0.1 * index, 1.0),
            )
        )
    return elements


def mesas(stage: Stage, horizon: float) -> list[Element]:
    """Table mountains of a desert, in two distances."""
    random, palette = stage.random, stage.palette
    elements: list[Element] = []
    for depth, distance, high in ((0.08, 0.6, 0.15), (0.16, 0.32, 0.19)):
        size = high * stage.upright
        band = stage.band(horizon - size - 0.06, horizon + 0.1, depth)
        stencil = Stencil(band)
        foot = stage.y(horizon + 0.1)
        x = band.x - stage.x(0.05) + stage.x(0.2) * random.random()
        while x < band.x + band.width:
            width = stage.unit * random.uniform(0.16, 0.5)
            top = stage.y(horizon) - stage.y(size) * random.uniform(0.45, 1.0)
            stencil.fill(_table(random, x, width, top, foot, stage.y(0.1)))
            x += width * random.uniform(1.1, 2.3) + stage.unit * 0.12
        stencil.fill(
            [
                (band.x, foot - stage.y(0.1)),
                (band.x + band.width, foot - stage.y(0.1)),
                (band.x + band.width, foot),
                (band.x, foot),
            ]
        )
        rows, columns = band.coarse(2)
        layers = drawing.noise(random, rows, columns, (rows / 12, columns * 1.0), 3)
        cracks = drawing.noise(random, rows, columns, (rows / 2, columns / 60), 4)
        light = (0.45 + (layers - 0.5) * 0.9 + (cracks - 0.5) * 1.6).clip(0, 1)
        dark, bright = palette.lit(rgb("5f2f22"), 0.1), palette.lit(rgb("c8743f"), 0.75)
        field = np.asarray(dark + (bright - dark) * light[..., None], np.float32)
        down = np.linspace(0, 1, rows, dtype=np.float32)[:, None] + 0 * light
        field = drawing.blend(field, palette.haze, (distance + 0.3 * down**3).clip(0, 0.95))
        elements.append(Scenery(stage.plane(band, field, stencil.opacity())))
    return elements


def _table(
    random: np.random.Generator, x: float, width: float, top: float, foot: float, skirt: float
) -> list[tuple[float, float]]:
    cliff = foot - skirt - (foot - skirt - top) * 0.35
    points = [(x - skirt * 1.2, foot), (x - skirt * 0.1, cliff)]
    across = 0.0
    level = top
    while across < 1:
        points.append((x + across * width, level))
        across += random.uniform(0.08, 0.3)
        points.append((x + min(across, 1) * width, level))
        level = top + abs(random.normal(0, 0.12)) * (cliff - top)
    points += [(x + width + skirt * 0.1, cliff), (x + width + skirt * 1.2, foot)]
    return points
