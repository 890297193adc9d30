"""What differs between hosts that speak the Videos API, as data.

A dialect says how a request is written and what its host can do. Most hosts speak OpenAI's; what
they do differently is in the rows of `hosts.py`; OpenRouter's own dialect is in `openrouter.py`.
`reading.py` understands everybody's answers.
"""

import base64
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import quote

from sora_mcp.engines.options import DIFFUSION, SEED, Option, checked
from sora_mcp.videos.errors import EngineJobMissing, InvalidRequest
from sora_mcp.videos.models import Operation, Submission, Support
from sora_mcp.videos.ports import EngineDefaults
from sora_mcp.videos.spending import Price

RETIRED = (
    "OpenAI switched its Videos API and every Sora model off on 2026-09-24. Set SORA_MCP_BASE_URL "
    "to a host that speaks the Videos API (vLLM-Omni, SGLang, LiteLLM, a gateway), or unset it "
    "for the embedded preview engine."
)

Encoding = Literal["multipart", "json"]


@dataclass(frozen=True)
class ModelFacts:
    """What a host tells of one of its models; empty where it does not."""

    name: str
    sizes: tuple[str, ...] = ()
    resolutions: tuple[str, ...] = ()
    ratios: tuple[str, ...] = ()
    seconds: tuple[float, ...] = ()
    takes_images: bool = True
    options: frozenset[str] | None = None
    """The extras that it knows; None where nothing is said."""
    prices: tuple[Price, ...] = ()


Models = Mapping[str, ModelFacts]


@dataclass(frozen=True)
class Request:
    """A submission as it goes out."""

    path: str
    encoding: Encoding
    fields: dict[str, Any]
    """Without an image that goes along as a file."""
    file: tuple[str, bytes] | None = None
    """The name of the field and the PNG."""


@dataclass(frozen=True)
class Dialect:
    """How one kind of host speaks, and what it can do."""

    name: str
    title: str
    """The host's own name."""
    encoding: Encoding = "multipart"
    """Of a new video. Multipart is what nearly every host of OpenAI's dialect reads."""
    submit_path: str = "/videos"
    models_path: str = "/models"
    remix: Support = "emulated"
    extend: Support = "emulated"
    tries_native: bool = False
    """The host may have remix and extend; asking is the way to know."""
    per_model: bool = False
    """What it can do depends on the model, so that one answer says nothing about the others."""
    delete: Support = "native"
    delete_stops: bool = True
    """A delete ends a running job; otherwise the host only forgets it, and may go on with it."""
    list: Support = "native"
    waits: bool = False
    """The answer to a submission is the video itself (`standing.py`)."""
    needs_model: bool = False
    whole_seconds: bool = False
    takes_images: bool = True
    image_field: str = "input_reference"
    number_seconds: bool = False
    """The length is a number, not a text."""
    extras_in: str | None = None
    """The object of a JSON body that extras go into."""
    always: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Fields of every new video."""
    options: Mapping[str, Option] = field(default_factory=dict[str, Option])
    """Extra fields that callers may set. Never paths on the server."""
    defaults: EngineDefaults = field(default_factory=EngineDefaults)
    sizes: tuple[str, ...] = ()
    seconds: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    check: Callable[[Submission], None] = lambda submission: None
    """Refuses values that can never be right, where the limits are known."""
    releases_files: bool = False
    """Takes `DELETE /videos/{id}/content` as the word that its copy is no longer needed."""

    @property
    def operations(self) -> dict[str, Support]:
        """What it can do, by the names that people see."""
        return {
            "remix": self.remix,
            "extend": self.extend,
            "delete": self.delete,
            "list": self.list,
            # Always made here from the file: those that hosts have are missing, or lie.
            "thumbnails": "emulated",
        }

    def request(self, submission: Submission, models: Models) -> Request:
        """A submission in this dialect: only what was given.

        Raises:
            InvalidRequest: An option is not listed, or a value can never be right.
        """
        self.check(submission)
        match submission.operation:
            case Operation.REMIX:
                path = f"/videos/{segment(submission.source_engine_job_id)}/remix"
                return Request(path, "json", {"prompt": submission.prompt})
            case Operation.EXTEND:
                fields = {"prompt": submission.prompt, **self._length(submission)}
                source = {"id": submission.source_engine_job_id}
                return Request("/videos/extensions", "json", {**fields, "video": source})
            case _:
                return self.new_video(submission, models)

    def new_video(self, submission: Submission, models: Models) -> Request:
        """The request for a new video."""
        as_text = self.encoding == "multipart"
        fields: dict[str, Any] = {"prompt": submission.prompt}
        if model := self.model_of(submission, models):
            fields["model"] = model
        if submission.size:
            fields["size"] = submission.size
        fields |= {**self._length(submission), **self.always}
        extras = checked(submission.options, self.options)
        if as_text:
            fields |= {name: _text(value) for name, value in extras.items()}
        elif extras and self.extras_in:
            fields[self.extras_in] = extras
        else:
            fields |= extras
        file = None
        if submission.reference is not None:
            if as_text:
                file = (self.image_field, submission.reference)
            else:
                fields[self.image_field] = self.image_value(submission.reference)
        return Request(self.submit_path, self.encoding, fields, file)

    def image_value(self, png: bytes) -> Any:
        """A first frame inside a JSON body."""
        url = data_url(png)
        return url if self.waits else {"image_url": url}

    def model_of(self, submission: Submission, models: Models) -> str | None:
        """The model to ask for.

        Raises:
            InvalidRequest: The host wants one, and there is more than one to choose from.
        """
        if submission.model or not self.needs_model:
            return submission.model
        if len(models) == 1:
            return next(iter(models))
        some = f" It has: {', '.join(list(models)[:20])}." if models else ""
        raise InvalidRequest(
            f"{self.title} wants a model. Name one, or let the operator set SORA_MCP_MODEL.{some}"
        )

    def _length(self, submission: Submission) -> dict[str, Any]:
        seconds = submission.seconds
        if seconds is None:
            return {}
        if self.whole_seconds:
            seconds = whole(seconds, self.title)
        return {"seconds": seconds if self.number_seconds else f"{seconds:g}"}


def segment(engine_job_id: str | None) -> str:
    """An engine's id as one segment of a path. Raises `EngineJobMissing` where it cannot be one."""
    if engine_job_id in (None, "", ".", ".."):
        raise EngineJobMissing(f"{engine_job_id!r} is not the id of a job.")
    return quote(engine_job_id or "", safe="")


