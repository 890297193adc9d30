"""Places without ground: space above a planet, a sea of clouds, and moods without a place."""

from math import pi

import numpy as np

from sora_mcp.engines.embedded.pictures import drawing
from sora_mcp.engines.embedded.pictures.arrays import U16
from sora_mcp.engines.embedded.pictures.elements import Element, Scenery
from sora_mcp.engines.embedded.pictures.palette import mix, rgb
from sora_mcp.engines.embedded.pictures.planes import spread
from sora_mcp.engines.embedded.pictures.stage import Stage
from sora_mcp.engines.embedded.scenery.sky import clouds, sky


def space(stage: Stage, *, planet: str = "earth") -> list[Element]:
    """Stars, a nebula, and the limb of a planet below ("earth", "mars", "moon", or "" for none)."""
    palette, random = stage.palette, stage.random
    band = stage.band(0, 1, 0)
    rows, columns = band.coarse(8)
    field = drawing.gradient(rows, (0, rgb("03040c")), (1, rgb("0a1024"))).repeat(columns, axis=1)
    cloud = drawing.noise(random, rows, columns, (rows / 2, columns / 3), 6)
    other = drawing.noise(random, rows, columns, (rows / 2, columns / 2), 5)
    streak = np.exp(
        -(((band.rows(8) / stage.height) - 0.15 - 0.4 * band.columns(8) / stage.width) ** 2) * 9
    )
    first, second = palette.accents[0], rgb("3b5bd0")
    field = drawing.blend(
        field, mix(rgb("6a3fb8"), first, 0.3), 0.75 * drawing.smooth(cloud, 0.42, 0.85) * streak
    )
    field = drawing.blend(field, second, 0.55 * drawing.smooth(other, 0.5, 0.9) * streak)
    luma, chroma = spread(np.asarray(field, np.float32), band.width, band.height)
    _stars(stage, luma)
    elements: list[Element] = [Scenery(stage.finish(band, luma, chroma))]
    if planet:
        elements.append(_planet(stage, planet))
    return elements


def _stars(stage: Stage, luma: U16) -> None:
    random = stage.random
    rows, columns = len(luma), len(luma[0])
    count = round(rows * columns / 900)
    y, x = random.integers(1, rows - 1, count), random.integers(1, columns - 1, count)
    drawing.sow(luma, y, x, random.random(count) ** 6 * 200 + 16)


def _planet(stage: Stage, kind: str) -> Scenery:
    """A great curve at the foot of the picture, lit from one side, with air above its edge."""
    random, palette = stage.random, stage.palette
    low, high, air = {
        "earth": ("0d3d7a", "f4f8fc", "6fb8ff"),
        "mars": ("6b2a18", "d98a58", "ffb08a"),
        "moon": ("55565c", "c9c9cc", "9aa0ac"),
    }[kind]
    band = stage.band(0.5, 1, 0.25)
    step = 2
    y, x = band.rows(step), band.columns(step)
    radius = 1.5 * max(stage.width, stage.height)
    centre = (stage.x(0.42), stage.y(0.66) + radius)
    far = np.hypot(x - centre[0], y - centre[1])
    inside = (radius - far) / stage.unit
    rows, columns = band.coarse(step)
    ground = drawing.noise(random, rows, columns, (rows / 3, columns / 5), 6)
    swirl = drawing.noise(random, rows, columns, (rows / 5, columns / 3), 6)
    sea, cover = rgb(low), rgb(high)
    field = np.broadcast_to(sea, (rows, columns, 3)).astype(np.float32)
    if kind == "earth":
        field = drawing.blend(field, rgb("3f6b3a"), drawing.smooth(ground, 0.5, 0.58))
        field = drawing.blend(field, rgb("a58a5a"), drawing.smooth(ground, 0.62, 0.72))
    field = drawing.blend(field, cover, drawing.smooth(swirl, 0.5, 0.8) * 0.9)
    day = drawing.smooth((x / stage.width + 0 * y - 0.05).astype(np.float32), 1.05, 0.15)
    if palette.sun_at[0] > 0.5:
        day = drawing.smooth((x / stage.width + 0 * y).astype(np.float32), -0.15, 0.85)
    field = field * (0.07 + 0.93 * day)[..., None]
    rim = np.exp(-np.abs(inside) * 30) * (0.25 + 0.75 * day)
    field = drawing.blend(field, mix(rgb(air), rgb("ffffff"), 0.35), np.asarray(rim, np.float32))
    glow = np.exp(-(-inside).clip(0, None) * 26) * (0.15 + 0.75 * day)
    outside = np.asarray(np.broadcast_to(rgb(air), (rows, columns, 3)), np.float32)
    field = np.where((inside > 0)[..., None], field, outside)
    fine = np.hypot(band.columns() - centre[0], band.rows() - centre[1])
    edge = (radius - fine + 0.5).clip(0, 1)
    halo = drawing.enlarge(np.asarray(glow * 0.85, np.float32), band.height, band.width).clip(0, 1)
    opacity = (np.maximum(edge, halo) * 255).astype(np.uint8)
    return Scenery(stage.plane(band, np.asarray(field, np.float32), opacity))


