"""Things, plants and buildings. `phase` runs from 0 to 1 over the figure's own small movement."""

from math import cos, pi, sin

from sora_mcp.engines.embedded.figures.sketch import Sketch
from sora_mcp.engines.embedded.pictures.arrays import Colour
from sora_mcp.engines.embedded.pictures.palette import mix, rgb

_DARK = "17161a"
_FLAME = (("ff8a2a", 1.0), ("ffc24a", 0.7), ("fff3c4", 0.38))


def piano(sketch: Sketch, phase: float, colour: Colour) -> None:
    """A grand piano with its lid open; the keyboard is on the left."""
    inner, gold = mix(colour, rgb("7a4a2c"), 0.4), rgb("c9a050")
    pale = mix(colour, rgb("ffffff"), 0.25)
    sketch.stroke("36,60 52,98", [0.014, 0.012], gold)
    sketch.blob("-40,60 -44,100 -20,118 26,122 60,108 84,82 84,66 70,60", mix(colour, pale, 0.3))
    sketch.blob("-34,61 -37,96 -16,111 24,115 54,102 76,80 76,66", inner)
    for x in range(-24, 64, 8):
        string = [(x / 100, 0.62), (x / 100 - 0.06, 1.06 - 0.0035 * max(x, 0))]
        sketch.stroke(string, [0.005, 0.004], gold)
    sketch.blob("-58,44 -58,60 -40,64 40,65 76,66 90,60 92,50 84,43 30,40 -40,40", colour)
    sketch.stroke("-54,58 0,60.5 60,61.5 86,58", [0.008, 0.012, 0.012, 0.006], pale)
    sketch.shape("-74,46 -74,53 -40,54 -40,46", rgb("f3efe6"))
    for index in range(9):
        x = -0.72 + 0.036 * index
        press = 0.012 if int(phase * 9) == index else 0.0
        key = [
            (x, 0.5 - press),
            (x, 0.54 - press),
            (x + 0.018, 0.54 - press),
            (x + 0.018, 0.5 - press),
        ]
        sketch.shape(key, rgb(_DARK))
    sketch.shape("-76,40 -76,47 -38,47 -38,40", colour)
    sketch.shape("-60,60 -57,82 -40,82 -38,60", mix(colour, pale, 0.5))
    sketch.shape("-57,62 -55,79 -42,79 -41,62", rgb("f0ead9"))
    for x, lean in ((-0.52, -0.02), (0.08, 0.0), (0.74, 0.02)):
        sketch.stroke([(x, 0.42), (x + lean, 0.05)], [0.075, 0.042], colour)
        sketch.oval(x + lean, 0.03, 0.028, 0.028, gold)
    sketch.stroke("6,40 4,10", [0.012, 0.012], gold)
    sketch.stroke("-4,10 12,10", [0.018, 0.018], gold)


def tree(sketch: Sketch, phase: float, colour: Colour) -> None:
    """A single broad tree whose crown sways."""
    bark, pale = rgb("5a4030"), mix(colour, rgb("f2f4c0"), 0.3)
    sketch.stroke("0,-2 -1,22 1,50", [0.13, 0.085, 0.06], bark)
    sketch.stroke("0,28 13,44 20,56", [0.05, 0.035, 0.02], bark)
    sketch.stroke("-1,30 -14,44 -22,55", [0.05, 0.035, 0.02], bark)
    with sketch.moved(0.012 * sin(2 * pi * phase), turn=0.02 * sin(2 * pi * phase), about=(0, 0.3)):
        for x, y, r, tone in (
            (-0.25, 0.6, 0.17, 0.35),
            (0.24, 0.6, 0.18, 0.3),
            (0, 0.56, 0.2, 0.35),
            (-0.16, 0.78, 0.19, 0.12),
            (0.15, 0.8, 0.2, 0.08),
            (0.0, 0.92, 0.16, 0.0),
            (-0.02, 0.72, 0.22, 0.1),
            (0.28, 0.7, 0.13, 0.12),
            (-0.3, 0.7, 0.12, 0.15),
        ):
            edge = [
                (
                    x + r * (1 + 0.1 * (index % 2)) * cos(index * pi / 8),
                    y + r * (1 + 0.1 * (index % 2)) * sin(index * pi / 8),
                )
                for index in range(16)
            ]
            sketch.blob(edge, mix(colour, rgb(_DARK), tone))
        for x, y in (
            (0.1, 0.9),
            (0.2, 0.82),
            (-0.14, 0.84),
            (0.02, 0.76),
            (0.27, 0.72),
            (-0.24, 0.7),
        ):
            sketch.oval(x, y, 0.05, 0.03, pale, 0.4)


