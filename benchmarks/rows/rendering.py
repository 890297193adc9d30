"""The embedded engine's renderer."""

import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from av import VideoFrame

from benchmarks.clips import PROMPT, request
from benchmarks.figures import Effort, Figure, Target, alternate
from sora_mcp.engines.embedded.encoder import Movie
from sora_mcp.engines.embedded.film import Film
from sora_mcp.engines.embedded.render import render
from sora_mcp.engines.embedded.request import RenderRequest
from sora_mcp.engines.embedded.storyboard import FRAME_RATE

_SECONDS = 4


async def measure(effort: Effort) -> Sequence[Figure]:
    """Frames per second, whole and encoding alone."""
    with TemporaryDirectory() as place:
        wanted = request(Path(place), seconds=_SECONDS)
        film = Film(wanted)
        frames = [film.paint(number).to_frame() for number in range(film.frames)]
        ours, encoder = await alternate(
            effort.rounds,
            partial(_render, wanted, len(frames)),
            partial(_encode, frames, Path(place) / "encoded.mp4"),
        )
    what = "rendering 1280x720 at 24 fps"
    real_time = [float(FRAME_RATE)] * len(ours)
    return [
        Figure(f"{what}", "real time", Target(4, at_least=True), ours, real_time),
        Figure(
            f"{what}",
            "the encoder alone, fed with ready frames",
            Target(0.6, at_least=True),
            ours,
            encoder,
        ),
    ]


async def _render(wanted: RenderRequest, frames: int) -> float:
    begun = time.perf_counter()
    render(wanted, lambda share: None, lambda: False)
    return frames / (time.perf_counter() - begun)


async def _encode(frames: Sequence[VideoFrame], path: Path) -> float:
    begun = time.perf_counter()
    with Movie(path, frames[0].width, frames[0].height, PROMPT) as movie:
        for frame in frames:
            movie.add_picture(frame)
    return len(frames) / (time.perf_counter() - begun)
