"""vLLM-Omni: diffusion models behind vLLM's own HTTP stack.

Sources: the release vllm-omni 0.30.0, vllm_omni/entrypoints/openai/ (`api_server.py`,
`protocol/videos.py`, and `helpers.py` for video/generation/helpers.py); for the key, the errors and
/openapi.json vLLM's main branch: vllm/entrypoints/ (`openai/api_server.py`, `serve/…`).
"""

import json
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, Field, ValidationError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.fakes.hosts.base import REASON, Host, Record, fastapi_document, request_model

STATUSES = {"queued": "queued", "running": "in_progress", "done": "completed", "failed": "failed"}
MEDIA = (b"\x89PNG", b"\xff\xd8\xff", b"RIFF", b"ftyp")
"""How a file begins that the host can decode; a video does so at its fifth byte."""
PATHS: dict[str, Sequence[str]] = {
    **{path: ["GET"] for path in ("/health", "/version", "/v1/models")},
    **{path: ["POST"] for path in ("/v1/omni/sleep", "/v1/omni/wakeup", "/v1/videos/sync")},
    "/v1/videos": ["POST", "GET"],
    "/v1/videos/{video_id}": ["GET", "DELETE"],
    "/v1/videos/{video_id}/content": ["GET"],
}
"""Those in /openapi.json that tell it from other servers."""
JSONS = "image_reference video_reference audio_reference lora extra_params"
"""The texts that hold JSON."""
KINDS: dict[Any, str] = {
    str: f"model user negative_prompt aspect_ratio frame_interpolation_model_path {JSONS}",
    bool: "generate_sound enable_frame_interpolation return_stage_metrics",
    float: "flow_shift start_time_seconds sound_duration frame_interpolation_scale",
    Annotated[str, Field(pattern=r"^[1-9]\d*$")]: "seconds",
    Annotated[str, Field(pattern=r"^\d+x\d+$")]: "size",
    Annotated[int, Field(ge=1)]: "width height num_frames short_edge frame_interpolation_exp",
    Annotated[float, Field(ge=1, allow_inf_nan=False)]: "fps",
    Annotated[int, Field(ge=1, le=10)]: "num_outputs_per_prompt",
    Annotated[int, Field(ge=1, le=200)]: "num_inference_steps",
    Annotated[float, Field(ge=0, le=20)]: "guidance_scale guidance_scale_2 true_cfg_scale",
    Annotated[float, Field(ge=0, le=1)]: "boundary_ratio",
    Annotated[int, Field(ge=-(2**63), lt=2**63)]: "seed",
    Literal["lossless", "high"]: "quality",
}
"""What helpers.py `_parse_video_form` reads, and its limits; anything else is ignored."""
Form = request_model("VideoGenerationRequest", KINDS)


class Page(BaseModel):
    """The query of the list, api_server.py `list_videos`; without a limit it is all of it."""

    after: str | None = None
    limit: Annotated[int, Field(ge=0, le=100)] | None = None
    order: Literal["asc", "desc"] = "desc"


class Refused(Exception):
    """vLLM's envelope, its `code` an integer: serve/exception_handling/handlers/http.py."""

    def __init__(self, status: int, message: str, kind: str = "", param: str = "") -> None:
        error = {"message": message, "type": kind or HTTPStatus(status).phrase}
        error |= {"param": param or None, "code": status}
        self.response = JSONResponse({"error": error}, status)


def misread(place: str, error: ValidationError) -> Refused:
    """400 where FastAPI itself says 422: serve/exception_handling/handlers/validation.py."""
    faults = [
        {**fault, "loc": ".".join([place, *map(str, fault["loc"])])}
        for fault in error.errors(include_url=False, include_input=False)
    ]
    shown = "".join(f"\n  {fault}" for fault in faults)
    message = f"{len(faults)} validation error{'s' * (len(faults) > 1)}:{shown}"
    return Refused(400, message, param=str(faults[0]["loc"]))


