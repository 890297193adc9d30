"""Blocking: where the figures of a shot stand, how large, and how they move."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import asin, pi, sin

from sora_mcp.engines.embedded.figures.cast import Role, role
from sora_mcp.engines.embedded.figures.sketch import Sketch, shadow
from sora_mcp.engines.embedded.pictures.elements import Element, Poses, Sprite
from sora_mcp.engines.embedded.pictures.palette import rgb
from sora_mcp.engines.embedded.pictures.planes import Layer, mirrored
from sora_mcp.engines.embedded.pictures.stage import Stage
from sora_mcp.engines.embedded.places import Place
from sora_mcp.engines.embedded.scenery.weather import glow
from sora_mcp.engines.embedded.storyboard import Figure, Shot

_SHARES = {"wide": 0.24, "medium": 0.42, "close": 0.74}
"""Height of a lone figure in each shot size, of the stage's unit."""
_WIDEST = {"wide": 0.5, "medium": 0.66, "close": 0.9}
"""The widest that figures may be together, of the frame's width."""
_BUST = 1.75
"""How much larger someone upright is in a close-up, which shows the upper half."""
_PACE = 0.085
"""The fastest a figure crosses the picture, in frame widths per second."""

Path = Callable[[float], tuple[float, float]]


def figures(stage: Stage, shot: Shot, place: Place, *, follows: bool) -> list[Element]:
    """Put the figures of a shot on their places, the larger ones first.

    `follows`: the camera goes along with them.
    """
    roles = [role(figure.name, figure.coat) for figure in shot.figures]
    blocking = _Blocking(stage, shot, place, follows)
    sizes = blocking.sizes(roles)
    elements: list[Element] = []
    for index in sorted(range(len(roles)), key=lambda index: -roles[index].height):
        for copy in range(shot.figures[index].count):
            elements += blocking.figure(index, roles[index], sizes[index], copy)
    return elements