def house(sketch: Sketch, phase: float, colour: Colour) -> None:
    """A cottage with lit windows and smoke."""
    roof, timber, lamp = rgb("7a3b2e"), rgb("4a342a"), rgb("ffd98f")
    for index in range(4):
        drift = (phase + index / 4) % 1
        sketch.oval(
            0.3 + 0.14 * drift,
            1.0 + 0.3 * drift,
            0.035 + 0.06 * drift,
            0.03 + 0.045 * drift,
            mix(rgb("e6e6ea"), rgb("9aa0aa"), drift),
        )
    sketch.shape("25,70 25,98 35,98 35,62", rgb("8a5a48"))
    sketch.shape("-50,0 -50,52 50,52 50,0", colour)
    sketch.shape("-62,50 -34,88 34,88 62,50", roof)
    for y in (0.58, 0.68, 0.78):
        sketch.stroke(
            [(-0.6 + (y - 0.5) * 0.7, y), (0.6 - (y - 0.5) * 0.7, y)],
            [0.01, 0.01],
            mix(roof, rgb(_DARK), 0.35),
        )
    sketch.shape("-10,0 -10,34 10,34 10,0", timber)
    sketch.oval(0.065, 0.17, 0.012, 0.012, rgb("d8b050"))
    for x in (-0.4, 0.2):
        sketch.shape(
            [(x - 0.02, 0.16), (x - 0.02, 0.42), (x + 0.22, 0.42), (x + 0.22, 0.16)], timber
        )
        for dx in (0.0, 0.105):
            pane = [(x + dx, 0.18), (x + dx, 0.4), (x + dx + 0.095, 0.4), (x + dx + 0.095, 0.18)]
            sketch.light(pane, lamp)
    sketch.lamp(0, 0.66, 0.06, 0.06, lamp)


def castle(sketch: Sketch, phase: float, colour: Colour) -> None:
    """A castle with towers and a flag."""
    dark, roof, lamp = mix(colour, rgb(_DARK), 0.35), rgb("4a4f78"), rgb("ffd98f")
    for x, width, top, tone in (
        (-0.45, 0.11, 0.62, dark),
        (0.45, 0.11, 0.56, dark),
        (-0.2, 0.12, 0.8, colour),
        (0.22, 0.13, 0.92, colour),
    ):
        sketch.shape([(x - width, 0), (x - width, top), (x + width, top), (x + width, 0)], tone)
        sketch.shape(
            [(x - width * 1.25, top), (x, top + width * 2.9), (x + width * 1.25, top)], roof
        )
        sketch.shape(
            [
                (x - width * 1.2, top),
                (x - width * 1.2, top - 0.04),
                (x + width * 1.2, top - 0.04),
                (x + width * 1.2, top),
            ],
            mix(tone, rgb("ffffff"), 0.2),
        )
        for y in (top - 0.16, top - 0.34):
            sketch.lamp(x, y, 0.022, 0.045, lamp)
    sketch.shape("-52,0 -52,40 52,40 52,0", mix(colour, rgb("ffffff"), 0.08))
    for x in range(-52, 50, 13):
        sketch.shape(
            [(x / 100, 0.4), (x / 100, 0.455), (x / 100 + 0.07, 0.455), (x / 100 + 0.07, 0.4)],
            mix(colour, rgb("ffffff"), 0.08),
        )
    sketch.blob("-10,0 -10,18 0,28 10,18 10,0", rgb("3a2a22"))
    wave = 0.03 * sin(2 * pi * phase)
    sketch.stroke("22,128 22,142", [0.012, 0.01], rgb("3a3038"))
    sketch.shape([(0.22, 1.42), (0.38, 1.39 + wave), (0.22, 1.34)], rgb("d9483b"))


