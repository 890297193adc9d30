"""Rooms: a theatre stage, a living room with a window, a laboratory."""

import numpy as np

from sora_mcp.engines.embedded.pictures import drawing
from sora_mcp.engines.embedded.pictures.arrays import Colour
from sora_mcp.engines.embedded.pictures.elements import Element, Rays, Scenery
from sora_mcp.engines.embedded.pictures.outline import Painting, Stencil, limb, oval
from sora_mcp.engines.embedded.pictures.palette import mix, rgb
from sora_mcp.engines.embedded.pictures.stage import Stage


def _floor(
    stage: Stage, edge: float, colour: Colour, *, shine: Colour, boards: float, depth: float = 0.7
) -> Scenery:
    """A floor of boards (per frame's width) that run to the back, with a pool of light on it."""
    palette, random = stage.palette, stage.random
    band = stage.band(edge, 1, depth)
    y, x = band.rows(2), band.columns(2)
    near = ((y - stage.y(edge)) / stage.y(1 - edge) + 0.35).clip(0.05, None)
    lane = (x - stage.x(0.5)) / stage.width / near * boards
    tone = random.uniform(0.82, 1.12, 97).astype(np.float32)[np.floor(lane).astype(int) % 97]
    seam = np.abs(lane - np.round(lane)) * near
    tone = tone * (1 - 0.5 * np.exp(-((seam * stage.width / boards / 1.6) ** 2)))
    grain = drawing.noise(random, y.shape[0], x.shape[1], (3, 60), 3)
    wood = palette.lit(colour, 0.25) * (tone * (0.85 + 0.3 * grain))[..., None]
    pool = np.exp(
        -(((x - stage.x(0.5)) / stage.x(0.34)) ** 2)
        - ((y - stage.y(edge + 0.14)) / stage.y(0.2)) ** 2
    )
    field = drawing.blend(np.asarray(wood, np.float32), wood * 0.4 + shine * 0.75, pool * 0.62)
    field = drawing.blend(field, wood * 0.25, 0.55 * (1 - near.clip(0, 1)) + 0 * pool)
    return Scenery(stage.plane(band, np.asarray(field, np.float32)))


def theatre(stage: Stage, edge: float) -> list[Element]:
    """A stage: a backdrop, a polished floor, curtains to both sides, spotlights."""
    palette = stage.palette
    band = stage.band(0, edge + 0.05, 0.25)
    rows, columns = band.coarse(4)
    x = band.columns(4) / stage.width
    folds = 0.5 + 0.5 * np.sin(x * 74 + 1.6 * np.sin(x * 23))
    drape = mix(rgb("3a1016"), palette.accents[0] * 0.5, 0.2)
    down = np.linspace(0.2, 1, rows, dtype=np.float32)[:, None]
    light = (0.25 + 0.5 * folds) * (0.45 + 0.4 * down)
    light = light * (0.3 + 1.0 * np.exp(-(((x - 0.5) / 0.3) ** 2)))
    field = np.asarray(palette.lit(drape, 0.9) * light[..., None], np.float32)
    glow = drawing.halo(rows, columns, (columns / 2, rows * 0.95), rows * 0.42, 1.6)
    field = drawing.blend(field, mix(palette.key, rgb("ffffff"), 0.2) * 0.8, glow * 0.28)
    elements: list[Element] = [
        Scenery(stage.plane(band, field)),
        _floor(stage, edge, rgb("7a4a2c"), shine=rgb("ffd7a0"), boards=15),
        _cones(stage, ((0.3, 0.44), (0.5, 0.52), (0.72, 0.58)), edge),
    ]
    elements += [_curtain(stage, side) for side in (-1, 1)]
    return elements


