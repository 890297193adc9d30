"""The drawing board of a shot: how large its layers are, and how they become planes to blend.

Painters work in pixels of the frame, with overscan where the camera will look: a `Band` is a strip
of the picture at one distance. They paint colours as a coarse field (light and texture are
smooth) under a fine opacity (edges are sharp).
"""

from dataclasses import dataclass, replace
from math import ceil

import numpy as np
from PIL import Image

from sora_mcp.engines.embedded.pictures import drawing
from sora_mcp.engines.embedded.pictures.arrays import U8, U16, Floats, Random
from sora_mcp.engines.embedded.pictures.camera import Reach
from sora_mcp.engines.embedded.pictures.palette import Palette
from sora_mcp.engines.embedded.pictures.planes import Layer, blend_planes, spread, to_yuv


def even(length: float) -> int:
    """Round up to whole chroma samples."""
    return 2 * ceil(length / 2)


@dataclass(frozen=True)
class Band:
    """A strip of the picture: `x`, `y` of its corner on the frame, its size, its distance."""

    x: int
    y: int
    width: int
    height: int
    depth: float
    """How much of the camera's travel it shows: 0 at the horizon, 1 at the subject, more near."""
    period: int | None
    """Width after which it repeats, when the camera never stops."""

    def coarse(self, step: int) -> tuple[int, int]:
        """Rows and columns of a field with one value per `step` pixels."""
        return ceil(self.height / step), ceil(self.width / step)

    def rows(self, step: int = 1) -> Floats:
        """The frame's y of each row, as a column vector."""
        count = ceil(self.height / step)
        return (self.y + (np.arange(count, dtype=np.float32)[:, None] + 0.5) * step).astype(
            np.float32
        )

    def columns(self, step: int = 1) -> Floats:
        """The frame's x of each column, as a row vector."""
        count = ceil(self.width / step)
        return (self.x + (np.arange(count, dtype=np.float32)[None] + 0.5) * step).astype(np.float32)


@dataclass(frozen=True)
class Plane:
    """A layer at its distance, ready to be laid."""

    layer: Layer
    depth: float
    period: int | None = None

    def soft(self) -> "Plane":
        """Tell that it has no sharp edge, so that moving it costs a third."""
        return replace(self, layer=replace(self.layer, soft=True))


@dataclass(frozen=True)
class Stage:
    """What every painter of a shot shares."""

    width: int
    height: int
    palette: Palette
    random: Random
    reach: Reach
    """How far the camera will look beyond the frame."""
    blur: float = 0.0
    """Radius in pixels by which the background is out of focus."""

    @property
    def unit(self) -> float:
        """The length that things are measured in: the frame's height, or less on tall frames."""
        return min(self.height, 1.15 * self.width)

    @property
    def upright(self) -> float:
        """What to scale heights by that go with widths (mountains, towers): less on tall frames."""
        return self.unit / self.height

    def x(self, share: float) -> float:
        """A place across the frame in pixels."""
        return share * self.width

    def y(self, share: float) -> float:
        """A place down the frame in pixels."""
        return share * self.height

    def band(self, top: float, bottom: float, depth: float, *, loop: bool = False) -> Band:
        """Open a strip between two heights of the frame (shares), with overscan for the camera.

        `loop`: it moves on its own and must repeat whatever the camera does.
        """
        over = even((self.reach.turn_y + self.reach.y * depth) * self.height) + 2
        first = -over if top <= 0 else even(self.y(top))
        last = self.height + over if bottom >= 1 else even(self.y(bottom))
        if loop or (self.reach.endless and depth > 0):
            period = even(1.7 * self.width)
            return Band(0, first, period, last - first, depth, period)
        side = even((self.reach.turn_x + self.reach.x * depth) * self.width) + 2
        return Band(-side, first, self.width + 2 * side, last - first, depth, None)

    def plane(self, band: Band, field: Floats, opacity: U8 | None = None) -> Plane:
        """Finish a band from its coarse colours and its opacity (None: it covers everything)."""
        luma, chroma = spread(field, band.width, band.height)
        return self.finish(band, luma, chroma, opacity)

    def picture(self, band: Band, colour: U8, opacity: U8 | None = None) -> Plane:
        """Finish a band from an RGB picture of its own size."""
        if self.blur and band.depth < 1:
            colour = drawing.soften(colour, self.blur)
        return self.finish(band, *to_yuv(colour), opacity)

    def grade(self, chroma: U16) -> U16:
        """Apply the palette's film grade to chroma planes."""
        palette = self.palette
        if palette.saturation == 1 and palette.tint is None:
            return chroma
        shift = np.zeros((2, 1, 1), np.float32)
        if palette.tint is not None:
            red, green, blue = palette.tint
            luma = 0.2126 * red + 0.7152 * green + 0.0722 * blue
            shift = np.array([blue - luma, red - luma], np.float32)[:, None, None] * 60
        return ((chroma - 128.0) * palette.saturation + 128 + shift).clip(16, 240).astype(np.uint16)

    def finish(self, band: Band, luma: U16, chroma: U16, opacity: U8 | None = None) -> Plane:
        """Finish a band from YUV planes of its own size."""
        if opacity is not None and self.blur and band.depth < 1:
            opacity = drawing.soften(opacity, self.blur)
        loops = band.period is not None
        graded = self.grade(chroma)
        layer = blend_planes(luma, graded, opacity, x=band.x, y=band.y, whole_width=loops)
        if loops:
            layer = _repeated(layer, self.width + 4)
        return Plane(layer, band.depth, band.period)


def _repeated(layer: Layer, columns: int) -> Layer:
    """Append the beginning to the end, so that a window over the seam is one slice."""
    columns = even(columns)
    return Layer(
        np.concatenate([layer.luma, layer.luma[:, :, :columns]], axis=2),
        np.concatenate([layer.chroma, layer.chroma[:, :, : columns // 2]], axis=2),
        layer.x,
        layer.y,
        layer.solid,
    )


def blank(band: Band, mode: str = "RGB") -> Image.Image:
    """A black picture (or an empty opacity, mode "L") of a band's size."""
    return Image.new(mode, (band.width, band.height))
