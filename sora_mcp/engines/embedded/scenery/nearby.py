"""Close surroundings: a road seen from the side, a garden out of focus."""

import numpy as np

from sora_mcp.engines.embedded.pictures import drawing
from sora_mcp.engines.embedded.pictures.elements import Element, Scenery
from sora_mcp.engines.embedded.pictures.outline import Painting, Stencil, limb, oval
from sora_mcp.engines.embedded.pictures.palette import mix, rgb
from sora_mcp.engines.embedded.pictures.stage import Stage


def road(stage: Stage, top: float, bottom: float) -> Scenery:
    """A road across the picture, with lines along its edges and dashes in its middle."""
    palette, random = stage.palette, stage.random
    band = stage.band(top, bottom, 1.0)
    y, x = band.rows(), band.columns()
    down = ((y - stage.y(top)) / stage.y(bottom - top)).astype(np.float32)
    rows, columns = band.coarse(2)
    stones = drawing.noise(random, rows, columns, (2, 14), 2)
    grain = drawing.enlarge(stones, band.height, band.width)
    tone = (
        0.34
        + 0.2 * (grain - 0.5)
        + 0.16 * np.exp(-(((down - 0.3) / 0.16) ** 2))
        + 0.12 * np.exp(-(((down - 0.8) / 0.14) ** 2))
    )
    dark, bright = palette.lit(rgb("26272c"), 0.15), palette.lit(rgb("62646c"), 0.55)
    field = np.asarray(dark + (bright - dark) * tone.clip(0, 1)[..., None], np.float32)
    period = (band.period or stage.width) / max(
        1, round((band.period or stage.width) / (stage.unit * 0.34))
    )
    dash = ((x % period) < period * 0.45) & (np.abs(down - 0.52) < 0.025)
    line = (np.abs(down - 0.1) < 0.02) | (np.abs(down - 0.93) < 0.03)
    worn = 0.55 + 0.4 * grain
    white, yellow = palette.lit(rgb("e8e4d8"), 0.45), palette.lit(rgb("e0b040"), 0.45)
    field = drawing.blend(field, yellow, dash * worn)
    field = drawing.blend(field, white, (line & (x > -1e9)) * worn * 0.8)
    return Scenery(stage.picture(band, (field.clip(0, 1) * 255).astype(np.uint8)))


def poles(stage: Stage, foot: float) -> Scenery:
    """Telegraph poles with sagging wires beside the road."""
    band = stage.band(foot - 0.4, foot + 0.01, 0.5)
    stencil = Stencil(band)
    unit = stage.unit
    width = band.period or band.width
    count = max(1, round(width / (unit * 0.62)))
    gap = width / count
    top = stage.y(foot) - unit * 0.3
    for index in range(count):
        x = band.x + gap * (index + 0.3)
        stencil.fill(limb([(x, stage.y(foot) + 4), (x, top)], [unit * 0.011, unit * 0.007]))
        stencil.fill(
            limb(
                [(x - unit * 0.045, top + unit * 0.03), (x + unit * 0.045, top + unit * 0.03)],
                [unit * 0.005] * 2,
            )
        )
        for side in (-0.04, 0.04):
            start = (x + side * unit, top + unit * 0.024)
            stencil.fill(
                limb(
                    [
                        start,
                        (x + gap / 2, start[1] + unit * 0.035),
                        (x + gap + side * unit, start[1]),
                    ],
                    [max(1.2, unit * 0.0016)] * 3,
                )
            )
    colour = stage.palette.distant(stage.palette.lit(rgb("3a2c24"), 0.2), 0.12)
    return Scenery(stage.plane(band, np.full((2, 2, 3), colour, np.float32), stencil.opacity()))


