"""The embedded engine's Videos API as an ASGI app: OpenAI's `/v1/videos`, rendered right here.

It follows the last state of OpenAI's API (paths, fields, error envelopes), except that

- `DELETE /v1/videos/{id}` also takes a job that is not finished, which cancels it;
- `DELETE /v1/videos/{id}/content` drops the files of a finished video and keeps its record, for
  callers that have their own copy and may yet remix or extend it;
- any even size of 256–1920 and any length of 1–20 s will do, as will a `seed`;
- every model's name is answered with `preview-animatic`, and a note that says so;
- characters and uploaded videos are not supported.
"""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Literal, cast
from urllib.parse import urlsplit

from anyio import to_thread
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from sora_mcp.engines.embedded import bodies
from sora_mcp.engines.embedded.errors import ApiError, exception_handlers, shortened
from sora_mcp.engines.embedded.jobs import RENDERER, Jobs, open_jobs
from sora_mcp.engines.embedded.records import MEDIA_TYPES, JobRecord, is_job_id
from sora_mcp.engines.embedded.reference import check_reference
from sora_mcp.videos.ports import Receiver

POLL_AFTER_MS = 250

_VARIANTS = {"video": ".mp4", "thumbnail": ".webp", "spritesheet": ".jpg"}
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@asynccontextmanager
async def open_embedded_api(
    folder: Path,
    *,
    max_renders: int | None = None,
    loopback_only: bool = False,
    renderer: Sequence[str] = RENDERER,
    receiver: Receiver | None = None,
) -> AsyncGenerator[Starlette]:
    """The app that serves the jobs of `folder`, which is created when missing.

    Leaving it ends its renderers; unfinished jobs are taken up again by whoever looks at them
    next, here or in another process on the same folder. `max_renders` renderers run at once (by
    default half the processors, 1–4); `loopback_only` refuses requests that a web page could
    have smuggled in: a Host (421) or an Origin (403) that is not this machine. `receiver` is sent
    `video.completed` and `video.failed` (https://platform.openai.com/docs/guides/webhooks).
    """
    async with open_jobs(
        folder, renderer=renderer, max_renders=max_renders, receiver=receiver
    ) as jobs:
        yield Starlette(
            routes=_VideosApi(jobs).routes(),
            middleware=[
                Middleware(_Gate, loopback_only=loopback_only),
                Middleware(RequestBodyLimitMiddleware, max_body_size=bodies.MOST_BYTES),
            ],
            exception_handlers=exception_handlers(),
        )


class _VideosApi:
    """The routes; each reads its request, asks the jobs and puts the answer into JSON."""

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs

    def routes(self) -> list[Route]:
        video = "/v1/videos/{video_id}"
        return [
            Route("/v1/models", self.models),
            Route("/v1/videos", self.create, methods=["POST"]),
            Route("/v1/videos", self.page),
            Route("/v1/videos/edits", self.edit, methods=["POST"]),
            Route("/v1/videos/extensions", self.extend, methods=["POST"]),
            Route("/v1/videos/characters", self.no_characters, methods=["POST"]),
            Route("/v1/videos/characters/{character_id}", self.no_characters),
            Route(video, self.retrieve),
            Route(video, self.delete, methods=["DELETE"]),
            Route(f"{video}/content", self.content),
            Route(f"{video}/content", self.release, methods=["DELETE"]),
            Route(f"{video}/remix", self.remix, methods=["POST"]),
        ]

    async def models(self, _request: Request) -> Response:
        model = {"id": bodies.MODEL, "object": "model", "created": 0, "owned_by": "sora-mcp"}
        return JSONResponse({"object": "list", "data": [model]})

    async def create(self, request: Request) -> Response:
        body = await bodies.read_body(request, bodies.CreateBody)
        if body.input_reference is not None:
            check = partial(check_reference, body.input_reference, *body.size)
            await to_thread.run_sync(check)
        record = await self._jobs.create(
            body.prompt,
            width=body.size.width,
            height=body.size.height,
            seconds=body.seconds,
            seed=body.seed,
            reference=body.input_reference,
            notes=_model_notes(body.model),
        )
        return _video_response(record)

    async def page(self, request: Request) -> Response:
        limit, order, after = _page(request)
        records, more = await self._jobs.page(after=after, limit=limit, order=order)
        return JSONResponse(
            {
                "object": "list",
                "data": [_video(record) for record in records],
                "first_id": records[0].id if records else None,
                "last_id": records[-1].id if records else None,
                "has_more": more,
            }
        )

    async def retrieve(self, request: Request) -> Response:
        return _video_response(await self._jobs.get(_video_id(request)))

    async def delete(self, request: Request) -> Response:
        await self._jobs.delete(_video_id(request))
        return _deleted(request, "video.deleted")

    async def content(self, request: Request) -> Response:
        variant = request.query_params.get("variant", "video")
        if variant not in _VARIANTS:
            raise _wrong_query("variant", f"one of {', '.join(_VARIANTS)}", variant)
        ending = _VARIANTS[variant]
        path = await self._jobs.content(_video_id(request), ending)
        return FileResponse(path, media_type=MEDIA_TYPES[ending])

    async def release(self, request: Request) -> Response:
        await self._jobs.release(_video_id(request))
        return _deleted(request, "video.content.deleted")

    async def remix(self, request: Request) -> Response:
        body = await bodies.read_body(request, bodies.RemixBody)
        return _video_response(await self._jobs.remix(_video_id(request), body.prompt))

    async def edit(self, request: Request) -> Response:
        body = await bodies.read_body(request, bodies.EditBody)
        return _video_response(await self._jobs.remix(body.video.id, body.prompt))

    async def extend(self, request: Request) -> Response:
        body = await bodies.read_body(request, bodies.ExtendBody)
        record = await self._jobs.extend(body.video.id, body.prompt, body.seconds)
        return _video_response(record)

    async def no_characters(self, _request: Request) -> Response:
        raise ApiError(404, "Characters are not supported here.", code="unsupported")


