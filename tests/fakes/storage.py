"""A way to an S3 server on which things can go wrong: it passes requests on, or has a fault."""

import re
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx2
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

KEY_ID, SECRET = "AKIA-test-4711", "secret-of-the-bucket"

PassOn = Callable[[bytes], Awaitable[httpx2.Response]]
Fault = Callable[[Request, bytes, PassOn], Awaitable[Response | None]]
"""Given a request, its body and a way to pass it on with another body; None: nothing is wrong."""


def aws(endpoint: str) -> dict[str, str]:
    """The variables by which a bucket at an endpoint is reached."""
    return {
        "AWS_ACCESS_KEY_ID": KEY_ID,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": endpoint,
    }


def says(status: int, code: str, only: str = "") -> Fault:
    """Refuse requests whose method and path match `only`, and repeat secrets in the words."""

    async def refuse(request: Request, body: bytes, pass_on: PassOn) -> Response | None:
        if not re.search(only, f"{request.method} {request.url.path}"):
            return None
        words = f"<Error><Code>{code}</Code><Message>{KEY_ID} {SECRET}</Message></Error>"
        return Response(words, status, media_type="application/xml")

    return refuse


def keeps_half(only: str) -> Fault:
    """Take all that is put under a matching path, but keep only half of it."""

    async def lie(request: Request, body: bytes, pass_on: PassOn) -> Response | None:
        if request.method != "PUT" or not re.search(only, request.url.path):
            return None
        return _told(await pass_on(body[: len(body) // 2]))

    return lie


def gives_less(only: str) -> Fault:
    """Give all but the last byte of what is asked for under a matching path, as if it were all."""

    async def lie(request: Request, body: bytes, pass_on: PassOn) -> Response | None:
        if "range" not in request.headers or not re.search(only, request.url.path):
            return None
        answer = await pass_on(body)
        return Response(answer.content[:-1], answer.status_code, _headers(answer))

    return lie


@dataclass
class Storage:
    """An S3 server behind a door."""

    server: str
    fault: Fault | None = None
    requests: list[str] = field(default_factory=list[str])
    """Method, path without the query, and the range that was asked for, of all that arrived."""

    @asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncGenerator[None]:
        async with httpx2.AsyncClient(base_url=self.server, timeout=60) as self._http:
            yield

    def app(self) -> Starlette:
        """The door as an ASGI app."""
        methods = ["GET", "HEAD", "PUT", "POST", "DELETE"]
        routes = [Route("/{path:path}", self._answer, methods=methods)]
        return Starlette(routes=routes, lifespan=self._lifespan)

    def asked(self, pattern: str) -> list[str]:
        """The requests that match."""
        return [request for request in self.requests if re.search(pattern, request)]

    async def _answer(self, request: Request) -> Response:
        span = request.headers.get("range", "")
        self.requests.append(f"{request.method} {request.url.path} {span}".rstrip())
        body = await request.body()
        path = request.scope["raw_path"].decode()
        if request.url.query:
            path += f"?{request.url.query}"
        headers = {k: v for k, v in request.headers.items() if k not in ("host", "content-length")}

        async def pass_on(body: bytes) -> httpx2.Response:
            return await self._http.request(request.method, path, content=body, headers=headers)

        answer = None if self.fault is None else await self.fault(request, body, pass_on)
        return answer or _told(await pass_on(body))


def _told(answer: httpx2.Response) -> Response:
    return Response(answer.content, answer.status_code, _headers(answer))


def _headers(answer: httpx2.Response) -> dict[str, str]:
    hop_by_hop = ("connection", "transfer-encoding", "content-encoding", "date", "server")
    headers = {k: v for k, v in answer.headers.items() if k not in hop_by_hop}
    if answer.request.method != "HEAD":
        headers.pop("content-length", None)
    return headers