def _curtain(stage: Stage, side: int) -> Scenery:
    palette = stage.palette
    band = stage.band(0, 1, 1.35)
    stencil = Stencil(band, 1)
    outer = band.x - 9.0 if side < 0 else band.x + band.width + 9.0
    edge = stage.x(0.5 + side * 0.41)
    hem = stage.x(0.5 + side * 0.455)
    bottom = band.y + band.height + 9.0
    stencil.fill(
        [
            (outer, band.y),
            (stage.x(0.5 + side * 0.3), band.y),
            (edge, stage.y(0.16)),
            (hem, stage.y(0.5)),
            (edge, bottom),
            (outer, bottom),
        ]
    )
    rows, columns = band.coarse(4)
    x, y = band.columns(4) / stage.width, band.rows(4) / stage.height
    folds = 0.5 + 0.5 * np.sin((x + side * 0.05 * np.sin(y * 2.4)) * 115 + 1.5 * np.sin(x * 31))
    inner = np.exp(-np.abs(x - 0.5 - side * 0.36) * 9)
    light = (0.12 + 0.75 * folds**1.6) * (0.25 + 0.95 * inner) + 0 * y
    velvet = mix(rgb("a3141f"), palette.accents[0], 0.12)
    field = np.asarray(palette.lit(velvet, 0.6) * light[..., None], np.float32)
    opacity = drawing.soften(stencil.opacity(), max(1.0, stage.unit * 0.003))
    return Scenery(stage.plane(band, field[:rows, :columns], opacity), wing=side)


def _cones(stage: Stage, beams: tuple[tuple[float, float], ...], floor: float) -> Rays:
    """Spotlights from above: (place at the top, place on the floor) as shares of the width."""
    rows, columns = stage.height // 4, stage.width // 4
    y = np.linspace(0, 1, rows, dtype=np.float32)[:, None]
    x = np.linspace(0, 1, columns, dtype=np.float32)[None]
    down = y / (floor + 0.12)
    light = np.zeros((rows, columns), np.float32)
    for top, foot in beams:
        middle = top + (foot - top) * down
        width = 0.012 + 0.085 * down
        light += np.exp(-(((x - middle) / width) ** 4)) * (1 - 0.62 * down).clip(0, 1)
    light *= drawing.smooth(1.12 - down, 0, 0.2) * 46 * stage.palette.glow
    full = drawing.enlarge(light, stage.height, stage.width, smooth=False).clip(0, 255)
    return Rays(full.astype(np.uint16), lambda time: float(0.9 + 0.1 * np.sin(1.3 * time)))


def room(stage: Stage, edge: float) -> list[Element]:
    """A living room: a wall with a window to the sky, a lamp, a shelf, a wooden floor."""
    palette = stage.palette
    band = stage.band(0, edge + 0.05, 0.3)
    wall = mix(rgb("b9a48c"), palette.haze, 0.15)
    painting = Painting(band, palette.lit(wall, 0.35))
    unit = stage.unit
    pane = (stage.x(0.62), stage.y(0.12), stage.x(0.62) + unit * 0.46, stage.y(edge - 0.14))
    _window(stage, painting, pane)
    _shelf(stage, painting, stage.x(0.1), stage.y(0.3))
    painting.box(
        band.x,
        stage.y(edge - 0.035),
        band.x + band.width,
        stage.y(edge + 0.02),
        palette.lit(rgb("e8dccb"), 0.25),
    )
    # Away from the window it is darker.
    shade = 0.4 - 0.4 * np.exp(-(((band.columns() - stage.x(0.7)) / stage.x(0.42)) ** 2))
    wall_picture = drawing.toned(painting.colours(), rgb("000000"), shade)
    warm = rgb("ffc27a")
    rows, columns = band.coarse(8)
    centre = ((stage.x(0.3) - band.x) / 8, (stage.y(edge - 0.3) - band.y) / 8)
    lamp = drawing.halo(rows, columns, centre, unit * 0.24 / 8) * palette.lamps * 0.75
    light = drawing.enlarge(lamp, band.height, band.width).clip(0, 1) * 255
    elements: list[Element] = [
        Scenery(stage.picture(band, wall_picture)),
        Scenery(stage.plane(band, np.full((2, 2, 3), warm, np.float32), light.astype(np.uint8))),
        _floor(stage, edge, rgb("9a6a42"), shine=mix(palette.sun, warm, 0.5), boards=11),
        _floor_lamp(stage, edge),
        _plant(stage),
    ]
    return elements


