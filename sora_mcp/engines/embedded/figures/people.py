"""People and what walks like them. `phase` runs from 0 to 1 over one pair of steps."""

from math import cos, pi, sin

from sora_mcp.engines.embedded.figures.sketch import Sketch
from sora_mcp.engines.embedded.pictures.arrays import Colour
from sora_mcp.engines.embedded.pictures.palette import mix, rgb

_SKIN = "c98f6b"
_DARK = "1d1a1c"


def person(
    sketch: Sketch, phase: float, colour: Colour, *, skirt: bool = False, walks: bool = True
) -> None:
    """Someone in a coat of this colour (or a dress), walking or standing."""
    dark, hair, skin = mix(colour, rgb(_DARK), 0.45), rgb("35261f"), rgb(_SKIN)
    trousers = skin if skirt else rgb("2b303c")
    stride = 1.0 if walks else 0.12
    _step(sketch, phase + 0.5, mix(trousers, rgb(_DARK), 0.35), stride)
    _arm(sketch, phase, dark, skin, stride)
    _step(sketch, phase, trousers, stride)
    with sketch.moved(y=0.012 * cos(4 * pi * phase) * stride):
        if skirt:
            sway = 0.03 * sin(2 * pi * phase)
            with sketch.moved(turn=sway, about=(0, 0.55)):
                sketch.blob("-7,56 -16,36 -20,22 0,19 19,22 15,36 7,56", colour)
        sketch.blob("-8,48 -11,66 -9,80 0,83 8,80 11,66 9,48 0,46", colour)
        if not skirt:
            sketch.blob("-9,54 -11,40 -1,37 10,40 9,54", colour)
            sketch.stroke("-10,53 10,53", [0.022, 0.022], dark)
        sketch.stroke("-7,81 2,83 7,80", [0.05, 0.055, 0.045], mix(colour, rgb("ffffff"), 0.35))
        sketch.stroke("0,80 1,86", [0.06, 0.055], skin)
        if skirt:
            sketch.blob("-6,99 -10,88 -11,74 -4,72 0,86", hair)
        sketch.oval(0.015, 0.92, 0.066, 0.078, skin)
        sketch.blob("-6,88 -7,98 1,102 8,98 7,94 0,96 -2,90", hair)
        sketch.shape("7.5,92 10,90.5 7.5,89.5", skin)
        sketch.oval(0.052, 0.928, 0.007, 0.011, rgb(_DARK))
        sketch.stroke("3.8,95 6.4,95", [0.005, 0.004], hair)
        sketch.stroke("4,87.6 6.4,87.4", [0.005, 0.006], rgb("9a4a42"))
        sketch.oval(-0.012, 0.918, 0.013, 0.018, mix(skin, rgb("8a4a3a"), 0.3))
    _arm(sketch, phase + 0.5, mix(colour, rgb("ffffff"), 0.08), skin, stride)


def _step(sketch: Sketch, phase: float, colour: Colour, stride: float) -> None:
    swing = sin(2 * pi * phase) * stride
    lift = max(0.0, cos(2 * pi * phase)) * 0.07 * stride
    foot = (0.19 * swing, 0.02 + lift)
    knee = (0.1 * swing + 0.035, 0.26 + lift * 0.7)
    sketch.stroke([(0, 0.5), knee, foot], [0.12, 0.09, 0.06], colour)
    shoe = [(foot[0] - 0.03, foot[1]), (foot[0] + 0.065, foot[1] - 0.004)]
    sketch.stroke(shoe, [0.05, 0.035], rgb("221d1c"))


def _arm(sketch: Sketch, phase: float, colour: Colour, skin: Colour, stride: float) -> None:
    swing = sin(2 * pi * phase) * stride
    elbow = (0.07 * swing - 0.03, 0.62)
    hand = (0.17 * swing + 0.02, 0.5 + 0.04 * abs(swing))
    sketch.stroke([(0, 0.775), elbow, hand], [0.075, 0.058, 0.045], colour)
    sketch.oval(hand[0] + 0.004, hand[1] - 0.012, 0.024, 0.028, skin)


