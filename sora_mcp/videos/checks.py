"""Checks of single arguments. Each raises `InvalidRequest` that names what would do."""

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from sora_mcp.videos.errors import InvalidRequest
from sora_mcp.videos.models import VIDEO_ID_PATTERN, Operation, Variant

MAX_PROMPT = 32_000
MAX_SECONDS = 600
_SIZE = re.compile(r"[1-9]\d{1,4}[xX×*][1-9]\d{1,4}|\d{3,4}[pP]|[1-8][kK]|\d{1,2}:\d{1,2}")
_IMAGE = re.compile(rf"sora://videos/({VIDEO_ID_PATTERN})/([a-z_]+\.[a-z0-9]+)")


def check_prompt(prompt: str) -> None:
    """Refuse words that are none, or too many."""
    if not prompt.strip():
        raise InvalidRequest("prompt is empty; describe the video in 1 to 32,000 characters.")
    if len(prompt) > MAX_PROMPT:
        raise InvalidRequest(
            f"prompt has {len(prompt):,} characters; at most {MAX_PROMPT:,} are possible."
        )


def check_size(size: str | None) -> str | None:
    """A size as hosts write it: WIDTHxHEIGHT, `720p`, `4K` or `16:9`."""
    if size is None:
        return None
    if not _SIZE.fullmatch(size.strip()):
        raise InvalidRequest(
            f"size {size[:40]!r} is not a size; write WIDTHxHEIGHT in pixels, such as 1280x720 "
            "(landscape) or 720x1280 (portrait). get_engine lists what the engine takes."
        )
    return re.sub("[X×*]", "x", size.strip())


def check_seconds(seconds: float | None) -> float | None:
    """A length above 0 and at most `MAX_SECONDS`, in seconds."""
    if seconds is None:
        return None
    if not 0 < seconds <= MAX_SECONDS:
        raise InvalidRequest(
            f"seconds is {seconds:g}; give the length of the video as a number above 0 and at most "
            f"{MAX_SECONDS}, such as 4. get_engine lists what the engine takes."
        )
    return float(seconds)


APPROVED = "approved "
"""Begins the keys that stand for a person's answer; callers' own say which videos are one."""


def check_key(key: str | None) -> str | None:
    """An idempotency key of 1 to 200 printable characters."""
    if key is not None and not (1 <= len(key) <= 200 and key.isprintable()):
        raise InvalidRequest("idempotency_key must have 1 to 200 printable characters.")
    return key


def image_named(uri: str) -> tuple[str, Variant]:
    """The video and the one of its images that a `sora://` address names."""
    match = _IMAGE.fullmatch(uri)
    variant = Variant.from_file_name(match[2]) if match else None
    if match is None or variant is None or variant is Variant.VIDEO:
        raise InvalidRequest(
            f"input_reference {uri[:100]!r} is not an image of a video here; use "
            "sora://videos/{video_id}/last_frame.png or sora://videos/{video_id}/thumbnail.webp."
        )
    return match[1], variant


def fingerprint(operation: Operation, arguments: Mapping[str, Any]) -> str:
    """A hash that is equal for equal requests."""
    told = json.dumps([operation, arguments], sort_keys=True, default=str)
    return hashlib.sha256(told.encode()).hexdigest()
