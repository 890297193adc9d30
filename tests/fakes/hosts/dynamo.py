"""NVIDIA Dynamo's frontend with a video worker behind it.

Observed on the real frontend of ai-dynamo 1.6.1 (`python -m dynamo.frontend` and a worker of
`ModelType.Videos`), except where a comment names a file. Those are in ai-dynamo/dynamo 1.6.1:
lib/llm/src/protocols/openai/videos.rs, components/src/dynamo/trtllm/request_handlers/diffusion/
video_handler.py ("trtllm"), components/src/dynamo/common/protocols/__init__.py ("passthrough").
"""

import base64
import json
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import anyio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.fakes.hosts.base import REASON, Host, Record

PATHS = {
    "/busy_threshold": ["get", "post"],
    "/health": ["get"],
    "/live": ["get"],
    "/metrics": ["get"],
    "/v1/audio/speech": ["post"],
    "/v1/chat/completions": ["post"],
    "/v1/completions": ["post"],
    "/v1/embeddings": ["post"],
    "/v1/images/edits": ["post"],
    "/v1/images/generations": ["post"],
    "/v1/models": ["get"],
    "/v1/models/{*model_id}": ["get"],
    "/v1/realtime": ["get"],
    "/v1/responses": ["post"],
    "/v1/videos": ["post"],
    "/v1/videos/stream": ["post"],
}
INFO = {"title": "NVIDIA Dynamo OpenAI Frontend", "version": "1.6.1"}

FIELDS = {
    "prompt": str,
    "model": str,
    "input_reference": str,
    "seconds": int,
    "size": str,
    "user": str,
    "response_format": str,
    "output_format": str,
    "stream": bool,
    "nvext": dict,
}
"""What it reads itself; everything else goes to the worker unread."""

NVEXT = {
    "fps": int,
    "num_frames": int,
    "negative_prompt": str,
    "num_inference_steps": int,
    "guidance_scale": (int, float),
    "seed": int,
    "boundary_ratio": (int, float),
    "guidance_scale_2": (int, float),
}
"""What it reads in `nvext`; everything else there is dropped."""

LOCKED = ("path", "checkpoint", "ckpt", "repo", "hub", "url", "uri", "guardrail", "safety", "nsfw")
"""No other field may have these in its name (passthrough)."""

STATUS = {
    400: "Bad Request",
    404: "Not Found",
    413: "Payload Too Large",
    415: "Unsupported Media Type",
    500: "Internal Server Error",
}


def problem(code: int, message: str) -> JSONResponse:
    """Its errors have no envelope."""
    return JSONResponse({"message": message, "type": STATUS[code], "code": code}, code)


def _misfit(fields: dict[str, Any], types: dict[str, Any]) -> str | None:
    for name in fields.keys() & types.keys():
        value, wanted = fields[name], types[name]
        right = isinstance(value, wanted) and isinstance(value, bool) == (wanted is bool)
        if value is not None and not right:
            return f"invalid type for {name}: {json.dumps(value)}"
    return None


