"""Vehicles of the road, the water, the air and space. `phase`: 0 to 1, a turn of the wheels."""

from math import pi, sin

from sora_mcp.engines.embedded.figures.people import wheel
from sora_mcp.engines.embedded.figures.sketch import Sketch
from sora_mcp.engines.embedded.pictures.arrays import Colour
from sora_mcp.engines.embedded.pictures.palette import mix, rgb

_DARK = "1a1c20"
_GLASS = "27333f"
_CHROME = "c9ced4"


def car(sketch: Sketch, phase: float, colour: Colour) -> None:
    """A coupe seen from the side; about 2.6 units long and 0.8 high."""
    dark, pale = mix(colour, rgb(_DARK), 0.45), mix(colour, rgb("ffffff"), 0.45)
    with sketch.moved(y=0.008 * sin(4 * pi * phase)):
        sketch.shape("-118,16 118,16 112,34 -112,34", rgb(_DARK))
        sketch.blob(
            "-128,26 -130,46 -118,55 -82,58 -58,76 -28,84 8,83 36,72 58,57 96,52 122,44 129,32"
            " 126,20 60,17 -60,17 -122,18",
            colour,
        )
        sketch.blob("-118,22 -60,19 60,19 122,22 126,28 60,28 -60,28 -120,28", dark)
        sketch.blob("-66,58 -50,71 -27,78 4,77 24,70 44,58", rgb(_GLASS))
        sketch.shape("-14,79 -8,79 -4,56 -11,56", colour)
        sketch.shape("-50,70 -38,75 -56,60 -62,60", mix(rgb(_GLASS), rgb("ffffff"), 0.35))
        sketch.shape("6,76 14,73 0,59 -3,59", mix(rgb(_GLASS), rgb("ffffff"), 0.3))
        sketch.stroke("-120,47 -60,51 40,50 118,41", [0.008, 0.014, 0.014, 0.008], pale)
        sketch.stroke("-6,54 -8,32 -4,22", [0.008, 0.008, 0.008], dark)
        sketch.stroke("-42,47 -30,47", [0.016, 0.016], rgb(_CHROME))
        sketch.blob("44,59 52,64 56,60 50,57", dark)
        sketch.light("112,44 124,40 126,34 116,37", rgb("fff4cf"))
        sketch.light("-128,46 -129,38 -122,39 -121,47", rgb("ff4a3a"))
        sketch.shape("120,28 129,27 128,22 118,20", rgb(_CHROME))
        for x in (-0.78, 0.8):
            sketch.oval(x, 0.23, 0.265, 0.265, rgb("0e0f12"))
    for x in (-0.78, 0.8):
        wheel(sketch, x, 0.22, 0.22, phase, rgb("17181b"), rgb(_CHROME))


def truck(sketch: Sketch, phase: float, colour: Colour) -> None:
    """A lorry; with windows along its side it does for a bus or a van."""
    dark, box = mix(colour, rgb(_DARK), 0.45), mix(colour, rgb("ffffff"), 0.55)
    with sketch.moved(y=0.006 * sin(4 * pi * phase)):
        sketch.shape("-130,14 124,14 124,30 -130,30", rgb(_DARK))
        sketch.shape("-132,26 -132,98 58,98 58,26", box)
        sketch.shape("-132,26 -132,38 58,38 58,26", colour)
        for x in range(-120, 50, 30):
            sketch.stroke(
                [(x / 100, 0.42), (x / 100, 0.94)], [0.008, 0.008], mix(box, rgb(_DARK), 0.2)
            )
        sketch.blob("60,18 60,82 66,86 92,86 106,60 126,52 128,22 120,18", colour)
        sketch.shape("72,80 90,80 102,58 72,56", rgb(_GLASS))
        sketch.shape("60,20 128,20 128,28 60,28", dark)
        sketch.light("120,42 128,40 128,33 121,34", rgb("fff4cf"))
        sketch.light("-132,34 -128,34 -128,28 -132,28", rgb("ff4a3a"))
    for x in (-0.98, -0.5, 0.92):
        wheel(sketch, x, 0.19, 0.19, phase, rgb("17181b"), rgb(_CHROME))


