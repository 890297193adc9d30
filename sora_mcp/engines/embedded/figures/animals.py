"""Animals. Every function draws one pose; `phase` runs from 0 to 1 over the figure's cycle."""

from math import cos, pi, sin

from sora_mcp.engines.embedded.figures.sketch import Sketch
from sora_mcp.engines.embedded.pictures.arrays import Colour
from sora_mcp.engines.embedded.pictures.palette import mix, rgb

_DARK = "1d1a1c"
_PINK = "d98a8a"
_GINGER = "d9812f"


def cat(sketch: Sketch, phase: float, colour: Colour, coat: str = "") -> None:
    """A sitting cat; `coat`: "", "calico", "tabby" or "tuxedo"."""
    second, dark = mix(colour, rgb("ffffff"), 0.6), mix(colour, rgb(_DARK), 0.5)
    if coat == "calico":
        colour, second, dark = rgb("f1e8da"), rgb("fbf6ee"), rgb("2b2524")
    elif coat == "tuxedo":
        colour, second, dark = rgb("242326"), rgb("f4f1ec"), rgb("141315")
    sway = sin(2 * pi * phase)
    tail = [(-0.2, 0.07), (-0.4, 0.06), (-0.5, 0.2 + 0.03 * sway), (-0.45 + 0.08 * sway, 0.42)]
    sketch.stroke(tail, [0.11, 0.1, 0.085, 0.055], dark if coat else colour)
    with sketch.moved(high=1 + 0.012 * sway):
        sketch.blob("-30,0 -36,16 -30,38 -16,56 2,66 15,60 20,40 20,0", colour)
        if coat == "calico":
            sketch.blob("-33,20 -27,40 -12,54 -8,36 -20,20", rgb(_GINGER))
            sketch.blob("-30,2 -30,14 -16,16 -10,2", dark)
        if coat == "tabby":
            for y in (0.2, 0.32, 0.44):
                stripe = [(-0.34 + y * 0.25, y), (-0.16 + y * 0.2, y + 0.04)]
                sketch.stroke(stripe, [0.035, 0.012], dark)
        sketch.blob("5,52 17,50 19,30 10,24", second)
    for x in (0.06, 0.16):
        with sketch.moved(x):
            sketch.stroke("-2,34 0,16 2,4", [0.12, 0.085, 0.085], colour)
            sketch.oval(0.045, 0.03, 0.065, 0.034, second)
    sketch.oval(-0.16, 0.05, 0.17, 0.05, colour)
    with sketch.moved(y=0.012 * sin(2 * pi * phase + 1), turn=0.03 * sway, about=(0.1, 0.6)):
        _cat_head(sketch, phase, colour, second, dark, coat)


def _cat_head(
    sketch: Sketch, phase: float, colour: Colour, second: Colour, dark: Colour, coat: str
) -> None:
    sketch.shape("-5,82 0,102 9,92", colour)
    sketch.shape("14,92 25,101 28,80", dark if coat == "calico" else colour)
    sketch.shape("-1,86 2,97 6,91", rgb(_PINK))
    sketch.shape("18,91 23,96 25,84", rgb(_PINK))
    sketch.blob("-7,76 -2,90 11,94 25,89 30,76 24,65 11,61 -2,65", colour)
    if coat == "calico":
        sketch.blob("-6,78 -2,89 9,93 8,81", rgb(_GINGER))
        sketch.blob("17,92 26,87 29,77 20,82", dark)
    if coat == "tabby":
        for x in (0.06, 0.11, 0.16):
            sketch.stroke([(x, 0.93), (x, 0.86)], [0.022, 0.01], dark)
    sketch.blob("8,70 17,73 26,70 24,63 12,62", second)
    lids = 0.12 if 0.46 < phase < 0.54 else 1.0
    for x in (0.06, 0.22):
        sketch.oval(x, 0.785, 0.03, 0.036 * lids, rgb("b8c94a"))
        sketch.oval(x + 0.005, 0.785, 0.014, 0.032 * lids, rgb(_DARK))
    sketch.shape("15,71 20,71 17.5,68.5", rgb(_PINK))
    for whisker in ("20,67.5 37,70", "20,66.5 37,66", "14,67.5 -3,70", "14,66.5 -3,66"):
        sketch.stroke(whisker, [0.006, 0.002], rgb("f6f2ea"))


