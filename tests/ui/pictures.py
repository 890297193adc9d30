"""Takes the pictures of the player for docs/images: `python -m tests.ui.pictures`."""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import anyio
from PIL import Image

from tests.server.processes import ROOT, http_server
from tests.ui.browser import played

FOLDER = ROOT / "docs" / "images"
LARGEST = 150_000
SHOT: dict[str, Any] = {
    "prompt": "Wide shot of a lighthouse on a cliff at dusk, waves below, its light turning",
    "size": "1280x720",
    "seconds": 4,
}
NIGHT = "The same shot at night, in the rain"

PLAIN: dict[str, Any] = {
    "arguments": SHOT,
    "context": {"theme": "light"},
    "width": 672,
    "browser": {"deviceScaleFactor": 1.5},
}
PICTURES: dict[str, dict[str, Any]] = {
    "ready": {"moment": "ready"},
    "running": {"moment": "running", "arguments": SHOT | {"seconds": 8}},
    "remix": {"moment": "ready", "change": NIGHT},
    "failed": {"moment": "failed", "arguments": SHOT | {"prompt": "A horror scene full of gore"}},
    "dark": {"moment": "ready", "change": NIGHT, "context": {"theme": "dark"}},
    "narrow": {"moment": "ready", "width": 352},
}


async def take(folder: Path) -> None:
    """All of them, from one server, whose later videos know how long the first one took."""
    async with http_server(folder) as url:
        for name, how in PICTURES.items():
            file = FOLDER / f"player-{name}.png"
            wanted: dict[str, Any] = PLAIN | how
            await played("picture", url, **wanted, file=str(file))
            with Image.open(file) as picture:
                small = picture.convert("RGB").quantize(256, kmeans=8)
                small.save(file, optimize=True)
            size = file.stat().st_size
            sys.stderr.write(f"{file.relative_to(ROOT)}: {size:,} bytes\n")
            assert size <= LARGEST, f"{file} is too large for a page"


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    with TemporaryDirectory() as folder:
        anyio.run(take, Path(folder))
