"""A shot as a scene: its place, its figures, its weather, seen by its camera."""

from collections.abc import Callable
from dataclasses import replace
from math import sin

import numpy as np

from sora_mcp.engines.embedded.figures.cast import Role, role
from sora_mcp.engines.embedded.figures.sketch import Sketch, shadow
from sora_mcp.engines.embedded.pictures.camera import Path
from sora_mcp.engines.embedded.pictures.elements import Element, Sprite
from sora_mcp.engines.embedded.pictures.palette import palette_for, rgb
from sora_mcp.engines.embedded.pictures.planes import Canvas, Layer, magnify, mirrored
from sora_mcp.engines.embedded.pictures.stage import Stage
from sora_mcp.engines.embedded.places import Place, place
from sora_mcp.engines.embedded.scenery.nearby import rails
from sora_mcp.engines.embedded.scenery.weather import glow, lightning, weather
from sora_mcp.engines.embedded.storyboard import Figure, Shot

_SHARES = {"wide": 0.24, "medium": 0.42, "close": 0.74}
"""Height of a lone figure in each shot size, of the stage's unit."""
_WIDEST = {"wide": 0.5, "medium": 0.66, "close": 0.9}
"""The widest that figures may be together, of the frame's width."""
_SMALL = frozenset({"cup", "candle", "lantern", "rose", "flower"})
_INDOORS = frozenset({"stage", "room", "lab"})


class Scene:
    """Everything of a shot that is drawn once, and how it looks at a time."""

    def __init__(self, shot: Shot, width: int, height: int) -> None:
        look = shot.look
        move = _possible_move(shot)
        self._path = Path(move, shot.pace)
        palette = palette_for(look.light, look.colours, look.grade)
        self._stage = Stage(
            width, height, palette, np.random.default_rng(shot.seed), self._path.reach(),
            blur=0.008 * min(width, height) if shot.size == "close" else 0.0,
        )  # fmt: skip
        names = {figure.name for figure in shot.figures}
        table = bool(names) and names <= _SMALL
        set_ = place(self._stage, shot.setting, look.weather, table=table)
        self._elements: list[Element] = [*set_.back]
        if "train" in names and set_.solid:
            self._elements.append(rails(self._stage, set_.ground))
        self._elements += _figures(self._stage, shot, set_, follows=self._path.reach().endless)
        self._elements += set_.front
        if shot.setting not in _INDOORS or look.weather in {"dust", "sparks", "petals", "bubbles"}:
            self._elements += weather(self._stage, look.weather, set_.horizon)
        if look.light == "storm" and shot.setting not in _INDOORS:
            self._elements.append(lightning(self._stage))
        self._vignette = _vignette(width, height)
        self._wide = Canvas(width, height)

    def paint(self, canvas: Canvas, time: float) -> None:
        """Show the scene `time` seconds after the shot began."""
        view = self._path.at(time)
        zoomed = view.zoom > 1.0005
        target = self._wide if zoomed else canvas
        for element in self._elements:
            element.paint(target, view, time)
        if zoomed:
            magnify(self._wide, canvas, view.zoom, view.focus)
        np.multiply(canvas.luma, self._vignette, out=canvas.luma)
        np.right_shift(canvas.luma, 8, out=canvas.luma)


def _possible_move(shot: Shot) -> str:
    """Nothing can be followed past the walls of a room or along a street that leads away."""
    if shot.move.startswith("track") and shot.setting in {*_INDOORS, "street", "garden", "space"}:
        return shot.move.replace("track", "pan")
    return shot.move


def _vignette(width: int, height: int) -> np.ndarray:
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    x = np.linspace(-1, 1, width, dtype=np.float32)[None]
    away = (x * x * 0.9 + y * y * 0.8).clip(0, 2)
    return (256 * (1 - 0.16 * away**1.4)).clip(0, 256).astype(np.uint16)


def _figures(stage: Stage, shot: Shot, set_: Place, *, follows: bool) -> list[Element]:
    """Put the figures of a shot on their places, the larger ones first."""
    roles = [role(figure.name, figure.coat) for figure in shot.figures]
    if not roles:
        return []
    sizes = _sizes(stage, shot, roles)
    elements: list[Element] = []
    seats = _seats(shot.figures)
    for index in np.argsort([-one.height for one in roles]):
        figure, own, size = shot.figures[index], roles[index], sizes[index]
        middle = _across(len(roles), int(index), seats)
        for copy in range(figure.count if len(roles) == 1 or figure.count > 1 else 1):
            elements += _figure(
                stage, shot, set_, figure, own, size, middle, copy, seats and index == 0, follows
            )
    return elements


def _seats(figures: tuple[Figure, ...]) -> bool:
    """Whether the first figure plays the second one's piano, and so sits on a stool."""
    return len(figures) == 2 and figures[1].name == "piano"


def _across(count: int, index: int, seats: bool) -> float:
    """Where across the frame a figure stands (share)."""
    if count == 1:
        return 0.48
    if seats:
        return (0.33, 0.57)[index]
    return (0.36, 0.66)[index]


def _sizes(stage: Stage, shot: Shot, roles: list[Role]) -> list[float]:
    """Pixels per unit of each figure: the tallest fills its share, nothing grows too wide."""
    tallest = max(one.height for one in roles)
    lone = tallest**0.4 if tallest > 1 else tallest**0.25
    share = _SHARES[shot.size] * stage.unit * (lone if shot.size != "close" else 1)
    heights = [share * (one.height / tallest) ** 0.75 for one in roles]
    sizes = [height / min(one.box[3], 1.15) for height, one in zip(heights, roles, strict=True)]
    together = sum(size * (one.box[2] - one.box[0]) for size, one in zip(sizes, roles, strict=True))
    room = min(_WIDEST[shot.size] / stage.upright**0.8, 0.95) * stage.width
    fit = min(1.0, room / together)
    if len(roles) == 1 and shot.figures[0].count > 1:
        fit *= 0.72
    if shot.size == "close" and _is_bust(shot.figures):
        fit *= 1.75
    return [size * fit for size in sizes]