def dog(sketch: Sketch, phase: float, colour: Colour) -> None:
    """A dog that trots."""
    dark, pale = mix(colour, rgb(_DARK), 0.4), mix(colour, rgb("ffffff"), 0.6)
    wag = 0.5 * sin(4 * pi * phase)
    with sketch.moved(turn=wag, about=(-0.38, 0.6)):
        sketch.stroke("-36,58 -50,70 -54,88", [0.09, 0.06, 0.03], colour)
    _legs(sketch, phase, (-0.3, 0.24), 0.4, 0.1, colour, dark)
    with sketch.moved(y=0.012 * sin(4 * pi * phase)):
        sketch.blob("-42,52 -34,66 0,64 26,68 36,54 28,38 0,42 -30,38", colour)
        sketch.stroke("24,58 36,70 42,82", [0.28, 0.22, 0.18], colour)
        sketch.stroke("42,82 62,74", [0.2, 0.1], colour)
        sketch.stroke("48,76 61,71", [0.07, 0.06], pale)
        sketch.blob("30,86 38,98 52,96 56,84 46,74 34,76", colour)
        sketch.blob("32,93 24,82 26,68 35,70 38,86", dark)
        sketch.oval(0.665, 0.765, 0.03, 0.026, rgb(_DARK))
        sketch.oval(0.49, 0.865, 0.02, 0.022, rgb(_DARK))
        sketch.stroke("22,60 36,60", [0.035, 0.035], rgb("c0392b"))


def fox(sketch: Sketch, phase: float, colour: Colour) -> None:
    """A fox (or a wolf, by its colour) that walks."""
    dark, pale = mix(colour, rgb(_DARK), 0.6), mix(colour, rgb("ffffff"), 0.75)
    with sketch.moved(turn=0.14 * sin(2 * pi * phase), about=(-0.4, 0.6)):
        sketch.blob("-36,62 -58,60 -84,46 -100,40 -84,34 -58,40 -38,50", colour)
        sketch.blob("-82,46 -101,40 -84,34 -76,40", pale)
    _legs(sketch, phase, (-0.32, 0.24), 0.42, 0.075, colour, dark)
    with sketch.moved(y=0.01 * sin(4 * pi * phase)):
        sketch.blob("-44,56 -34,68 0,64 28,70 38,56 28,42 0,46 -30,42", colour)
        sketch.blob("20,50 34,52 36,62 28,44 10,44", pale)
        sketch.stroke("26,60 38,72 44,80", [0.26, 0.2, 0.16], colour)
        sketch.shape("34,86 33,110 46,94", dark)
        sketch.shape("44,94 48,112 56,90", colour)
        sketch.blob("32,84 38,96 50,96 60,84 76,73 62,70 44,70 36,76", colour)
        sketch.blob("46,77 58,80 75,73 62,70 48,71", pale)
        sketch.oval(0.755, 0.737, 0.022, 0.02, rgb(_DARK))
        sketch.oval(0.525, 0.86, 0.02, 0.022, rgb(_DARK))


