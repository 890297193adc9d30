"""Downloading a large file to disk.

`python -m benchmarks.rows.download URL VIDEO FILE` does it once.
"""

import json
import os
import shutil
import sys
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import anyio
from pydantic import SecretStr

from benchmarks.clips import rendered
from benchmarks.figures import Effort, Figure, Target, alternate
from benchmarks.hosts import running_host
from benchmarks.ledgers import at_host
from benchmarks.processes import peak_memory_mb, run
from sora_mcp.engines.dialects import COMPATIBLE
from sora_mcp.engines.videos_api import VideosApiEngine
from sora_mcp.library.download import receive
from sora_mcp.videos.ports import EngineLimits

MEGABYTES = 200


async def measure(effort: Effort) -> Sequence[Figure]:
    """Megabytes per second, and what the process that downloads grows by."""
    with TemporaryDirectory() as place:
        folder = Path(place)
        clip = rendered(folder, seconds=1, megabytes=MEGABYTES)
        async with running_host(clip) as host:
            [video] = await host.prepare(jobs=1)
            curl = shutil.which("curl")
            if curl is None:
                raise RuntimeError("This row needs curl.")
            url = f"{host.url}/v1/videos/{video}/content"
            grown: list[float] = []

            async def ours() -> float:
                module = ["-m", "benchmarks.rows.download", host.url, video, str(folder / "part")]
                told = json.loads(await run([sys.executable, *module]))
                grown.append(told["grown_mb"])
                return MEGABYTES / told["seconds"]

            async def with_curl() -> float:
                path = folder / "curl.mp4"
                took = await run([curl, "-s", "-w", "%{time_total}", "-o", str(path), url])
                # Else our waiting for the disk (curl does not) would be for its file, too.
                path.unlink()
                return MEGABYTES / float(took)

            rates, reference = await alternate(effort.rounds, ours, with_curl)
    grown = grown[-effort.rounds :]
    what = f"download of a {MEGABYTES} MB file to disk"
    return [
        Figure(f"{what}, per second", "`curl`", Target(0.8, at_least=True), rates, reference),
        Figure(
            f"{what}: growth of the process (peak RSS)",
            "before the download",
            Target(16, "MB"),
            grown,
            [0.0] * len(grown),
        ),
    ]


async def _download(url: str, video: str, path: Path) -> None:
    """Bring a video to a file as the library does, twice; say how long it took, as JSON.

    The second time counts: at the first the process loads what reads media, once in its life.
    """
    engine = VideosApiEngine(
        name="bench",
        base_url=f"{url}/v1",
        dialect=COMPATIBLE,
        limits=EngineLimits(1, 0),
        api_key=SecretStr("none"),
    )
    [job] = at_host([video], url)
    await engine.retrieve(video)
    before, seconds = peak_memory_mb(os.getpid()), 0.0
    for _ in range(2):
        begun = time.perf_counter()
        await receive(path, partial(engine.open_content, job), most=MEGABYTES << 21)
        seconds = time.perf_counter() - begun
        path.unlink()
    told = {"seconds": seconds, "grown_mb": peak_memory_mb(os.getpid()) - before}
    sys.stdout.write(json.dumps(told))
    await engine.close()


if __name__ == "__main__":
    anyio.run(_download, sys.argv[1], sys.argv[2], Path(sys.argv[3]))
