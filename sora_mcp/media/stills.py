"""Pictures taken from a clip: poster, sprite sheet, last frame, contact sheet.

Only the frames that are needed are decoded: the reader seeks to the key frame before each.
"""

import io
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from av.video.frame import VideoFrame
from av.video.reformatter import Colorspace
from PIL import Image, ImageDraw, ImageFont, ImageStat

from sora_mcp.media.probe import NotAVideo, open_clip, probe

POSTER_EDGE = 640
"""The longer edge of a poster, in pixels."""

SPRITES = 5
"""A sprite sheet has this many rows and columns, as the Videos API's has."""

SPRITE_EDGE = 256
"""The longer edge of one sprite, in pixels."""

SHEET_EDGE = 1280
"""The longer edge of a contact sheet, in pixels; vision models scale larger pictures down."""

SHEET_BYTES = 150_000
"""What a contact sheet should not exceed: it becomes part of a conversation."""

_BLACK = 20
"""A picture whose mean brightness (0–255) is below this shows too little for a poster."""

_GAP = 6
_PAPER = (24, 24, 27)
_UNSPECIFIED = 2


class Sheet(NamedTuple):
    """One picture of several moments of a clip."""

    jpeg: bytes
    width: int
    height: int
    timestamps: tuple[float, ...]
    """Seconds from the start, in reading order."""


def poster(path: Path) -> bytes:
    """A WebP for lists: the frame at a third of the clip, or a brighter one where that is black.

    Raises:
        NotAVideo: The file is no clip that can be decoded.
        OSError: The file is missing or may not be read.
    """
    brightest, light = None, -1.0
    for share in (1 / 3, 1 / 2, 2 / 3, 0.9, 0.1):
        [(_, frame)] = _frames_at(path, [share])
        image = _picture(frame, _fit(frame, POSTER_EDGE))
        mean = ImageStat.Stat(image.convert("L")).mean[0]
        if mean > light:
            brightest, light = image, mean
        if light >= _BLACK:
            break
    return _encode(brightest or Image.new("RGB", (1, 1)), "WEBP", quality=80)


def spritesheet(path: Path) -> bytes:
    """A JPEG of 5 × 5 frames at even distances, in reading order, for scrubbing.

    Raises:
        NotAVideo: The file is no clip that can be decoded.
        OSError: The file is missing or may not be read.
    """
    count = SPRITES * SPRITES
    cells = [
        _picture(frame, _fit(frame, SPRITE_EDGE))
        for _, frame in _frames_at(path, [(index + 0.5) / count for index in range(count)])
    ]
    return _encode(_grid(cells, SPRITES), "JPEG", quality=80)


def first_frame(path: Path) -> bytes:
    """The very first frame as a PNG of full size, to make a shot again from.

    Raises:
        NotAVideo: The file is no clip that can be decoded.
        OSError: The file is missing or may not be read.
    """
    return _whole(path, 0.0)


def last_frame(path: Path) -> bytes:
    """The very last frame as a PNG of full size, to carry a shot on from.

    Raises:
        NotAVideo: The file is no clip that can be decoded.
        OSError: The file is missing or may not be read.
    """
    return _whole(path, 1.0)


def _whole(path: Path, share: float) -> bytes:
    [(_, frame)] = _frames_at(path, [share])
    return _encode(_picture(frame, (frame.width, frame.height)), "PNG", compress_level=4)


def contact_sheet(path: Path, frames: int) -> Sheet:
    """A JPEG of 1 to 12 moments with their times, from the first frame to the last.

    It aims at 150 KB: quality, then size is lowered until it fits.

    Raises:
        NotAVideo: The file is no clip that can be decoded.
        OSError: The file is missing or may not be read.
    """
    shares = [index / (frames - 1) for index in range(frames)] if frames > 1 else [0.5]
    cells: list[Image.Image] = []
    times: list[float] = []
    columns = 1
    for seconds, frame in _frames_at(path, shares):
        columns = _columns(frames, frame.width / frame.height)
        rows = math.ceil(frames / columns)
        scale = min(
            (SHEET_EDGE - _GAP * (columns + 1)) / columns / frame.width,
            (SHEET_EDGE - _GAP * (rows + 1)) / rows / frame.height,
            1.0,
        )
        cell = _picture(frame, (int(frame.width * scale), int(frame.height * scale)))
        cells.append(_stamp(cell, f"{seconds:.1f} s"))
        times.append(round(seconds, 3))
    sheet = _grid(cells, columns, gap=_GAP)
    jpeg = _encode_within(sheet, SHEET_BYTES)
    with Image.open(io.BytesIO(jpeg)) as image:
        width, height = image.size
    return Sheet(jpeg, width, height, tuple(times))