def bus(sketch: Sketch, phase: float, colour: Colour) -> None:
    """A bus or a tram with lit windows."""
    dark = mix(colour, rgb(_DARK), 0.45)
    with sketch.moved(y=0.006 * sin(4 * pi * phase)):
        sketch.blob(
            "-132,16 -134,60 -130,92 -120,98 112,98 126,90 133,56 132,16 60,14 -60,14", colour
        )
        sketch.shape("-132,18 132,18 132,28 -132,28", dark)
        for x in range(-120, 90, 34):
            left = x / 100
            pane = [(left, 0.54), (left, 0.86), (left + 0.27, 0.86), (left + 0.27, 0.54)]
            sketch.light(pane, rgb("f3d9a0"))
        sketch.shape("100,50 100,88 116,88 127,56 127,46", rgb(_GLASS))
        sketch.stroke("-130,44 130,44", [0.03, 0.03], mix(colour, rgb("ffffff"), 0.6))
        sketch.light("124,36 132,35 132,28 125,28", rgb("fff4cf"))
    for x in (-0.85, 0.85):
        wheel(sketch, x, 0.18, 0.18, phase, rgb("17181b"), rgb(_CHROME))


def train(sketch: Sketch, phase: float, colour: Colour) -> None:
    """A steam engine with a carriage."""
    dark, brass = mix(colour, rgb(_DARK), 0.6), rgb("c79a3f")
    for index in range(4):
        drift = (phase + index / 4) % 1
        puff = 0.07 + 0.16 * drift
        sketch.oval(
            0.86 - 1.1 * drift,
            1.02 + 0.18 * drift,
            puff * 1.3,
            puff,
            mix(rgb("f2f2f4"), rgb("aab0b8"), drift),
        )
    sketch.shape("-190,18 -190,78 -72,78 -72,18", mix(colour, rgb("ffffff"), 0.12))
    sketch.shape("-194,78 -68,78 -74,86 -188,86", dark)
    for x in (-1.78, -1.5, -1.22, -0.94):
        sketch.light([(x, 0.44), (x, 0.68), (x + 0.17, 0.68), (x + 0.17, 0.44)], rgb("ffd98f"))
    sketch.shape("-60,18 -60,92 -22,92 -22,18", colour)
    sketch.shape("-66,92 -16,92 -20,98 -62,98", dark)
    sketch.light("-52,58 -52,80 -32,80 -32,58", rgb("ffd98f"))
    sketch.blob("-24,26 -24,68 60,70 96,68 104,48 96,26", colour)
    for x in (0.1, 0.45, 0.8):
        sketch.stroke([(x, 0.27), (x, 0.69)], [0.025, 0.025], brass)
    sketch.shape("78,66 76,92 70,98 98,98 92,92 90,66", dark)
    sketch.oval(0.3, 0.72, 0.1, 0.09, brass)
    sketch.shape("84,24 130,6 84,6", dark)
    sketch.shape("-192,14 104,14 104,24 -192,24", rgb(_DARK))
    sketch.lamp(1.06, 0.58, 0.05, 0.06, rgb("fff0b8"))
    for x, r in ((-1.7, 0.12), (-1.0, 0.12), (-0.4, 0.17), (0.05, 0.17), (0.5, 0.17), (0.86, 0.11)):
        wheel(sketch, x, r, r, phase, rgb("26262b"), rgb("a33a30"), tyre=0.03)
    turn = 2 * pi * phase
    rod = [
        (-0.4 + 0.08 * sin(turn), 0.17 - 0.08 * sin(turn + pi / 2)),
        (0.5 + 0.08 * sin(turn), 0.17 - 0.08 * sin(turn + pi / 2)),
    ]
    sketch.stroke(rod, [0.03, 0.03], rgb(_CHROME))


