"""A shot as a scene: its place, its figures, its weather, seen by its camera."""

import numpy as np

from sora_mcp.engines.embedded.blocking import figures
from sora_mcp.engines.embedded.pictures.arrays import U16
from sora_mcp.engines.embedded.pictures.camera import Path
from sora_mcp.engines.embedded.pictures.elements import Element, Sprite
from sora_mcp.engines.embedded.pictures.palette import palette_for
from sora_mcp.engines.embedded.pictures.planes import Canvas, magnify
from sora_mcp.engines.embedded.pictures.stage import Stage
from sora_mcp.engines.embedded.places import place
from sora_mcp.engines.embedded.scenery.nearby import rails
from sora_mcp.engines.embedded.scenery.weather import lightning, weather
from sora_mcp.engines.embedded.storyboard import Shot

_INDOORS = frozenset({"stage", "room", "lab"})
_INDOOR_WEATHER = frozenset({"dust", "sparks", "petals", "bubbles"})
_SMALL = frozenset({"cup", "candle", "lantern", "rose", "flower"})
_CLOSED = _INDOORS | {"street", "garden", "space"}
"""Where no camera can follow anything for long: walls, or a street that leads away."""


class Scene:
    """Everything of a shot that is drawn once, and how it looks at a time."""

    def __init__(self, shot: Shot, width: int, height: int) -> None:
        look = shot.look
        move = shot.move.replace("track", "pan") if shot.setting in _CLOSED else shot.move
        self._path = Path(move, shot.pace)
        stage = Stage(
            width,
            height,
            palette_for(look.light, look.colours, look.grade),
            np.random.default_rng(shot.seed),
            self._path.reach(),
            # A close-up has its background out of focus.
            blur=0.008 * min(width, height) if shot.size == "close" else 0.0,
        )
        names = {figure.name for figure in shot.figures}
        own = place(stage, shot.setting, look.weather, table=bool(names) and names <= _SMALL)
        self._elements: list[Element] = [*own.back]
        if "train" in names and own.solid:
            self._elements.append(rails(stage, own.ground))
        self._elements += figures(stage, shot, own, follows=self._path.reach().endless)
        self._elements += own.front
        if shot.setting not in _INDOORS or look.weather in _INDOOR_WEATHER:
            self._elements += weather(stage, look.weather, own.horizon)
        if look.light == "storm" and shot.setting not in _INDOORS:
            self._elements.append(lightning(stage))
        self._vignette = _vignette(width, height)
        self._whole: Canvas | None = None

    def prepare(self, time: float) -> None:
        """Draw what the picture of a moment needs; another one may be painted meanwhile."""
        for element in self._elements:
            if isinstance(element, Sprite):
                element.pose(time)

    def paint(self, canvas: Canvas, time: float) -> None:
        """Show the scene `time` seconds after the shot began."""
        view = self._path.at(time)
        if view.zoom > 1:
            self._whole = self._whole or canvas.twin()
        target = self._whole if self._whole and view.zoom > 1 else canvas
        for element in self._elements:
            element.paint(target, view, time)
        if target is not canvas:
            magnify(target, canvas, view.zoom, view.focus)
        np.multiply(canvas.luma, self._vignette, out=canvas.luma)
        np.right_shift(canvas.luma, 8, out=canvas.luma)


def _vignette(width: int, height: int) -> U16:
    """How much light reaches each place of the picture, 0-256: less in the corners."""
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    x = np.linspace(-1, 1, width, dtype=np.float32)[None]
    away = x * x * 0.9 + y * y * 0.8
    return (256 * (1 - 0.16 * away**1.4)).astype(np.uint16)
