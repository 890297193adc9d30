"""Requests to hosts as spans, named and described as OpenTelemetry does it for HTTP clients."""

from typing import Any

import httpx2
from opentelemetry.trace import SpanKind, Status, StatusCode
from opentelemetry.util.types import AttributeValue

from sora_mcp.videos.tracing import span
from sora_mcp.web import certificates


class TracedClient(httpx2.AsyncClient):
    """A client each of whose requests is a span, until its answer begins."""

    def __init__(self, **options: Any) -> None:
        """`options`: as httpx2 takes them."""
        super().__init__(verify=certificates(), **options)

    async def send(self, request: httpx2.Request, **options: Any) -> httpx2.Response:
        """Send a request; the host is not told of the trace, and no query becomes part of it."""
        url = request.url
        attributes: dict[str, AttributeValue] = {
            "http.request.method": request.method,
            "server.address": url.host,
            "url.path": url.path,
        }
        with span(request.method, attributes, kind=SpanKind.CLIENT) as current:
            response = await super().send(request, **options)
            current.set_attribute("http.response.status_code", response.status_code)
            if response.is_error:
                current.set_status(Status(StatusCode.ERROR))
            return response