def horse(sketch: Sketch, phase: float, colour: Colour) -> None:
    """A horse that walks."""
    dark = mix(colour, rgb(_DARK), 0.55)
    with sketch.moved(turn=0.1 * sin(2 * pi * phase), about=(-0.42, 0.62)):
        sketch.stroke("-40,63 -54,56 -58,28", [0.06, 0.12, 0.02], dark)
    _legs(sketch, phase, (-0.33, 0.26), 0.46, 0.075, colour, dark)
    with sketch.moved(y=0.01 * sin(4 * pi * phase)):
        sketch.blob("-46,56 -38,68 -10,64 20,68 38,62 36,48 20,42 -12,44 -36,42", colour)
        sketch.blob("24,58 34,80 46,94 56,92 50,78 44,56 34,46", colour)
        sketch.stroke("48,90 60,82 70,70", [0.16, 0.12, 0.09], colour)
        sketch.shape("44,94 45,106 52,95", colour)
        sketch.blob("46,102 36,94 26,74 20,66 30,68 38,80 46,92", dark)
        sketch.oval(0.735, 0.69, 0.018, 0.02, dark)
        sketch.oval(0.575, 0.87, 0.017, 0.02, rgb(_DARK))


def deer(sketch: Sketch, phase: float, colour: Colour) -> None:
    """A stag that walks."""
    dark, pale = mix(colour, rgb(_DARK), 0.4), mix(colour, rgb("ffffff"), 0.65)
    _legs(sketch, phase, (-0.26, 0.18), 0.44, 0.05, colour, dark)
    with sketch.moved(y=0.01 * sin(4 * pi * phase)):
        sketch.oval(-0.36, 0.58, 0.05, 0.06, pale)
        sketch.blob("-36,54 -28,62 0,60 20,62 28,54 20,42 0,42 -26,42", colour)
        sketch.stroke("18,54 28,70 32,80", [0.18, 0.11, 0.09], colour)
        sketch.stroke("32,80 46,75", [0.11, 0.06], colour)
        for antler in ("32,84 24,96 30,112", "27,93 40,102", "28,100 20,110", "34,84 38,98 48,110"):
            sketch.stroke(antler, [0.026, 0.02, 0.008][: len(antler.split())], rgb("b39a78"))
        sketch.oval(0.25, 0.84, 0.06, 0.026, dark, 2.7)
        sketch.oval(0.475, 0.755, 0.016, 0.015, rgb(_DARK))
        sketch.oval(0.36, 0.81, 0.014, 0.016, rgb(_DARK))


def bear(sketch: Sketch, phase: float, colour: Colour) -> None:
    """A bear (brown, white, or a panda by its colour) that walks."""
    dark, pale = mix(colour, rgb(_DARK), 0.35), mix(colour, rgb("ffffff"), 0.4)
    _legs(sketch, phase, (-0.36, 0.26), 0.36, 0.16, colour, dark)
    with sketch.moved(y=0.012 * sin(4 * pi * phase)):
        sketch.blob("-54,50 -46,76 -10,84 22,82 38,66 34,38 0,30 -42,32", colour)
        for x in (0.36, 0.52):
            sketch.oval(x, 0.86, 0.055, 0.055, dark)
        sketch.blob("24,70 32,84 48,88 60,78 58,62 44,54 30,56", colour)
        sketch.stroke("56,66 68,61", [0.15, 0.11], pale)
        sketch.oval(0.735, 0.63, 0.03, 0.026, rgb(_DARK))
        sketch.oval(0.53, 0.735, 0.018, 0.02, rgb(_DARK))


