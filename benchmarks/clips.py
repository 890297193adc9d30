"""Clips to work on, drawn by the embedded engine, as long and as large as a row needs."""

import struct
from pathlib import Path

from sora_mcp.engines.embedded.render import render
from sora_mcp.engines.embedded.request import RenderRequest

PROMPT = "A lighthouse on a cliff at dusk, waves below, camera slowly pushing in"


def request(folder: Path, *, seconds: float) -> RenderRequest:
    """A request for a clip of 1280x720 at 24 fps in a folder."""
    return RenderRequest(
        prompt=PROMPT,
        width=1280,
        height=720,
        seconds=seconds,
        output=str(folder / "clip.mp4"),
        lock=str(folder / "lock"),
    )


def rendered(folder: Path, *, seconds: float, megabytes: int = 0) -> Path:
    """A clip; with `megabytes` made that large by a box that players skip."""
    wanted = request(folder, seconds=seconds)
    render(wanted, lambda share: None, lambda: False)
    clip = Path(wanted.output)
    padding = (megabytes << 20) - clip.stat().st_size
    if padding > 8:
        with clip.open("ab") as file:
            file.write(struct.pack(">I4s", padding, b"free"))
            file.truncate(megabytes << 20)
    return clip
