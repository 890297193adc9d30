"""Shapes of nature as arrays: noise, ridges, glows and soft edges.

Everything repeats sideways with the width it is drawn at, so that a layer can run past the camera
without end. Arrays are (rows, columns), float32, unless said otherwise.
"""

import numpy as np
from PIL import Image, ImageChops, ImageFilter

from sora_mcp.engines.embedded.pictures.arrays import U8, U16, Colour, Floats, Indices, Random


def enlarge(field: Floats, rows: int, columns: int, *, smooth: bool = True) -> Floats:
    """Resample one channel to the given size."""
    method = Image.Resampling.BICUBIC if smooth else Image.Resampling.BILINEAR
    picture = Image.fromarray(np.ascontiguousarray(field, np.float32))
    return np.asarray(picture.resize((columns, rows), method), np.float32)


def noise(
    random: Random, rows: int, columns: int, cell: tuple[float, float], octaves: int = 4
) -> Floats:
    """Draw clouds of noise, 0–1, about 0.5. `cell`: height and width of the largest blobs."""
    total = np.zeros((rows, columns), np.float32)
    strength, sum_of_strengths = 1.0, 0.0
    for octave in range(octaves):
        down = max(2, round(rows / cell[0] * 2**octave))
        across = max(1, round(columns / cell[1] * 2**octave))
        if across > columns or down > rows:
            break
        grid = random.random((down + 1, across), np.float32)
        # Two columns of the other end on each side make the resampled edges meet.
        grid = np.concatenate([grid[:, -2:], grid, grid[:, :2]], axis=1)
        picture = Image.fromarray(grid)
        box = (2, 0.5, 2 + across, down + 0.5)
        resized = picture.resize((columns, rows), Image.Resampling.BICUBIC, box)
        total += strength * np.asarray(resized, np.float32)
        sum_of_strengths += strength
        strength *= 0.5
    return (total / sum_of_strengths).clip(0, 1)


def ridge(
    random: Random, columns: int, waves: float, octaves: int = 5, *, sharp: float = 0.0
) -> Floats:
    """Draw a skyline of hills (or of peaks, `sharp` up to 1) as heights 0–1 per column."""
    x = np.linspace(0, 2 * np.pi, columns, endpoint=False, dtype=np.float32)
    total = np.zeros(columns, np.float32)
    strength = 1.0
    for octave in range(octaves):
        for _ in range(2):
            count = max(1, round(waves * 2**octave * random.uniform(0.75, 1.35)))
            wave = np.sin(count * x + random.uniform(0, 2 * np.pi))
            peaked = 1 - 2 * np.abs(wave)
            # Fine waves stay round: sharp ones would make needles.
            own = sharp * 0.7**octave
            total += strength * ((1 - own) * wave + own * peaked)
        strength *= 0.45
    low, high = float(total.min()), float(total.max())
    return ((total - low) / max(high - low, 1e-6)).astype(np.float32)


def below(profile: Floats, rows: int) -> U8:
    """Cover what lies under a line (its row per column) with an anti-aliased opacity."""
    row = np.arange(rows, dtype=np.float32)[:, None]
    return ((row - profile[None] + 0.5).clip(0, 1) * 255).astype(np.uint8)


def smooth(value: Floats, start: float, end: float) -> Floats:
    """Rise softly from 0 at `start` to 1 at `end` (which may lie below it)."""
    share = ((value - start) / (end - start)).clip(0, 1)
    return (share * share * (3 - 2 * share)).astype(np.float32)


def moved(field: Floats, down: int, across: int) -> Floats:
    """Move a field: round the sides, but not from the bottom to the top."""
    rolled = np.roll(field, (down, across), (0, 1))
    if down:
        rolled[:down] = rolled[down]
    return rolled


def halo(
    rows: int, columns: int, centre: tuple[float, float], radius: float, stretch: float = 1.0
) -> Floats:
    """Draw light that fades with the distance from a point. `stretch`: wider than high."""
    y = (np.arange(rows, dtype=np.float32)[:, None] - centre[1]) / radius
    x = (np.arange(columns, dtype=np.float32)[None] - centre[0]) / (radius * stretch)
    return np.exp(-np.sqrt(x * x + y * y + 0.01)).astype(np.float32)


def disc(rows: int, columns: int, centre: tuple[float, float], radius: float) -> U8:
    """Draw a filled, anti-aliased circle as an opacity."""
    y = np.arange(rows, dtype=np.float32)[:, None] + 0.5 - centre[1]
    x = np.arange(columns, dtype=np.float32)[None] + 0.5 - centre[0]
    return ((radius + 0.5 - np.sqrt(x * x + y * y)).clip(0, 1) * 255).astype(np.uint8)


def gradient(rows: int, *stops: tuple[float, Colour]) -> Floats:
    """Blend colours down a column: (share of the height, colour) stops to (rows, 1, 3)."""
    at = np.linspace(0, 1, rows, dtype=np.float32)
    places = [place for place, _ in stops]
    channels = [np.interp(at, places, [colour[i] for _, colour in stops]) for i in range(3)]
    return np.stack(channels, axis=1).astype(np.float32)[:, None]


def blend(base: Floats, colour: Floats, share: Floats) -> Floats:
    """Mix a colour (or a field of colours) into a field (rows, columns, 3) by a share per pixel."""
    return base + (colour - base) * share[..., None]


def soften(picture: U8, radius: float) -> U8:
    """Blur an opacity or an RGB picture as a lens out of focus does."""
    return np.asarray(Image.fromarray(picture).filter(ImageFilter.BoxBlur(radius)))


def toned(picture: U8, colour: Colour, share: Floats) -> U8:
    """Mix a colour into an RGB picture by a share (0–1) per row, per column or per pixel."""
    weight = (share * 256).astype(np.uint16)[..., None]
    pixel = (colour.clip(0, 1) * 255).astype(np.uint16)
    return ((picture * (np.uint16(256) - weight) + pixel * weight) >> np.uint16(8)).astype(np.uint8)


def bloom(picture: U8, radius: float, strength: float, threshold: int) -> U8:
    """Let what is brighter than a threshold (0–255) shine into its surroundings."""
    sharp = Image.fromarray(picture)
    table = [round(max(value - threshold, 0) * strength) for value in range(256)] * 3
    glow = sharp.filter(ImageFilter.BoxBlur(radius)).point(table)
    return np.asarray(ImageChops.add(sharp, glow))


def sow(luma: U16, rows: Indices, columns: Indices, light: Floats) -> None:
    """Add points of light to a luma plane; the bright ones spread a little to their neighbours."""
    values = luma.astype(np.float32)
    np.add.at(values, (rows, columns), light)
    bright = light > 60
    for down, across in ((0, 1), (1, 0), (0, -1), (-1, 0)):
        near = ((rows + down)[bright], (columns + across)[bright])
        np.add.at(values, near, light[bright] * 0.4)
    np.copyto(luma, values.clip(16, 235), casting="unsafe")