def cloudscape(stage: Stage) -> list[Element]:
    """Above the clouds: banks of them to the horizon."""
    elements: list[Element] = [sky(stage, 0.62), clouds(stage, 0.55, 0.3)]
    for top, depth, distance in ((0.6, 0.12, 0.55), (0.68, 0.3, 0.32), (0.8, 0.7, 0.1)):
        elements.append(_bank(stage, top, depth, distance))
    return elements


def _bank(stage: Stage, top: float, depth: float, distance: float) -> Scenery:
    palette, random = stage.palette, stage.random
    band = stage.band(top - 0.2, 1, depth, loop=True)
    rows, columns = band.coarse(2)
    x = np.arange(columns, dtype=np.float32)[None]
    y = np.arange(rows, dtype=np.float32)[:, None]
    unit = stage.unit / 2
    light = np.full((rows, columns), 0.3, np.float32)
    cover = np.zeros((rows, columns), np.float32)
    side = 0.5 if palette.sun_at[0] > 0.5 else -0.5
    # Round heads from the back to the front, each lit on its upper, sunny side.
    heads = 70
    for head in range(heads):
        size = unit * random.uniform(0.05, 0.13) * (0.7 + depth)
        centre = random.uniform(0, columns)
        level = unit * 0.4 + size * 0.4 + (rows - unit * 0.25) * (head / heads) ** 1.5 * 0.7
        span = slice(max(int(level - size), 0), min(int(level + 2.2 * size), rows))
        away = np.abs(x - centre)
        across = np.where(x > centre, 1, -1) * np.minimum(away, columns - away)
        down = y[span] - level
        inside = 1 - (across / (size * 1.7)) ** 2 - (down.clip(None, 0) / size) ** 2
        share = drawing.smooth(np.asarray(inside, np.float32), 0.0, 0.35)
        share = share * drawing.smooth(np.asarray(down, np.float32), 2.1 * size, 0.5 * size)
        glow = (0.7 - 0.55 * down / size + side * across / (size * 1.7)).clip(0, 1)
        light[span] += (glow - light[span]) * share * 0.75
        cover[span] = np.maximum(cover[span], share)
    cover = np.maximum(
        cover, drawing.smooth(np.asarray(y - unit * 0.62 + 0 * x, np.float32), 0, 30)
    )
    light = light + (drawing.noise(random, rows, columns, (unit / 6, unit / 4), 5) - 0.5) * 0.35
    dark = mix(palette.lit(rgb("8f9bb8"), 0.1), palette.haze, 0.45)
    bright = mix(palette.lit(rgb("ffffff"), 0.7), palette.sun, 0.35)
    field = np.asarray(dark + (bright - dark) * light.clip(0, 1)[..., None], np.float32)
    field = drawing.blend(field, palette.haze, np.full_like(light, distance))
    opacity = (drawing.enlarge(cover, band.height, band.width).clip(0, 1) * 255).astype(np.uint8)
    return Scenery(stage.plane(band, field, opacity), drift=-0.004 * stage.unit * (1 + depth))


def reverie(stage: Stage) -> list[Element]:
    """A mood without a place: veils of colour like dunes or silk, one behind the other."""
    palette, random = stage.palette, stage.random
    elements: list[Element] = [sky(stage, 0.8)]
    colours = [palette.accents[i % len(palette.accents)] for i in range(3)]
    colours = [
        colours[0],
        mix(colours[0], palette.zenith, 0.5),
        colours[1],
        colours[2],
        palette.zenith,
    ]
    for index in range(5):
        near = (index + 1) / 5
        band = stage.band(0.12 + 0.1 * index, 0.6 + 0.1 * index, 0.1 + 1.0 * near**1.5)
        across = band.width / stage.width
        fold = drawing.ridge(random, band.width, 0.7 * across, 2)
        line = ((1 - fold) * stage.y(0.26) + 4).astype(np.float32)
        opacity = drawing.below(line, band.height)
        rows, columns = band.coarse(4)
        under = (np.arange(rows, dtype=np.float32)[:, None] - line[::4][:columns][None] / 4) * 4
        under = under / stage.height
        x = band.columns(4) / stage.width
        silk = 0.5 + 0.5 * np.sin(under * 34 + 2.4 * np.sin(x * pi * 2 + index) + index * 1.7)
        light = 0.72 * np.exp(-under.clip(0, 2) * 5.5) + 0.2 * silk * np.exp(
            -under.clip(0, 2) * 2.2
        )
        base = mix(colours[index], palette.zenith, 0.25 + 0.4 * near)
        bright = mix(mix(colours[index], palette.sun, 0.45), palette.haze, 0.5 * (1 - near))
        field = drawing.blend(
            np.broadcast_to(base * 0.75, (rows, columns, 3)).astype(np.float32),
            bright,
            np.asarray(light.clip(0, 1), np.float32),
        )
        field = drawing.blend(
            field, palette.haze, np.full((rows, columns), 0.45 * (1 - near), np.float32)
        )
        plane = stage.plane(band, np.asarray(field, np.float32), opacity)
        elements.append(Scenery(plane))
    return elements
