"""Pictures as the encoder wants them: YUV planes that are moved and blended in whole numbers.

A frame is put together from layers. Each layer is drawn once; per frame it is only shifted by a
sub-pixel amount and laid over what is there, with a few NumPy passes over 16-bit integers, so
that composing a frame costs less than encoding it.

Values are 8-bit video levels (Rec. 709, limited range) held in uint16. A layer keeps its colours
multiplied by its opacity, next to `keep`: how much of the picture below stays, 0 (none) to 256.
Chroma planes have half the width and height (4:2:0), so widths, heights and resting positions of
layers are even.
"""

from dataclasses import dataclass
from math import floor, prod

import numpy as np
from av import VideoFrame
from av.video.plane import VideoPlane
from av.video.reformatter import Colorspace, Interpolation, VideoReformatter
from numpy.typing import NDArray

from sora_mcp.engines.embedded.pictures.arrays import U8, U16, Floats

_BYTE, _FULL = np.uint16(8), np.uint16(256)
SUBPIXELS = 16
"""Steps per pixel in which layers move."""
_HALF = SUBPIXELS // 2


class Canvas:
    """One frame in the making: `luma` (height, width) and `chroma` (2, height/2, width/2)."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self.luma: U16 = np.full((height, width), 16, np.uint16)
        self.chroma: U16 = np.full((2, height // 2, width // 2), 128, np.uint16)
        # Shifting writes into these: fresh arrays of this size would cost more than the sums.
        self._scratch: U16 = np.empty((3, 2 * height * (width + 2)), np.uint16)

    def twin(self) -> "Canvas":
        """Another canvas of the same size, which shares the memory for intermediate results."""
        twin = Canvas.__new__(Canvas)
        twin.width, twin.height = self.width, self.height
        twin.luma, twin.chroma = self.luma.copy(), self.chroma.copy()
        twin._scratch = self._scratch  # its own class
        return twin

    def scratch(self, shape: tuple[int, ...], keep: int = 0) -> tuple[U16, U16]:
        """Give two uninitialised arrays of this shape; the next call reuses their memory.

        `keep`: how many of the arrays that were given last (0 or 1) are still needed.
        """
        first, second = self._scratch[keep : keep + 2, : prod(shape)]
        return first.reshape(shape), second.reshape(shape)

    def copy_from(self, other: "Canvas") -> None:
        """Take over another canvas's picture."""
        np.copyto(self.luma, other.luma)
        np.copyto(self.chroma, other.chroma)

    def mix(self, other: "Canvas", share: float) -> None:
        """Cross-fade to `other`; a share of 0 leaves this picture, 1 takes the other."""
        weight = round(share * 256)
        for mine, theirs in ((self.luma, other.luma), (self.chroma, other.chroma)):
            kept, added = self.scratch(mine.shape)
            np.multiply(mine, 256 - weight, out=kept)
            np.multiply(theirs, weight, out=added)
            np.add(kept, added, out=kept)
            np.right_shift(kept, 8, out=mine)

    def to_frame(self, frame: VideoFrame | None = None) -> VideoFrame:
        """Copy the picture into a yuv420p frame of its size, or into a new one.

        A frame that is used again costs an eighth of a new one, whose memory has to be fetched.
        """
        if frame is None:
            frame = VideoFrame(self.width, self.height, "yuv420p")
        frame.make_writable()  # an encoder may still hold what it shows
        for plane, values in zip(frame.planes, (self.luma, *self.chroma), strict=True):
            np.copyto(_pixels(plane), values, casting="unsafe")
        return frame


@dataclass(frozen=True)
class Layer:
    """A drawn picture with opacity. `x`, `y`: its resting place on the frame, even pixels."""

    luma: U16
    """(2, height, width): luma times opacity, keep."""
    chroma: U16
    """(3, height/2, width/2): U and V times opacity, keep."""
    x: int = 0
    y: int = 0
    solid: int = 0
    """The row from which on nothing shows through; even."""
    soft: bool = False
    """It has no sharp edge, and moves in steps of half a pixel."""