def _frames_at(path: Path, shares: Sequence[float]) -> Iterator[tuple[float, VideoFrame]]:
    """For each share of the length (ascending, 0–1; 1 is the last frame) its time and frame."""
    clip = probe(path)
    step = float(1 / clip.fps)
    with open_clip(path) as (container, video):
        unit = video.time_base or 1 / clip.fps
        start = video.start_time or 0
        decoded = container.decode(video)
        frame, seconds = None, -math.inf
        for share in shares:
            wanted = share * clip.seconds
            place = start + int(wanted / unit)
            key = video.index_entries.search_timestamp(place)  # pyright: ignore[reportUnknownMemberType]  # PyAV leaves the argument's type out
            if key >= 0 and float((video.index_entries[key].timestamp - start) * unit) > seconds:
                container.seek(place, stream=video)
                decoded = container.decode(video)
            # A frame stands for `step` seconds; the small allowance is for rounded times.
            while seconds + 0.75 * step <= wanted and (following := next(decoded, None)):
                frame, seconds = following, float(((following.pts or 0) - start) * unit)
            if frame is None:
                raise NotAVideo("it has no picture that can be decoded")
            yield seconds, frame


def _picture(frame: VideoFrame, size: tuple[int, int]) -> Image.Image:
    # Untagged HD is BT.709 by convention; FFmpeg would take it for BT.601 and shift the colours.
    untagged_hd = frame.colorspace == _UNSPECIFIED and max(frame.width, frame.height) >= 1280
    pixels = frame.to_ndarray(
        width=size[0],
        height=size[1],
        format="rgb24",
        src_colorspace=Colorspace.ITU709 if untagged_hd else None,
    )
    return Image.fromarray(pixels)


def _fit(frame: VideoFrame, edge: int) -> tuple[int, int]:
    scale = min(1.0, edge / max(frame.width, frame.height))
    return max(1, round(frame.width * scale)), max(1, round(frame.height * scale))


def _columns(count: int, aspect: float) -> int:
    """The number of columns that comes nearest to a square sheet without wasting cells."""

    def cost(columns: int) -> float:
        rows = math.ceil(count / columns)
        empty = columns * rows - count
        return abs(math.log(columns * aspect / rows)) + empty

    return min(range(1, count + 1), key=cost)


def _grid(cells: Sequence[Image.Image], columns: int, gap: int = 0) -> Image.Image:
    width, height = cells[0].size
    rows = math.ceil(len(cells) / columns)
    size = (columns * (width + gap) + gap, rows * (height + gap) + gap)
    sheet = Image.new("RGB", size, _PAPER)
    for index, cell in enumerate(cells):
        row, column = divmod(index, columns)
        sheet.paste(cell, (gap + column * (width + gap), gap + row * (height + gap)))
    return sheet


def _stamp(cell: Image.Image, text: str) -> Image.Image:
    draw = ImageDraw.Draw(cell, "RGBA")
    font = ImageFont.load_default(max(12, min(cell.size) // 12))
    left, top, right, bottom = draw.textbbox((0, 0), text, font=font)
    pad = round(bottom - top) // 2
    box = (0, cell.height - (bottom - top) - 2 * pad, right - left + 2 * pad, cell.height)
    draw.rectangle(box, fill=(0, 0, 0, 176))
    draw.text((pad - left, box[1] + pad - top), text, font=font, fill=(255, 255, 255))
    return cell


def _encode_within(image: Image.Image, most: int) -> bytes:
    data = b""
    for scale in (1.0, 0.8, 0.6, 0.4):
        smaller = image.resize((round(image.width * scale), round(image.height * scale)))
        for quality in (82, 70, 55):
            data = _encode(smaller, "JPEG", quality=quality)
            if len(data) <= most:
                return data
    return data


def _encode(image: Image.Image, kind: str, **options: int) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()