def table(stage: Stage, edge: float) -> Scenery:
    """The top of a wooden table, close to the camera."""
    return _floor(
        stage,
        edge,
        rgb("8a5a36"),
        shine=mix(stage.palette.sun, rgb("ffc27a"), 0.5),
        boards=4,
        depth=1.0,
    )


def _window(stage: Stage, painting: Painting, pane: tuple[float, float, float, float]) -> None:
    palette, random = stage.palette, stage.random
    left, top, right, bottom = pane
    frame = palette.lit(rgb("f0e8dc"), 0.3)
    rim = stage.unit * 0.014
    painting.box(left - rim, top - rim, right + rim, bottom + rim, frame)
    for y in np.arange(top, bottom, 2.0):
        share = float((y - top) / (bottom - top))
        colour = (
            mix(palette.zenith, palette.middle, share * 1.6)
            if share < 0.6
            else mix(palette.middle, palette.horizon, (share - 0.6) * 2.5)
        )
        painting.box(left, y, right, y + 2, colour)
    if palette.stars > 0.2:
        for _ in range(40):
            x, y = random.uniform(left, right), random.uniform(top, bottom - 9)
            painting.box(x, y, x + 1, y + 1, rgb("e8eefc") * random.uniform(0.4, 1))
    hills = drawing.ridge(random, 60, 1.5, 4) * (bottom - top) * 0.22
    for column, height in enumerate(hills):
        x = left + (right - left) * column / 60
        painting.box(
            x,
            bottom - height - rim,
            x + (right - left) / 60 + 1,
            bottom,
            palette.distant(palette.lit(rgb("4a5f48"), 0.3), 0.35),
        )
    middle = (left + right) / 2
    painting.box(middle - rim / 2, top, middle + rim / 2, bottom, frame)
    painting.box(left, (top + bottom) / 2 - rim / 2, right, (top + bottom) / 2 + rim / 2, frame)
    painting.box(left - rim * 2.4, bottom, right + rim * 2.4, bottom + rim * 1.6, frame * 1.06)


def _shelf(stage: Stage, painting: Painting, left: float, top: float) -> None:
    """Two boards with books, and a picture above."""
    random, palette, unit = stage.random, stage.palette, stage.unit
    wood = palette.lit(rgb("6a4630"), 0.3)
    width = unit * 0.34
    for level in (0.0, 0.17):
        y = top + unit * level
        x = left + unit * 0.01
        while x < left + width - unit * 0.05:
            thick, tall = unit * random.uniform(0.012, 0.024), unit * random.uniform(0.07, 0.115)
            colour = rgb(
                ("8a3b34", "2f5a68", "c49a4a", "3d4a3a", "6d4a7a", "d8cdb8")[
                    int(random.integers(6))
                ]
            )
            painting.box(x, y - tall, x + thick, y, palette.lit(colour, 0.4))
            x += thick + unit * (0.002 if random.random() < 0.85 else 0.05)
        painting.box(left, y, left + width, y + unit * 0.012, wood)


def _floor_lamp(stage: Stage, edge: float) -> Scenery:
    palette, unit = stage.palette, stage.unit
    band = stage.band(edge - 0.42, edge + 0.16, 0.55)
    painting = Painting(band, palette.lit(rgb("2c2522"), 0.3))
    x, foot, top = stage.x(0.3), stage.y(edge + 0.08), stage.y(edge) - unit * 0.3
    dark = palette.lit(rgb("3a302a"), 0.4)
    painting.paint(limb([(x, foot), (x, top)], [unit * 0.008, unit * 0.006]), dark)
    painting.paint(oval(x, foot, unit * 0.05, unit * 0.012), dark)
    shade = mix(palette.lit(rgb("d8c4a0"), 0.4), rgb("ffdf9e"), palette.lamps)
    painting.paint(
        [
            (x - unit * 0.045, top - unit * 0.06),
            (x + unit * 0.045, top - unit * 0.06),
            (x + unit * 0.08, top + unit * 0.045),
            (x - unit * 0.08, top + unit * 0.045),
        ],
        shade,
    )
    return Scenery(stage.picture(band, painting.colours(), painting.opacity()))


