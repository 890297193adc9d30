"""A host that nobody has heard of, and that says as little as it can."""

import time
from collections.abc import Sequence
from typing import Any, ClassVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.fakes.hosts.base import REASON, Host, Record


class MinimalHost(Host):
    """`{"id", "status", "created_at"}`, `processing` until it is done; nothing else exists."""

    model: ClassVar[str] = "whatever"

    def routes(self) -> Sequence[Route]:
        """Its three routes."""
        return [
            self.guarded("/v1/videos", self._create, "POST"),
            self.guarded("/v1/videos/{id}", self._get),
            self.guarded("/v1/videos/{id}/content", self._content),
        ]

    def new_id(self, number: int) -> str:
        """A number."""
        return f"{number:08d}"

    def _shown(self, record: Record) -> dict[str, Any]:
        words = {"done": "succeeded", "failed": "error"}
        status = words.get(record.step, "processing")
        shown = {"id": record.id, "status": status, "created_at": time.time()}
        return shown | ({"error": REASON} if record.step == "failed" else {})

    async def _create(self, request: Request) -> Response:
        return JSONResponse(self._shown(self.take(await self.form(request))))

    async def _get(self, request: Request) -> Response:
        record = self.find(request.path_params["id"])
        if record is None:
            return Response("no such thing", 404)
        record.looks += 1
        return JSONResponse(self._shown(record))

    async def _content(self, request: Request) -> Response:
        return Response(self.mp4, media_type="application/octet-stream")