def blend_planes(
    luma: U16, chroma: U16, opacity: U8 | None, *, x: int = 0, y: int = 0, whole_width: bool = False
) -> Layer:
    """Make a layer of plain YUV planes and an opacity of the luma's size; None is opaque.

    What is wholly transparent at the edges is left away, except, with `whole_width`, at the sides.
    """
    if opacity is None:
        return Layer(
            np.stack([luma, np.zeros_like(luma)]),
            np.stack([*chroma, np.zeros_like(chroma[0])]),
            x,
            y,
        )
    top, bottom = _extent(opacity.max(axis=1))
    left, right = (0, opacity.shape[1]) if whole_width else _extent(opacity.max(axis=0))
    rows, columns = slice(top, bottom), slice(left, right)
    half = (slice(None), slice(top // 2, bottom // 2), slice(left // 2, right // 2))
    # 0–255 becomes 0–256, so that full opacity keeps nothing and none keeps everything.
    cover = opacity[rows, columns].astype(np.uint16)
    cover += cover >> 7
    cover_half: U16 = cover[0::2, 0::2] + cover[1::2, 0::2] + cover[0::2, 1::2] + cover[1::2, 1::2]
    cover_half = (cover_half + np.uint16(2)) >> np.uint16(2)
    return Layer(
        np.stack([luma[rows, columns] * cover >> _BYTE, _FULL - cover]),
        np.stack([*(chroma[half] * cover_half >> _BYTE), _FULL - cover_half]),
        x + left,
        y + top,
        _solid_from(cover),
    )


def _extent(used: U8) -> tuple[int, int]:
    """The even range of a line that is in use, with a margin for shifts."""
    places = np.flatnonzero(used)
    if not places.size:
        return 0, 2
    return max(int(places[0]) // 2 * 2 - 2, 0), min(int(places[-1]) // 2 * 2 + 4, used.size)


def _solid_from(cover: U16) -> int:
    """Two rows below the last one that lets something through: a shift reads the row above."""
    open_rows = np.flatnonzero((cover < _FULL).any(axis=1))
    if not open_rows.size:
        return 0
    return min(int(open_rows[-1]) // 2 * 2 + 4, len(cover))


def to_yuv(colour: U8) -> tuple[U16, U16]:
    """Convert an RGB picture to luma (height, width) and chroma (2, height/2, width/2)."""
    return frame_planes(
        VideoReformatter().reformat(
            VideoFrame.from_ndarray(np.ascontiguousarray(colour), "rgb24"),
            format="yuv420p",
            dst_colorspace=Colorspace.ITU709,
            interpolation=Interpolation.BICUBIC | Interpolation.ACCURATE_RND,
            threads=1,  # starting more would take longer than the work
        )
    )


def spread(field: Floats, width: int, height: int) -> tuple[U16, U16]:
    """Enlarge a small, smooth RGB field (rows, columns, 3; 0–1) to planes of the given size.

    It goes through 16-bit YUV, so that the scaler dithers and wide gradients show no bands.
    """
    red, green, blue = np.moveaxis(field.clip(0, 1), 2, 0)
    luma = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    planes = np.stack(
        [16 + 219 * luma, 128 + 224 * (blue - luma) / 1.8556, 128 + 224 * (red - luma) / 1.5748],
        axis=2,
    )
    deep = VideoFrame.from_ndarray((planes * 256).astype(np.uint16), "yuv444p16le")
    return frame_planes(
        VideoReformatter().reformat(
            deep, width, height, "yuv420p", interpolation=Interpolation.BICUBIC, threads=1
        )
    )


def frame_planes(frame: VideoFrame) -> tuple[U16, U16]:
    """Read a yuv420p frame's planes."""
    luma, u, v = (_pixels(plane).astype(np.uint16) for plane in frame.planes)
    return luma, np.stack([u, v])


def _pixels(plane: VideoPlane) -> U8:
    """See a plane's memory as (height, width)."""
    values: U8 = np.frombuffer(memoryview(plane), np.uint8)  # pyright: ignore[reportArgumentType]  # planes are buffers, which their types do not tell
    return values.reshape(plane.height, plane.line_size)[:, : plane.width]


def mirrored(layer: Layer, foot: int, strength: float) -> Layer:
    """Turn a layer upside down about a row of the frame, fading away from it.

    `strength`: its opacity next to the row, 0–1.
    """
    rows = layer.luma.shape[1]
    fade = (np.linspace(strength, strength * 0.15, rows) * 256).astype(np.uint16)
    gap = max(foot - (layer.y + rows), 0)
    return Layer(
        _faded(layer.luma[:, ::-1], fade[:, None]),
        _faded(layer.chroma[:, ::-1], fade[::2, None]),
        layer.x,
        2 * round((foot + gap) / 2),
        solid=rows,
    )


def dimmed(layer: Layer, share: float) -> Layer:
    """Make a layer more transparent: a share of 0 hides it, 1 leaves it as it is."""
    weight = np.uint16(round(share * 256))
    luma, chroma = _faded(layer.luma, weight), _faded(layer.chroma, weight)
    return Layer(luma, chroma, layer.x, layer.y, solid=luma.shape[1])


def _faded(planes: U16, share: U16 | np.uint16) -> U16:
    faded = planes * share >> _BYTE
    faded[-1] = _FULL - ((_FULL - planes[-1]) * share >> _BYTE)
    return faded


def lay(canvas: Canvas, layer: Layer, dx: float = 0.0, dy: float = 0.0) -> None:
    """Lay a layer over the canvas, moved by (dx, dy) pixels from its resting place."""
    x, y = layer.x + dx, layer.y + dy
    luma, rows, solid = canvas.luma[None], layer.luma.shape[1], layer.solid
    step = _HALF if layer.soft else 1
    _lay_rows(canvas, luma, layer.luma, x, y, (0, solid), step, solid=False)
    _lay_rows(canvas, luma, layer.luma, x, y, (solid, rows), step, solid=True)
    half, x, y = canvas.chroma, x / 2, y / 2
    _lay_rows(canvas, half, layer.chroma, x, y, (0, solid // 2), step, solid=False)
    _lay_rows(canvas, half, layer.chroma, x, y, (solid // 2, rows // 2), step, solid=True)


def _lay_rows(
    canvas: Canvas,
    target: U16,
    source: U16,
    x: float,
    y: float,
    rows: tuple[int, int],
    step: int,
    *,
    solid: bool,
) -> None:
    """Blend rows of `source` (colours, then keep) over `target` (colours), its corner at (x, y)."""
    column, shift_x = _split(x, step)
    row, shift_y = _split(y, step)
    height, width = target.shape[1:]
    # A fraction reads one more column (row) on the left (above): the edge itself is given up.
    left, right = max(column + (shift_x > 0), 0), min(column + source.shape[2], width)
    top, bottom = max(row + max(rows[0], shift_y > 0), 0), min(row + rows[1], height)
    if left >= right or top >= bottom:
        return
    colours = target.shape[0]
    planes = source[:colours] if solid else source
    part = _shifted(
        canvas, planes, left - column, right - column, top - row, bottom - row, shift_x, shift_y
    )
    place = target[:, top:bottom, left:right]
    if solid:
        np.copyto(place, part)
    else:
        np.multiply(place, part[colours], out=place)
        np.right_shift(place, 8, out=place)
        np.add(place, part[:colours], out=place)


def _split(position: float, step: int) -> tuple[int, int]:
    steps = step * floor(position * SUBPIXELS / step + 0.5)
    return steps // SUBPIXELS, steps % SUBPIXELS


def _shifted(
    canvas: Canvas,
    planes: U16,
    left: int,
    right: int,
    top: int,
    bottom: int,
    shift_x: int,
    shift_y: int,
) -> U16:
    """Cut a window out of the planes, shifted right and down by sixteenths of a pixel."""
    margin = left - (shift_x > 0)
    window = planes[:, top:bottom, margin:right]
    if shift_y:
        above = planes[:, top - 1 : bottom - 1, margin:right]
        window = _between(above, window, shift_y, canvas.scratch(window.shape))
    if shift_x:
        before, here = window[:, :, :-1], window[:, :, 1:]
        window = _between(before, here, shift_x, canvas.scratch(here.shape, keep=1))
    return window


def _between(before: U16, here: U16, shift: int, scratch: tuple[U16, U16]) -> U16:
    mixed, other = scratch
    if shift == _HALF:  # the same in half the time
        np.add(before, here, out=mixed)
        np.add(mixed, 1, out=mixed)
        np.right_shift(mixed, 1, out=mixed)
        return mixed
    np.multiply(before, shift, out=mixed)
    np.multiply(here, SUBPIXELS - shift, out=other)
    np.add(mixed, other, out=mixed)
    np.add(mixed, SUBPIXELS // 2, out=mixed)
    np.right_shift(mixed, 4, out=mixed)
    return mixed


def magnify(source: Canvas, target: Canvas, zoom: float, focus: tuple[float, float]) -> None:
    """Fill `target` with a part of `source`, `zoom` (≥ 1) times larger, about a focus (0–1)."""
    _magnify_plane(source, source.luma[None], target.luma[None], zoom, focus)
    _magnify_plane(source, source.chroma, target.chroma, zoom, focus)


def _magnify_plane(
    canvas: Canvas, source: U16, target: U16, zoom: float, focus: tuple[float, float]
) -> None:
    height, width = source.shape[1:]
    columns, right_share = _steps(width, zoom, focus[0])
    rows, lower_share = _steps(height, zoom, focus[1])
    lower_share = lower_share[:, None]
    seen, rows = source[:, rows[0] : rows[-1] + 2], rows - rows[0]
    for plane, out in zip(seen, target, strict=True):
        # Picking columns costs four times as much as any other pass. Values have eight bits, so
        # each takes its right neighbour along in the other eight: a quarter of the time less.
        wide, pairs = canvas.scratch(plane.shape)
        np.left_shift(plane, 8, out=wide)
        np.bitwise_or(plane.reshape(-1)[:-1], wide.reshape(-1)[1:], out=pairs.reshape(-1)[:-1])
        # Wrapping never happens; the check for it costs two thirds of the one for clipping.
        np.take(pairs, columns, axis=1, out=wide, mode="wrap")
        np.bitwise_and(wide, 255, out=pairs)
        np.right_shift(wide, 8, out=wide)
        _weigh(wide, SUBPIXELS - right_share, pairs)
        below, _ = canvas.scratch(out.shape, keep=1)
        np.take(wide, rows, axis=0, out=out, mode="wrap")
        np.take(wide, rows + 1, axis=0, out=below, mode="wrap")
        _weigh(out, lower_share, below)
        np.add(out, SUBPIXELS**2 // 2, out=out)
        np.right_shift(out, 8, out=out)


def _steps(size: int, zoom: float, focus: float) -> tuple[NDArray[np.intp], U16]:
    """Where each pixel of an enlarged line is read: index and sixteenths towards the next."""
    seen = size / zoom
    start = (size - seen) * focus
    positions = start + (np.arange(size) + 0.5) / zoom - 0.5
    fixed = np.floor(positions.clip(0, size - 1) * SUBPIXELS + 0.5).astype(np.intp)
    pixels = np.minimum(fixed // SUBPIXELS, size - 2)  # the last one has no next
    return pixels, (fixed - pixels * SUBPIXELS).astype(np.uint16)


def _weigh(values: U16, share: U16, others: U16) -> None:
    """Mix sixteenths of other values into some; the sums are sixteen times as large."""
    np.multiply(values, SUBPIXELS - share, out=values)
    np.multiply(others, share, out=others)
    np.add(values, others, out=values)
