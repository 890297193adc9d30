"""SGLang Diffusion: video models behind `sglang serve`.

Sources: the release sglang 0.5.23, sglang/multimodal_gen/: `http_server.py` and openai/
(`video_api.py`, `protocol.py`, `common_api.py`, `utils.py`, `stores.py`, `video_progress.py`) in
runtime/entrypoints/, `sampling_params.py` in configs/sample/. `extra_body` and `extra_params`, from
which it reads more of the same fields, are left out.
"""

import math
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

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

STATUSES = {"queued": "queued", "running": "in_progress", "done": "completed", "failed": "failed"}
PROGRESS = {"queued": 0, "running": 40, "done": 100, "failed": 40}
PATHS: dict[str, Sequence[str]] = {
    **{path: ["GET"] for path in ("/health", "/models", "/server_info", "/stats", "/v1/models")},
    **{path: ["POST"] for path in ("/v1/set_lora", "/v1/images/generations", "/vertex_generate")},
    "/v1/meshes": ["POST", "GET"],
    "/v1/videos": ["POST", "GET"],
    "/v1/videos/{video_id}": ["GET", "DELETE"],
    "/v1/videos/{video_id}/content": ["GET"],
}
KINDS: dict[Any, str] = {
    str: "model size input_reference reference_url video_path video_url task_type negative_prompt "
    "generator_device frame_interpolation_model_path upscaling_model_path output_quality "
    "x264_preset output_path perf_dump_path",
    int: "n num_outputs_per_prompt seconds fps num_frames width height num_inference_steps "
    "max_sequence_length frame_interpolation_exp upscaling_scale output_compression",
    int | list[int]: "seed",
    float: "guidance_scale guidance_scale_2 true_cfg_scale flow_shift frame_interpolation_scale",
    bool: "enhance_prompt enable_teacache enable_frame_interpolation enable_upscaling",
}
"""What protocol.py `VideoGenerationsRequest` has; anything else is ignored."""
Body = request_model("VideoGenerationsRequest", KINDS)


class Page(BaseModel):
    """The query of the list: video_api.py `list_videos`."""

    after: str | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = 20
    order: Literal["asc", "desc"] = "desc"