def sailboat(sketch: Sketch, phase: float, colour: Colour) -> None:
    """A sailing boat that rocks; its waterline lies at y = 0."""
    hull, sail = colour, rgb("f5f0e4")
    with sketch.moved(turn=0.07 * sin(2 * pi * phase), about=(0, 0), y=0.02 * sin(2 * pi * phase)):
        sketch.stroke("-2,8 0,112", [0.024, 0.014], rgb("6a4a30"))
        sketch.blob("3,108 30,66 46,26 24,20 4,22 6,60", sail)
        sketch.blob("-3,102 -18,60 -40,24 -20,19 -3,22", mix(sail, rgb("c9bfa8"), 0.35))
        sketch.stroke("3,22 48,24", [0.016, 0.012], rgb("6a4a30"))
        sketch.shape("0,112 0,105 -15,108", rgb("d9483b"))
        sketch.blob("-62,14 -40,15 0,14 40,15 66,19 52,-4 30,-12 -30,-12 -52,-4", hull)
        sketch.stroke("-61,13 0,12 64,17", [0.03, 0.03, 0.02], mix(hull, rgb("ffffff"), 0.6))


def ship(sketch: Sketch, phase: float, colour: Colour) -> None:
    """A steamer with lit cabins."""
    dark, white = mix(colour, rgb(_DARK), 0.5), rgb("eceae4")
    with sketch.moved(turn=0.02 * sin(2 * pi * phase)):
        for x in (-0.3, 0.1):
            sketch.shape(
                [(x, 0.46), (x + 0.03, 0.84), (x + 0.2, 0.84), (x + 0.2, 0.46)], rgb("c2483a")
            )
            sketch.shape(
                [(x + 0.026, 0.76), (x + 0.03, 0.86), (x + 0.2, 0.86), (x + 0.2, 0.76)], rgb(_DARK)
            )
        sketch.shape("-84,22 -80,40 -62,40 -58,52 44,52 50,40 66,40 76,22", white)
        for y, start, end in ((0.3, -78, 70), (0.45, -54, 44)):
            for x in range(start, end, 9):
                sketch.lamp(x / 100 + 0.03, y, 0.022, 0.026, rgb("ffd98f"))
        sketch.blob("-122,26 -80,22 80,22 132,32 114,-8 90,-14 -92,-14 -110,-6", dark)
        sketch.stroke("-116,2 110,2", [0.03, 0.03], rgb("b8402f"))


def rocket(sketch: Sketch, phase: float, colour: Colour) -> None:
    """A rocket on its flame; about 1.6 units high with it."""
    dark = mix(colour, rgb(_DARK), 0.25)
    white, grey = rgb("eef0f2"), rgb("aeb4bc")
    for size, tone in ((1.0, "ff8a2a"), (0.72, "ffc24a"), (0.42, "fff6d8")):
        flicker = size * (1 + 0.12 * sin(2 * pi * phase * 3 + size * 5))
        flame = [
            (-0.13 * size, 0.12),
            (-0.17 * flicker, -0.14),
            (-0.06 * flicker, -0.34 * flicker),
            (0, -0.62 * flicker),
            (0.06 * flicker, -0.34 * flicker),
            (0.17 * flicker, -0.14),
            (0.13 * size, 0.12),
        ]
        sketch.flame(flame, rgb(tone))
    sketch.blob("-18,40 -34,22 -36,-2 -24,6 -16,16", dark)
    sketch.blob("18,40 34,22 36,-2 24,6 16,16", dark)
    sketch.shape("-10,4 -13,14 13,14 10,4", grey)
    sketch.blob("0,104 10,90 18,66 19,36 14,12 -14,12 -19,36 -18,66 -10,90", white)
    sketch.blob("0,104 8,94 13,82 0,79 -13,82 -8,94", colour)
    sketch.shape("-17,24 -19,34 19,34 17,24", colour)
    sketch.oval(0, 0.6, 0.085, 0.085, grey)
    sketch.lamp(0, 0.6, 0.06, 0.06, rgb("6fc8f0"))
    sketch.blob("-3,40 -3,4 3,4 3,40", dark)