def dancer(sketch: Sketch, phase: float, colour: Colour) -> None:
    """A dancer who turns with raised arms."""
    turn = cos(2 * pi * phase)
    skin, hair = rgb(_SKIN), rgb("2d201c")
    with sketch.moved(wide=0.62 + 0.38 * abs(turn)):
        side = 1 if turn >= 0 else -1
        with sketch.moved(wide=side):
            sketch.stroke("0,48 -3,26 -2,3", [0.11, 0.08, 0.045], skin)
            sketch.stroke("2,48 16,36 4,27", [0.11, 0.08, 0.045], skin)
            sketch.stroke("5,79 16,92 9,108", [0.06, 0.045, 0.03], skin)
            sketch.stroke("-5,79 -18,90 -12,107", [0.06, 0.045, 0.03], skin)
    sketch.blob(
        "-7,52 -34,40 -38,34 -10,36 0,33 12,36 38,34 33,41 7,52", mix(colour, rgb("ffffff"), 0.3)
    )
    sketch.blob("-6,46 -9,62 -8,78 0,80 8,78 9,62 6,46", colour)
    sketch.stroke("0,78 0,86", [0.05, 0.05], skin)
    sketch.oval(0.0, 0.92, 0.06, 0.07, skin)
    sketch.blob("-6,92 -5,100 3,102 7,94 3,96 -3,95", hair)
    sketch.oval(-0.02, 1.02, 0.035, 0.033, hair)


def rider(sketch: Sketch, phase: float, colour: Colour) -> None:
    """Someone on a bicycle."""
    frame, dark = rgb("2f3a46"), rgb(_DARK)
    for x in (-0.32, 0.32):
        wheel(sketch, x, 0.22, 0.22, phase, dark, rgb("b9bec4"), spokes=9, tyre=0.028)
    for line in (
        "-32,22 -12,52",
        "-12,52 22,54",
        "-32,22 -2,22",
        "-2,22 -12,52",
        "-2,22 22,54",
        "32,22 21,62",
    ):
        sketch.stroke(line, [0.024, 0.024], colour)
    sketch.stroke("21,62 30,66", [0.022, 0.02], frame)
    sketch.stroke("-18,55 -7,55", [0.03, 0.025], dark)
    for shift in (0.5, 0.0):
        turn = 2 * pi * (phase + shift)
        pedal = (-0.02 + 0.09 * sin(turn), 0.22 + 0.09 * cos(turn))
        knee = (0.12 + 0.03 * sin(turn), 0.5 + 0.05 * cos(turn))
        tone = rgb("2b303c") if shift else rgb("3d4454")
        sketch.stroke([(-0.11, 0.6), knee, pedal], [0.1, 0.08, 0.05], tone)
        sketch.stroke(
            [(pedal[0] - 0.02, pedal[1]), (pedal[0] + 0.06, pedal[1])], [0.04, 0.03], dark
        )
    sketch.stroke("-11,60 -4,78 8,90", [0.15, 0.16, 0.12], mix(colour, rgb("ffffff"), 0.25))
    sketch.stroke("6,88 18,74 28,67", [0.07, 0.055, 0.045], mix(colour, rgb("ffffff"), 0.25))
    sketch.oval(0.14, 1.0, 0.066, 0.075, rgb(_SKIN))
    sketch.blob("6,101 10,110 21,108 22,102 14,103", colour)


def wheel(
    sketch: Sketch,
    x: float,
    y: float,
    radius: float,
    phase: float,
    tyre_colour: Colour,
    rim: Colour,
    *,
    spokes: int = 5,
    tyre: float = 0.06,
) -> None:
    """A wheel that rolls to the right."""
    sketch.oval(x, y, radius, radius, tyre_colour)
    inner = radius - tyre
    if spokes > 6:  # a bicycle's: one sees through it
        sketch.oval(x, y, inner, inner, mix(rim, rgb("ffffff"), 0.2))
        sketch.oval(x, y, inner * 0.93, inner * 0.93, rgb("8d9498"))
    else:
        sketch.oval(x, y, inner, inner, mix(rim, rgb(_DARK), 0.5))
    for index in range(spokes):
        angle = -2 * pi * (phase + index / spokes)
        end = (x + cos(angle) * inner * 0.94, y + sin(angle) * inner * 0.94)
        sketch.stroke([(x, y), end], [inner * 0.2 if spokes <= 6 else 0.008] * 2, rim)
    sketch.oval(x, y, inner * 0.24, inner * 0.24, mix(rim, rgb(_DARK), 0.25))