@dataclass
class SglangHost(FastApiHost):
    """`sglang serve --model-path Wan-AI/Wan2.2-TI2V-5B-Diffusers`. It has no keys."""

    task: str = "TI2V"
    """What the model makes: `T2V` refuses an image, `I2V` wants one, `TI2V` takes either."""
    in_cloud: bool = False
    """Whether finished videos move to S3: openai/storage.py, `SGLANG_CLOUD_STORAGE_TYPE=s3`."""

    model: ClassVar[str] = "Wan-AI/Wan2.2-TI2V-5B-Diffusers"
    reference: ClassVar[str] = "image source"

    def routes(self) -> Sequence[Route]:
        """Its routes."""
        return [
            self.open("/health", self.health),
            # http_server.py `create_app` leaves FastAPI's own title.
            self.open("/openapi.json", fastapi_document("FastAPI", PATHS)),
            self.open("/v1/models", self._models),
            self.open("/v1/videos", self._create, "POST"),
            self.open("/v1/videos", self._list),
            self.open("/v1/videos/{id}", self._retrieve),
            self.open("/v1/videos/{id}", self._delete, "DELETE"),
            self.open("/v1/videos/{id}/content", self._content),
            self.open("/bucket/{id}.mp4", self._object),
        ]

    def new_id(self, number: int) -> str:
        """A bare UUID: sampling_params.py `generate_request_id`."""
        return str(uuid.uuid4())

    async def _create(self, request: Request) -> Response:
        asked = await self.read(request, Body)
        if asked.get("enhance_prompt"):
            raise Refused(400, "Prompt enhancement requires --prompt-enhancer-config")
        self._check(asked)
        return JSONResponse(self._job(self.take(asked), request))

    def _check(self, asked: dict[str, Any]) -> None:
        # utils.py `build_sampling_params`, sampling_params.py `_validate` and what the task needs.
        shape = self._shape(asked)
        seed = asked.get("seed", 0)
        seeds: list[int] = [seed] if isinstance(seed, int) else seed
        faults = [f"{name} must be positive" for name, number in shape.items() if number <= 0]
        if min(seeds, default=0) < 0:
            faults.append(f"seed must be a non-negative int or list of ints, got {seed}")
        scales = {name: asked.get(name, 0) for name in ("guidance_scale", "guidance_scale_2")}
        wrong = {name: scale for name, scale in scales.items() if not 0 <= scale < math.inf}
        faults += [f"{name} must be non-negative, got {scale}" for name, scale in wrong.items()]
        if self.task == "I2V" and "input_reference" not in asked:
            words = "requires an 'image_path' input, but none was provided"
            faults.append(f"Served model with task type 'I2V' {words}")
        if self.task == "T2V" and "input_reference" in asked:
            faults.append("input_reference is not supported for T2V models.")
        if faults:
            raise Refused(400, faults[0])

    def _shape(self, asked: dict[str, Any]) -> dict[str, int]:
        # fps is 24 and seconds 4 where they were not sent, whatever the model's own are.
        width, height = 1280, 704
        if asked.get("size"):
            try:
                width, height = map(int, asked["size"].lower().replace(" ", "").split("x"))
            except ValueError as error:
                raise Refused(400, "size must be formatted as positive WIDTHxHEIGHT") from error
        frames = asked.get("num_frames", asked.get("fps", 24) * asked.get("seconds", 4))
        numbers = {"width": width, "height": height, "num_frames": frames, "fps": 24}
        given = (*numbers, "num_inference_steps")
        return numbers | {name: asked[name] for name in given if name in asked}

    async def _retrieve(self, request: Request) -> Response:
        record = self.found(request)
        record.looks += 1
        return JSONResponse(self._job(record, request))

    async def _list(self, request: Request) -> Response:
        try:
            query = Page.model_validate(dict(request.query_params))
        except ValidationError as error:
            raise misread("query", error) from error
        jobs, more = self.page(query.after, query.limit, query.order)
        ends = {"first_id": jobs[0].id, "last_id": jobs[-1].id} if jobs else {}
        body = {"data": [self._job(job, request) for job in jobs], "object": "list"}
        return JSONResponse({**body, "first_id": None, "last_id": None, **ends, "has_more": more})

    async def _delete(self, request: Request) -> Response:
        # The work itself goes on: video_api.py `delete_video`.
        record = self.found(request)
        record.gone = True
        return JSONResponse(self._job(record, request) | {"status": "deleted"})

    async def _content(self, request: Request) -> Response:
        # `variant` counts the outputs; a word is none of them: `_parse_video_variant_index`.
        record, variant = self.found(request), request.query_params.get("variant")
        job, first = self._job(record, request), variant is None or variant.strip() == "0"
        if job["url"] and first:
            words = "Video has been uploaded to cloud storage. Please use the cloud URL:"
            raise Refused(400, f"{words} {job['url']}")
        if record.step in ("queued", "running"):
            raise Refused(404, "Generation is still in-progress")
        if record.step == "failed" or not first:
            raise Refused(404, f"Video variant {variant} not found")
        return self.ranged(request)

    async def _object(self, request: Request) -> Response:
        # As S3 has it: a bearer's key is none of its own.
        if "authorization" in request.headers:
            return Response("<Code>InvalidArgument</Code>", 400, media_type="application/xml")
        record = self.records.get(request.path_params["id"])
        if not self.in_cloud or record is None or record.step != "done":
            return Response("<Code>NoSuchKey</Code>", 404, media_type="application/xml")
        return self.ranged(request)

    async def _models(self, request: Request) -> Response:
        # common_api.py `DiffusionModelCard`; what serves language models has no `task_type`.
        card = {"id": self.model, "object": "model", "created": int(time.time())}
        card |= {"owned_by": "sglang", "root": self.model, "parent": None, "max_model_len": None}
        card |= {"num_gpus": 1, "task_type": self.task, "supported_task_types": [self.task]}
        card |= {"dit_precision": "bf16", "vae_precision": "fp32"}
        card |= {"pipeline_name": "WanPipeline", "pipeline_class": "WanPipeline"}
        return JSONResponse({"object": "list", "data": [card]})

    def _job(self, record: Record, request: Request) -> dict[str, Any]:
        # video_api.py `_video_job_from_sampling`, `_dispatch_job_async`: the prompt is not told.
        asked, done, failed = record.fields, record.step == "done", record.step == "failed"
        shape, created = self._shape(asked), self.created[record.id]
        # Wan makes 4n + 1 frames: configs/pipeline_configs/wan.py `adjust_num_frames`.
        frames = shape["num_frames"]
        frames = frames if frames % 4 == 1 else frames // 4 * 4 + 1
        url = f"{request.base_url}bucket/{record.id}.mp4" if done and self.in_cloud else None
        path = f"{asked.get('output_path', '/sgl-workspace/outputs')}/{record.id}.mp4"
        path = None if url or failed else path
        names = ("remixed_from_video_id", "expires_at", "revised_prompt", "action", "lidar")
        job: dict[str, Any] = {"id": record.id, "object": "video", **dict.fromkeys(names)}
        job |= {"model": asked.get("model", self.model), "status": STATUSES[record.step]}
        job |= {"progress": PROGRESS[record.step], "created_at": created, "quality": "standard"}
        job |= {"size": f"{shape['width']}x{shape['height']}", "url": url, "file_path": path}
        job |= {"seconds": str(round(frames / shape["fps"])), "urls": [url] if done else None}
        job |= {"completed_at": created + 42 if done else None, "num_outputs": 1 if done else None}
        reason = f"Model generation failed. Error from scheduler: {REASON}"
        job |= {"error": {"message": reason} if failed else None}
        job |= {"file_paths": [path] if done else None}
        job |= {"peak_memory_mb": 24064.0 if done else None}
        return job | {"inference_time_s": 41.7 if done else None}
