"""What stands before replicas: every request goes to the next one that takes a connection."""

import itertools

import httpx2
from starlette.requests import Request
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.types import Receive, Scope, Send

_OF_ONE_CONNECTION = {"host", "connection", "transfer-encoding", "keep-alive"}


class RoundRobin:
    """An ASGI app. A request is sent again only where it never left (nginx does the same)."""

    def __init__(self, http: httpx2.AsyncClient, upstreams: list[str]) -> None:
        """`upstreams`: root URLs, which may change."""
        self._http = http
        self._upstreams = upstreams
        self._turns = itertools.count()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        request = Request(scope, receive)
        body = await request.body()
        headers = [
            (name, value)
            for name, value in request.headers.items()
            if name not in _OF_ONE_CONNECTION
        ]
        target = f"{request.url.path}?{request.url.query}"
        for _ in range(len(self._upstreams)):
            upstream = self._upstreams[next(self._turns) % len(self._upstreams)]
            asked = self._http.build_request(
                request.method, f"{upstream}{target}", headers=headers, content=body
            )
            try:
                answer = await self._http.send(asked, stream=True)
            except httpx2.ConnectError:
                continue
            except httpx2.TransportError:
                break
            try:
                sent = {
                    name: value
                    for name, value in answer.headers.items()
                    if name not in _OF_ONE_CONNECTION
                }
                passed = StreamingResponse(answer.aiter_raw(), answer.status_code, sent)
                await passed(scope, receive, send)
            finally:
                await answer.aclose()
            return
        await PlainTextResponse("No replica answers.", 502)(scope, receive, send)