@dataclass(frozen=True)
class _Blocking:
    stage: Stage
    shot: Shot
    place: Place
    follows: bool

    def sizes(self, roles: Sequence[Role]) -> list[float]:
        """Pixels per unit of each figure: the tallest fills its share, none grows too wide."""
        if not roles:
            return []
        stage, size = self.stage, self.shot.size
        tallest = max(one.height for one in roles)
        # What is large by nature is shown somewhat larger, what is small somewhat smaller.
        nature = tallest ** (0.4 if tallest > 1 else 0.25) if size != "close" else 1
        share = _SHARES[size] * stage.unit * nature
        found = [share * (one.height / tallest) ** 0.75 / min(one.box[3], 1.15) for one in roles]
        together = sum(
            each * _width(one) * (1 + 0.4 * (figure.count > 1))
            for each, one, figure in zip(found, roles, self.shot.figures, strict=True)
        )
        room = min(_WIDEST[size] / stage.upright**0.8, 0.95) * stage.width
        fit = min(1.0, room / together) * (_BUST if self._is_bust else 1)
        return [each * fit for each in found]

    @property
    def _is_bust(self) -> bool:
        upright = {"person", "woman", "robot", "astronaut"}
        names = [figure.name for figure in self.shot.figures]
        return self.shot.size == "close" and len(names) == 1 and names[0] in upright

    def _plays(self, index: int) -> bool:
        """Whether a figure plays the other one's piano, and so sits on a stool."""
        cast = self.shot.figures
        return len(cast) == 2 and index == 0 and cast[1].name == "piano"

    def figure(self, index: int, own: Role, size: float, copy: int) -> list[Element]:
        """One figure (the `copy`-th of its kind) with its shadow, light and mirror image."""
        stage, place = self.stage, self.place
        middle = self._across(index)
        if copy:
            size *= stage.random.uniform(0.62, 0.85)
            middle += (0.17, -0.16, 0.3, -0.27)[copy % 4] + stage.random.uniform(-0.02, 0.02)
        foot = stage.y(self._foot(own, size, copy))
        seated = self._plays(index)
        at = (stage.x(middle), foot - (size * 0.5 if seated else 0))
        figure = self.shot.figures[index]
        still = figure.still or self.shot.size == "close"
        path, cycle = self._path(own, size, copy, still=still or self.follows)
        standing = still and own.speed > 0 and own.place == "ground" and not self.follows
        poses = self._poses(figure, own, size, at, standing=standing)
        cycle *= 1 + 0.13 * copy
        sprite = Sprite(poses, 1.0, cycle, own.sways, path, self.follows)
        elements: list[Element] = []
        if own.shine:
            elements.append(replace(sprite, poses=_one(_shine(own.shine, at, size))))
        if seated:
            elements.append(replace(sprite, poses=_one(self._stool(at[0], foot, size))))
        else:
            if own.place == "ground" and place.solid:
                width, height = _width(own) * size, max(size * 0.12, 6)
                dark = shadow(stage.palette, (at[0], foot + size * 0.01), width, height, 0.62)
                elements.append(replace(sprite, poses=_one(dark), path=_level(path)))
            if place.shine and own.place in {"ground", "water"}:
                line, shine = round(foot), place.shine
                below = Poses(poses.count, lambda index: mirrored(poses[index], line, shine))
                elements.append(replace(sprite, poses=below))
        return [*elements, sprite]

    def _across(self, index: int) -> float:
        """Where across the frame a figure stands (share)."""
        if len(self.shot.figures) == 1:
            return 0.48
        return (0.33, 0.57)[index] if self._plays(0) else (0.36, 0.66)[index]

    def _foot(self, own: Role, size: float, copy: int) -> float:
        """The height in the frame (share) of the point a figure stands on."""
        place, close = self.place, self.shot.size == "close"
        high = size * own.box[3] / self.stage.height
        if self._is_bust:
            return 0.1 + high
        if own.place == "ground" and place.solid:
            return max(0.5 + 0.52 * high, place.ground) if close else place.ground - 0.035 * copy
        if own.place == "water" or (own.place == "ground" and place.shine):
            return place.ground - 0.05 * copy
        middle = {"air": 0.4, "deep": 0.47, "afloat": 0.46}.get(own.place, 0.48)
        return middle + high / 2 + (0.0, -0.13, 0.12, -0.06, 0.18)[copy % 5]

    def _poses(
        self, figure: Figure, own: Role, size: float, at: tuple[float, float], *, standing: bool
    ) -> Poses:
        colour = rgb(figure.colour or own.colours[figure.variant % len(own.colours)])
        # The larger it is, the further its ends lie apart on the way to and fro.
        count = min(max(round(size / 20), 8), 24) if own.sways else own.poses

        def phase(index: int) -> float:
            if standing:
                return 0.12
            if own.sways:
                return asin(2 * index / (count - 1) - 1) / (2 * pi)
            return index / count

        def draw(index: int) -> Layer:
            sketch = Sketch(size, own.box)
            own.draw(sketch, phase(index), colour)
            return sketch.layer(self.stage.palette, at)

        return Poses(1 if standing else count, draw)

    def _stool(self, x: float, foot: float, size: float) -> Layer:
        own = role("stool")
        sketch = Sketch(size * 1.9, own.box)
        own.draw(sketch, 0, rgb(own.colours[0]))
        return sketch.layer(self.stage.palette, (x - size * 0.1, foot))

    def _path(self, own: Role, size: float, copy: int, *, still: bool) -> tuple[Path, float]:
        """How a figure moves by itself, and the seconds of its cycle of poses."""
        lag = 1.7 * copy
        if own.speed and not still:
            pace = min(own.speed * size, _PACE * self.stage.width)
            span = self.stage.width + 2 * size * _width(own)
            lift = 0.04 * size if own.place in {"air", "deep"} else 0.0
            # Where there is little room to go, steps are shorter.
            return _crossing(
                pace, span, self.stage.width, lift, lag
            ), own.cycle * own.speed * size / pace
        if own.place == "ground":
            return _staying, own.cycle
        if own.place == "water":
            return (lambda time: (0.0, 0.012 * size * sin(1.7 * time))), own.cycle
        return _hovering(size, lag), own.cycle


def _one(layer: Layer) -> Poses:
    return Poses(1, lambda _: layer)


def _width(own: Role) -> float:
    return own.box[2] - own.box[0]


def _staying(time: float) -> tuple[float, float]:
    return (0.0, 0.0)


def _hovering(size: float, lag: float) -> Path:
    return lambda time: (
        0.03 * size * sin(0.7 * (time + lag)),
        0.035 * size * sin(1.1 * (time + lag) + 0.6),
    )


def _crossing(pace: float, span: float, width: float, lift: float, lag: float) -> Path:
    """Across to the right; whoever leaves the picture comes in again after a while."""
    enter = 0.72 * span

    def path(time: float) -> tuple[float, float]:
        gone = pace * time - 0.14 * width
        return ((gone + enter) % span - enter, lift * sin(1.3 * (time + lag)))

    return path


def _level(path: Path) -> Path:
    """The same path on the ground."""
    return lambda time: (path(time)[0], 0.0)


def _shine(shine: tuple[str, float, float], at: tuple[float, float], size: float) -> Layer:
    """The light around a flame or a lamp."""
    code, above, reach = shine
    light = glow(rgb(code), reach * size * 0.5, 0.8)
    half = light.luma.shape[1] / 2
    x, y = at[0] - half, at[1] - above * size - half
    return replace(light, x=2 * round(x / 2), y=2 * round(y / 2), soft=True)
