"""Who can act in a scene: how each figure is drawn, how large it is, how it moves."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

from sora_mcp.engines.embedded.figures import animals, people, things, vehicles
from sora_mcp.engines.embedded.figures.sketch import Sketch
from sora_mcp.engines.embedded.pictures.arrays import Colour

Place = Literal["ground", "air", "water", "deep", "afloat"]
Draw = Callable[[Sketch, float, Colour], None]


@dataclass(frozen=True)
class Role:
    """What a scene needs to know of a figure."""

    draw: Draw
    colours: tuple[str, ...]
    """Its usual colours, of which a shot's seed takes one."""
    box: tuple[float, float, float, float]
    """Left, bottom, right, top of its drawing, in units."""
    height: float
    """How high it stands beside a person of 1 (cats and roses a little larger than life)."""
    place: Place = "ground"
    cycle: float = 2.0
    """Seconds after which its poses repeat."""
    poses: int = 12
    speed: float = 0.0
    """Heights per second it goes to the right by itself, 0 when it stays."""
    sways: bool = False
    """Its poses depend on the sine of their phase alone: they are the same on the way back."""
    shine: tuple[str, float, float] | None = None
    """The light it casts around it: colour, height above its foot and reach in units."""


def role(name: str, coat: str = "") -> Role:
    """Look up a figure of `vocabulary.FIGURES`; an unknown one is the shining ball."""
    if name == "cat":
        draw = partial(animals.cat, coat=coat)
        return Role(
            draw, ("b8864a", "8d8f96", "33312f"), (-0.62, -0.03, 0.42, 1.06), 0.52, cycle=2.6
        )
    roles = _roles()
    return roles.get(name, roles["orb"])


_FOUR_LEGS = (-1.06, -0.03, 0.84, 1.14)
_UPRIGHT = (-0.42, -0.04, 0.44, 1.14)
_LONG = (-1.36, -0.04, 1.36, 1.02)


