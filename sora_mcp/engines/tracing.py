"""Requests to hosts as spans, named and described as OpenTelemetry does it for HTTP clients, and
counted.
"""

import time
from collections.abc import Callable
from typing import Any

import httpx2
from opentelemetry.trace import SpanKind, Status, StatusCode
from opentelemetry.util.types import AttributeValue

from sora_mcp.videos.tracing import span
from sora_mcp.web import certificates

Observe = Callable[[str, str, float], None]
"""Told of a request: its method, what became of it, and the seconds until its answer began.

What became of it: `ok`, `refused` (a status of 400 to 499), `failed` (500 and above) or
`unanswered`.
"""


def unobserved(method: str, outcome: str, seconds: float) -> None:
    """Tells nobody."""


class TracedClient(httpx2.AsyncClient):
    """A client each of whose requests is a span, until its answer begins."""

    def __init__(self, *, observe: Observe = unobserved, **options: Any) -> None:
        """`options`: as httpx2 takes them."""
        super().__init__(verify=certificates(), **options)
        self._observe = observe

    async def send(self, request: httpx2.Request, **options: Any) -> httpx2.Response:
        """Send a request; the host is not told of the trace, and no query becomes part of it."""
        url = request.url
        attributes: dict[str, AttributeValue] = {
            "http.request.method": request.method,
            "server.address": url.host,
            "url.path": url.path,
        }
        began, outcome = time.perf_counter(), "unanswered"
        try:
            with span(request.method, attributes, kind=SpanKind.CLIENT) as current:
                response = await super().send(request, **options)
                outcome = _outcome(response)
                current.set_attribute("http.response.status_code", response.status_code)
                if response.is_error:
                    current.set_status(Status(StatusCode.ERROR))
                return response
        finally:
            self._observe(request.method, outcome, time.perf_counter() - began)


def _outcome(response: httpx2.Response) -> str:
    if response.is_server_error:
        return "failed"
    return "refused" if response.is_client_error else "ok"