def _is_bust(figures: tuple[Figure, ...]) -> bool:
    """Whether a close-up shows the upper half only: of someone upright, alone."""
    return len(figures) == 1 and figures[0].name in {"person", "woman", "robot", "astronaut"}


def _figure(
    stage: Stage, shot: Shot, set_: Place, figure: Figure, own: Role, size: float, middle: float,
    copy: int, seated: bool, follows: bool,
) -> list[Element]:  # fmt: skip
    """One figure (the `copy`-th of its kind) with its shadow and its mirror image."""
    random = stage.random
    if copy:
        size *= random.uniform(0.62, 0.85)
        middle += (0.17, -0.16, 0.3, -0.27)[copy % 4] + random.uniform(-0.02, 0.02)
    foot = _foot(stage, shot, set_, own, size, copy)
    at = (stage.x(middle), stage.y(foot))
    if seated:
        at = (at[0], at[1] - size * 0.5)
    still = figure.still or shot.size == "close"
    poses = _poses(
        stage, figure, own, size, at, still=still and own.speed > 0 and own.place == "ground"
    )
    cycle = own.cycle * (1 + 0.13 * copy)
    pace = min(own.speed * size, 0.085 * stage.width)
    if own.speed and not (still or follows):
        cycle *= own.speed * size / pace  # shorter steps where there is little room to go
    path = _path(stage, own, size, 0.0 if still or follows else pace, copy)
    sprite = Sprite(poses, 1.0, cycle, path, follows)
    elements: list[Element] = []
    if own.shine:
        elements.append(Sprite([_shine(own.shine, at, size)], 1.0, path=path, follows=follows))
    grounded = own.place == "ground" and set_.solid
    if grounded and not seated:
        width = (own.box[2] - own.box[0]) * size
        dark = shadow(stage.palette, (at[0], at[1] + size * 0.01), width, max(size * 0.12, 6), 0.62)
        elements.append(
            Sprite([dark], 1.0, path=lambda time: (path(time)[0], 0.0), follows=follows)
        )
    if set_.shine and (own.place in {"ground", "water"}) and not seated:
        below = [mirrored(pose, round(stage.y(foot)), set_.shine) for pose in poses]
        elements.append(replace(sprite, poses=below))
    if seated:
        stool = role("stool")
        seat = Sketch(size * 1.9, stool.box)
        stool.draw(seat, 0, rgb(stool.colours[0]))
        ground = (at[0] - size * 0.1, at[1] + size * 0.5)
        elements.append(Sprite([seat.layer(stage.palette, ground)], 1.0, follows=follows))
    return [*elements, sprite]


def _shine(shine: tuple[str, float, float], at: tuple[float, float], size: float) -> Layer:
    """The light around a flame or a lamp."""
    code, above, reach = shine
    light = glow(rgb(code), reach * size * 0.5, 0.8)
    half = light.luma.shape[1] / 2
    x, y = at[0] - half, at[1] - above * size - half
    return replace(light, x=2 * round(x / 2), y=2 * round(y / 2))


def _foot(stage: Stage, shot: Shot, set_: Place, own: Role, size: float, copy: int) -> float:
    """The height in the frame (share) of the point a figure stands on."""
    high = size * own.box[3] / stage.height
    if shot.size == "close" and _is_bust(shot.figures):
        return 0.1 + high
    if own.place == "ground" and set_.solid:
        if shot.size == "close":
            return max(0.5 + 0.52 * high, set_.ground)
        return set_.ground - 0.035 * copy
    if own.place == "water" or (own.place == "ground" and shot.setting in {"sea", "lake", "city"}):
        return set_.ground - 0.05 * copy
    middle = {"air": 0.4, "deep": 0.47, "afloat": 0.46}.get(own.place, 0.48)
    return middle + high / 2 + (0.0, -0.13, 0.12, -0.06, 0.18)[copy % 5]


def _poses(
    stage: Stage, figure: Figure, own: Role, size: float, at: tuple[float, float], *, still: bool
) -> list[Layer]:
    code = figure.colour or own.colours[figure.variant % len(own.colours)]
    count = 1 if still else own.poses
    layers: list[Layer] = []
    for index in range(count):
        sketch = Sketch(size, own.box)
        own.draw(sketch, index / count if count > 1 else 0.12, rgb(code))
        layers.append(sketch.layer(stage.palette, at, grade=stage.palette.saturation))
    return layers


def _path(
    stage: Stage, own: Role, size: float, pace: float, copy: int
) -> Callable[[float], tuple[float, float]]:
    """How a figure moves by itself: across at `pace` pixels per second, or hovering in its place."""
    lag = 1.7 * copy
    if pace:
        lift = 0.04 * size if own.place in {"air", "deep"} else 0.0
        span = stage.width + 2 * size * (own.box[2] - own.box[0])
        enter = 0.72 * span

        def cross(time: float) -> tuple[float, float]:
            gone = pace * time - 0.14 * stage.width
            # Whoever leaves the picture comes in again on the other side after a while.
            return ((gone + enter) % span - enter, lift * sin(1.3 * (time + lag)))

        return cross
    if own.place == "ground":
        return lambda time: (0.0, 0.0)
    if own.place == "water":
        return lambda time: (0.0, 0.012 * size * sin(1.7 * time))
    return lambda time: (
        0.03 * size * sin(0.7 * (time + lag)),
        0.035 * size * sin(1.1 * (time + lag) + 0.6),
    )