@dataclass
class DynamoHost(Host):
    """Dynamo: one request, one video."""

    model: ClassVar[str] = "Wan-AI/Wan2.1-T2V-1.3B-Diffusers"

    answers_with: Literal["b64_json", "url"] = "b64_json"
    """What comes when no `response_format` is asked for; each worker has its own default."""
    base_url: str | None = None
    """What links begin with (`--media-output-http-url`); this host's own address where None."""
    gate: anyio.Event | None = None
    """Answers wait for it."""

    def app(self) -> Starlette:
        async def nowhere(request: Request, exc: Exception) -> Response:
            return problem(404, f"Route not found: {request.method} {request.url.path}")

        async def elsewhere(request: Request, exc: Exception) -> Response:
            return Response(status_code=405, headers={"allow": "POST"})  # an empty body

        return Starlette(routes=self.routes(), exception_handlers={404: nowhere, 405: elsewhere})

    def routes(self) -> Sequence[Route]:
        return [  # nothing wants a key
            self.open("/openapi.json", self._document),
            self.open("/health", self._health),
            self.open("/v1/models", self._models),
            self.open("/v1/videos", self._create, "POST"),
            self.open("/media/videos/{name}", self._file),
        ]

    def new_id(self, number: int) -> str:
        return str(uuid.uuid4())

    async def _document(self, request: Request) -> Response:
        paths = {path: {m: {"summary": path} for m in methods} for path, methods in PATHS.items()}
        return JSONResponse({"openapi": "3.1.0", "info": INFO, "paths": paths})

    async def _health(self, request: Request) -> Response:
        return JSONResponse({"status": "healthy", "endpoints": ["dyn://dynamo.video.generate"]})

    async def _models(self, request: Request) -> Response:
        card = {"id": self.model, "object": "model", "created": 0, "owned_by": "nvidia"}
        return JSONResponse({"object": "list", "data": [card | {"context_window": 0}]})

    def _refusal(self, fields: dict[str, Any]) -> Response | None:
        told = "Failed to deserialize the JSON body into the target type: "
        for name in ("prompt", "model"):
            if name not in fields:
                return problem(400, f"{told}missing field `{name}`")
        # A text "4" and the number 4.0 are both no i32.
        wrong = _misfit(fields, FIELDS) or _misfit(fields.get("nvext") or {}, NVEXT)
        if (form := fields.get("response_format")) not in (None, "url", "b64_json"):
            wrong = wrong or f"unknown variant `{form}`, expected `url` or `b64_json`"
        if wrong:
            return problem(400, told + wrong)
        if fields["model"] != self.model:
            return problem(404, "Model not found")
        others = [name for name in fields if name not in FIELDS]
        if locked := [name for name in others if any(word in name for word in LOCKED)]:
            listed = ", ".join(sorted(locked))
            return problem(400, f"these request fields cannot be set per request: {listed}")
        return None

    async def _create(self, request: Request) -> Response:
        if not request.headers.get("content-type", "").startswith("application/json"):
            return problem(415, "Expected request with Content-Type application/json")
        body = await request.body()
        if len(body) > 45 * 1024**2:
            limit = "Request body exceeds the limit of 45 MB set by DYN_HTTP_BODY_LIMIT_MB"
            return problem(413, limit)
        try:
            fields: dict[str, Any] = json.loads(body)
        except ValueError as wrong:
            return problem(
                400, f"Failed to deserialize the JSON body into the target type: {wrong}"
            )
        if (refused := self._refusal(fields)) is not None:
            return refused
        record = self.take(fields)
        if self.gate is not None:
            await self.gate.wait()
        answer = self._answer(record, request)
        if fields.get("stream"):  # server-sent events, the only one and the end
            events = f"data: {json.dumps(answer)}\n\ndata: [DONE]\n\n"
            return Response(events, media_type="text/event-stream")
        return JSONResponse(answer)

    def _answer(self, record: Record, request: Request) -> dict[str, Any]:
        answer: dict[str, Any] = {
            "id": record.id,
            "object": "video",
            "model": self.model,
            "status": "completed",
            "progress": 100,
            "created": int(time.time()),
            "data": [],
            "inference_time_s": 0.5,
        }
        if record.fails:  # trtllm: HTTP 200 all the same, and the error is text
            return answer | {"status": "failed", "progress": 0, "error": REASON}
        data = {"output_format": "mp4"}
        if (record.fields.get("response_format") or self.answers_with) == "url":
            root = self.base_url or f"{request.base_url}media"
            data["url"] = f"{root}/videos/{record.id}.mp4"
        else:
            data["b64_json"] = base64.b64encode(self.mp4).decode()
        return answer | {"data": [data]}

    async def _file(self, request: Request) -> Response:
        if self.find(request.path_params["name"].removesuffix(".mp4")) is None:
            return Response(status_code=404)
        return self.ranged(request)