@dataclass
class VllmOmniHost(Host):
    """`vllm serve Wan-AI/Wan2.2-T2V-A14B-Diffusers --omni`; `key` is its `--api-key`."""

    failure: int = 500
    """The status of a failed job; 4xx where a guardrail turned the prompt down."""
    aborted: list[str] = field(default_factory=list[str])
    """The jobs that were still at work when they were deleted."""
    created: dict[str, int] = field(default_factory=dict[str, int])

    model: ClassVar[str] = "Wan-AI/Wan2.2-T2V-A14B-Diffusers"

    def app(self) -> Starlette:
        """The host. For paths that it lacks it answers as FastAPI does, not in vLLM's envelope."""
        app = super().app()
        for kind in (HTTPException, Refused):
            app.add_exception_handler(kind, self._answer)
        return app

    def routes(self) -> Sequence[Route]:
        """Its routes. Only /v1 wants the key: serve/middleware/authenticate.py."""
        return [
            self.open("/health", self._health),
            # openai/api_server.py `build_app` leaves FastAPI's own title.
            self.open("/openapi.json", fastapi_document("FastAPI", PATHS)),
            self.guarded("/v1/models", self._models),
            self.guarded("/v1/videos", self._create, "POST"),
            self.guarded("/v1/videos/sync", self._sync, "POST"),
            self.guarded("/v1/videos", self._list),
            self.guarded("/v1/videos/{id}", self._retrieve),
            self.guarded("/v1/videos/{id}", self._delete, "DELETE"),
            self.guarded("/v1/videos/{id}/content", self._content),
        ]

    def new_id(self, number: int) -> str:
        """`video_gen_` and 32 hex digits: protocol/videos.py `VideoResponse`."""
        return f"video_gen_{uuid.uuid4().hex}"

    async def _answer(self, request: Request, error: Exception) -> Response:
        if isinstance(error, Refused):
            return error.response
        assert isinstance(error, HTTPException)
        self.requests.append((request.method, request.url.path))
        guarded = self.key and request.url.path.startswith("/v1")
        if guarded and request.headers.get("authorization") != f"Bearer {self.key}":
            return self.unauthorized()
        return JSONResponse({"detail": error.detail}, error.status_code, error.headers)

    async def _read(self, request: Request) -> dict[str, Any]:
        # FastAPI takes an empty text for none; of a JSON body it reads nothing, so `prompt` lacks.
        sent = {n: v for n, v in (await self.form(request)).items() if v not in ("", b"")}
        image = sent.pop("input_reference", None)
        if isinstance(image, str):
            raise Refused(400, "Expected UploadFile", param="body.input_reference")
        try:
            texts = {n: v if isinstance(v, str) else object() for n, v in sent.items()}
            fields = Form.model_validate(texts).model_dump(exclude_unset=True)
        except ValidationError as error:
            # FastAPI minds the types; the limits of `VideoGenerationRequest` come after it.
            if {e["type"].split("_than")[0] for e in error.errors()} <= {"greater", "less"}:
                raise Refused(400, str(error), "BadRequestError") from error
            raise misread("body", error) from error
        for name in fields.keys() & set(JSONS.split()):
            try:
                fields[name] = json.loads(fields[name])
            except ValueError as error:
                raise Refused(400, "Invalid JSON in form field.") from error
        if fields.get("model", self.model) != self.model:
            asked = f"request specifies '{fields['model']}' but server is running '{self.model}'."
            raise Refused(400, f"Model mismatch: {asked}")
        if image is not None:
            if not image.startswith(MEDIA) and image[4:8] not in MEDIA:
                words = "provided content is not a valid image or video."
                raise Refused(400, f"Invalid input_reference: {words}")
            fields["input_reference"] = image  # A text-to-video model leaves it aside.
        if not all(int(side) for side in fields.get("size", "1x1").split("x")):
            raise Refused(400, f"Invalid size: {fields['size']}.", "BadRequestError")
        return fields

    def _found(self, request: Request) -> Record:
        record = self.find(request.path_params["id"])
        if record is None:
            raise Refused(404, "Video not found")
        return record

    async def _create(self, request: Request) -> Response:
        record = self.take(await self._read(request))
        self.created[record.id] = int(time.time())
        return JSONResponse(self._job(record))

    async def _sync(self, request: Request) -> Response:
        self.accepted.append(await self._read(request))
        if Record("", self.accepted[-1]).fails:
            raise Refused(500, REASON, "InternalServerError")
        named = {"X-Request-Id": f"video_sync-{uuid.uuid4().hex}"}
        return Response(self.mp4, media_type="video/mp4", headers=named)

    async def _retrieve(self, request: Request) -> Response:
        record = self._found(request)
        record.looks += 1
        # A failed job is the body of an error: api_server.py `retrieve_video`.
        return JSONResponse(self._job(record), self.failure if record.step == "failed" else 200)

    async def _list(self, request: Request) -> Response:
        try:
            page = Page.model_validate(dict(request.query_params))
        except ValidationError as error:
            raise misread("query", error) from error
        jobs = [self._job(record) for record in self.records.values() if not record.gone]
        jobs.sort(key=lambda job: job["created_at"], reverse=page.order == "desc")
        ids = [None, *(job["id"] for job in jobs)]
        jobs = jobs[ids.index(page.after) :] if page.after in ids else []
        shown = jobs if page.limit is None else jobs[: page.limit]
        first, last = (shown[0]["id"], shown[-1]["id"]) if shown else (None, None)
        body = {"first_id": first, "last_id": last, "has_more": len(jobs) > len(shown)}
        return JSONResponse({**body, "data": shown, "object": "list"})

    async def _delete(self, request: Request) -> Response:
        record = self._found(request)
        record.gone = True
        if record.step in ("queued", "running"):
            self.aborted.append(record.id)
        return JSONResponse({"id": record.id, "deleted": True, "object": "video.deleted"})

    async def _content(self, request: Request) -> Response:
        # `variant` is unknown here, so a thumbnail is the video: api_server.py `download_video`.
        record = self._found(request)
        if record.step == "failed":
            raise Refused(422, "Video generation failed. Check job status for error details.")
        if record.step != "done":
            raise Refused(404, "Generation is still in-progress")
        return self.ranged(request)

    async def _health(self, request: Request) -> Response:
        return JSONResponse({"status": "healthy"})

    async def _models(self, request: Request) -> Response:
        # models/serving.py `_DiffusionServingModels`; vLLM's serve/engine/protocol.py `ModelCard`.
        card = {"id": self.model, "object": "model", "created": int(time.time())}
        card |= {"owned_by": "vllm", "root": self.model, "parent": None, "max_model_len": None}
        permission = {"id": f"modelperm-{uuid.uuid4().hex}", "object": "model_permission"}
        return JSONResponse({"object": "list", "data": [{**card, "permission": [permission]}]})

    def _job(self, record: Record) -> dict[str, Any]:
        # helpers.py `video_response_from_request`, `_run_video_generation_job`.
        asked, done, failed = record.fields, record.step == "done", record.step == "failed"
        fps, seconds = asked.get("fps", 24.0), asked.get("seconds")
        created = self.created[record.id]
        frames = asked.get("num_frames") or (int(seconds) * fps // 1 if seconds else None)
        frames = int(frames) if frames else 81 if done else None
        # `size` is what was sent as such: null where width and height were, or nothing.
        job: dict[str, Any] = {"model": self.model, "prompt": asked["prompt"], "id": record.id}
        job |= {"object": "video", "status": STATUSES[record.step], "size": asked.get("size")}
        job |= {"progress": 100 if done else 0, "seconds": seconds or "4", "created_at": created}
        job |= {"quality": asked.get("quality", "default"), "media_type": "video/mp4"}
        job |= dict.fromkeys(("remixed_from_video_id", "expires_at", "metrics", "action"))
        job |= {"completed_at": created + 42 if done or failed else None, "fps": fps}
        job |= {"error": {"code": self.failure, "message": REASON} if failed else None}
        job |= {"file_name": f"{record.id}.mp4" if done else None, "num_frames": frames}
        job |= {"inference_time_s": 41.7 if done or failed else None}
        job |= {"duration_s": frames / fps if frames else None}
        return job | {"stage_durations": {}, "peak_memory_mb": 61440.0 if done else 0.0}
