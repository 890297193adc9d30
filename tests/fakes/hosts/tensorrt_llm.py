"""TensorRT-LLM's `trtllm-serve` with a visual generation model.

Read in: NVIDIA/TensorRT-LLM, examples/visual_gen/serve/README.md at 013105d3 ("readme"), and in
versions of mid-2026 that are stored without their commit, near 1.4.0rc1: under tensorrt_llm/serve
openai_video_routes.py ("routes"), openai_protocol.py ("protocol"), openai_server.py ("server") and
visual_gen_utils.py ("utils"); tests/unittest/_torch/visual_gen ("tests").
"""

import json
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.fakes.hosts.base import REASON, Host, Record, fastapi_document

Upload = Annotated[bytes, Field(strict=True)]
"""A file of a multipart body."""

STARTED = int(time.time())
EXTRAS = {"condition_video_keep", "enable_audio", "flow_shift", "use_system_prompt"}
"""What this model knows beyond the common fields (readme, Model-Specific `extra_params`)."""

PATHS: dict[str, Sequence[str]] = {
    "/health": ["GET"],
    "/version": ["GET"],
    "/v1/models": ["GET"],
    "/metrics": ["GET"],
    "/v1/images/generations": ["POST"],
    "/v1/images/edits": ["POST"],
    "/v1/images/{image_id}/content": ["GET"],
    "/v1/videos": ["POST", "GET"],
    "/v1/videos/sync": ["POST"],
    "/v1/videos/generations": ["POST"],
    "/v1/videos/{video_id}": ["GET", "DELETE"],
    "/v1/videos/{video_id}/content": ["GET"],
}


class Reference(BaseModel, extra="forbid"):
    """A picture, film or sound in JSON; a bare string is refused (readme, tests)."""

    content: str
    format: Literal["path", "url", "base64"]
    role: str | None = None


References = Upload | Reference | list[Reference] | None


class Submission(BaseModel):
    """protocol, VideoGenerationRequest; the reference fields as in the readme."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    prompt: str
    model: str | None = None
    response_format: Literal["file", "path"] = "file"
    format: Literal["mp4", "avi", "auto", "safetensors", "pt"] = "auto"
    seed: int | None = Field(None, ge=0)
    image_reference: References = None
    video_reference: References = None
    audio_reference: References = None
    input_reference: Upload | str | None = None
    input_reference_format: Literal["path", "url", "base64"] | None = None
    size: str | None = Field(None, pattern=r"^(\d+x\d+|auto)$")
    width: int | None = Field(None, gt=0)
    height: int | None = Field(None, gt=0)
    num_frames: int | None = Field(None, gt=0, le=7200)
    seconds: float | None = Field(None, gt=0, le=60)
    frame_rate: float | None = Field(None, alias="fps", gt=0, le=120)
    num_inference_steps: int | None = Field(None, gt=0)
    guidance_scale: float | None = Field(None, gt=0)
    max_sequence_length: int | None = Field(None, gt=0)
    negative_prompt: str | None = None
    extra_params: dict[str, Any] | None = None

    @model_validator(mode="after")
    def _paired(self) -> "Submission":
        if (self.width is None) != (self.height is None):
            raise ValueError("width and height must be sent together")
        return self


def problem(code: int, message: str, kind: str = "BadRequestError") -> JSONResponse:
    """server, create_error_response: no envelope around it."""
    body = {"object": "error", "message": message, "type": kind, "param": None, "code": code}
    return JSONResponse(body, code)


def media_kind(content: bytes) -> str | None:
    """What a reference's first bytes say; WebP is nothing at all (tests)."""
    if content.startswith((b"\x89PNG", b"\xff\xd8\xff")):
        return "image"
    return "video" if content[4:8] == b"ftyp" or content[8:12] == b"AVI " else None


