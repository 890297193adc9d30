"""What pictures are made of: enlarging them, and drawing ahead of painting."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import numpy as np
import pytest

from sora_mcp.engines.embedded.film import Film
from sora_mcp.engines.embedded.pictures.arrays import U16, Floats
from sora_mcp.engines.embedded.pictures.once import Once
from sora_mcp.engines.embedded.pictures.planes import Canvas, magnify
from sora_mcp.engines.embedded.request import Extension, RenderRequest


def a_canvas() -> Canvas:
    random = np.random.default_rng(7)
    canvas = Canvas(96, 64)
    canvas.luma[:] = random.integers(16, 236, canvas.luma.shape)
    canvas.chroma[:] = random.integers(16, 241, canvas.chroma.shape)
    return canvas


def test_a_picture_that_is_not_enlarged_stays_as_it_is() -> None:
    source, target = a_canvas(), Canvas(96, 64)

    magnify(source, target, 1.0, (0.3, 0.9))

    assert np.array_equal(target.luma, source.luma)
    assert np.array_equal(target.chroma, source.chroma)


@pytest.mark.parametrize("zoom", [1.003, 1.1, 1.64, 2.5])
@pytest.mark.parametrize("focus", [(0.5, 0.55), (0.0, 1.0), (1.0, 0.0)])
def test_an_enlarged_picture_lies_between_its_pixels(
    zoom: float, focus: tuple[float, float]
) -> None:
    source, target = a_canvas(), Canvas(96, 64)

    magnify(source, target, zoom, focus)

    planes: list[tuple[U16, U16]] = [(source.luma, target.luma)]
    planes += zip(source.chroma, target.chroma, strict=True)
    for plane, out in planes:
        exact = enlarged(enlarged(plane.astype(np.float64), zoom, focus[0]).T, zoom, focus[1]).T
        # Sixteenths of a pixel: at most a thirty-second off, each way.
        assert float(np.abs(out - exact).max()) <= 2 * 220 / 32 + 1


def enlarged(plane: Floats, zoom: float, focus: float) -> Floats:
    """Enlarge the lines of a plane, exactly."""
    size: int = plane.shape[1]
    pixels = np.arange(size, dtype=np.float64)
    at = (size - size / zoom) * focus + (pixels + 0.5) / zoom - 0.5
    wide = np.empty_like(plane)
    for line, out in zip(plane, wide, strict=True):
        out[:] = np.interp(at, pixels, line)
    return wide


def test_frames_are_the_same_whether_or_not_they_were_prepared(tmp_path: Path) -> None:
    request = RenderRequest(
        prompt="A lighthouse by the sea at dusk, slowly pushing in",
        width=256,
        height=256,
        seconds=1,
        extensions=(Extension(prompt="Night falls", seconds=1),),
        output=str(tmp_path / "clip.mp4"),
        lock=str(tmp_path / "lock"),
    )
    plain, ahead = Film(request), Film(request)

    with ThreadPoolExecutor(1) as other:
        for frame in range(plain.frames):
            if frame + 3 < plain.frames:
                other.submit(ahead.prepare, frame + 3)
            expected, painted = plain.paint(frame), ahead.paint(frame)
            assert np.array_equal(painted.luma, expected.luma)
            assert np.array_equal(painted.chroma, expected.chroma)


def test_what_several_threads_ask_for_is_drawn_once() -> None:
    drawn: list[int] = []

    def draw(index: int) -> str:
        drawn.append(index)
        return f"picture {index}"

    things, together = Once(draw), Barrier(8, timeout=30)

    def ask(_: int) -> str:
        together.wait()
        return things[5]

    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(ask, range(8))) == {"picture 5"}
    assert drawn == [5]
    things.forget_before(6)
    assert things[5] == "picture 5"
    assert drawn == [5, 5]


def test_what_cannot_be_drawn_is_told_to_everybody_who_asks() -> None:
    tried: list[int] = []

    def draw(index: int) -> str:
        tried.append(index)
        raise ValueError(index)

    things = Once(draw)
    for _ in range(2):
        with pytest.raises(ValueError, match="3"):
            things[3]
    assert tried == [3]