def elephant(sketch: Sketch, phase: float, colour: Colour) -> None:
    """An elephant that walks."""
    dark = mix(colour, rgb(_DARK), 0.35)
    with sketch.moved(turn=0.2 * sin(4 * pi * phase), about=(-0.52, 0.7)):
        sketch.stroke("-50,70 -60,56 -61,40", [0.04, 0.025, 0.03], dark)
    _legs(sketch, phase * 0.999, (-0.36, 0.2), 0.38, 0.17, colour, dark, stride=0.6)
    with sketch.moved(y=0.01 * sin(4 * pi * phase)):
        sketch.blob("-56,58 -48,84 -14,92 18,86 34,70 32,42 0,32 -44,36", colour)
        sketch.blob("20,74 30,96 50,98 62,84 58,64 44,56 26,60", colour)
        swing = 0.15 * sin(2 * pi * phase)
        with sketch.moved(turn=swing, about=(0.58, 0.7)):
            sketch.stroke("57,74 70,56 70,32 76,22", [0.2, 0.14, 0.1, 0.07], colour)
        sketch.stroke("56,60 68,52 78,54", [0.055, 0.04, 0.015], rgb("efe6d2"))
        with sketch.moved(wide=1 + 0.1 * sin(4 * pi * phase), about=(0.36, 0.8)):
            sketch.blob("38,92 18,94 8,76 16,56 32,54 40,70", dark)
        sketch.oval(0.49, 0.82, 0.016, 0.018, rgb(_DARK))


def _legs(
    sketch: Sketch,
    phase: float,
    hips: tuple[float, float],
    length: float,
    thick: float,
    colour: Colour,
    dark: Colour,
    stride: float = 1.0,
) -> None:
    """Four walking legs: the far pair first, darker."""
    back, front = hips
    for x, shift, tone in (
        (back, 0.5, dark),
        (front, 0.0, dark),
        (back + 0.05, 0.0, colour),
        (front + 0.05, 0.5, colour),
    ):
        turn = 2 * pi * (phase + shift)
        lift = max(0.0, cos(turn)) * length * 0.16 * stride
        foot = (x + 0.34 * length * sin(turn) * stride, lift + thick * 0.25)
        knee = (x + 0.14 * length * sin(turn) * stride + 0.02, length * 0.55 + lift * 0.6)
        widths = [thick * 1.9, thick, thick * 0.8]
        sketch.stroke([(x, length * 1.15), knee, foot], widths, tone)
        sketch.oval(foot[0] + thick * 0.25, lift + thick * 0.28, thick * 0.62, thick * 0.3, dark)


def bird(sketch: Sketch, phase: float, colour: Colour) -> None:
    """A bird in flight, seen from the side."""
    dark, pale = mix(colour, rgb(_DARK), 0.4), mix(colour, rgb("ffffff"), 0.5)
    flap = sin(2 * pi * phase)
    with sketch.moved(high=flap, about=(0, 0.5), turn=0.12 * cos(2 * pi * phase)):
        sketch.blob("-8,50 -22,72 -52,98 -34,70 6,50", dark)
    sketch.shape("-32,46 -62,50 -66,44 -58,38 -28,42", dark)
    sketch.blob("-42,44 -20,53 10,56 30,53 40,47 20,40 -10,38", colour)
    sketch.blob("0,41 20,42 34,46 16,39", pale)
    sketch.oval(0.36, 0.53, 0.1, 0.085, colour)
    sketch.shape("44,55 58,51.5 44,50", rgb("e0a040"))
    sketch.oval(0.39, 0.55, 0.016, 0.018, rgb(_DARK))
    with sketch.moved(high=flap, about=(0, 0.5), turn=0.12 * cos(2 * pi * phase)):
        sketch.blob("-2,51 -6,78 -28,108 -6,92 16,70 22,50", colour)


def butterfly(sketch: Sketch, phase: float, colour: Colour) -> None:
    """A butterfly that opens and closes its wings."""
    dark, pale = mix(colour, rgb(_DARK), 0.75), mix(colour, rgb("ffffff"), 0.5)
    for side in (-1, 1):
        with sketch.moved(wide=side * (0.35 + 0.65 * abs(cos(pi * phase)))):
            sketch.blob("0,55 20,85 48,95 55,75 30,52", dark)
            sketch.blob("3,57 20,80 43,88 47,74 27,55", colour)
            sketch.blob("0,50 30,48 42,30 25,14 8,30", dark)
            sketch.blob("4,47 27,45 35,31 23,20 10,32", colour)
            sketch.oval(0.36, 0.78, 0.045, 0.05, pale)
            sketch.oval(0.24, 0.32, 0.04, 0.05, pale)
            sketch.stroke("0,70 8,88 14,92", [0.012, 0.008, 0.008], dark)
    sketch.oval(0, 0.5, 0.035, 0.2, dark)


