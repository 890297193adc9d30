"""A Videos API host for tests, with faults on demand.

It keeps OpenAI's protocol (openai/openai-openapi, openapi.json of 2026-08-21) as the hosts of today
serve it: jobs in memory, one small MP4 as everybody's result. A test queues faults for a route;
each request to it takes the next one. What the host accepted can be read off afterwards.
"""

import itertools
import re
import socket
import struct
import time
from collections import defaultdict, deque
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import anyio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

Fault = Callable[[Request, Callable[[], Awaitable[Response]]], Awaitable[Response]]
"""Gets the request and the honest way to answer it; gives what is really sent."""


def answer(status: int, body: Any = None, headers: dict[str, str] | None = None) -> Fault:
    """Answer with this instead; the request is not carried out. Text is sent as HTML."""

    async def fault(request: Request, carry_out: Callable[[], Awaitable[Response]]) -> Response:
        if isinstance(body, str | bytes):
            return Response(body, status, headers, media_type="text/html")
        return JSONResponse(body, status, headers)

    return fault


def error(status: int, message: str, code: str | None = None, **headers: str) -> Fault:
    """Answer with an error in OpenAI's envelope."""
    body = {
        "error": {"message": message, "type": "invalid_request_error", "param": None, "code": code}
    }
    return answer(status, body, {name.replace("_", "-"): value for name, value in headers.items()})


async def reset(request: Request, carry_out: Callable[[], Awaitable[Response]]) -> Response:
    """Read the request, do nothing, reset the connection."""
    await request.body()
    _reset_connection(request)
    return Response()


async def accept_then_reset(
    request: Request, carry_out: Callable[[], Awaitable[Response]]
) -> Response:
    """Carry the request out and reset the connection instead of answering."""
    response = await carry_out()
    _reset_connection(request)
    return response


async def accept_then_hang(
    request: Request, carry_out: Callable[[], Awaitable[Response]]
) -> Response:
    """Carry the request out and never answer."""
    await carry_out()
    await anyio.sleep_forever()
    raise AssertionError


def accept_then(status: int, body: Any) -> Fault:
    """Carry the request out, but answer with this."""

    async def fault(request: Request, carry_out: Callable[[], Awaitable[Response]]) -> Response:
        await carry_out()
        return await answer(status, body)(request, carry_out)

    return fault


def begin_then_hang(status: int) -> Fault:
    """Answer with a first byte and nothing more."""

    async def fault(request: Request, carry_out: Callable[[], Awaitable[Response]]) -> Response:
        async def drip() -> AsyncGenerator[bytes]:
            yield b" "
            await anyio.sleep_forever()

        return StreamingResponse(drip(), status)

    return fault


def held(reached: anyio.Event, gate: anyio.Event) -> Fault:
    """Carry the request out, say so, and answer when that is allowed."""

    async def fault(request: Request, carry_out: Callable[[], Awaitable[Response]]) -> Response:
        response = await carry_out()
        reached.set()
        await gate.wait()
        return response

    return fault


def truncate(after: int) -> Fault:
    """Announce the whole body, send only its beginning, and cut the connection."""

    async def fault(request: Request, carry_out: Callable[[], Awaitable[Response]]) -> Response:
        honest = await carry_out()
        return _Truncated(bytes(honest.body[:after]), honest.status_code, dict(honest.headers))

    return fault


class _Truncated(Response):
    def __init__(self, part: bytes, status_code: int, headers: dict[str, str]) -> None:
        super().__init__(status_code=status_code)
        self.raw_headers = [(k.encode(), v.encode()) for k, v in headers.items()]
        self._part = part

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send(
            {
                "type": "http.response.start",
                "status": self.status_code,
                "headers": self.raw_headers,
            }
        )
        await send({"type": "http.response.body", "body": self._part, "more_body": True})
        _transport(send).close()


def _transport(send: Any) -> Any:
    # An ASGI app cannot cut its connection; uvicorn's `send` is a method of the object that can.
    while not hasattr(send, "__self__"):
        cells = [cell.cell_contents for cell in send.__closure__]
        send = next(found for found in cells if callable(found) and "send" in found.__qualname__)
    return send.__self__.transport


def _reset_connection(request: Request) -> None:
    transport = _transport(request._send)  # pyright: ignore[reportPrivateUsage]  # the way to the socket
    linger = struct.pack("ii", 1, 0)
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    transport.abort()


