"""OpenRouter's dialect: JSON, `duration`, `resolution` and `aspect_ratio`, `frame_images`.

Source: openrouter.ai/docs/api_reference/videos and the schemas of its OpenAPI document. What a
model takes and costs is told by `GET /videos/models`; its answers are read as everybody else's.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

from sora_mcp.engines.dialects import (
    Dialect,
    ModelFacts,
    Models,
    Request,
    data_url,
    sizes_of,
    whole,
)
from sora_mcp.engines.options import SEED, Option, checked
from sora_mcp.videos.errors import InvalidRequest
from sora_mcp.videos.models import Submission
from sora_mcp.videos.spending import Price

HOST = "openrouter.ai"

_PIXELS = re.compile(r"(\d+)x(\d+)")
_RATIO = re.compile(r"([1-9]\d*):([1-9]\d*)")
_RESOLUTION = re.compile(r"(\d+)p|[124]k", re.IGNORECASE)
_SECOND_PRICE = re.compile(
    r"(?P<kind>(?:(?:text|image)_to_video_)?duration_seconds(?:_with(?:out)?_audio)?"
    r"|cents_per_(?:second_output|video_output_second))"
    r"(?:_(?P<resolution>\d+p|[124]k))?"
)
_SHORT_SIDES = {"1k": 1080, "2k": 1440, "4k": 2160}
_NOTE = "host's price list"


@dataclass(frozen=True)
class OpenRouterDialect(Dialect):
    """Requests as OpenRouter reads them."""

    def new_video(self, submission: Submission, models: Models) -> Request:
        """The request for a new video, checked against what its model takes."""
        name = cast("str", self.model_of(submission, models))
        model = models.get(name) or ModelFacts(name)
        fields: dict[str, Any] = {"model": name, "prompt": submission.prompt}
        if submission.size:
            fields |= _size(submission.size, model)
        if submission.seconds is not None:
            seconds = whole(submission.seconds, self.title)
            if model.seconds and seconds not in model.seconds:
                able = ", ".join(f"{length:g}" for length in model.seconds)
                raise InvalidRequest(f"seconds is {seconds}; {name} makes {able} s.")
            fields["duration"] = seconds
        fields |= checked(submission.options, self.options)
        if submission.reference is not None:
            if not model.takes_images:
                raise InvalidRequest(f"{name} takes no first frame. Choose another model.")
            picture = {"url": data_url(submission.reference)}
            frame = {"type": "image_url", "image_url": picture, "frame_type": "first_frame"}
            fields["frame_images"] = [frame]
        return Request(self.submit_path, "json", fields)


def _size(size: str, model: ModelFacts) -> dict[str, str]:
    """A size in the words that the model knows."""
    if ":" in size:
        return {"aspect_ratio": _one_of("aspect ratio", size, model.ratios, model)}
    pixels = _PIXELS.fullmatch(size)
    if pixels is None:
        return {"resolution": _one_of("resolution", size.lower(), model.resolutions, model)}
    if size in model.sizes or not (model.sizes or model.resolutions):
        return {"size": size}
    shape = _shapes(model).get(size)
    if shape is not None:
        return {"resolution": shape[0], "aspect_ratio": shape[1]}
    raise InvalidRequest(
        f"size is {size}; {model.name} takes {', '.join(sizes_of(model)) or 'other sizes'}."
    )


def _shapes(model: ModelFacts) -> dict[str, tuple[str, str]]:
    """The sizes in pixels that a model's resolutions and ratios make: `1280x720`: `720p`, `16:9`.

    A side that would be a fraction is the even number next to it, as in 854x480.
    """
    shapes: dict[str, tuple[str, str]] = {}
    for resolution in model.resolutions:
        short = _short_side(resolution)
        for ratio in filter(_RATIO.fullmatch, model.ratios):
            if short is not None:
                wide, high = map(int, ratio.split(":"))
                long = 2 * round(short * max(wide, high) / min(wide, high) / 2)
                size = f"{short}x{long}" if wide < high else f"{long}x{short}"
                shapes[size] = resolution, ratio
    return shapes


def _short_side(resolution: str) -> int | None:
    match = _RESOLUTION.fullmatch(resolution)
    if match is None:
        return None
    return int(match[1]) if match[1] else _SHORT_SIDES[resolution.lower()]


def _one_of(what: str, value: str, able: tuple[str, ...], model: ModelFacts) -> str:
    found = next((known for known in able if known.lower() == value), None)
    if able and found is None:
        raise InvalidRequest(f"size is the {what} {value}; {model.name} has {', '.join(able)}.")
    return found or value


def parse_models(body: object) -> dict[str, ModelFacts]:
    """The models in an answer of `GET /videos/models`."""
    listed = cast("Mapping[str, Any]", body).get("data") if isinstance(body, Mapping) else None
    found: dict[str, ModelFacts] = {}
    for entry in cast("list[object]", listed) if isinstance(listed, list) else []:
        if not isinstance(entry, Mapping):
            continue
        facts = cast("Mapping[str, Any]", entry)
        if isinstance(facts.get("id"), str):
            found[facts["id"]] = _model(facts)
    return found


def _model(entry: Mapping[str, Any]) -> ModelFacts:
    frames = entry.get("supported_frame_images")
    lengths = entry.get("supported_durations")
    skus = entry.get("pricing_skus")
    model = ModelFacts(
        name=entry["id"],
        sizes=_texts(entry.get("supported_sizes")),
        resolutions=_texts(entry.get("supported_resolutions")),
        ratios=_texts(entry.get("supported_aspect_ratios")),
        seconds=tuple(
            sorted(
                float(length)
                for length in (cast("list[object]", lengths) if isinstance(lengths, list) else [])
                if isinstance(length, int | float)
            )
        ),
        takes_images="first_frame" in _texts(frames),
    )
    if not isinstance(skus, Mapping):
        return model
    return replace(model, prices=tuple(_prices(model, cast("Mapping[str, Any]", skus))))


def _prices(model: ModelFacts, skus: Mapping[str, Any]) -> Iterator[Price]:
    """Rows for a model that is paid by the second, never below what a request can cost.

    Which of several kinds of price holds (from words or from a picture, with sound or without)
    depends on more than a table is asked for, so it is the highest. A size that says nothing of the
    resolution, or has none of those known, costs the highest of all.
    """
    kinds = _kinds(skus)
    # With sound is what one gets unasked: without its price none is known.
    if all(kind.endswith("_without_audio") for kind in kinds):
        return
    highest = max(usd for prices in kinds.values() for usd in prices.values())
    yield Price("*", model.name, "*", highest, _NOTE)
    known = {name.lower() for name in model.resolutions}
    known |= {resolution for prices in kinds.values() for resolution in prices if resolution}
    tiers = {resolution: _highest(kinds, resolution) for resolution in sorted(known)}
    sizes = {
        size: max(
            (usd for tier, usd in tiers.items() if _short_side(tier) == _shorter(size)),
            default=highest,
        )
        for size in (*model.sizes, *_shapes(model))
    }
    for size, usd in (tiers | sizes).items():
        if usd < highest:
            yield Price("*", model.name, size, usd, _NOTE)


def _kinds(skus: Mapping[str, Any]) -> dict[str, dict[str | None, float]]:
    """USD per second by kind of price and resolution (None: any other); empty where it is more."""
    kinds: dict[str, dict[str | None, float]] = {}
    for name, value in skus.items():
        match, usd = _SECOND_PRICE.fullmatch(name.lower()), _usd(value)
        if match is None or usd is None:
            return {}  # paid by something else as well: no figure is better than a wrong one
        usd = usd / 100 if match["kind"].startswith("cents") else usd
        kinds.setdefault(match["kind"], {})[match["resolution"]] = usd
    return kinds


def _highest(kinds: Mapping[str, Mapping[str | None, float]], resolution: str) -> float:
    """The highest price that may hold at a resolution: of each kind its own, or the general one."""
    return max(
        prices.get(resolution, prices.get(None, max(prices.values()))) for prices in kinds.values()
    )


def _shorter(size: str) -> int:
    pixels = _PIXELS.fullmatch(size)
    return min(int(pixels[1]), int(pixels[2])) if pixels else 0


def _usd(value: object) -> float | None:
    try:
        usd = float(cast("Any", value))
    except (TypeError, ValueError):
        return None
    return usd if 0 <= usd < 1e4 else None


def _texts(value: object) -> tuple[str, ...]:
    listed = cast("list[object]", value) if isinstance(value, list) else []
    return tuple(part for part in listed if isinstance(part, str))


OPENROUTER = OpenRouterDialect(
    name="openrouter",
    title="OpenRouter",
    encoding="json",
    models_path="/videos/models",
    delete="missing",
    list="missing",
    needs_model=True,
    whole_seconds=True,
    options={
        "seed": SEED,
        "generate_audio": Option("boolean", "whether the video has sound"),
    },
)