def garden(stage: Stage) -> list[Element]:
    """Greenery far out of focus, with circles of light."""
    palette, random, unit = stage.palette, stage.random, stage.unit
    band = stage.band(0, 1, 0.1)
    rows, columns = band.coarse(8)
    clumps = drawing.noise(random, rows, columns, (rows / 2.2, rows / 2), 4)
    other = drawing.noise(random, rows, columns, (rows / 1.6, rows / 1.3), 3)
    dark, green = palette.lit(rgb("16261a"), 0.2), palette.lit(rgb("5f9a45"), 0.55)
    field = np.asarray(
        dark + (green - dark) * drawing.smooth(clumps, 0.25, 0.8)[..., None], np.float32
    )
    glow = drawing.halo(rows, columns, (columns * palette.sun_at[0], rows * 0.12), rows * 0.5, 1.3)
    light = mix(palette.sun, palette.horizon, 0.4)
    field = drawing.blend(field, light, glow * (0.35 + 0.5 * palette.glow))
    field = drawing.blend(
        field, mix(palette.accents[0], palette.haze, 0.4), 0.35 * drawing.smooth(other, 0.55, 0.8)
    )
    elements: list[Element] = [Scenery(stage.plane(band, field))]
    for depth, count, size in ((0.25, 26, 0.035), (0.6, 12, 0.065)):
        elements.append(_bokeh(stage, depth, count, size))
    stalks = stage.band(0.3, 1, 0.5)
    stencil = Stencil(stalks, 1)
    for _ in range(9):
        x = random.uniform(stalks.x, stalks.x + stalks.width)
        tip = (x + unit * random.uniform(-0.2, 0.2), stage.y(random.uniform(0.45, 0.8)))
        stencil.fill(
            limb(
                [
                    (x, stalks.y + stalks.height + 5.0),
                    ((x + tip[0]) / 2, (tip[1] + stage.height) / 2),
                    tip,
                ],
                [unit * 0.012, unit * 0.035, unit * 0.004],
            )
        )
    opacity = drawing.soften(stencil.opacity(), unit * 0.018)
    leaf = np.full((2, 2, 3), palette.lit(rgb("2f5230"), 0.3), np.float32)
    elements.append(Scenery(stage.plane(stalks, leaf, opacity)))
    return elements


def _bokeh(stage: Stage, depth: float, count: int, size: float) -> Scenery:
    """Discs of light, brighter at their rims."""
    palette, random = stage.palette, stage.random
    band = stage.band(0, 1, depth)
    stencil = Stencil(band, 1)
    for _ in range(count):
        radius = stage.unit * size * random.uniform(0.5, 1.2)
        x = random.uniform(band.x, band.x + band.width)
        y = stage.y(random.uniform(0.02, 0.75) * random.uniform(0.5, 1))
        cover = round(255 * random.uniform(0.12, 0.3))
        stencil.fill(oval(x, y, radius, radius), cover + 22)
        stencil.fill(oval(x, y, radius * 0.9, radius * 0.9), cover)
    rows, columns = band.coarse(8)
    tone = drawing.noise(random, rows, columns, (rows / 3, rows / 3), 2)
    light = mix(palette.sun, rgb("ffffff"), 0.2)
    field = drawing.blend(
        np.broadcast_to(light, (rows, columns, 3)).astype(np.float32),
        palette.lit(rgb("b8d860"), 0.6),
        tone,
    )
    return Scenery(stage.plane(band, field, drawing.soften(stencil.opacity(), stage.unit * 0.003)))


def grass_tips(stage: Stage, foot: float = 1.0) -> Scenery:
    """Blades of grass out of focus, right before the camera."""
    random, unit = stage.random, stage.unit
    band = stage.band(foot - 0.17, 1, 1.8)
    stencil = Stencil(band, 1)
    ground = float(band.y + band.height)
    for _ in range(round(70 * band.width / stage.width)):
        x = random.uniform(band.x, band.x + band.width)
        # Lower in the middle, where the figure stands.
        middle = abs(2 * (x - band.x) / band.width - 1)
        tall = unit * random.uniform(0.05, 0.15) * (0.35 + 0.65 * middle)
        lean = unit * random.uniform(-0.05, 0.05)
        stencil.fill(
            limb(
                [(x, ground + 4), (x + lean * 0.3, ground - tall * 0.6), (x + lean, ground - tall)],
                [unit * 0.009, unit * 0.006, unit * 0.001],
            )
        )
    colour = stage.palette.lit(rgb("20301a"), 0.2)
    opacity = drawing.soften(stencil.opacity(), max(1.0, unit * 0.003))
    return Scenery(stage.plane(band, np.full((2, 2, 3), colour, np.float32), opacity))


def rails(stage: Stage, foot: float) -> Scenery:
    """A railway track across the picture, on stones."""
    palette, unit = stage.palette, stage.unit
    band = stage.band(foot - 0.012, foot + 0.05, 1.0)
    stencil = Painting(band, palette.lit(rgb("5a5048"), 0.35))
    y, end = stage.y(foot), band.x + band.width
    stencil.paint(
        [(band.x, y), (end, y), (end, y + unit * 0.03), (band.x, y + unit * 0.03)],
        palette.lit(rgb("5a5048"), 0.3),
    )
    width = band.period or band.width
    count = max(1, round(width / (unit * 0.05)))
    for index in range(count):
        x = band.x + width * index / count
        stencil.box(
            x,
            y + unit * 0.004,
            x + unit * 0.026,
            y + unit * 0.018,
            palette.lit(rgb("4a3424"), 0.25),
        )
    stencil.box(band.x, y - unit * 0.003, end, y + unit * 0.005, palette.lit(rgb("a8aeb4"), 0.6))
    return Scenery(stage.picture(band, stencil.colours(), stencil.opacity()))