def lighthouse(sketch: Sketch, phase: float, colour: Colour) -> None:
    """A lighthouse on a rock; its lamp turns."""
    white, glass = rgb("f1ede4"), rgb("fff3c4")
    sketch.blob("-44,-6 -36,6 -20,12 16,13 34,7 46,-6", rgb("4a4642"))
    sketch.shape("-15,10 -9,92 9,92 15,10", white)
    for y in (0.2, 0.46, 0.72):
        half = 0.15 - (y - 0.1) * 0.073
        band = [(-half, y), (-half + 0.01, y + 0.13), (half - 0.01, y + 0.13), (half, y)]
        sketch.shape(band, colour)
    sketch.shape("-13,92 -13,96 13,96 13,92", rgb("3a3f48"))
    beam = abs(sin(pi * phase))
    sketch.light("-7,96 -7,108 7,108 7,96", mix(rgb("8a7a4a"), glass, 0.4 + 0.6 * beam))
    sketch.shape("-10,108 0,119 10,108", colour)
    sketch.lamp(0, 1.02, 0.04 + 0.02 * beam, 0.05, glass)


def windmill(sketch: Sketch, phase: float, colour: Colour) -> None:
    """A windmill with turning sails."""
    wood, cloth = rgb("6a4a34"), rgb("efe8d8")
    sketch.shape("-20,0 -12,66 12,66 20,0", colour)
    sketch.blob("-14,64 -12,76 0,82 12,76 14,64", wood)
    sketch.shape("-6,0 -6,15 6,15 6,0", wood)
    sketch.lamp(0, 0.42, 0.03, 0.04, rgb("ffd98f"))
    for index in range(4):
        with sketch.moved(turn=-0.5 * pi * (index + phase), about=(0, 0.7)):
            sketch.stroke("0,70 0,118", [0.02, 0.014], wood)
            sketch.shape("1,80 12,81 12,116 1,117", cloth)
            for y in (0.88, 0.96, 1.04, 1.12):
                sketch.stroke([(0.01, y), (0.12, y)], [0.008, 0.008], wood)
    sketch.oval(0, 0.7, 0.03, 0.03, rgb(_DARK))


def rose(sketch: Sketch, phase: float, colour: Colour) -> None:
    """A rose with dew on its petals."""
    leaf, deep = rgb("3f7a3a"), mix(colour, rgb("2a060c"), 0.55)
    pale = mix(colour, rgb("ffffff"), 0.3)
    with sketch.moved(turn=0.035 * sin(2 * pi * phase), about=(0, -0.2)):
        sketch.stroke("4,-30 -2,10 2,40", [0.05, 0.042, 0.04], leaf)
        sketch.blob("0,6 -18,20 -38,18 -46,6 -26,0", leaf)
        sketch.blob("1,16 16,34 36,34 46,24 26,12", mix(leaf, rgb("ffffff"), 0.1))
        sketch.stroke("-2,7 -24,10 -42,8", [0.012, 0.01, 0.004], mix(leaf, rgb(_DARK), 0.4))
        sketch.stroke("2,17 24,24 42,25", [0.012, 0.01, 0.004], mix(leaf, rgb(_DARK), 0.4))
        for petal in ("-8,44 -22,40 -26,52 -10,56", "8,44 22,40 27,51 10,56"):
            sketch.blob(petal, leaf)
        petals = (
            ("-4,42 -34,56 -42,82 -30,96 -8,80", 0.35),
            ("4,42 34,56 42,82 30,96 8,80", 0.3),
            ("-26,92 -14,106 14,107 28,93 0,78", 0.5),
            ("-38,70 -30,94 -8,98 2,70 -14,50", 0.15),
            ("38,70 31,92 8,97 -2,70 14,50", 0.1),
            ("-20,86 -12,101 12,102 21,88 0,76", 0.42),
            ("-28,58 -27,80 -6,88 6,66 -6,46", 0.05),
            ("28,56 28,78 8,88 -5,68 5,45", 0.0),
            ("-14,80 -8,95 9,96 15,82 0,72", 0.3),
            ("-18,60 -14,82 4,86 12,66 0,50", 0.12),
            ("-7,78 -4,89 6,90 9,80 1,74", 0.55),
        )
        for outline, shade in petals:
            sketch.blob(outline, mix(colour, deep, shade))
        for line in (
            "-37,72 -31,92 -12,97",
            "37,72 31,90 12,96",
            "-27,60 -25,79 -8,87",
            "27,58 27,77 10,87",
            "-12,82 -6,94 8,95",
        ):
            sketch.stroke(line, [0.004, 0.013, 0.004], pale)
        for x, y, r in (
            (-0.27, 0.7, 0.026),
            (0.2, 0.64, 0.032),
            (-0.1, 0.58, 0.02),
            (0.3, 0.82, 0.022),
            (-0.05, 0.9, 0.018),
            (-0.3, 0.12, 0.022),
        ):
            sketch.oval(x, y, r, r * 1.12, mix(pale, rgb("ffffff"), 0.35))
            sketch.lamp(x - r * 0.3, y + r * 0.4, r * 0.32, r * 0.32, rgb("ffffff"))


