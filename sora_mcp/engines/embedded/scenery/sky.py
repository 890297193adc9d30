"""Skies: gradient, sun or moon with its glow, stars, clouds."""

import numpy as np

from sora_mcp.engines.embedded.pictures import drawing
from sora_mcp.engines.embedded.pictures.arrays import U16
from sora_mcp.engines.embedded.pictures.elements import Scenery
from sora_mcp.engines.embedded.pictures.palette import mix
from sora_mcp.engines.embedded.pictures.planes import spread
from sora_mcp.engines.embedded.pictures.stage import Band, Stage

_COARSE = 8


def sky(stage: Stage, horizon: float) -> Scenery:
    """Paint the sky behind everything, down to below the horizon (a share of the height)."""
    palette = stage.palette
    band = stage.band(0, 1, 0)
    rows, columns = band.coarse(_COARSE)
    down = (band.rows(_COARSE) / stage.y(horizon)).clip(0, 1.25)[:, 0]
    field = (
        np.stack(
            [
                np.interp(
                    down, (0, 0.55, 1.0), (palette.zenith[i], palette.middle[i], palette.horizon[i])
                )
                for i in range(3)
            ],
            axis=1,
        )
        .astype(np.float32)[:, None]
        .repeat(columns, axis=1)
    )
    sun = _sun_at(stage, horizon)
    centre = ((sun[0] - band.x) / _COARSE, (sun[1] - band.y) / _COARSE)
    wide = drawing.halo(rows, columns, centre, 0.42 * stage.unit / _COARSE, 1.5)
    near = drawing.halo(rows, columns, centre, 0.1 * stage.unit / _COARSE)
    field = drawing.blend(field, mix(palette.haze, palette.sun, 0.45), wide * palette.glow * 0.75)
    field = drawing.blend(field, palette.sun, near * palette.glow * 0.8)
    luma, chroma = spread(field, band.width, band.height)
    if palette.stars:
        _sow_stars(stage, band, luma, horizon)
    if palette.disc:
        _draw_disc(stage, band, luma, chroma, sun)
    plane = stage.finish(band, luma, chroma)
    return Scenery(plane)


def _sun_at(stage: Stage, horizon: float) -> tuple[float, float]:
    """The sun's place in pixels: low suns stand on the horizon, wherever that is."""
    x, y = stage.palette.sun_at
    return stage.x(x), stage.y(y if y < 0.3 else horizon * y / 0.58)


def _sow_stars(stage: Stage, band: Band, luma: U16, horizon: float) -> None:
    random = stage.random
    count = int(620 * stage.palette.stars * band.width / stage.height)
    x = random.integers(1, band.width - 1, count)
    y = (random.random(count) ** 1.35 * stage.y(horizon) * 0.95).astype(int) + 1
    fade = 1 - y / stage.y(horizon)
    light = (random.random(count) ** 5 * 170 + 22) * (0.25 + 0.75 * fade)
    drawing.sow(luma, y, x, light)


def _draw_disc(stage: Stage, band: Band, luma: U16, chroma: U16, sun: tuple[float, float]) -> None:
    palette = stage.palette
    radius = palette.disc * stage.unit
    cover = drawing.disc(band.height, band.width, (sun[0] - band.x, sun[1] - band.y), radius)
    share = cover.astype(np.float32) / 255
    surface = np.full_like(share, 232)
    if palette.stars > 0.5:  # a moon: the sun's disc is too bright to show anything
        spots = drawing.noise(stage.random, 64, 64, (20, 20), 3)
        spots = drawing.enlarge(spots, band.height, band.width)
        surface -= 46 * drawing.smooth(spots, 0.5, 0.62)
    np.copyto(luma, luma + (surface - luma) * share, casting="unsafe")
    half = share[::2, ::2]
    np.copyto(
        chroma,
        chroma + (128.0 - chroma) * half * (0.8 if palette.stars > 0.5 else 0.35),
        casting="unsafe",
    )


def clouds(
    stage: Stage, horizon: float, amount: float, *, depth: float = 0.06, low: bool = False
) -> Scenery:
    """Paint clouds above the horizon, lit from the sun's side. `amount`: 0 a few, 1 overcast."""
    palette, random = stage.palette, stage.random
    top, bottom = (0.15, horizon + 0.02) if low else (0.0, horizon * 0.92)
    band = stage.band(top, bottom, depth, loop=True)
    rows, columns = band.coarse(4)
    cell = (rows / 2.4, rows * 1.1)
    shape = drawing.noise(random, rows, columns, cell, 6)
    shape = (shape - 0.5) * 1.9 + 0.5
    down = np.linspace(0, 1, rows, dtype=np.float32)[:, None]
    # Thin towards the horizon's haze and the frame's upper edge.
    cover = drawing.smooth(
        shape + 0.1 - 0.22 * np.abs(down - 0.45), 0.66 - 0.42 * amount, 0.98 - 0.3 * amount
    )
    cover *= drawing.smooth(1 - down, 0, 0.3)
    side = 1 if palette.sun_at[0] > 0.5 else -1
    shifted = drawing.moved(shape, 2, -2 * side)
    shade = (0.5 + 3.2 * (shape - shifted)).clip(0, 1)
    dark = mix(palette.middle * 0.82, palette.haze, 0.35)
    bright = mix(palette.sun, palette.haze, 0.25)
    if palette.glow < 0.4 or palette.stars > 0.5:
        bright = mix(palette.haze * 1.25, palette.sun, 0.12)
    field = np.asarray(dark + (bright - dark) * shade[..., None], np.float32)
    opacity = (drawing.enlarge(cover, band.height, band.width).clip(0, 1) * 215).astype(np.uint8)
    return Scenery(stage.plane(band, field, opacity).soft(), drift=stage.unit * 0.004)


def haze_band(stage: Stage, horizon: float, spread_up: float, strength: float) -> Scenery:
    """Lay mist over the foot of distant things."""
    band = stage.band(horizon - spread_up, horizon + spread_up * 0.5, 0.1)
    rows, columns = band.coarse(4)
    down = np.linspace(-1, 0.5, rows, dtype=np.float32)[:, None]
    wisps = 0.75 + 0.5 * drawing.noise(stage.random, rows, columns, (rows / 2, rows * 2), 4)
    cover = (np.exp(-((down * 2.2) ** 2)) * wisps * strength).clip(0, 1)
    cover *= drawing.smooth(down, 0.5, 0.2)
    opacity = (drawing.enlarge(cover, band.height, band.width).clip(0, 1) * 255).astype(np.uint8)
    field = np.broadcast_to(stage.palette.haze, (2, 2, 3)).astype(np.float32)
    return Scenery(stage.plane(band, field, opacity))