def astronaut(sketch: Sketch, phase: float, colour: Colour) -> None:
    """An astronaut who floats, limbs spread; the visor mirrors the sun."""
    suit, grey, dark = rgb("eef1f4"), rgb("b4bcc6"), rgb("39414c")
    wave = sin(2 * pi * phase)
    with sketch.moved(turn=-0.16 + 0.05 * wave, about=(0, 0.55)):
        sketch.blob("-18,52 -19,80 -6,86 -4,50", rgb("c7ced6"))
        with sketch.moved(turn=0.07 * wave, about=(-0.05, 0.45)):
            sketch.stroke("-5,46 -14,28 -25,14", [0.16, 0.14, 0.11], grey)
            sketch.stroke("-25,14 -17,7", [0.13, 0.11], dark)
        sketch.stroke("-6,76 -26,70 -36,84", [0.13, 0.11, 0.09], grey)
        with sketch.moved(turn=-0.07 * wave, about=(0.05, 0.45)):
            sketch.stroke("6,46 14,28 8,10", [0.16, 0.14, 0.12], suit)
            sketch.stroke("8,10 17,6", [0.13, 0.11], dark)
        sketch.blob("-14,44 -15,62 -11,80 0,84 11,80 15,62 14,44 0,40", suit)
        sketch.blob("-8,60 -8,72 8,72 8,60", grey)
        for x, tone in ((-0.045, "e05a4a"), (0.0, "4ab0e0"), (0.045, "f0c24a")):
            sketch.lamp(x, 0.675, 0.014, 0.014, rgb(tone))
        sketch.stroke("-13,52 13,52", [0.03, 0.03], colour)
        with sketch.moved(turn=0.16 * wave, about=(0.1, 0.76)):
            sketch.stroke("9,77 26,84 40,98", [0.13, 0.11, 0.09], suit)
            sketch.oval(0.41, 0.995, 0.05, 0.055, grey)
        sketch.oval(0.015, 0.95, 0.155, 0.15, suit)
        sketch.oval(0.045, 0.945, 0.115, 0.105, rgb("1c2536"))
        sketch.blob("-4,98 4,104 13,102 11,98 4,99", rgb("d8953f"))
        sketch.light("10,93 13,96 14,92", rgb("fff3d0"))


def robot(sketch: Sketch, phase: float, colour: Colour) -> None:
    """A robot that walks, with eyes of light."""
    dark, pale = mix(colour, rgb(_DARK), 0.5), mix(colour, rgb("ffffff"), 0.4)
    joint, eye = rgb("3b424c"), rgb("5fe3ff")
    for shift, tone in ((0.5, dark), (0.0, colour)):
        swing = sin(2 * pi * (phase + shift))
        lift = max(0.0, cos(2 * pi * (phase + shift))) * 0.05
        knee = (0.08 * swing + 0.02, 0.22 + lift)
        foot = (0.15 * swing, 0.05 + lift)
        sketch.stroke([(0, 0.4), knee], [0.075, 0.065], joint)
        sketch.stroke([knee, foot], [0.1, 0.085], tone)
        sketch.oval(*knee, 0.05, 0.05, pale)
        sole = [
            (x + foot[0], y + foot[1])
            for x, y in ((-0.08, -0.05), (0.12, -0.05), (0.09, 0.02), (-0.06, 0.03))
        ]
        sketch.shape(sole, dark)
    swing = sin(2 * pi * phase)
    sketch.stroke(
        [(-0.02, 0.66), (-0.1 * swing - 0.03, 0.52), (-0.17 * swing + 0.03, 0.42)],
        [0.08, 0.07, 0.06],
        joint,
    )
    with sketch.moved(y=0.012 * cos(4 * pi * phase)):
        sketch.blob("-16,42 -18,60 -15,72 0,74 15,72 18,60 16,42 0,39", colour)
        sketch.blob("-11,48 -11,64 11,64 11,48", dark)
        sketch.lamp(-0.045, 0.58, 0.028, 0.028, eye)
        for index in range(3):
            lit = (index + int(phase * 6)) % 3 == 0
            bar = [(0.015 + 0.03 * index, y) for y in (0.52, 0.61)]
            tone = rgb("ffb347") if lit else mix(dark, pale, 0.3)
            sketch.stroke(bar, [0.016, 0.016], tone)
        sketch.stroke("0,73 0,79", [0.07, 0.06], joint)
        sketch.blob("-15,80 -16,92 -10,100 8,101 17,95 17,82 8,78 -8,78", colour)
        sketch.blob("-7,82 -7,94 14,95 15,84 8,81", rgb("161c26"))
        blink = 0.2 if 0.47 < phase < 0.53 else 1.0
        for x in (0.0, 0.095):
            sketch.lamp(x, 0.885, 0.026, 0.03 * blink, eye)
        sketch.stroke("-3,100 -5,110", [0.014, 0.01], joint)
        sketch.lamp(-0.05, 1.11, 0.018, 0.018, rgb("ff6a5a"))
        sketch.oval(-0.155, 0.885, 0.03, 0.045, joint)
    sketch.oval(0.0, 0.675, 0.06, 0.06, pale)
    elbow, hand = (0.1 * swing - 0.02, 0.52), (0.19 * swing + 0.04, 0.41)
    sketch.stroke([(0.0, 0.67), elbow], [0.085, 0.07], joint)
    sketch.stroke([elbow, hand], [0.09, 0.075], colour)
    sketch.oval(hand[0], hand[1] - 0.015, 0.045, 0.04, dark)