def flower(sketch: Sketch, phase: float, colour: Colour) -> None:
    """A daisy, sunflower or lotus, by its colour."""
    leaf, heart = rgb("4a8a3c"), rgb("6a4418")
    with sketch.moved(turn=0.05 * sin(2 * pi * phase), about=(0, -0.2)):
        sketch.stroke("2,-30 -3,20 0,66", [0.04, 0.034, 0.03], leaf)
        sketch.blob("-1,14 -18,30 -36,30 -30,16 -14,8", leaf)
        sketch.blob("0,24 18,42 34,42 28,28 12,20", leaf)
        for ring, reach, count in ((0.25, 0.34, 18), (0.0, 0.3, 16)):
            for index in range(count):
                with sketch.moved(turn=2 * pi * (index + ring) / count, about=(0, 0.72)):
                    tone = mix(colour, rgb(_DARK), ring * 0.7)
                    sketch.oval(0, 0.72 + reach * 0.62, 0.052, reach * 0.5, tone)
        sketch.oval(0, 0.72, 0.15, 0.15, heart)
        for index in range(26):
            angle, far = index * 2.4, 0.026 * index**0.5
            sketch.oval(
                far * cos(angle),
                0.72 + far * sin(angle),
                0.012,
                0.012,
                mix(heart, rgb("f2b84a"), 0.6),
            )


def cup(sketch: Sketch, phase: float, colour: Colour) -> None:
    """A steaming cup on its saucer."""
    pale = mix(colour, rgb("ffffff"), 0.5)
    sketch.oval(0, 0.05, 0.56, 0.055, pale)
    sketch.oval(0, 0.065, 0.4, 0.035, mix(pale, rgb(_DARK), 0.2))
    sketch.stroke("30,50 52,50 50,26 24,20", [0.06, 0.06, 0.06, 0.05], colour)
    sketch.blob("-36,58 -34,30 -20,8 20,8 34,30 36,58 0,54", colour)
    sketch.oval(0, 0.58, 0.36, 0.07, pale)
    sketch.oval(0, 0.575, 0.31, 0.052, rgb("4a2a18"))
    for index, x in enumerate((-0.12, 0.02, 0.15)):
        sway = 0.05 * sin(2 * pi * (phase + index / 3))
        steam = [(x, 0.64), (x + sway, 0.78), (x - sway, 0.92), (x + sway * 0.6, 1.06)]
        sketch.stroke(steam, [0.008, 0.026, 0.02, 0.004], rgb("e9e6e2"))


