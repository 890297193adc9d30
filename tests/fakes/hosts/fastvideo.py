"""FastVideo: video models behind `fastvideo serve`.

Source: the release fastvideo 0.2.1, fastvideo/entrypoints/openai/ (`api_server.py`,
`video_api.py`, `protocol.py`, `common_api.py`). The main branch has since gone over to vLLM-Omni's
contract. SGLang's routes were adapted from these.
"""

import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.fakes.hosts.base import (
    REASON,
    FastApiHost,
    Record,
    Refused,
    fastapi_document,
    misread,
    request_model,
)

TITLE = "FastVideo OpenAI-Compatible API"
PATHS: dict[str, Sequence[str]] = {
    **{path: ["GET"] for path in ("/health", "/v1/models", "/v1/models/{model}", "/v1/model_info")},
    **{path: ["POST"] for path in ("/v1/images", "/v1/images/edits")},
    "/v1/videos": ["POST", "GET"],
    "/v1/videos/{video_id}": ["GET", "DELETE"],
    "/v1/videos/{video_id}/content": ["GET"],
}
KINDS: dict[Any, str] = {
    str: "model size negative_prompt reference_url input_reference output_path",
    int: "seconds fps num_frames seed num_inference_steps",
    float: "guidance_scale guidance_scale_2 true_cfg_scale",
    bool: "enable_teacache",
}
"""What protocol.py `VideoGenerationsRequest` has, without limits; anything else is ignored."""
Body = request_model("VideoGenerationsRequest", KINDS)


class Page(BaseModel):
    """The query of the list: video_api.py `list_videos`."""

    after: str | None = None
    limit: Annotated[int, Field(ge=1, le=100)] | None = None
    order: str = "desc"


@dataclass
class FastVideoHost(FastApiHost):
    """The release 0.2.1: `fastvideo serve --config serve.yaml`, without keys."""

    model: ClassVar[str] = "FastVideo/FastWan2.1-T2V-1.3B-Diffusers"

    def routes(self) -> Sequence[Route]:
        """Its routes."""
        return [
            self.open("/health", self.health),
            self.open("/openapi.json", fastapi_document(TITLE, PATHS)),
            self.open("/v1/models", self._models),
            self.open("/v1/videos", self._create, "POST"),
            self.open("/v1/videos", self._list),
            self.open("/v1/videos/{id}", self._retrieve),
            self.open("/v1/videos/{id}", self._delete, "DELETE"),
            self.open("/v1/videos/{id}/content", self._content),
        ]

    def new_id(self, number: int) -> str:
        """32 hex digits: protocol.py `generate_request_id`."""
        return uuid.uuid4().hex

    async def _create(self, request: Request) -> Response:
        # video_api.py `create_video`: only a form has defaults. A text-to-video model leaves an
        # image aside, and whatever the model cannot do fails with the job.
        unread = "guidance_scale_2 true_cfg_scale output_path"
        fields = await self.read(request, Body, unread, seconds=4, seed=1024)
        return JSONResponse(self._job(self.take(fields)))

    async def _retrieve(self, request: Request) -> Response:
        record = self.found(request)
        record.looks += 1
        return JSONResponse(self._job(record))

    async def _list(self, request: Request) -> Response:
        try:
            query = Page.model_validate(dict(request.query_params))
        except ValidationError as error:
            raise misread("query", error) from error
        # Any other order is `desc`, and there are no cursors: protocol.py `VideoListResponse`.
        order = "asc" if query.order.lower() == "asc" else "desc"
        jobs, _ = self.page(query.after, query.limit, order)
        return JSONResponse({"data": [self._job(job) for job in jobs], "object": "list"})

    async def _delete(self, request: Request) -> Response:
        # The work itself goes on: video_api.py `delete_video`.
        record = self.found(request)
        record.gone = True
        return JSONResponse(self._job(record) | {"status": "deleted"})

    async def _content(self, request: Request) -> Response:
        # video_api.py `download_video_content`: what is on the disk, whole or not, for any variant.
        record = self.found(request)
        if record.step == "failed":
            raise Refused(500, "Video generation failed")
        if record.step == "queued":
            raise Refused(404, "Video still being generated")
        if record.step == "running":
            return Response(self.mp4[: len(self.mp4) // 2], media_type="video/mp4")
        return self.ranged(request)

    async def _models(self, request: Request) -> Response:
        # common_api.py `ModelCard`.
        card = {"id": self.model, "object": "model", "created": int(time.time())}
        card |= {"owned_by": "fastvideo", "root": self.model}
        return JSONResponse({"object": "list", "data": [card]})

    def _job(self, record: Record) -> dict[str, Any]:
        # video_api.py `_make_video_job`, `_run_generation`: it is queued until it is done, a size
        # that is none is no fault, and JSON without a length has 0 seconds.
        asked, done, failed = record.fields, record.step == "done", record.step == "failed"
        sides = str(asked.get("size")).lower().replace(" ", "").split("x")
        sized = len(sides) == 2 and all(side.isdigit() and int(side) for side in sides)
        fps, created = asked.get("fps") or 24, self.created[record.id]
        frames = asked.get("num_frames") or fps * (asked.get("seconds") or 0)
        folder = asked.get("output_path") or "outputs/videos"
        job: dict[str, Any] = {"id": record.id, "object": "video", "created_at": created}
        job |= {"model": asked.get("model") or self.model, "progress": 100 if done else 0}
        job |= {"status": "completed" if done else "failed" if failed else "queued"}
        job |= {"size": "x".join(sides) if sized else "", "quality": "standard"}
        job |= {"seconds": str(round(frames / fps))}
        job |= {"url": None, "file_path": f"{folder}/{record.id}.mp4"}
        job |= {"completed_at": created + 42 if done else None, "peak_memory_mb": None}
        job |= {"error": {"message": REASON} if failed else None}
        return job | {"inference_time_s": 41.7 if done else None}