@dataclass
class TensorRtLlmHost(Host):
    """trtllm-serve with Cosmos3; it takes everyone."""

    model: ClassVar[str] = "nvidia/Cosmos3-Nano"

    working: Literal["generating", "postprocessing"] = "generating"
    """How it calls a running job (protocol, VideoJob.status)."""

    def app(self) -> Starlette:
        async def detail(request: Request, exc: Exception) -> Response:
            code = exc.status_code if isinstance(exc, HTTPException) else 500
            words = {404: "Not Found", 405: "Method Not Allowed"}  # FastAPI's own
            return JSONResponse({"detail": words[code]}, code)

        return Starlette(routes=self.routes(), exception_handlers={404: detail, 405: detail})

    def routes(self) -> Sequence[Route]:
        return [
            self.open("/openapi.json", fastapi_document("FastAPI", PATHS)),
            self.open("/health", self._health),
            self.open("/v1/models", self._models),
            self.open("/v1/videos", self._create, "POST"),
            self.open("/v1/videos", self._list),
            self.open("/v1/videos/sync", self._sync, "POST"),
            self.open("/v1/videos/generations", self._sync, "POST"),  # deprecated (readme)
            self.open("/v1/videos/{id}", self._get),
            self.open("/v1/videos/{id}", self._delete, "DELETE"),
            self.open("/v1/videos/{id}/content", self._content),
        ]

    def new_id(self, number: int) -> str:
        return f"video_{uuid.uuid4().hex}"

    async def _health(self, request: Request) -> Response:
        return Response()

    async def _models(self, request: Request) -> Response:
        card = {"id": self.model, "object": "model", "created": 0, "owned_by": "tensorrt_llm"}
        return JSONResponse({"object": "list", "data": [card]})

    async def _parse(self, request: Request) -> dict[str, Any] | Response:
        """The fields that were sent, or why it refuses them (routes and utils)."""
        kind = request.headers.get("content-type", "")
        try:
            if "application/json" in kind:
                sent = await request.json()
            elif "multipart/form-data" in kind:
                sent = {k: v for k, v in (await self.form(request)).items() if v != ""}
                if "extra_params" in sent:
                    sent["extra_params"] = json.loads(sent["extra_params"])
            else:
                return problem(400, f"Unsupported content-type: {kind}.")
            read = Submission.model_validate(sent)
        except ValidationError as wrong:
            return problem(422, "; ".join(self._told(error) for error in wrong.errors()))
        except ValueError as wrong:
            return problem(400, str(wrong))
        if unknown := (read.extra_params or {}).keys() - EXTRAS:
            return problem(400, f"Unknown extra_params: {sorted(unknown)}")
        if read.seconds and not read.num_frames and int(read.seconds * (read.frame_rate or 24)) < 1:
            return problem(400, "Derived frame count is 0; at least 1 frame is required.")
        if isinstance(read.input_reference, bytes) and not media_kind(read.input_reference):
            return problem(400, "input_reference is not a recognized media container")
        for modality in ("image", "video"):
            reference = getattr(read, f"{modality}_reference")
            if isinstance(reference, bytes) and media_kind(reference) != modality:
                return problem(400, f"{modality}_reference is not a recognized {modality}")
        return read.model_dump(by_alias=True, exclude_unset=True)

    def _told(self, error: Any) -> str:
        where = ".".join(str(part) for part in error["loc"])
        if error["type"] == "extra_forbidden":
            return f"Unknown request field '{where}'. Pass it in 'extra_params' instead."
        return f"{where}: {error['msg']}" if where else error["msg"]

    def _shown(self, record: Record) -> dict[str, Any]:
        # protocol, VideoJob: `duration` and `fps`, no `seconds`; no progress; the error is text.
        fields, over = record.fields, record.step in ("done", "failed")
        size = fields.get("size", "1280x720")
        if "width" in fields:
            size = f"{fields['width']}x{fields['height']}"
        steps = {"queued": "queued", "running": self.working, "done": "completed"}
        return {
            "completed_at": int(time.time()) if over else None,
            "created_at": STARTED,
            "error": REASON if record.step == "failed" else None,
            "expires_at": None,
            "id": record.id,
            "model": fields.get("model", self.model),  # echoed: a wrong one is only logged (utils)
            "object": "video",
            "progress": None,
            "prompt": fields["prompt"],
            "status": steps.get(record.step, "failed"),
            "duration": fields.get("seconds"),
            "fps": fields.get("fps", 24.0),
            "size": "1280x720" if size == "auto" else size,
            "response_format": fields.get("response_format", "file"),
        }

    async def _create(self, request: Request) -> Response:
        fields = await self._parse(request)
        if isinstance(fields, Response):
            return fields
        return JSONResponse(self._shown(self.take(fields)), 202)

    async def _sync(self, request: Request) -> Response:
        fields = await self._parse(request)
        if isinstance(fields, Response):
            return fields
        self.accepted.append(fields)  # never listed
        if Record("", fields).fails:
            return problem(500, REASON, "InternalServerError")
        return Response(self.mp4, media_type="video/mp4")

    async def _list(self, request: Request) -> Response:
        # No limit and no cursor (routes, list_videos).
        jobs = [self._shown(record) for record in self.records.values() if not record.gone]
        return JSONResponse({"data": jobs, "object": "list"})

    def _missing(self, request: Request) -> Response:
        return problem(404, f"Video {request.path_params['id']} not found", "NotFoundError")

    async def _get(self, request: Request) -> Response:
        if (record := self.find(request.path_params["id"])) is None:
            return self._missing(request)
        record.looks += 1
        return JSONResponse(self._shown(record))

    async def _content(self, request: Request) -> Response:
        if (record := self.find(request.path_params["id"])) is None:
            return self._missing(request)
        if record.step != "done":
            status = self._shown(record)["status"]
            return problem(400, f"Video {record.id} is not ready (status: {status})")
        if record.fields.get("response_format") == "path":
            return JSONResponse({"id": record.id, "output_path": f"/tmp/{record.id}_0.mp4"})
        return self.ranged(request)  # a FileResponse; it knows no `variant`

    async def _delete(self, request: Request) -> Response:
        if (record := self.find(request.path_params["id"])) is None:
            return self._missing(request)
        record.gone = True  # a running job is cancelled
        return JSONResponse({"deleted": True})
