"""What a caller passed, brought into the form that the tool takes, or refused in plain words."""

import difflib
import json
import re
from collections.abc import Callable, Mapping
from typing import Any, cast

from sora_mcp.server.schemas import Schema
from sora_mcp.videos.errors import InvalidRequest

_MEANT: dict[str, tuple[str, ...]] = {
    "seconds": ("duration", "length", "secs", "duration_seconds", "video_length", "num_seconds"),
    "size": ("resolution", "aspect_ratio", "aspect", "ratio", "dimensions", "width", "height"),
    "input_reference": (
        "image",
        "image_url",
        "first_frame",
        "reference",
        "reference_image",
        "init_image",
        "input_image",
        "start_image",
    ),
    "reference_fit": ("fit", "crop", "resize", "resize_mode"),
    "options": (
        "seed",
        "negative_prompt",
        "fps",
        "steps",
        "num_inference_steps",
        "guidance_scale",
        "extra",
        "extra_body",
        "parameters",
    ),
    "video_id": ("id", "video", "job_id", "task_id", "generation_id", "remix_video_id"),
    "video_ids": ("ids", "videos", "clips", "parts"),
    "prompt": ("text", "description", "caption", "instruction", "instructions", "input"),
    "query": ("search", "text", "q", "keyword", "filter", "prompt"),
    "model": ("engine", "model_name", "model_id"),
    "max_cost_usd": ("max_cost", "budget", "cost_limit", "max_price"),
    "dry_run": ("preview", "simulate", "estimate", "plan"),
    "idempotency_key": ("idempotency", "request_id", "client_token"),
    "wait_seconds": ("wait", "timeout", "timeout_seconds", "max_wait", "wait_time", "poll"),
    "variant": ("type", "format", "kind", "file"),
    "save_as": ("path", "output", "output_path", "filename", "file_name", "destination", "out"),
    "frames": ("num_frames", "count", "n", "images"),
    "limit": ("count", "n", "page_size", "max_results", "first"),
    "after": ("cursor", "offset", "page", "next", "next_after", "start_after"),
    "status": ("state", "filter"),
    "keep_files": ("keep", "keep_file", "preserve_files"),
    "title": ("name", "label"),
}
"""Parameters, each with names that callers give it who do not look."""

_LONG = ("prompt", "input_reference")
"""Texts that have limits of their own; a first frame may be a whole image in a `data:` URL."""
_LONGEST = 20_000
"""Characters of any other value: results repeat them, and no message may become too large."""
_PLAIN_NUMBER = re.compile(r"[+-]?\d{1,15}(\.\d{1,15})?")
_LARGE = 1e15
"""No parameter means anything above this; infinity and not-a-number are above it, too."""


def read_arguments(tool: str, schema: Schema, given: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments for a tool, null ones left out, numbers in text form converted.

    Raises:
        InvalidRequest: A name is unknown, a required one is missing, or a value has another type.
    """
    properties = cast("dict[str, Schema]", schema["properties"])
    for name in given:
        if name not in properties:
            raise InvalidRequest(_unknown(tool, name, properties))
    values = {name: value for name, value in given.items() if value is not None}
    missing = [f"`{name}`" for name in schema.get("required", ()) if name not in values]
    if missing:
        raise InvalidRequest(f"{tool} needs {' and '.join(missing)}.")
    return {name: _read(name, properties[name], value) for name, value in values.items()}


def _unknown(tool: str, name: str, properties: Mapping[str, Schema]) -> str:
    shown = name if len(name) <= 40 else name[:37] + "..."
    meant = _meant(name, properties)
    hint = f"; did you mean `{meant}`?" if meant else "."
    takes = ", ".join(properties) or "no arguments"
    return f"unknown `{shown}`{hint} {tool} takes {takes}."


def _meant(name: str, properties: Mapping[str, Schema]) -> str | None:
    plain = re.sub(r"(?<=[a-z])(?=[A-Z])|[-\s]+", "_", name).lower()
    for parameter in properties:
        if plain == parameter or plain in _MEANT.get(parameter, ()):
            return parameter
    close = difflib.get_close_matches(plain, properties, n=1)
    return close[0] if close else None


def _read(name: str, schema: Schema, value: object) -> object:
    kind = cast("str", schema["type"])
    read, wanted = _READERS[kind]
    result = read(value)
    if result is None:
        raise InvalidRequest(f"`{name}` must be {wanted}, not {_shown(value)}.")
    if name not in _LONG and len(str(result)) > _LONGEST:
        raise InvalidRequest(f"`{name}` is longer than {_LONGEST:,} characters.")
    if "enum" in schema and result not in schema["enum"]:
        raise InvalidRequest(
            f"`{name}` is {_shown(value)}; use one of {', '.join(schema['enum'])}."
        )
    return result


def _shown(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case str():
            return f'"{value}"' if len(value) <= 40 else f'"{value[:37]}..."'
        case int() | float():
            return "a number that large" if abs(value) >= _LARGE else f"{value:g}"
        case list():
            return "a list"
        case _:
            return "an object"


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _number(value: object) -> float | None:
    if isinstance(value, str) and _PLAIN_NUMBER.fullmatch(value.strip()):
        return float(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) < _LARGE else None


def _whole(value: object) -> int | None:
    number = _number(value)
    return int(number) if number is not None and number == int(number) else None


def _truth(value: object) -> bool | None:
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.strip().lower())
    return value if isinstance(value, bool) else None


def _texts(value: object) -> list[str] | None:
    value = _from_json(value)
    if not isinstance(value, list):
        return None
    items = cast("list[object]", value)
    texts = [item for item in items if isinstance(item, str)]
    return texts if len(texts) == len(items) else None


def _object(value: object) -> dict[str, Any] | None:
    value = _from_json(value)
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None


def _from_json(value: object) -> object:
    """Some clients pass lists and objects as their JSON text."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return None


_READERS: dict[str, tuple[Callable[[object], object], str]] = {
    "string": (_text, "text"),
    "number": (_number, "a number"),
    "integer": (_whole, "a whole number"),
    "boolean": (_truth, "true or false"),
    "array": (_texts, "a list of texts"),
    "object": (_object, "an object"),
}