def whole(seconds: float, title: str) -> int:
    """A length in whole seconds. Raises `InvalidRequest` for any other."""
    if seconds != int(seconds):
        raise InvalidRequest(
            f"seconds is {seconds:g}; {title} takes whole seconds, such as {round(seconds) or 1}."
        )
    return int(seconds)


def data_url(png: bytes) -> str:
    """A PNG as a `data:` URL."""
    return "data:image/png;base64," + base64.b64encode(png).decode("ascii")


def sizes_of(model: ModelFacts) -> tuple[str, ...]:
    """The sizes of a model, as people and agents may write them."""
    return model.sizes or (*model.resolutions, *model.ratios)


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _check_embedded(submission: Submission) -> None:
    """The limits of the embedded engine (`engines/embedded/request.py`)."""
    if submission.seconds is not None and not 1 <= submission.seconds <= 20:
        raise InvalidRequest(f"seconds is {submission.seconds:g}; this engine makes 1–20 s.")
    if submission.size is None or submission.operation is not Operation.GENERATE:
        return
    sides = [int(side) for side in re.findall(r"\d+", submission.size)]
    pixels = "x" in submission.size and len(sides) == 2
    if not pixels or any(not 256 <= side <= 1920 or side % 2 for side in sides):
        raise InvalidRequest(
            f"size is {submission.size}; this engine takes WIDTHxHEIGHT with any even width and "
            "height of 256–1920, such as 1280x720."
        )


EMBEDDED = Dialect(
    name="embedded",
    title="The embedded engine",
    remix="native",
    extend="native",
    options={"seed": SEED},
    defaults=EngineDefaults(model="preview-animatic", size="1280x720", seconds=4),
    sizes=("any even width and height of 256–1920",),
    seconds=("1–20",),
    notes=(
        "Local preview, not AI video: an animatic of the prompt, drawn on this machine. "
        "Set SORA_MCP_BASE_URL to a Videos API host for real generation.",
    ),
    check=_check_embedded,
    releases_files=True,
)

OPENAI = Dialect(
    name="openai",
    title="OpenAI",
    remix="native",
    extend="native",
    defaults=EngineDefaults(model="sora-2", size="720x1280", seconds=4),
    sizes=("720x1280", "1280x720", "1024x1792", "1792x1024", "1080x1920", "1920x1080"),
    seconds=("4", "8", "12", "16", "20"),
    notes=(RETIRED,),
)

COMPATIBLE = Dialect(
    name="compatible",
    title="Any other host",
    remix="native",
    extend="native",
    tries_native=True,
    options=DIFFUSION,
    notes=("Remix and extend are asked of the host first, and emulated where it has neither.",),
)
"""A host about which nothing more is known: OpenAI's protocol, and options that engines share."""

OPENAI_JSON = Dialect(
    name="openai-json",
    title="A gateway that reads JSON only",
    encoding="json",
    remix="native",
    extend="native",
    tries_native=True,
    needs_model=True,
    options=DIFFUSION,
)
"""Gateways of OpenAI's dialect that read JSON only, such as Merge Gateway."""
