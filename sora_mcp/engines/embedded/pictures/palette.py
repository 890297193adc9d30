"""Light: what colour the sky, the haze and things in them have at an hour and in a weather.

Colours are float arrays of red, green and blue, 0–1 (sRGB values, mixed as a painter would).
"""

from dataclasses import dataclass, replace

import numpy as np

from sora_mcp.engines.embedded.pictures.arrays import Colour


def rgb(code: str) -> Colour:
    """Read a colour written as six hexadecimal digits."""
    return np.array([int(code[i : i + 2], 16) / 255 for i in (0, 2, 4)], np.float32)


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """Go from the first colour (share 0) to the second (share 1)."""
    return (first * (1 - share) + second * share).astype(np.float32)


@dataclass(frozen=True)
class Palette:
    """One light. Positions are shares of the frame's width and height."""

    zenith: Colour
    middle: Colour
    horizon: Colour
    haze: Colour
    """What distance fades to."""
    ambient: Colour
    """What the light leaves of a colour in the shade."""
    key: Colour
    """What the lamp or the sun adds to it."""
    sun: Colour
    sun_at: tuple[float, float]
    glow: float
    """How far and strongly the sun (or moon) shines into the air, 0–1."""
    disc: float
    """The radius of the sun or moon, in frame heights; 0 when it is not seen."""
    stars: float = 0.0
    lamps: float = 0.0
    """How many windows and lamps are lit, 0–1."""
    accents: tuple[Colour, ...] = ()
    saturation: float = 1.0
    tint: Colour | None = None
    """A colour that everything leans to (sepia, teal, …)."""

    def lit(self, material: Colour, light: float = 0.5) -> Colour:
        """Show a material in this light: 0 in the shade, 1 where the key light falls."""
        return (material * (self.ambient + self.key * light)).astype(np.float32)

    def distant(self, colour: Colour, distance: float) -> Colour:
        """Fade a colour into the air: distance 0 is here, 1 the horizon."""
        return mix(colour, self.haze, distance)


def _light(
    sky: str,
    haze: str,
    ambient: str,
    key: str,
    sun: str,
    at: tuple[float, float],
    glow: float,
    disc: float,
    stars: float = 0.0,
    lamps: float = 0.0,
    accents: str = "",
) -> Palette:
    zenith, middle, horizon = (rgb(code) for code in sky.split())
    return Palette(
        zenith,
        middle,
        horizon,
        rgb(haze),
        rgb(ambient),
        rgb(key) * 1.15,
        rgb(sun),
        at,
        glow,
        disc,
        stars,
        lamps,
        tuple(rgb(code) for code in accents.split()),
    )


_WARM = "ffb45e ff7a4d ffd98a"
_NEON = "ff2fa8 21e6ff a052ff ffb02e 3dffb0"


def _lights() -> dict[str, Palette]:
    return {
        "day": _light(
            "2f74c0 7db4e6 d6e9f2",
            "bcd7ea",
            "7d8ca8",
            "fff1d6",
            "fff8e4",
            (0.74, 0.15),
            0.45,
            0.035,
            accents=_WARM,
        ),
        "golden": _light(
            "3d4f86 d98a63 ffcf85",
            "f0a56a",
            "6d5a6e",
            "ffb56b",
            "fff0b4",
            (0.66, 0.47),
            1.0,
            0.055,
            lamps=0.25,
            accents=_WARM,
        ),
        "sunrise": _light(
            "5b78b8 f0a8a4 ffe2b5",
            "f5b8a2",
            "746a86",
            "ffc08f",
            "fff3cf",
            (0.34, 0.50),
            0.9,
            0.05,
            lamps=0.2,
            accents=_WARM,
        ),
        "dusk": _light(
            "131c48 4a4a8c ea8a7d",
            "6e639a",
            "3f4470",
            "a184a8",
            "ffb08a",
            (0.62, 0.60),
            0.55,
            0.0,
            stars=0.35,
            lamps=0.7,
            accents=_WARM,
        ),
        "night": _light(
            "040814 0c1735 233a66",
            "1c2f56",
            "2f3c62",
            "6478aa",
            "e9efff",
            (0.72, 0.20),
            0.42,
            0.042,
            stars=1.0,
            lamps=0.8,
            accents=_WARM,
        ),
        "neon": _light(
            "07051a 2a0f52 8a1f7c",
            "4a1f70",
            "40284f",
            "c04fb8",
            "ff5fc0",
            (0.5, 0.56),
            0.55,
            0.0,
            stars=0.15,
            lamps=1.0,
            accents=_NEON,
        ),
        "storm": _light(
            "171d26 38434f 7d898d",
            "66737b",
            "57616c",
            "7f8b94",
            "b9c6cc",
            (0.4, 0.3),
            0.25,
            0.0,
            lamps=0.3,
            accents=_WARM,
        ),
        "overcast": _light(
            "8795a4 aeb9c3 d8dde0",
            "c3ccd2",
            "84898f",
            "b9bdc0",
            "f4f4f0",
            (0.5, 0.2),
            0.25,
            0.0,
            lamps=0.15,
            accents=_WARM,
        ),
        "spotlight": _light(
            "0b0608 1a0c10 2a1216",
            "2b151b",
            "3a2830",
            "ffd9a0",
            "ffe9c4",
            (0.5, 0.05),
            0.8,
            0.0,
            lamps=1.0,
            accents=_WARM,
        ),
        "candle": _light(
            "120b0c 2a1814 5a3018",
            "4a2a1a",
            "4a3430",
            "ffb060",
            "ffcf8a",
            (0.35, 0.4),
            0.7,
            0.0,
            stars=0.3,
            lamps=1.0,
            accents=_WARM,
        ),
        "studio": _light(
            "9fb3c4 c6d3dd eef3f5",
            "d3dfe6",
            "8792a0",
            "e9f2f7",
            "ffffff",
            (0.5, 0.1),
            0.4,
            0.0,
            lamps=1.0,
            accents="35d0ff 7dffce ffb347",
        ),
    }


def palette_for(light: str, colours: tuple[str, ...] = (), grade: str = "") -> Palette:
    """Find the palette of a light, leaning towards named colours, with a film grade.

    Lights are those of `vocabulary.LIGHTS`; an unknown one is day. `colours` are hexadecimal.
    """
    lights = _lights()
    palette = lights.get(light, lights["day"])
    if colours:
        leaning = [rgb(code) for code in colours]
        palette = replace(
            palette,
            zenith=mix(palette.zenith, leaning[0] * 0.5, 0.35),
            middle=mix(palette.middle, leaning[0], 0.35),
            horizon=mix(palette.horizon, leaning[-1], 0.35),
            haze=mix(palette.haze, leaning[-1], 0.35),
            accents=(*leaning, *palette.accents),
        )
    return _graded(palette, grade)


def _graded(palette: Palette, grade: str) -> Palette:
    match grade:
        case "monochrome":
            return replace(palette, saturation=0.0)
        case "vintage":
            return replace(palette, saturation=0.6, tint=rgb("e8b878"))
        case "muted":
            return replace(palette, saturation=0.65)
        case "vivid":
            return replace(palette, saturation=1.3)
        case _:
            return palette