@dataclass
class FakeHost:
    """The host: what it has accepted, and the faults it will show."""

    mp4: bytes
    statuses: tuple[str, ...] = ("queued", "in_progress", "completed")
    """What a job goes through, one status per look; the first is the submission's answer."""
    lists_are_looks: bool = False
    """Whether a job goes on when a list shows it, too: else only when it is looked at alone."""
    key: str | None = None
    ignores_range: bool = False
    accepted: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    """The fields of every submission that was carried out."""
    requests: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    """Method and path of everything that arrived."""
    authorizations: list[str | None] = field(default_factory=list[str | None])
    jobs: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])

    def __post_init__(self) -> None:
        self._faults: dict[str, deque[Fault]] = defaultdict(deque)
        self._looks: dict[str, int] = defaultdict(int)
        self._numbers = itertools.count(1)

    @property
    def video_requests(self) -> list[tuple[str, str]]:
        """What arrived, without the questions by which the host is recognised."""
        return [request for request in self.requests if request[1].startswith("/v1/videos")]

    def fail(self, route: str, *faults: Fault) -> None:
        """Queue faults for a route such as `POST /videos` or `GET /videos/{id}/content`."""
        self._faults[route].extend(faults)

    def app(self) -> Starlette:
        """The host as an ASGI app; its base URL ends in `/v1`."""
        routes = [
            Route("/v1/videos", self._guard("POST /videos", self._create), methods=["POST"]),
            Route("/v1/videos", self._guard("GET /videos", self._list), methods=["GET"]),
            Route(
                "/v1/videos/extensions",
                self._guard("POST /videos/extensions", self._create),
                methods=["POST"],
            ),
            Route(
                "/v1/videos/{id}/remix",
                self._guard("POST /videos/{id}/remix", self._create),
                methods=["POST"],
            ),
            Route(
                "/v1/videos/{id}/content",
                self._guard("GET /videos/{id}/content", self._content),
                methods=["GET"],
            ),
            Route(
                "/v1/videos/{id}",
                self._guard("DELETE /videos/{id}", self._delete),
                methods=["DELETE"],
            ),
            Route("/v1/videos/{id}", self._guard("GET /videos/{id}", self._get), methods=["GET"]),
            Route("/v1/models", self._guard("GET /models", self._models), methods=["GET"]),
        ]
        return Starlette(routes=routes)

    def _guard(
        self, route: str, handler: Callable[[Request], Awaitable[Response]]
    ) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            self.requests.append((request.method, request.url.path))
            self.authorizations.append(request.headers.get("authorization"))
            if self.key is not None and self.authorizations[-1] != f"Bearer {self.key}":
                wrong = error(401, "Incorrect API key provided.", "invalid_api_key")
                return await wrong(request, lambda: handler(request))
            if self._faults[route]:
                return await self._faults[route].popleft()(request, lambda: handler(request))
            return await handler(request)

        return endpoint

    async def _create(self, request: Request) -> Response:
        if request.path_params.get("id", "video_0001") not in {*self.jobs, "video_0001"}:
            return await error(404, "Video not found.")(request, lambda: self._create(request))
        if request.headers.get("content-type", "").startswith("multipart/"):
            async with request.form() as form:
                fields = {
                    name: value if isinstance(value, str) else await value.read()
                    for name, value in form.items()
                }
        else:
            fields = await request.json()
        self.accepted.append(fields)
        job_id = f"video_{next(self._numbers):04d}"
        self.jobs[job_id] = {
            "id": job_id,
            "object": "video",
            "model": fields.get("model", "fake-1"),
            "status": self.statuses[0],
            "progress": 0,
            "created_at": int(time.time()),
            "completed_at": None,
            "expires_at": None,
            "prompt": fields.get("prompt"),
            "size": fields.get("size", "64x64"),
            "seconds": fields.get("seconds", "1"),
            "remixed_from_video_id": request.path_params.get("id"),
            "error": None,
        }
        return JSONResponse(self.jobs[job_id], headers={"openai-poll-after-ms": "50"})

    async def _get(self, request: Request) -> Response:
        job = self.jobs.get(request.path_params["id"])
        if job is None:
            return await error(404, "Video not found.")(request, lambda: self._get(request))
        self._go_on(job)
        return JSONResponse(job, headers={"openai-poll-after-ms": "50"})

    def _go_on(self, job: dict[str, Any]) -> None:
        self._looks[job["id"]] += 1
        step = min(self._looks[job["id"]], len(self.statuses) - 1)
        job["status"] = self.statuses[step]
        job["progress"] = round(100 * step / (len(self.statuses) - 1 or 1))

    async def _list(self, request: Request) -> Response:
        newest = list(reversed(self.jobs))
        after = request.query_params.get("after")
        start = newest.index(after) + 1 if after in self.jobs else 0
        end = start + int(request.query_params.get("limit", 20))
        page = [self.jobs[name] for name in newest[start:end]]
        if self.lists_are_looks:
            for job in page:
                self._go_on(job)
        return JSONResponse({"object": "list", "data": page, "has_more": end < len(newest)})

    async def _content(self, request: Request) -> Response:
        if request.path_params["id"] not in self.jobs:
            return await error(404, "Video not found.")(request, lambda: self._content(request))
        asked = re.fullmatch(r"bytes=(\d+)-", request.headers.get("range", ""))
        if asked is None or self.ignores_range:
            return Response(self.mp4, media_type="video/mp4")
        start = int(asked[1])
        span = f"bytes {start}-{len(self.mp4) - 1}/{len(self.mp4)}"
        return Response(self.mp4[start:], 206, {"content-range": span}, media_type="video/mp4")

    async def _delete(self, request: Request) -> Response:
        job = self.jobs.pop(request.path_params["id"], None)
        if job is None:
            return await error(404, "Video not found.")(request, lambda: self._delete(request))
        return JSONResponse({"id": job["id"], "object": "video.deleted", "deleted": True})

    async def _models(self, request: Request) -> Response:
        return JSONResponse({"object": "list", "data": [{"id": "fake-1", "object": "model"}]})