def fish(sketch: Sketch, phase: float, colour: Colour) -> None:
    """A fish that swims."""
    dark, pale = mix(colour, rgb(_DARK), 0.35), mix(colour, rgb("ffffff"), 0.75)
    beat = sin(2 * pi * phase)
    with sketch.moved(wide=1 + 0.25 * beat, turn=0.12 * beat, about=(-0.42, 0.5)):
        sketch.blob("-42,50 -72,78 -63,50 -72,22", dark)
    sketch.shape("-20,72 -6,95 25,85 24,70", dark)
    sketch.shape("-10,28 -16,10 10,14 16,28", dark)
    sketch.blob("58,50 38,70 8,78 -25,68 -48,50 -25,32 8,22 38,30", colour)
    sketch.blob("26,26 21,50 26,74 17,74 13,50 17,26", pale)
    sketch.blob("-12,28 -17,50 -12,72 -21,70 -25,50 -21,30", pale)
    with sketch.moved(turn=0.3 * beat, about=(0.1, 0.48)):
        sketch.shape("10,50 -8,36 -8,52", dark)
    sketch.oval(0.43, 0.56, 0.05, 0.05, rgb("ffffff"))
    sketch.oval(0.445, 0.56, 0.026, 0.028, rgb(_DARK))


def whale(sketch: Sketch, phase: float, colour: Colour) -> None:
    """A whale (or a dolphin, by its size), its tail beating slowly."""
    pale, dark = mix(colour, rgb("ffffff"), 0.6), mix(colour, rgb(_DARK), 0.3)
    beat = sin(2 * pi * phase)
    with sketch.moved(turn=0.22 * beat, about=(-0.7, 0.54)):
        sketch.blob("-60,66 -100,58 -112,52 -100,46 -60,40", colour)
        sketch.shape("-105,55 -140,82 -126,56 -142,36 -105,48", colour)
    sketch.blob("102,50 90,78 45,93 -10,87 -70,66 -88,54 -70,42 -10,22 50,20 92,32", colour)
    sketch.blob("100,48 75,48 20,34 -35,31 -10,23 50,21 91,33", pale)
    for line in range(4):
        y = 0.31 + 0.045 * line
        groove = [(0.9 - 0.03 * line, y), (0.3, y - 0.06)]
        sketch.stroke(groove, [0.01, 0.005], mix(pale, colour, 0.45))
    with sketch.moved(turn=-0.15 * beat, about=(0.22, 0.34)):
        sketch.shape("35,34 10,4 0,10 12,34", dark)
    sketch.oval(0.72, 0.5, 0.028, 0.028, rgb(_DARK))


def jellyfish(sketch: Sketch, phase: float, colour: Colour) -> None:
    """A jellyfish that pulses and glows."""
    pulse = 0.07 * sin(2 * pi * phase)
    pale = mix(colour, rgb("ffffff"), 0.5)
    for index in range(7):
        x = -0.24 + 0.08 * index
        wave = 0.05 * sin(2 * pi * (phase + index * 0.17))
        end = (x + wave * 1.5, 0.02 + 0.06 * (index % 3))
        thread = [(x, 0.62), (x + wave, 0.4), (x - wave, 0.2), end]
        sketch.stroke(thread, [0.035, 0.026, 0.018, 0.008], mix(colour, pale, 0.4))
    with sketch.moved(wide=1 + pulse, high=1 - pulse, about=(0, 0.7)):
        sketch.blob("-36,62 -30,86 0,100 30,86 36,62 18,58 0,63 -18,58", colour)
        sketch.lamp(0, 0.79, 0.18, 0.1, pale)