def plane(sketch: Sketch, phase: float, colour: Colour) -> None:
    """An airliner or a propeller plane seen from the side."""
    white, dark = rgb("f1f3f5"), mix(colour, rgb(_DARK), 0.3)
    with sketch.moved(turn=0.05 + 0.02 * sin(2 * pi * phase), about=(0, 0.5)):
        sketch.shape("-92,54 -116,92 -96,92 -70,58", colour)
        sketch.shape("-80,52 -110,62 -112,58 -84,48", dark)
        sketch.blob("-106,54 -60,60 40,60 88,55 104,48 90,40 40,37 -60,40", white)
        sketch.stroke("-100,52 96,46", [0.02, 0.03], colour)
        for x in range(-60, 70, 12):
            sketch.oval(x / 100, 0.53, 0.018, 0.022, rgb(_GLASS))
        sketch.shape("82,54 94,50 84,49 78,54", rgb(_GLASS))
        sketch.shape("20,46 -34,12 -48,12 -16,46", dark)
        sketch.blob("-2,33 14,36 20,31 14,26 -2,27", rgb("c4cad0"))


def balloon(sketch: Sketch, phase: float, colour: Colour) -> None:
    """A hot-air balloon."""
    bands = (colour, mix(colour, rgb("fff3d8"), 0.75))
    with sketch.moved(turn=0.03 * sin(2 * pi * phase), about=(0, 1.0)):
        for x in (-0.09, 0.09):
            sketch.stroke([(x, 0.13), (x * 1.7, 0.36)], [0.008, 0.008], rgb("5a4632"))
        sketch.shape("-9,14 9,14 7,0 -7,0", rgb("8a5a32"))
        sketch.lamp(0, 0.24, 0.025, 0.05, rgb("ffc24a"))
        for index, width in enumerate((1.0, 0.78, 0.52, 0.2)):
            with sketch.moved(wide=width):
                sketch.blob(
                    "0,112 26,104 40,84 36,62 20,40 10,32 -10,32 -20,40 -36,62 -40,84 -26,104",
                    bands[index % 2],
                )


def saucer(sketch: Sketch, phase: float, colour: Colour) -> None:
    """A flying saucer or a spaceship with running lights."""
    dark = mix(colour, rgb(_DARK), 0.5)
    with sketch.moved(turn=0.05 * sin(2 * pi * phase), about=(0, 0.5)):
        sketch.lamp(0, 0.62, 0.26, 0.24, mix(rgb("7fe0f0"), rgb("21485a"), 0.35))
        sketch.blob("-78,48 -46,60 0,63 46,60 78,48 50,36 0,31 -50,36", colour)
        sketch.blob("-50,42 0,40 50,42 28,32 0,30 -28,32", dark)
        for index in range(7):
            lit = (index + int(phase * 7)) % 7 < 3
            x = -0.54 + 0.18 * index
            sketch.lamp(
                x,
                0.5 - 0.04 * (1 - x * x * 3),
                0.032,
                0.026,
                rgb("fff2a8") if lit else rgb("7a6a3a"),
            )
        sketch.lamp(0, 0.315, 0.12, 0.03, rgb("a8fff0"))


def drone(sketch: Sketch, phase: float, colour: Colour) -> None:
    """A drone or a helicopter: rotors that blur."""
    dark = rgb("2a2e35")
    blur = 0.55 + 0.45 * abs(sin(6 * pi * phase))
    sketch.stroke("-52,62 0,54 52,62", [0.035, 0.06, 0.035], dark)
    for x in (-0.52, 0.52):
        sketch.oval(x, 0.69, 0.3 * blur, 0.014, rgb("b8bec6"))
        sketch.stroke([(x, 0.6), (x, 0.69)], [0.03, 0.02], dark)
    sketch.blob("-22,56 -16,64 16,64 24,56 16,46 -16,46", colour)
    sketch.oval(0.12, 0.46, 0.06, 0.06, dark)
    sketch.lamp(0.135, 0.455, 0.026, 0.026, rgb("7fe0ff"))
    sketch.stroke("-14,46 -18,34", [0.02, 0.015], dark)
    sketch.stroke("0,46 4,34", [0.02, 0.015], dark)
    sketch.lamp(-0.2, 0.55, 0.018, 0.018, rgb("ff5a4a"))
