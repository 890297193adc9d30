"""A shot over a given image: the camera moves across it, and the weather passes before it."""

from dataclasses import dataclass, replace
from math import exp
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from sora_mcp.engines.embedded.pictures.arrays import U16
from sora_mcp.engines.embedded.pictures.camera import Reach, View
from sora_mcp.engines.embedded.pictures.palette import Palette, palette_for
from sora_mcp.engines.embedded.pictures.planes import Canvas, magnify, to_yuv
from sora_mcp.engines.embedded.pictures.stage import Stage
from sora_mcp.engines.embedded.scenery.weather import weather
from sora_mcp.engines.embedded.storyboard import Look, Shot

_CLOSER = {"wide": 1.0, "medium": 1.12, "close": 1.3}
_APPEAR = 1.2
"""Seconds in which weather and a changed light come in, so that the first frame is the image."""


@dataclass(frozen=True)
class Picture:
    """An image as planes of the frame's size."""

    luma: U16
    chroma: U16


def load_picture(path: Path, width: int, height: int) -> Picture:
    """Read an image, upright and cut to fill the frame. OSError when it cannot be read."""
    with Image.open(path) as opened:
        upright = ImageOps.exif_transpose(opened)
        flat = Image.new("RGB", upright.size, (0, 0, 0))
        rgba = upright.convert("RGBA")
        flat.paste(rgba, mask=rgba)
    fitted = ImageOps.fit(flat, (width, height), Image.Resampling.LANCZOS)
    return Picture(*to_yuv(np.asarray(fitted)))


class StillScene:
    """A shot over the image. `opens`: it begins the clip, with the image as it is."""

    def __init__(
        self,
        shot: Shot,
        picture: Picture,
        first_look: Look,
        width: int,
        height: int,
        *,
        opens: bool,
    ) -> None:
        self._shot, self._picture, self._opens = shot, picture, opens
        self._start = 1.0 if opens else _CLOSER[shot.size]
        palette = palette_for(shot.look.light, shot.look.colours, shot.look.grade)
        random = np.random.default_rng(shot.seed)
        stage = Stage(width, height, palette, random, Reach())
        self._weather = weather(stage, shot.look.weather, 0.6)
        relit = replace(shot.look, weather="") != replace(first_look, weather="")
        self._graded = _graded(picture, palette) if relit else None
        self._whole = Canvas(width, height)
        self._moved = Canvas(width, height)

    def prepare(self, time: float) -> None:
        """Nothing is drawn beforehand."""

    def paint(self, canvas: Canvas, time: float) -> None:
        """Show the image `time` seconds after the shot began."""
        arrived = min(time / _APPEAR, 1.0) if self._opens else 1.0
        self._light(arrived)
        zoom, focus = self._camera(time)
        magnify(self._whole, canvas, zoom, focus)
        if not self._weather:
            return
        if arrived >= 1:
            for element in self._weather:
                element.paint(canvas, View(), time)
        elif arrived > 0:
            self._moved.copy_from(canvas)
            for element in self._weather:
                element.paint(self._moved, View(), time)
            canvas.mix(self._moved, arrived)

    def _light(self, arrived: float) -> None:
        whole, picture = self._whole, self._picture
        np.copyto(whole.luma, picture.luma)
        np.copyto(whole.chroma, picture.chroma)
        if self._graded:
            whole.mix(self._graded, arrived)

    def _camera(self, time: float) -> tuple[float, tuple[float, float]]:
        """How much closer the camera is, and towards which point of the image (0–1)."""
        done = 1 - exp(-time / min(max(self._shot.pace, 3.0), 12.0))
        move, start = self._shot.move, self._start
        if move == "static":
            return start, (0.5, 0.5)
        if move in {"dolly out", "zoom out"} and not self._opens:
            return start + 0.18 * (1 - done), (0.5, 0.5)
        side = {"pan left": -1, "track left": -1, "pan right": 1, "track right": 1, "orbit": 1}.get(
            move, 0
        )
        rise = {"tilt up": -1, "crane up": -1, "tilt down": 1, "crane down": 1}.get(move, 0)
        closer = 0.34 if move == "zoom in" else 0.2
        return start + closer * done, (0.5 + 0.5 * side * done, 0.5 + (0.5 * rise - 0.06) * done)


def _graded(picture: Picture, palette: Palette) -> Canvas:
    """Show the image in another light."""
    height, width = picture.luma.shape
    canvas = Canvas(width, height)
    light = palette.ambient + palette.key * 0.5
    level = float(0.2126 * light[0] + 0.7152 * light[1] + 0.0722 * light[2])
    strength = min(max(level, 0.42), 1.1)
    canvas.luma[:] = (16 + (picture.luma.clip(16, None) - 16.0) * strength).clip(16, 235)
    tone = light / max(level, 1e-3)
    blue = (tone[2] - 1) * 26
    red = (tone[0] - 1) * 26
    shift = np.array([blue, red], np.float32)[:, None, None]
    chroma = (picture.chroma - 128.0) * palette.saturation * 0.9 + 128 + shift
    canvas.chroma[:] = chroma.clip(16, 240)
    return canvas