def lantern(sketch: Sketch, phase: float, colour: Colour) -> None:
    """A paper lantern that glows and swings."""
    rim = rgb("3a2418")
    with sketch.moved(turn=0.08 * sin(2 * pi * phase), about=(0, 1.2)):
        sketch.stroke("0,118 0,94", [0.012, 0.012], rim)
        sketch.light(
            "-30,88 -42,68 -42,40 -28,20 28,20 42,40 42,68 30,88", mix(colour, rgb("ffb050"), 0.45)
        )
        sketch.lamp(0, 0.54, 0.24, 0.26, mix(colour, rgb("ffe6a8"), 0.75))
        for y in (0.3, 0.42, 0.54, 0.66, 0.78):
            half = 0.42 - abs(y - 0.54) * 0.35
            sketch.light(
                [(-half, y), (half, y), (half, y + 0.012), (-half, y + 0.012)],
                mix(colour, rgb(_DARK), 0.35),
            )
        sketch.shape("-22,88 -22,96 22,96 22,88", rim)
        sketch.shape("-20,12 -20,20 20,20 20,12", rim)
        sketch.stroke("0,12 0,-6", [0.03, 0.02], rgb("c9483b"))


def candle(sketch: Sketch, phase: float, colour: Colour) -> None:
    """A burning candle."""
    sketch.oval(0, 0.04, 0.3, 0.05, rgb("8a6a3a"))
    sketch.blob("-13,4 -14,62 -8,66 8,66 14,60 13,4", mix(colour, rgb("fff0d0"), 0.5))
    sketch.stroke("0,64 0,71", [0.014, 0.012], rgb(_DARK))
    _flame(sketch, phase, 0.0, 0.68, 0.1)


def campfire(sketch: Sketch, phase: float, colour: Colour) -> None:
    """Burning logs."""
    for line in ("-46,8 40,20", "46,8 -40,20", "-30,4 30,6"):
        sketch.stroke(line, [0.11, 0.1], rgb("4a3020"))
    for index, x in enumerate((-0.2, 0.2, 0.0)):
        _flame(sketch, phase + index * 0.37, x, 0.08, 0.24 + 0.1 * (index == 2))


def _flame(sketch: Sketch, phase: float, x: float, y: float, size: float) -> None:
    lean = 0.25 * sin(2 * pi * phase) * size
    tall = 1 + 0.12 * sin(4 * pi * phase + 1)
    for tone, share in _FLAME:
        w, h = size * share, size * 2.3 * share**0.8 * tall
        tongue = [
            (x, y),
            (x - w * 0.75, y + h * 0.22),
            (x - w * 0.4 + lean * 0.5, y + h * 0.6),
            (x + lean, y + h),
            (x + w * 0.45 + lean * 0.4, y + h * 0.55),
            (x + w * 0.75, y + h * 0.2),
        ]
        sketch.flame(tongue, rgb(tone))


def orb(sketch: Sketch, phase: float, colour: Colour) -> None:
    """A shining ball with a ring: what stands for a thing there is no drawing of."""
    pale, dark = mix(colour, rgb("ffffff"), 0.6), mix(colour, rgb(_DARK), 0.45)
    with sketch.moved(turn=-0.42, about=(0, 0.5)):
        sketch.stroke(_half_ring(0), [0.014] * 25, mix(pale, dark, 0.5))
    for step in range(12):
        share = step / 11
        size = 0.34 * (1 - 0.86 * share)
        shift = 0.12 * share
        sketch.lamp(-shift * 0.8, 0.5 + shift, size, size, mix(dark, pale, share**1.4))
    with sketch.moved(turn=-0.42, about=(0, 0.5)):
        sketch.stroke(_half_ring(pi), [0.016] * 25, pale)
        for index in range(3):
            angle = 2 * pi * (phase + index / 3)
            sketch.lamp(0.56 * cos(angle), 0.5 + 0.13 * sin(angle), 0.026, 0.026, rgb("ffffff"))


def _half_ring(start: float) -> list[tuple[float, float]]:
    angles = [start + pi * step / 24 for step in range(25)]
    return [(0.56 * cos(angle), 0.5 + 0.13 * sin(angle)) for angle in angles]


def stool(sketch: Sketch, phase: float, colour: Colour) -> None:
    """A stool to sit on at a piano, a quarter of a unit high."""
    dark = mix(colour, rgb(_DARK), 0.4)
    for x in (-0.2, 0.2):
        sketch.stroke([(x * 0.8, 0.22), (x, 0.02)], [0.045, 0.03], dark)
    sketch.blob("-28,22 -26,30 26,30 28,22 24,19 -24,19", mix(colour, rgb("7a2a2a"), 0.6))