class _Gate:
    """Answers, before anything else is done, what must not come in.

    A declared length is checked here because Starlette's own limit would answer it in plain
    text; a body that turns out too long is left to that limit.
    """

    def __init__(self, app: ASGIApp, *, loopback_only: bool) -> None:
        self._app = app
        self._loopback_only = loopback_only

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = self._refusal(Headers(scope=scope)) if scope["type"] == "http" else None
        await (refusal.response() if refusal else self._app)(scope, receive, send)

    def _refusal(self, headers: Headers) -> ApiError | None:
        if self._loopback_only:
            if _hostname(f"//{headers.get('host', '')}") not in _LOOPBACK:
                return ApiError(421, "This server answers to 127.0.0.1 and localhost only.")
            if "origin" in headers and _hostname(headers["origin"]) not in _LOOPBACK:
                return ApiError(403, "Web pages of other hosts may not use this server.")
        length = headers.get("content-length", "")
        if length.isdecimal() and int(length) > bodies.MOST_BYTES:
            return ApiError(413, f"The request is larger than {bodies.MOST_BYTES >> 20} MiB.")
        return None


def _hostname(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


def _video_id(request: Request) -> str:
    return cast("str", request.path_params["video_id"])


def _page(request: Request) -> tuple[int, Literal["asc", "desc"], str]:
    limit = request.query_params.get("limit", "20")
    if not (limit.isascii() and limit.isdecimal() and len(limit) <= 3 and int(limit) <= 100):
        raise _wrong_query("limit", "a whole number from 0 to 100", limit)
    order = request.query_params.get("order", "desc")
    if order not in ("asc", "desc"):
        raise _wrong_query("order", "asc or desc", order)
    after = request.query_params.get("after", "")
    if after and not is_job_id(after):
        raise _wrong_query("after", "the id of a video", after)
    return int(limit), order, after


def _wrong_query(param: str, expected: str, value: str) -> ApiError:
    message = f"Invalid value for '{param}': expected {expected}, but got {shortened(value)!r}."
    return ApiError(400, message, param=param, code="invalid_value")


def _model_notes(model: str) -> tuple[str, ...]:
    if model == bodies.MODEL:
        return ()
    return (
        f"The model '{shortened(model)}' is not available here; rendered with {bodies.MODEL}, "
        "a local preview and not AI video.",
    )


def _video(record: JobRecord) -> dict[str, object]:
    """OpenAI's video object, with `provenance` and `notes` of our own."""
    script = record.script
    return {
        "id": record.id,
        "object": "video",
        "model": bodies.MODEL,
        "status": record.status,
        "progress": record.progress,
        "created_at": record.created_at,
        "completed_at": record.completed_at,
        "expires_at": record.expires_at,
        "prompt": record.prompt,
        "size": f"{script.width}x{script.height}",
        "seconds": f"{script.total_seconds:g}",
        "remixed_from_video_id": record.remixed_from,
        "error": record.error.model_dump() if record.error else None,
        "provenance": "local-preview",
        "notes": list(record.notes),
    }


def _video_response(record: JobRecord) -> Response:
    headers = {} if record.finished else {"openai-poll-after-ms": str(POLL_AFTER_MS)}
    return JSONResponse(_video(record), headers=headers)


def _deleted(request: Request, kind: str) -> Response:
    return JSONResponse({"id": _video_id(request), "object": kind, "deleted": True})