def _plant(stage: Stage) -> Scenery:
    """Leaves out of focus at the right edge, close to the camera."""
    random, palette, unit = stage.random, stage.palette, stage.unit
    band = stage.band(0.42, 1, 1.7)
    stencil = Stencil(band, 1)
    root = (band.x + band.width - unit * 0.06, float(band.y + band.height))
    for angle in np.linspace(-1.5, 0.35, 9) + random.uniform(-0.1, 0.1, 9):
        length = unit * random.uniform(0.3, 0.5)
        tip = (root[0] + np.sin(angle) * length, root[1] - np.cos(angle) * length * 0.95)
        bend = ((root[0] + tip[0]) / 2 + unit * 0.02, (root[1] + tip[1]) / 2 - unit * 0.07)
        stencil.fill(limb([root, bend, tip], [unit * 0.01, unit * 0.055, unit * 0.002]))
    field = np.full((2, 2, 3), palette.lit(rgb("263a26"), 0.15), np.float32)
    opacity = drawing.soften(stencil.opacity(), max(1.0, unit * 0.006))
    return Scenery(stage.plane(band, field, opacity), wing=1)


def laboratory(stage: Stage, edge: float) -> list[Element]:
    """A laboratory: panels, screens and tubes of light, a shining floor."""
    palette, random, unit = stage.palette, stage.random, stage.unit
    band = stage.band(0, edge + 0.05, 0.3)
    bright = palette.lamps > 0.9 and palette.stars == 0 and palette.ambient.mean() > 0.45
    wall = palette.lit(rgb("aebac4") if bright else rgb("3a4656"), 0.35)
    painting = Painting(band, wall)
    accent = palette.accents[0] if palette.accents else rgb("35d0ff")
    pitch = unit * 0.32
    first = stage.x(0.5) - pitch * round(stage.x(0.5) / pitch + 2)
    for index in range(round(band.width / pitch) + 5):
        x = first + index * pitch
        _panel(painting, random, x, unit, stage, accent, wall)
    return [
        Scenery(stage.picture(band, drawing.bloom(painting.colours(), unit * 0.02, 0.3, 70))),
        _floor(
            stage,
            edge,
            rgb("8f9ba6") if bright else rgb("2a3440"),
            shine=mix(accent, rgb("ffffff"), 0.55),
            boards=7,
        ),
    ]


def _panel(
    painting: Painting,
    random: np.random.Generator,
    x: float,
    unit: float,
    stage: Stage,
    accent: Colour,
    wall: Colour,
) -> None:
    width, gap = unit * 0.3, unit * 0.01
    painting.box(x + gap, stage.y(0.13), x + width, stage.y(0.9), wall * random.uniform(0.9, 1.06))
    painting.box(x - gap * 0.3, 0, x + gap * 0.5, stage.y(0.9), wall * 0.6)
    painting.box(
        x + unit * 0.04,
        stage.y(0.045),
        x + width - unit * 0.04,
        stage.y(0.07),
        mix(accent, rgb("ffffff"), 0.75),
    )
    if random.random() < 0.62:
        left, top = x + unit * 0.05, stage.y(random.uniform(0.2, 0.28))
        right, bottom = x + width - unit * 0.04, top + unit * 0.15
        painting.box(left, top, right, bottom, accent * 0.16)
        level = drawing.ridge(random, 24, 2.0, 4)
        for column in range(24):
            at = left + (right - left) * (column + 0.5) / 24
            y = bottom - (bottom - top) * (0.12 + 0.7 * float(level[column]))
            painting.box(at - 1, y, at + 1, min(y + unit * 0.02, bottom), accent)
    for row in range(3):
        y = stage.y(0.47) + unit * 0.03 * row
        for column in range(5):
            lit = random.random() < 0.5
            colour = (
                (accent, rgb("7dffce"), rgb("ffb347"))[int(random.integers(3))]
                if lit
                else wall * 0.7
            )
            at = x + unit * (0.06 + 0.035 * column)
            painting.box(at, y, at + unit * 0.012, y + unit * 0.006, colour)
