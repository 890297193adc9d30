"""OpenRouter's video API, `/api/v1/videos`.

Read in: OpenRouterTeam/docs, openapi/openapi.yaml at 0cf80d10 ("spec");
openrouter.ai/docs/api_reference/videos ("reference"); OpenRouterTeam/skills,
skills/openrouter-video/SKILL.md at 1c6d7ef7 ("skill"); OpenRouterTeam/typescript-sdk,
src/models/videogenerationresponse.ts at 5ad5258b ("sdk"); and the live host's answers of
2026-10-02 in ethanpil/or-toolbox, tests/fixtures/openrouter at b5596a4a ("recorded").
"""

import json
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, Field, ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from tests.fakes.hosts.base import REASON, Endpoint, Host, Record

Ratio = Literal["16:9", "9:16", "1:1", "4:3", "3:4", "3:2", "2:3", "21:9", "9:21"]


# Three of the thirty in recorded videos-models.json: one takes images, one text only, one lists no
# sizes in pixels. The price keys differ: `duration_seconds…` is USD a second,
# `cents_per_…second…` cents a second, `video_tokens…` USD for each of
# width * height * seconds * 24 / 1024.
_BOTH: dict[str, Any] = {
    "created": 1774277148,
    "supported_resolutions": ["720p", "1080p"],
    "supported_aspect_ratios": ["16:9", "9:16"],
    "supported_sizes": ["1280x720", "720x1280", "1920x1080", "1080x1920"],
    **dict.fromkeys(("upscale_factor", "creativity", "hugging_face_id")),
    "generate_audio": True,
}
_VEO: dict[str, Any] = {
    "id": "google/veo-3.1-lite",
    "canonical_slug": "google/veo-3.1-lite-20260331",
    "name": "Google: Veo 3.1 Lite",
    "supported_durations": [8, 4, 6],
    "supported_frame_images": ["first_frame", "last_frame"],
    "seed": True,
    "pricing_skus": {
        "duration_seconds_with_audio": "0.08",
        "duration_seconds_without_audio": "0.05",
        "duration_seconds_with_audio_720p": "0.05",
        "duration_seconds_without_audio_720p": "0.03",
    },
    "allowed_passthrough_parameters": ["personGeneration", "negativePrompt", "enhancePrompt"],
}
_SORA: dict[str, Any] = {
    "id": "openai/sora-2-pro",
    "canonical_slug": "openai/sora-2-pro-20260320",
    "name": "OpenAI: Sora 2 Pro",
    "supported_durations": [4, 8, 12, 16, 20],
    "supported_frame_images": None,
    "seed": False,
    "pricing_skus": {"duration_seconds_720p": "0.30", "duration_seconds_1080p": "0.50"},
    "allowed_passthrough_parameters": ["quality", "style"],
}
_WAN: dict[str, Any] = {
    "id": "alibaba/wan-3.0",
    "canonical_slug": "alibaba/wan-3.0-20260824",
    "name": "Alibaba: Wan 3.0",
    "supported_resolutions": ["480p", "720p", "1080p"],
    "supported_aspect_ratios": ["16:9", "4:3", "1:1", "3:4", "9:16"],
    "supported_sizes": None,
    "supported_durations": list(range(2, 31)),
    "supported_frame_images": ["first_frame"],
    "seed": True,
    "pricing_skus": {
        "duration_seconds_480p": "0.05",
        "duration_seconds_720p": "0.1",
        "duration_seconds_1080p": "0.2",
    },
    "allowed_passthrough_parameters": [],
}
MODELS = {model["id"]: _BOTH | model for model in (_VEO, _SORA, _WAN)}


def problem(code: int, message: str, metadata: dict[str, Any] | None = None) -> JSONResponse:
    """OpenRouter's envelope; its code repeats the HTTP status (recorded)."""
    error = {"message": message, "code": code} | ({"metadata": metadata} if metadata else {})
    return JSONResponse({"error": error}, code)


class _Reference(BaseModel):
    type: Literal["image_url", "audio_url", "video_url"]
    image_url: dict[str, str] | None = None
    audio_url: dict[str, str] | None = None
    video_url: dict[str, str] | None = None


class _Frame(BaseModel):
    type: Literal["image_url"]
    image_url: dict[str, str]
    frame_type: Literal["first_frame", "last_frame"]


