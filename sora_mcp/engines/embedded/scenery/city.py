"""Cities from afar: a skyline with lit windows."""

import numpy as np

from sora_mcp.engines.embedded.pictures import drawing
from sora_mcp.engines.embedded.pictures.arrays import Colour
from sora_mcp.engines.embedded.pictures.elements import Element, Scenery
from sora_mcp.engines.embedded.pictures.outline import Painting, Point
from sora_mcp.engines.embedded.pictures.palette import mix, rgb
from sora_mcp.engines.embedded.pictures.stage import Stage


def skyline(stage: Stage, horizon: float) -> list[Element]:
    """Three rows of towers, paler with distance."""
    return [
        _towers(stage, foot=horizon + 0.02, tall=0.34, depth=0.06, distance=0.66, size=0.045),
        _towers(stage, foot=horizon + 0.06, tall=0.42, depth=0.14, distance=0.38, size=0.065),
        _towers(stage, foot=horizon + 0.14, tall=0.34, depth=0.3, distance=0.12, size=0.09),
    ]


def _towers(
    stage: Stage, *, foot: float, tall: float, depth: float, distance: float, size: float
) -> Scenery:
    random, palette = stage.random, stage.palette
    tall *= stage.upright
    band = stage.band(foot - tall - 0.1, foot + 0.05, depth)
    wall = palette.distant(palette.lit(rgb("4b5263"), 0.25), distance)
    painting = Painting(band, wall)
    ground = stage.y(foot)
    x = float(band.x)
    end = band.x + (band.period or band.width)
    while x < end:
        width = stage.unit * size * random.uniform(0.7, 1.7)
        # Towers crowd in the middle of town: higher around two thirds of the picture.
        middle = np.exp(-(((x / stage.width - 0.6) / 0.4) ** 2))
        height = stage.y(tall) * (0.25 + 0.75 * random.random() * (0.45 + 0.55 * middle))
        shade = wall * random.uniform(0.82, 1.12)
        _tower(stage, painting, x, ground, width, height, shade, distance)
        x += width * random.uniform(0.92, 1.12)
    painting.paint(
        [
            (band.x, ground),
            (band.x + band.width, ground),
            (band.x + band.width, band.y + band.height),
            (band.x, band.y + band.height),
        ],
        wall * 0.8,
    )
    # Streets are hazier than roofs.
    down = np.linspace(0, 1, band.height, dtype=np.float32)[:, None]
    colours = drawing.toned(
        painting.colours(), palette.haze, 0.5 * down**2 * (0.4 + 0.6 * distance)
    )
    return Scenery(stage.picture(band, colours, painting.opacity()))


def _tower(
    stage: Stage,
    painting: Painting,
    x: float,
    ground: float,
    width: float,
    height: float,
    shade: Colour,
    distance: float,
) -> None:
    random, palette = stage.random, stage.palette
    top = ground - height
    outline: list[Point] = [(x, ground), (x, top)]
    kind = random.integers(5)
    if kind == 0:  # stepped crown with a mast
        outline += [
            (x + width * 0.2, top),
            (x + width * 0.2, top - width * 0.25),
            (x + width * 0.46, top - width * 0.25),
            (x + width * 0.49, top - width * 1.1),
            (x + width * 0.52, top - width * 0.25),
            (x + width * 0.8, top - width * 0.25),
            (x + width * 0.8, top),
        ]
    elif kind == 1:  # slanting roof
        outline += [(x, top - width * 0.4)]
    elif kind == 2:  # rounded crown
        outline += [
            (x + width * (0.5 - 0.5 * np.cos(a)), top - width * 0.3 * np.sin(a))
            for a in np.linspace(0, np.pi, 9)
        ]
    outline += [(x + width, top), (x + width, ground)]
    painting.paint(outline, shade)
    lit_side = palette.sun_at[0] > 0.5
    edge = x + width * (0.72 if lit_side else 0.0)
    sunny = mix(shade, palette.distant(palette.lit(rgb("9aa0ac"), 0.8), distance), 0.5)
    painting.box(edge, top, edge + width * 0.28, ground, sunny)
    step = max(stage.unit * 0.0125 * (1.25 - distance * 0.7), 4)
    accent = palette.accents[int(random.integers(len(palette.accents)))]
    warm = palette.distant(mix(rgb("ffd98f"), accent, 0.4), distance * 0.55)
    dark = mix(shade, palette.zenith, 0.35)
    pane = step * 0.45
    for y in np.arange(top + step * 0.8, ground, step * 1.25):
        for across in np.arange(x + step * 0.6, x + width - pane, step):
            lit = random.random() < palette.lamps * 0.62
            colour = warm * random.uniform(0.75, 1.1) if lit else dark
            painting.box(across, y, across + pane, y + step * 0.6, colour)
