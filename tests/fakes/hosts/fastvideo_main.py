"""FastVideo's main branch, which its documentation installs: vLLM-Omni's contract, in JSON too.

Sources: hao-ai-lab/FastVideo, fastvideo/entrypoints/openai/: `video_api.py` (44fb022, and newer as
file 60031817692 of the code index), `common_api.py` and `protocol.py` (3319add), `api_server.py`
(file 59960271242), `request_adapter.py` (0d34e54); examples/serving/openai_fastwan21_1_3b.yaml.
"""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, cast

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.fakes.hosts.base import REASON, Record, fastapi_document
from tests.fakes.hosts.fastvideo import PATHS, TITLE, FastVideoHost
from tests.fakes.hosts.vllm_omni import Refused, VllmOmniHost


@dataclass
class FastVideoMainHost(VllmOmniHost):
    """`fastvideo serve --config examples/serving/openai_fastwan21_1_3b.yaml`, without keys."""

    failure: int = 200
    """A failed job is an answer like any other: video_api.py `retrieve_video`."""

    model: ClassVar[str] = "fastwan21-1.3b"

    def routes(self) -> Sequence[Route]:
        """Its routes: those of vLLM-Omni."""
        paths = {**PATHS, "/v1/videos/sync": ["POST"]}
        return [self.open("/openapi.json", fastapi_document(TITLE, paths)), *super().routes()]

    async def form(self, request: Request) -> dict[str, Any]:
        """The fields of a form, or of JSON as texts."""
        if "json" not in request.headers.get("content-type", ""):
            return await super().form(request)
        fields = cast("dict[str, Any]", await request.json())
        return {n: v if isinstance(v, str) else json.dumps(v) for n, v in fields.items() if v}

    async def _answer(self, request: Request, error: Exception) -> Response:
        response = await super()._answer(request, error)
        body = json.loads(bytes(response.body))
        if isinstance(error, Refused):
            # api_server.py `openai_http_error`.
            kind = "server_error" if response.status_code >= 500 else "invalid_request_error"
            body["error"] |= {"type": kind, "param": None}
        return JSONResponse(body, response.status_code)

    async def _read(self, request: Request) -> dict[str, Any]:
        fields = await super()._read(request)
        # request_adapter.py `build_generation_request`.
        if fields.get("num_outputs_per_prompt", 1) != 1:
            words = "FastVideo serving currently supports exactly one video output per request."
            raise Refused(400, words)
        if fields.get("extra_params"):
            names = ", ".join(sorted(fields["extra_params"]))
            raise Refused(400, f"Unsupported extra_params fields: {names}")
        return fields

    async def _list(self, request: Request) -> Response:
        if request.query_params.get("limit") == "0":
            raise Refused(400, "limit: Input should be greater than or equal to 1")
        return await super()._list(request)

    async def _content(self, request: Request) -> Response:
        if request.query_params.get("variant", "video") != "video":
            raise Refused(400, "Only the video content variant is supported")
        return await super()._content(request)

    async def _models(self, request: Request) -> Response:
        card = {"id": self.model, "object": "model", "created": int(time.time())}
        card |= {"owned_by": "fastvideo", "root": FastVideoHost.model}
        return JSONResponse({"object": "list", "data": [card]})

    def _job(self, record: Record) -> dict[str, Any]:
        # protocol.py `VideoResponse`; the shape is that of the configuration where not asked for.
        job = super()._job(record)
        for name in ("fps", "num_frames", "duration_s", "metrics", "action"):
            del job[name]
        asked, done = record.fields, record.step == "done"
        fps = int(asked.get("fps", 16))
        seconds = int(asked.get("seconds", 0)) * fps
        frames = asked.get("num_frames") or seconds or 81
        job |= {"size": job["size"] or "832x480", "seconds": str(max(1, round(frames / fps)))}
        job |= {"url": None, "file_path": f"/outputs/videos/{record.id}.mp4" if done else None}
        if job["error"]:
            job["error"] = {"code": "generation_failed", "message": REASON}
            job["completed_at"] = None
        return job