class Submission(BaseModel, strict=True):
    """The spec's VideoGenerationRequest. Other fields are dropped without a word."""

    model: str
    prompt: str | None = None
    duration: int | None = Field(None, ge=1)
    resolution: Literal["480p", "720p", "768p", "1080p", "1K", "2K", "4K"] | None = None
    aspect_ratio: Ratio | None = None
    size: str | None = None
    frame_images: list[_Frame] | None = None
    input_references: list[_Reference] | None = None
    generate_audio: bool | None = None
    seed: int | None = None
    callback_url: str | None = Field(None, pattern="^https://")
    previous_job_id: str | None = Field(None, pattern=r"^gen-vid-\d+-[0-9A-Za-z]{20}$")
    provider: dict[str, Any] | None = None


@dataclass
class OpenRouterHost(Host):
    """OpenRouter, with two of its models."""

    base_path: ClassVar[str] = "/api/v1"
    model: ClassVar[str] = "google/veo-3.1-lite"

    keeps_copy: bool = False
    """Whether jobs get `urls` (reference) and `expires_at` (sdk); the recorded ones did not."""
    without_credit: bool = False
    turned_away: int = 0
    """How many of the next submissions meet the rate limit."""
    bad_end: Literal["failed", "cancelled", "expired"] = "failed"

    def app(self) -> Starlette:
        async def nowhere(request: Request, exc: Exception) -> Response:
            return problem(404, "Not Found")  # recorded error-404.json

        return Starlette(routes=self.routes(), exception_handlers={404: nowhere, 405: nowhere})

    def routes(self) -> Sequence[Route]:
        return [
            self.open("/api/v1/models", self._models),
            self.open("/api/v1/videos/models", self._video_models),  # needs no key (recorded)
            self.guarded("/api/v1/videos", self._create, "POST"),
            self.guarded("/api/v1/videos/{id}", self._get),
            self.guarded("/api/v1/videos/{id}/content", self._content),
            self.open("/storage/{id}.mp4", self._stored),
        ]

    def guarded(self, path: str, endpoint: Endpoint, method: str = "GET") -> Route:
        async def checked(request: Request) -> Response:
            if not self.key or request.headers.get("authorization") == f"Bearer {self.key}":
                return await endpoint(request)
            sent = "authorization" in request.headers  # both recorded
            return problem(401, "User not found." if sent else "No cookie auth credentials found")

        return self.open(path, checked, method)

    def new_id(self, number: int) -> str:
        return f"gen-vid-{int(time.time())}-{number:020d}"

    async def _models(self, request: Request) -> Response:
        # Only what writes text, unless asked otherwise; no `object` and no `owned_by` (recorded).
        videos = request.query_params.get("output_modalities") == "video"
        ids = list(MODELS) if videos else ["openrouter/auto"]
        return JSONResponse({"data": [{"id": i, "canonical_slug": i, "pricing": {}} for i in ids]})

    async def _video_models(self, request: Request) -> Response:
        return JSONResponse({"data": list(MODELS.values())})

    async def _create(self, request: Request) -> Response:
        if int(request.headers.get("content-length", 0)) > 50 * 1024**2:  # skill
            return problem(413, "Request payload too large")
        if self.turned_away:
            self.turned_away -= 1
            limited = problem(429, "Rate limit exceeded", {"error_type": "rate_limit_exceeded"})
            limited.headers["retry-after"] = "1"
            return limited
        try:
            read = Submission.model_validate_json(await request.body())
        except ValidationError as wrong:  # JSON with a bad field, or no JSON at all
            # Another envelope: recorded, and stabgan/openrouter-mcp-multimodal issue 23.
            issues = [{"path": error["loc"], "message": error["msg"]} for error in wrong.errors()]
            told = {"name": "ZodError", "message": json.dumps(issues)}
            return JSONResponse({"success": False, "error": told}, 400)
        fields = read.model_dump(exclude_none=True)
        if fields["model"] not in MODELS:  # recorded error-400-invalid-model.json
            return problem(400, f"{fields['model']} is not a valid model ID")
        if (refused := self._refusal(MODELS[fields["model"]], fields)) is not None:
            return refused
        if self.without_credit:  # spec
            return problem(402, "Insufficient credits. Add more at openrouter.ai/credits")
        return JSONResponse(self._shown(self.take(fields), request), 202)

    def _refusal(self, model: dict[str, Any], fields: dict[str, Any]) -> Response | None:
        # Recorded for duration and resolution; skill: any "out-of-set value returns a 400".
        step = {"failed_routing_step": "Validate Video Parameters"}
        for name in ("duration", "resolution", "aspect_ratio", "size"):
            able, unit = model[f"supported_{name}s"], "s" if name == "duration" else ""
            if name in fields and fields[name] not in able:
                label, listed = name.replace("_", " "), ", ".join(map(str, able))
                text = f"{label.capitalize()} {fields[name]}{unit} is not supported for this model."
                return problem(400, f"{text} Supported {label}s: {listed}{unit}", step)
        for frame in fields.get("frame_images", []):
            if frame["frame_type"] not in (model["supported_frame_images"] or []):
                return problem(400, f"{frame['frame_type']} is not supported for this model.", step)
        for index, part in enumerate(fields.get("input_references", [])):
            url = part.get(part["type"], {}).get("url", "")
            if not url.startswith(("https://", "data:image/")):  # recorded for videos as data: URLs
                where = f"input_references[{index}].{part['type']}.url"
                return problem(400, f"Invalid reference URL: {where}: Only HTTPS URLs are allowed")
        if "previous_job_id" in fields:  # recorded, for both models that were tried
            return problem(400, f"{model['canonical_slug']} does not support previous_job_id")
        if not fields.keys() & {"prompt", "frame_images", "input_references"}:  # recorded
            return problem(400, "A prompt is required when no image input is provided")
        return None

    def _cost(self, fields: dict[str, Any]) -> float:
        skus, tier = MODELS[fields["model"]]["pricing_skus"], fields.get("resolution", "720p")
        if "size" in fields:
            tier = f"{min(map(int, fields['size'].split('x')))}p"
        sound = "with_audio" if fields.get("generate_audio", True) else "without_audio"
        keys = [f"duration_seconds_{end}" for end in (f"{sound}_{tier}", sound, tier)]
        return round(float(next(skus[k] for k in keys if k in skus)) * fields.get("duration", 4), 4)

    def _shown(self, record: Record, request: Request) -> dict[str, Any]:
        # polling_url: absolute when recorded, relative in the spec's and the reference's words.
        root, here = str(request.base_url), f"api/v1/videos/{record.id}"
        shown: dict[str, Any] = {"id": record.id, "polling_url": root + here, "status": "pending"}
        shown |= {"generation_id": record.id} if record.looks else {}
        if record.step == "running":
            shown["status"] = "in_progress"
        elif record.step == "failed":
            shown |= {"status": self.bad_end, "error": REASON}  # text (spec)
        elif record.step == "done":
            shown |= {"status": "completed", "unsigned_urls": [f"{root}{here}/content?index=0"]}
            shown["usage"] = {"cost": self._cost(record.fields), "is_byok": False}
            if self.keeps_copy:
                shown["urls"] = [f"{root}storage/{record.id}.mp4?signature={record.id[-9:]}"]
                shown["expires_at"] = int(time.time()) + 24 * 3600
        return shown

    async def _get(self, request: Request) -> Response:
        if (record := self.find(request.path_params["id"])) is None:
            return problem(404, f"Job {request.path_params['id']} not found")  # recorded
        record.looks += 1
        return JSONResponse(self._shown(record, request))

    async def _content(self, request: Request) -> Response:
        if (record := self.find(request.path_params["id"])) is None:
            return problem(404, f"Job {request.path_params['id']} not found")  # recorded
        count, index = int(record.step == "done"), int(request.query_params.get("index", 0))
        if index >= count:  # recorded for a completed job
            return problem(400, f"Video index {index} out of range ({count} videos available)")

        async def chunks() -> AsyncIterator[bytes]:
            yield self.mp4

        # Recorded: no Content-Length, no Range, no redirect.
        return StreamingResponse(chunks(), media_type="video/mp4")

    async def _stored(self, request: Request) -> Response:
        # The link alone lets its bearer in (sdk, OutputDelivery: the same storage).
        if request.query_params.get("signature") != request.path_params["id"][-9:]:
            return Response("AccessDenied", 403)
        return self.ranged(request)
