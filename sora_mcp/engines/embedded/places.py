"""The places where shots play: which layers stand behind and before the figures, and on what."""

from collections.abc import Callable
from dataclasses import dataclass, field

from sora_mcp.engines.embedded.pictures.arrays import Colour
from sora_mcp.engines.embedded.pictures.elements import Element
from sora_mcp.engines.embedded.pictures.palette import rgb
from sora_mcp.engines.embedded.pictures.stage import Stage
from sora_mcp.engines.embedded.scenery import (
    city,
    cosmos,
    indoors,
    land,
    mountains,
    nearby,
    sky,
    street,
    trees,
    water,
)
from sora_mcp.engines.embedded.scenery.weather import aurora


@dataclass(frozen=True)
class Place:
    """A set to act on. Heights are shares of the frame."""

    back: list[Element]
    ground: float
    """Where feet stand."""
    horizon: float = 0.6
    front: list[Element] = field(default_factory=list[Element])
    shine: float = 0.0
    """How strongly the floor mirrors figures, 0–1."""
    solid: bool = True
    """Whether one can stand there; otherwise figures float."""


def place(stage: Stage, setting: str, weather: str, *, table: bool = False) -> Place:
    """Build a setting of `vocabulary.SETTINGS`; an unknown one becomes a mood of colours.

    `table`: for small things in a room, which stand on a table rather than on the floor.
    """
    builders: dict[str, Callable[[Stage, str], Place]] = {
        "mountains": _mountains,
        "forest": _forest,
        "city": _city,
        "street": _street,
        "sea": _sea,
        "beach": _beach,
        "lake": _lake,
        "desert": _desert,
        "road": _road,
        "meadow": _meadow,
        "garden": _garden,
        "stage": _theatre,
        "room": _room,
        "lab": _lab,
        "space": _space,
        "underwater": _underwater,
        "clouds": _clouds,
    }
    if setting == "room" and table:
        return _table(stage)
    return builders.get(setting, _reverie)(stage, weather)


def _open_sky(stage: Stage, horizon: float, weather: str, usual: float = 0.28) -> list[Element]:
    """The sky with as many clouds as the weather brings."""
    amount = {"rain": 0.95, "snow": 0.7, "fog": 0.6, "clear": 0.0}.get(weather, usual)
    elements: list[Element] = [sky.sky(stage, horizon)]
    if weather == "aurora":
        return [*elements, *aurora(stage, horizon)]
    return [*elements, sky.clouds(stage, horizon, amount)]


_AUTUMN, _BLOSSOM = rgb("b8682a"), rgb("f0b4c8")


def _leaf(weather: str, usual: Colour | None = None) -> Colour | None:
    return {"leaves": _AUTUMN, "petals": _BLOSSOM}.get(weather, usual)


def _ground(stage: Stage, usual: str, weather: str) -> land.Material:
    if weather == "leaves" and usual in {"grass", "moss"}:
        usual = "dry grass"
    return land.material("snow" if weather == "snow" else usual)


def _mountains(stage: Stage, weather: str) -> Place:
    snowy = weather in {"snow", ""} or stage.palette.stars > 0.5
    firs = 0.95 if stage.reach.endless else 0.8
    return Place(
        [
            *_open_sky(stage, 0.6, weather),
            *mountains.mountains(stage, 0.58, snow=0.75 if snowy else 0.4),
            sky.haze_band(stage, 0.68, 0.09, 0.6),
            trees.row(
                stage, "conifer", foot=0.74, height=0.15, depth=0.45, distance=0.35, count=34
            ),
            land.strip(
                stage, _ground(stage, "snow" if snowy else "grass", weather), top=0.78, depth=1
            ),
            trees.row(
                stage,
                "conifer",
                foot=0.85,
                height=0.4,
                depth=firs,
                distance=0.04,
                count=6,
                gap=(0.2, 0.8),
            ),
        ],
        ground=0.84,
    )


def _forest(stage: Stage, weather: str) -> Place:
    moss = _ground(stage, "moss", weather)
    return Place(
        [
            sky.sky(stage, 0.72),
            trees.row(stage, "trunk", foot=0.72, height=0.95, depth=0.15, distance=0.7, count=26),
            sky.haze_band(stage, 0.64, 0.32, 0.5),
            trees.row(
                stage,
                "broadleaf",
                foot=0.76,
                height=0.16,
                depth=0.3,
                distance=0.5,
                count=18,
                leaf=_leaf(weather),
            ),
            trees.row(stage, "trunk", foot=0.77, height=0.95, depth=0.35, distance=0.42, count=13),
            land.strip(stage, moss, top=0.76, depth=0.5, distance=0.3, bottom=0.94),
            trees.row(
                stage,
                "trunk",
                foot=0.84,
                height=1.0,
                depth=0.7,
                distance=0.12,
                count=6,
                gap=(0.36, 0.64),
            ),
            land.strip(stage, moss, top=0.83, depth=1),
        ],
        ground=0.86,
        horizon=0.72,
        front=[
            trees.framing_leaves(stage, -1),
            trees.framing_leaves(stage, 1),
            nearby.grass_tips(stage),
        ],
    )


def _city(stage: Stage, weather: str) -> Place:
    return Place(
        [
            *_open_sky(stage, 0.62, weather),
            *city.skyline(stage, 0.56),
            *water.surface(stage, 0.72, calm=0.85),
        ],
        ground=0.84,
        horizon=0.62,
        shine=0.4,
        solid=False,
    )


def _street(stage: Stage, weather: str) -> Place:
    wet = weather == "rain" or stage.palette.lamps > 0.9
    return Place(
        [sky.sky(stage, 0.55), *street.street(stage, 0.55, wet=wet)],
        ground=0.84,
        horizon=0.55,
        shine=0.4 if wet else 0.0,
    )


