"""A finished video inside an answer: the file itself, or JSON with it or with its address."""

import base64
import re
from collections.abc import Mapping
from typing import Any, cast

from sora_mcp.engines.reading import status_of
from sora_mcp.videos.models import JobStatus

_FROM_URLS = str.maketrans("-_", "+/")


def holds_video(answer: bytes, body: object) -> bool:
    """Whether an answer, or its JSON `body`, is what a host sends with the finished video in it."""
    if answer[4:8] == b"ftyp":
        return True
    found = cast("dict[str, Any]", body) if isinstance(body, dict) else {}
    told = found.get("status")
    if told is not None and status_of(told) is not JobStatus.COMPLETED:
        return False  # an address in it may be where to look
    data: Mapping[str, Any] = with_video(found) if found.get("data") else {}
    return any(isinstance(data.get(name), str) for name in ("b64_json", "url"))


def with_video(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    """The part of a JSON answer that has the video or its address in it: the first of `data`."""
    listed = answer.get("data")
    first = cast("list[Any]", listed)[0] if isinstance(listed, list) and listed else answer
    return cast("Mapping[str, Any]", first) if isinstance(first, dict) else {}


def decoded(text: str) -> bytes | None:
    """The bytes in base64, however it is written; None where it is none.

    Hosts leave its padding out, break it into lines, use the alphabet of URLs, or put `data:` and
    a type before it.
    """
    spelled = "".join(re.sub(r"\Adata:[^,]{0,200},", "", text).split()).rstrip("=")
    padded = spelled + "=" * (-len(spelled) % 4)
    try:
        return base64.b64decode(padded.translate(_FROM_URLS), validate=True) or None
    except ValueError:
        return None
