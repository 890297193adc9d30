"""The contact sheet of a clip."""

import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import av

from benchmarks.clips import rendered
from benchmarks.figures import Effort, Figure, Target, alternate
from sora_mcp.media.stills import contact_sheet

_SECONDS, _FRAMES = 12, 6


async def measure(effort: Effort) -> Sequence[Figure]:
    """Seconds; the reference decodes from the key frame before each moment."""
    with TemporaryDirectory() as folder:
        clip = rendered(Path(folder), seconds=_SECONDS)
        ours, reference = await alternate(
            effort.rounds, partial(_sheet, clip), partial(_decode, clip)
        )
    return [
        Figure(
            f"contact sheet of a {_SECONDS} s clip ({_FRAMES} moments)",
            "decoding the needed frames alone",
            Target(2),
            ours,
            reference,
        )
    ]


async def _sheet(clip: Path) -> float:
    begun = time.perf_counter()
    contact_sheet(clip, _FRAMES)
    return time.perf_counter() - begun


async def _decode(clip: Path) -> float:
    begun = time.perf_counter()
    with av.open(str(clip)) as container:
        video = container.streams.video[0]
        assert video.duration is not None
        for number in range(_FRAMES):
            wanted = video.duration * number // (_FRAMES - 1)
            container.seek(wanted, stream=video)
            for frame in container.decode(video):
                if (frame.pts or 0) + (frame.duration or 0) >= wanted:
                    break
    return time.perf_counter() - begun