def _sea(stage: Stage, weather: str) -> Place:
    rough = weather == "rain"
    front: list[Element] = []
    if rough:
        front = [water.swell(stage, top=0.74, depth=1.0, distance=0.02, height=0.09)]
    back = [*_open_sky(stage, 0.52, weather, 0.35)]
    back += water.surface(stage, 0.52, calm=0.15 if rough else 0.62)
    if rough:
        back.append(water.swell(stage, top=0.62, depth=0.5, distance=0.3, height=0.07))
    return Place(
        back, ground=0.74, horizon=0.52, front=front, shine=0.0 if rough else 0.45, solid=False
    )


def _beach(stage: Stage, weather: str) -> Place:
    return Place(
        [
            *_open_sky(stage, 0.5, weather),
            *water.surface(stage, 0.5, bottom=0.8, calm=0.6, tone="2a90a0"),
            land.strip(stage, land.material("sand"), top=0.75, depth=1, relief=0.012, waves=0.8),
            trees.row(
                stage,
                "palm",
                foot=0.8,
                height=0.62,
                depth=0.9,
                distance=0.0,
                count=3,
                leaf=rgb("2f5a38"),
                gap=(0.24, 0.8),
            ),
        ],
        ground=0.84,
        horizon=0.5,
    )


def _lake(stage: Stage, weather: str) -> Place:
    return Place(
        [
            *_open_sky(stage, 0.55, weather),
            *mountains.mountains(stage, 0.5),
            trees.row(stage, "conifer", foot=0.585, height=0.1, depth=0.3, distance=0.3, count=50),
            *water.surface(stage, 0.58, calm=0.95),
        ],
        ground=0.76,
        horizon=0.58,
        shine=0.5,
        solid=False,
        front=[nearby.grass_tips(stage)],
    )


def _desert(stage: Stage, weather: str) -> Place:
    sand = _ground(stage, "red sand", weather)
    return Place(
        [
            *_open_sky(stage, 0.6, weather, 0.15),
            *land.mesas(stage, 0.6),
            land.strip(stage, sand, top=0.62, depth=0.3, distance=0.5, relief=0.012),
            land.strip(stage, sand, top=0.7, depth=0.6, distance=0.2, relief=0.025, waves=0.8),
            land.strip(stage, sand, top=0.78, depth=1.0, relief=0.02),
        ],
        ground=0.84,
    )


def _road(stage: Stage, weather: str) -> Place:
    sand = _ground(stage, "red sand", weather)
    return Place(
        [
            *_open_sky(stage, 0.58, weather, 0.2),
            *land.mesas(stage, 0.58),
            land.strip(stage, sand, top=0.61, depth=0.3, distance=0.45, relief=0.01, bottom=0.8),
            nearby.poles(stage, 0.69),
            land.strip(stage, sand, top=0.685, depth=0.7, distance=0.1, relief=0.006, bottom=0.82),
            nearby.road(stage, 0.72, 0.93),
        ],
        ground=0.84,
        horizon=0.58,
        front=[land.strip(stage, sand, top=0.91, depth=1.5, relief=0.01, waves=2.0)],
    )


def _meadow(stage: Stage, weather: str) -> Place:
    grass = _ground(stage, "grass", weather)
    return Place(
        [
            *_open_sky(stage, 0.6, weather, 0.4),
            *land.hills(stage, 0.6, grass),
            trees.row(
                stage,
                "broadleaf",
                foot=0.74,
                height=0.2,
                depth=0.4,
                distance=0.25,
                count=5,
                leaf=_leaf(weather),
            ),
            land.strip(stage, grass, top=0.78, depth=1),
        ],
        ground=0.85,
        front=[nearby.grass_tips(stage), trees.framing_leaves(stage, 1, _leaf(weather))],
    )


def _garden(stage: Stage, weather: str) -> Place:
    front: list[Element] = [nearby.grass_tips(stage)]
    if weather in {"petals", "leaves"}:
        front += [trees.framing_leaves(stage, side, _leaf(weather)) for side in (-1, 1)]
    return Place(nearby.garden(stage), ground=1.02, front=front)


def _theatre(stage: Stage, weather: str) -> Place:
    *behind, left, right = indoors.theatre(stage, 0.72)
    return Place(behind, ground=0.84, horizon=0.72, front=[left, right], shine=0.28)


def _room(stage: Stage, weather: str) -> Place:
    *behind, plant = indoors.room(stage, 0.7)
    return Place(behind, ground=0.84, horizon=0.7, front=[plant], shine=0.1)


def _table(stage: Stage) -> Place:
    *behind, plant = indoors.room(stage, 0.78)
    return Place(
        [*behind, indoors.table(stage, 0.72)], ground=0.84, horizon=0.7, front=[plant], shine=0.22
    )


def _lab(stage: Stage, weather: str) -> Place:
    return Place(indoors.laboratory(stage, 0.68), ground=0.84, horizon=0.68, shine=0.35)


def _space(stage: Stage, weather: str) -> Place:
    return Place(cosmos.space(stage), ground=0.66, horizon=0.9, solid=False)


def _underwater(stage: Stage, weather: str) -> Place:
    *behind, near_reef, rays = water.underwater(stage)
    return Place(behind, ground=0.62, horizon=0.8, front=[near_reef, rays], solid=False)


def _clouds(stage: Stage, weather: str) -> Place:
    *behind, near = cosmos.cloudscape(stage)
    return Place(behind, ground=0.64, horizon=0.7, front=[near], solid=False)


def _reverie(stage: Stage, weather: str) -> Place:
    *behind, near = cosmos.reverie(stage)
    return Place(behind, ground=0.74, horizon=0.5, front=[near], solid=False)