def _roles() -> dict[str, Role]:
    return {
        "dog": Role(
            animals.dog,
            ("b98a58", "d8c09a", "4a3a30"),
            (-0.7, -0.03, 0.74, 1.02),
            0.6,
            speed=0.75,
            cycle=0.8,
        ),
        "fox": Role(animals.fox, ("d96f2b",), _FOUR_LEGS, 0.58, speed=0.7, cycle=0.9),
        "wolf": Role(animals.fox, ("7f858e",), _FOUR_LEGS, 0.72, speed=0.7, cycle=0.9),
        "horse": Role(
            animals.horse,
            ("7a4a2c", "d8cdbd", "2e2825"),
            (-0.64, -0.03, 0.8, 1.1),
            1.25,
            speed=0.7,
            cycle=1.0,
        ),
        "deer": Role(
            animals.deer, ("a3703f",), (-0.48, -0.03, 0.56, 1.16), 1.15, speed=0.5, cycle=1.2
        ),
        "bear": Role(
            animals.bear,
            ("6b4a32", "4a3628"),
            (-0.64, -0.03, 0.8, 0.96),
            0.95,
            speed=0.4,
            cycle=1.4,
        ),
        "elephant": Role(
            animals.elephant, ("8a8f98",), (-0.68, -0.03, 0.92, 1.02), 1.6, speed=0.3, cycle=1.8
        ),
        "butterfly": Role(
            animals.butterfly,
            ("f08a2c", "4a8af0"),
            (-0.6, -0.02, 0.6, 1.0),
            0.3,
            "air",
            cycle=0.9,
            speed=0.25,
        ),
        "jellyfish": Role(
            animals.jellyfish,
            ("c86ad0", "6fb8f0"),
            (-0.46, -0.04, 0.46, 1.08),
            0.6,
            "deep",
            cycle=2.6,
        ),
        "whale": Role(
            animals.whale,
            ("3f6080",),
            (-1.46, -0.02, 1.08, 1.0),
            1.5,
            "deep",
            cycle=3.4,
            speed=0.12,
        ),
        "fish": Role(
            animals.fish,
            ("ff8a2a", "f2c832", "3a93e0"),
            (-0.78, 0.02, 0.64, 1.0),
            0.42,
            "deep",
            cycle=0.9,
            speed=0.3,
        ),
        "bird": Role(
            animals.bird,
            ("eef0f2", "4a78c0", "3a3a42"),
            (-0.72, -0.16, 0.62, 1.14),
            0.36,
            "air",
            cycle=0.75,
            speed=0.5,
        ),
        "astronaut": Role(
            people.astronaut,
            ("e07030",),
            (-0.5, -0.04, 0.56, 1.16),
            1.0,
            "afloat",
            cycle=5.0,
            sways=True,
        ),
        "robot": Role(
            people.robot,
            ("c8ccd2", "d9a63a"),
            (-0.32, -0.03, 0.36, 1.16),
            1.0,
            speed=0.3,
            cycle=1.1,
        ),
        "dancer": Role(
            people.dancer,
            ("c85a8a", "eef0f2"),
            (-0.44, -0.03, 0.44, 1.14),
            1.0,
            cycle=2.6,
            poses=20,
        ),
        "rider": Role(
            people.rider,
            ("e0a030", "cf2e2e"),
            (-0.62, -0.03, 0.62, 1.12),
            1.05,
            speed=0.8,
            cycle=0.9,
        ),
        "car": Role(
            vehicles.car,
            ("cf2e2e", "2f6fd0", "1a9a98"),
            (-1.36, -0.03, 1.36, 0.88),
            0.84,
            speed=1.5,
            cycle=0.5,
            poses=6,
        ),
        "truck": Role(
            vehicles.truck, ("b8402f", "2f6fd0"), _LONG, 1.2, speed=0.9, cycle=0.5, poses=6
        ),
        "bus": Role(
            vehicles.bus,
            ("c0392b", "f2c832"),
            (-1.38, -0.03, 1.38, 1.02),
            1.25,
            speed=0.7,
            cycle=0.5,
            poses=6,
        ),
        "train": Role(
            vehicles.train,
            ("2f4a3a", "7a1f2b"),
            (-2.0, -0.02, 1.34, 1.46),
            1.4,
            speed=0.7,
            cycle=1.2,
        ),
        "rocket": Role(
            vehicles.rocket,
            ("d9483b", "2f6fd0"),
            (-0.42, -0.78, 0.42, 1.08),
            1.3,
            "afloat",
            cycle=0.8,
            poses=8,
            shine=("ff9a4a", -0.1, 0.9),
        ),
        "saucer": Role(
            vehicles.saucer,
            ("9aa4b0",),
            (-0.84, 0.2, 0.84, 0.92),
            0.9,
            "afloat",
            cycle=2.4,
            shine=("8ff0e0", 0.35, 0.9),
        ),
        "plane": Role(
            vehicles.plane,
            ("2f6ab8", "cf2e2e"),
            (-1.2, 0.04, 1.1, 1.0),
            0.8,
            "air",
            cycle=4.0,
            speed=0.5,
            sways=True,
        ),
        "balloon": Role(
            vehicles.balloon,
            ("d9483b", "f0a02e", "8440b8"),
            (-0.46, -0.04, 0.46, 1.16),
            1.5,
            "air",
            cycle=5.0,
            speed=0.04,
            sways=True,
        ),
        "drone": Role(
            vehicles.drone,
            ("e6e8ea",),
            (-0.86, 0.3, 0.86, 0.74),
            0.5,
            "air",
            cycle=0.4,
            poses=6,
            speed=0.2,
        ),
        "ship": Role(
            vehicles.ship,
            ("22386e",),
            (-1.3, -0.18, 1.4, 0.9),
            1.2,
            "water",
            cycle=5.0,
            speed=0.06,
            sways=True,
        ),
        "sailboat": Role(
            vehicles.sailboat,
            ("2f5a78", "7d5233"),
            (-0.76, -0.2, 0.8, 1.2),
            1.35,
            "water",
            cycle=3.6,
            speed=0.04,
            sways=True,
        ),
        "lighthouse": Role(
            things.lighthouse,
            ("c93a30",),
            (-0.48, -0.1, 0.5, 1.22),
            2.0,
            cycle=4.0,
            shine=("fff0b8", 1.02, 0.7),
        ),
        "windmill": Role(
            things.windmill, ("d8cbb8",), (-0.52, -0.02, 0.52, 1.22), 1.7, cycle=2.4, poses=16
        ),
        "castle": Role(things.castle, ("9a948c",), (-0.62, -0.02, 0.62, 1.46), 2.0, cycle=2.0),
        "house": Role(
            things.house,
            ("d8cbb0", "c9a08a"),
            (-0.66, -0.02, 0.66, 1.42),
            1.45,
            cycle=4.0,
            poses=16,
        ),
        "piano": Role(
            things.piano, ("18171b",), (-0.8, -0.02, 0.96, 1.26), 0.98, cycle=2.2, poses=9
        ),
        "stool": Role(things.stool, ("2a2420",), (-0.32, -0.02, 0.32, 0.32), 0.5, poses=1),
        "rose": Role(
            things.rose, ("c21f3a",), (-0.52, -0.34, 0.52, 1.12), 0.75, cycle=4.0, sways=True
        ),
        "flower": Role(
            things.flower,
            ("f5c02e", "ec82ae", "eef0f2"),
            (-0.46, -0.34, 0.46, 1.16),
            0.8,
            cycle=4.0,
            sways=True,
        ),
        "cup": Role(
            things.cup, ("c85a4a", "2f5a68"), (-0.6, -0.02, 0.6, 1.1), 0.5, cycle=2.6, poses=16
        ),
        "candle": Role(
            things.candle,
            ("e8d8b8",),
            (-0.32, -0.02, 0.32, 1.02),
            0.5,
            cycle=1.1,
            shine=("ffb85a", 0.85, 1.1),
        ),
        "lantern": Role(
            things.lantern,
            ("d9382e",),
            (-0.5, -0.12, 0.5, 1.22),
            0.5,
            "air",
            cycle=3.4,
            shine=("ff8a3a", 0.5, 1.0),
            sways=True,
        ),
        "campfire": Role(
            things.campfire,
            ("ff8a2a",),
            (-0.56, -0.02, 0.56, 1.0),
            0.6,
            cycle=0.9,
            shine=("ff9a3a", 0.4, 1.5),
        ),
        "tree": Role(
            things.tree,
            ("4f8a3a", "c8742e"),
            (-0.52, -0.04, 0.52, 1.14),
            1.9,
            cycle=4.0,
            sways=True,
        ),
        "person": Role(
            people.person, ("3a5a8a", "8a4a3a", "4a5a48"), _UPRIGHT, 1.0, speed=0.42, cycle=1.1
        ),
        "woman": Role(
            partial(people.person, skirt=True),
            ("c0392b", "d8a23a", "35708a"),
            _UPRIGHT,
            1.0,
            speed=0.42,
            cycle=1.1,
        ),
        "orb": Role(
            things.orb,
            ("6a5fe0", "1a9a98", "d0588a"),
            (-0.66, 0.0, 0.66, 1.0),
            0.8,
            "afloat",
            cycle=5.0,
            poses=24,
            shine=("c8d0ff", 0.5, 0.8),
        ),
    }
