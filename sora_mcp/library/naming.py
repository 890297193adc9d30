"""File names for people: `2026-11-20 calico-cat-playing-a-piano vid_7k2m9q4x1c.mp4`."""

import re
import unicodedata
from pathlib import Path

from sora_mcp.videos.models import Job, Variant

MAX_SLUG = 48
"""Characters. With four bytes each, the longest name stays below the usual limit of 255 bytes."""

SIDECAR = ".json"

_SUFFIXES = {
    Variant.VIDEO: ".mp4",
    Variant.THUMBNAIL: ".thumbnail.webp",
    Variant.SPRITESHEET: ".spritesheet.jpg",
    Variant.LAST_FRAME: ".last_frame.png",
}


def video_name(job: Job) -> str:
    """The name of a job's video: the day (UTC) it was asked for, its first words, its id."""
    return f"{job.created_at:%Y-%m-%d} {slug(job.title or job.prompt)} {job.id}.mp4"


def sibling(video: Path, variant: Variant) -> Path:
    """Where the file of another variant is, beside a video."""
    return video.with_name(video.name.removesuffix(".mp4") + _SUFFIXES[variant])


def sidecar(video: Path) -> Path:
    """Where a video is described, beside it."""
    return video.with_name(video.name.removesuffix(".mp4") + SIDECAR)


def part_name(video_id: str, mark: str = "") -> str:
    """The name that a file has in the library while it is incomplete."""
    return f".{video_id}{mark}.part"


def slug(text: str) -> str:
    """The first words, joined by hyphens, at most 48 characters; `video` when there are none.

    Accents are dropped. Text that is mostly in another script than Latin keeps its letters.
    """
    letters = _joined(unicodedata.normalize("NFC", text.casefold()))
    folded = unicodedata.normalize("NFKD", text.casefold()).encode("ascii", "ignore").decode()
    plain = _joined(folded)
    words = plain if 2 * len(plain) >= len(letters) else letters
    if len(words) > MAX_SLUG:
        cut = words[: MAX_SLUG + 1].rpartition("-")[0]
        words = cut or words[:MAX_SLUG]
    return words or "video"


def _joined(text: str) -> str:
    # Marks belong to letters in many scripts; everything else may mean something to some system.
    kept = (char if unicodedata.category(char)[0] in "LMN" else " " for char in text[:400])
    return re.sub(" +", "-", "".join(kept).strip())
