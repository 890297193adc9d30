"""Mountains, one range behind the other."""

import numpy as np

from sora_mcp.engines.embedded.pictures import drawing
from sora_mcp.engines.embedded.pictures.arrays import Colour
from sora_mcp.engines.embedded.pictures.elements import Element, Scenery
from sora_mcp.engines.embedded.pictures.palette import mix, rgb
from sora_mcp.engines.embedded.pictures.stage import Stage


def mountain_range(
    stage: Stage,
    *,
    top: float,
    bottom: float,
    depth: float,
    distance: float,
    rock: Colour,
    snow: float = 0.0,
    peaks: float = 3.0,
    sharp: float = 0.75,
) -> Scenery:
    """Paint a range between two heights (shares of the frame).

    `distance`: 0 near to 1 in the haze; `snow`: share of the height that is white; `peaks`: how
    many per frame's width; `sharp`: 0 rolling hills to 1 crags.
    """
    palette, random = stage.palette, stage.random
    top = bottom - (bottom - top) * stage.upright
    band = stage.band(top, min(bottom + 0.14, 1.0), depth)
    profile = drawing.ridge(random, band.width, peaks * band.width / stage.width, 6, sharp=sharp)
    line = (1 - profile) * stage.y(bottom - top) * 0.92 + 4
    opacity = drawing.below(line, band.height)

    step = 2
    rows, columns = band.coarse(step)
    crest = line[::step][:columns][None] / step
    under = np.arange(rows, dtype=np.float32)[:, None] - crest
    height = stage.y(bottom - top) / step
    # Rock folds follow the slope: noise looked up along the crest's own shape.
    folds = drawing.noise(random, rows, columns, (height / 2.2, height / 1.6), 6)
    side = 1 if palette.sun_at[0] > 0.5 else -1
    relief = (folds - drawing.moved(folds, 0, 3 * side)) * 6 + (
        folds - drawing.moved(folds, 3, 0)
    ) * 4
    # The slope of the whole face, not of each crag, and less of it further down.
    around = max(3, round(height / 7))
    face = np.convolve(np.pad(crest[0], around, "wrap"), np.ones(around) / around, "same")
    slope = np.gradient(face)[None, around:-around] * side * 0.55
    slope = slope * drawing.smooth(under, height * 1.1, 0)
    light = drawing.smooth((0.45 + relief + slope).astype(np.float32), 0.05, 0.95)

    shaded, sunny = palette.lit(rock, 0.05), palette.lit(rock, 0.85)
    field = np.asarray(shaded + (sunny - shaded) * light[..., None], np.float32)
    if snow:
        edge = under / (height * snow) + (folds - 0.5) * 1.7
        white = rgb("f4f7fb")
        cold, warm = palette.lit(white, 0.12), palette.lit(white, 0.72)
        cover = drawing.smooth(edge, 1.0, 0.62)
        field = drawing.blend(field, cold + (warm - cold) * light[..., None], cover)
    air = distance + (0.55 - 0.35 * distance) * (under / max(height * 1.1, 1)).clip(0, 1) ** 1.4
    field = drawing.blend(field, palette.haze, air.clip(0, 0.97) + 0 * light)
    return Scenery(stage.plane(band, field, opacity))


def mountains(stage: Stage, horizon: float, *, snow: float = 0.55) -> list[Element]:
    """Three ranges that stand on the horizon."""
    rock = rgb("6f7380")
    far = mix(rock, stage.palette.haze, 0.3)
    return [
        mountain_range(
            stage,
            top=horizon - 0.36,
            bottom=horizon - 0.02,
            depth=0.08,
            distance=0.62,
            rock=far,
            snow=snow,
            peaks=0.8,
            sharp=0.9,
        ),
        mountain_range(
            stage,
            top=horizon - 0.27,
            bottom=horizon + 0.02,
            depth=0.16,
            distance=0.36,
            rock=rock,
            snow=snow * 0.8,
            peaks=1.1,
            sharp=0.9,
        ),
        mountain_range(
            stage,
            top=horizon - 0.11,
            bottom=horizon + 0.07,
            depth=0.3,
            distance=0.22,
            rock=rgb("46583f"),
            peaks=2.0,
            sharp=0.3,
        ),
    ]
