"""Water: the sea, a lake, a beach, and the world below the surface."""

import numpy as np

from sora_mcp.engines.embedded.pictures import drawing
from sora_mcp.engines.embedded.pictures.arrays import U16, Colour
from sora_mcp.engines.embedded.pictures.elements import Element, Glints, Mirror, Rays, Scenery
from sora_mcp.engines.embedded.pictures.outline import Painting, Point, curve, limb
from sora_mcp.engines.embedded.pictures.palette import mix, rgb
from sora_mcp.engines.embedded.pictures.planes import spread
from sora_mcp.engines.embedded.pictures.stage import Stage, even

_CORALS = ("d9566b", "e08a4a", "8a5fc0", "d9c04a", "4fb0a0", "c75fa5")


def surface(
    stage: Stage,
    edge: float,
    *,
    bottom: float = 1.0,
    calm: float = 0.6,
    depth: float = 0.2,
    tone: str = "",
) -> list[Element]:
    """Still or ruffled water from a height of the frame down: a mirror, and light dancing on it.

    `calm`: 1 a mirror, 0 a rough sea that reflects little; `tone`: its own colour (hexadecimal).
    """
    palette = stage.palette
    rows = even(stage.y(bottom - edge) + stage.y(stage.reach.turn_y + stage.reach.y) + 4)
    deep = palette.lit(rgb(tone or "1c5068"), 0.25)
    near, far = mix(deep, palette.zenith, 0.25), mix(deep, palette.horizon, 0.35)
    down = np.linspace(0, 1, rows, dtype=np.float32)
    field = (far + (near - far) * down[:, None] ** 0.6)[:, None]
    luma, chroma = spread(np.repeat(field, 2, axis=1), 2, rows)
    # Flat views mirror most; steeper ones, nearer the camera, look into the water.
    keep = (256 * (0.25 + 0.55 * calm) * (1 - 0.55 * down)).astype(np.uint16)
    chroma = stage.grade(chroma)
    add = np.uint16(256) - keep
    mirror = Mirror(
        stage.y(edge),
        np.stack([luma[:, 0] * add >> np.uint16(8), keep]),
        np.stack([*(chroma[:, :, 0] * add[::2] >> np.uint16(8)), keep[::2]]),
        ripple=stage.unit * (0.012 + 0.03 * (1 - calm)),
        depth=depth,
    )
    return [mirror, _glints(stage, edge, rows, calm, depth)]


def _glints(stage: Stage, edge: float, rows: int, calm: float, depth: float) -> Glints:
    random, palette = stage.random, stage.palette
    period = even(stage.width * 1.2)
    sheets: list[U16] = []
    for _ in range(2):
        # Rows are read faster near the horizon, where waves look small.
        tall = drawing.noise(random, rows, period, (stage.unit * 0.008, stage.unit * 0.07), 3)
        squeeze = np.linspace(0, 1, rows, dtype=np.float32) ** 0.5
        sheet = (tall * 255).astype(np.uint16)[(squeeze * (rows - 1)).astype(int)]
        sheets.append(np.concatenate([sheet, sheet[:, : stage.width]], axis=1))
    x = np.arange(stage.width, dtype=np.float32)
    sun = stage.x(palette.sun_at[0])
    path = np.exp(-(((x - sun) / stage.x(0.11)) ** 2)) * (0.25 + 0.75 * palette.glow) + 0.1
    gain = (path * 210).clip(0, 256).astype(np.uint16)
    return Glints(
        sheets[0],
        sheets[1],
        period,
        stage.y(edge),
        round(292 - 14 * (1 - calm)),
        stage.unit * (0.02 + 0.03 * (1 - calm)),
        gain,
        depth,
    )


def swell(stage: Stage, *, top: float, depth: float, distance: float, height: float) -> Scenery:
    """A crest of waves with foam, for a rough sea; it rolls by on its own."""
    palette, random = stage.palette, stage.random
    band = stage.band(top - height, 1.0, depth, loop=True)
    profile = drawing.ridge(random, band.width, 3.2 * band.width / stage.width, 3, sharp=-0.55)
    line = (1 - profile) * stage.y(height) * 1.3 + 3
    opacity = drawing.below(line, band.height)
    rows, columns = band.coarse(2)
    crest = line[::2][:columns][None] / 2
    under = (np.arange(rows, dtype=np.float32)[:, None] - crest) * 2 / stage.height
    streaks = drawing.noise(random, rows, columns, (rows / 16, columns / 9), 5)
    sea = rgb("24566b")
    dark, bright = palette.lit(sea * 0.6, 0.1), palette.lit(mix(sea, palette.horizon, 0.45), 0.6)
    light = (0.75 * np.exp(-under.clip(0, 1) * 16) + (streaks - 0.5) * 1.1 + 0.12).clip(0, 1)
    field = np.asarray(dark + (bright - dark) * light[..., None], np.float32)
    foam = drawing.smooth(streaks - under.clip(0, 1) * 5.5, 0.5, 0.66) * (under > -0.01)
    field = drawing.blend(field, palette.lit(rgb("f2f6f8"), 0.55), foam * 0.85)
    field = drawing.blend(field, palette.haze, np.full_like(light, distance))
    side = 1 if random.random() < 0.5 else -1
    plane = stage.plane(band, field, opacity)
    return Scenery(plane, drift=side * stage.unit * 0.05 * depth)


def underwater(stage: Stage) -> list[Element]:
    """Below the surface: blue depth, falling light, rocks and coral in three distances."""
    palette = stage.palette
    band = stage.band(0, 1, 0)
    rows, columns = band.coarse(8)
    top, middle, deep = (
        mix(rgb(code), palette.zenith, 0.12) * (0.45 + 0.55 * palette.lit(rgb("ffffff"), 0.5))
        for code in ("8fe6ea", "1f8fb5", "05304f")
    )
    field = drawing.gradient(rows, (0, top), (0.4, middle), (1, deep)).repeat(columns, axis=1)
    glow = drawing.halo(rows, columns, (columns * 0.55, -rows * 0.05), rows * 0.5, 1.6)
    field = drawing.blend(field, mix(top, rgb("ffffff"), 0.5), glow * 0.8)
    elements: list[Element] = [Scenery(stage.plane(band, np.asarray(field, np.float32)))]
    for depth, foot, distance in ((0.25, 0.8, 0.72), (0.6, 0.88, 0.4), (1.3, 1.0, 0.08)):
        elements.append(_reef(stage, depth, foot, distance, deep, middle))
    elements.append(_falling_light(stage))
    return elements


def _reef(
    stage: Stage, depth: float, foot: float, distance: float, deep: Colour, water: Colour
) -> Scenery:
    random = stage.random
    band = stage.band(foot - 0.42, 1.0, depth)
    rows, columns = band.coarse(2)
    ground = drawing.ridge(random, band.width, 1.4 * band.width / stage.width, 4)
    line = (stage.y(foot) - band.y - ground * stage.y(0.12)).astype(np.float32)
    painting = Painting(band, mix(rgb("2e4a58"), rgb("c9b48a"), 0.45))
    size = stage.unit * (0.08 + 0.13 * depth)
    for _ in range(round((20 - 8 * depth) * band.width / stage.width)):
        x = random.uniform(0, band.width)
        y = float(line[min(int(x), band.width - 1)]) + size * 0.1
        colour = rgb(_CORALS[int(random.integers(len(_CORALS)))]) * random.uniform(0.7, 1.1)
        for outline in _coral(random, x + band.x, y + band.y, size * random.uniform(0.5, 1.1)):
            painting.paint(outline, colour * random.uniform(0.85, 1.1))
    opacity = np.maximum(painting.opacity(), drawing.below(line, band.height))
    sand = drawing.noise(random, rows, columns, (rows / 9, columns / 16), 5)[..., None]
    field = painting.colours()[::2, ::2] / np.float32(255) * (0.45 + 0.9 * sand)
    down = np.linspace(0, 1, rows, dtype=np.float32)[:, None] + np.zeros((1, columns), np.float32)
    field = drawing.blend(field, mix(water, deep, 0.5), np.full_like(down, distance))
    field = drawing.blend(field, deep * 0.5, 0.8 * down**2)
    return Scenery(stage.plane(band, np.asarray(field, np.float32), opacity))


def _coral(random: np.random.Generator, x: float, y: float, size: float) -> list[list[Point]]:
    kind = random.integers(3)
    if kind == 0:  # a fan of fingers
        return [
            limb(
                [
                    (x, y),
                    (x + np.sin(a) * size * 0.5, y - size * 0.5),
                    (x + np.sin(a * 1.25) * size, y - np.cos(a) * size * random.uniform(0.8, 1.1)),
                ],
                [size * 0.12, size * 0.09, size * 0.07],
            )
            for a in np.linspace(-0.75, 0.75, 6)
        ]
    if kind == 1:  # a round brain coral
        return [
            curve(
                [
                    (
                        x + np.cos(a) * size * 0.5,
                        y + size * 0.1 + np.sin(a) * size * 0.42 * random.uniform(0.92, 1.06),
                    )
                    for a in np.linspace(0, 2 * np.pi, 14)[:-1]
                ]
            )
        ]
    return [  # weed
        limb(
            [
                (x + i * size * 0.1, y),
                (x + i * size * 0.13 + size * 0.1 * random.normal(), y - size * 0.6),
                (x + i * size * 0.2, y - size * random.uniform(0.9, 1.5)),
            ],
            [size * 0.07, size * 0.09, size * 0.02],
        )
        for i in range(-2, 3)
    ]


def _falling_light(stage: Stage) -> Rays:
    """Shafts of light that fan out from above the picture."""
    random = stage.random
    rows, columns = stage.height // 4, stage.width // 4
    y = np.arange(rows, dtype=np.float32)[:, None]
    x = np.arange(columns, dtype=np.float32)[None]
    angle = (x - columns * 0.55) / (y + rows * 0.55)
    beams = drawing.noise(random, 4, 512, (4, 26), 3)[1]
    shafts = beams[((angle + 1.6) / 3.2 * 511).clip(0, 511).astype(int)]
    light = drawing.smooth(shafts, 0.5, 0.75) * (1 - y / rows) ** 1.4 * 62
    full = drawing.enlarge(light.astype(np.float32), stage.height, stage.width, smooth=False)
    return Rays(
        full.clip(0, 255).astype(np.uint16),
        lambda time: float(0.72 + 0.2 * np.sin(0.9 * time) + 0.08 * np.sin(2.7 * time)),
    )
