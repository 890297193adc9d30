"""What the fakes of real hosts share: bookkeeping, and the little that they agree on.

Each module beside this one is one host, built from its published source; it names the file and the
release where each of its oddities was read. A job goes one step further with every look at it.
"""

import itertools
import time
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from pydantic import BaseModel, ValidationError, create_model
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

FAILING = "make it fail"
"""A prompt with these words gives a job that fails."""

REASON = "CUDA out of memory while denoising"
"""Why it fails."""

Endpoint = Callable[[Request], Awaitable[Response]]


@dataclass
class Record:
    """One job as a host keeps it: the fields that arrived, and how far it is."""

    id: str
    fields: dict[str, Any]
    looks: int = 0
    gone: bool = False

    @property
    def fails(self) -> bool:
        """Whether it ends badly."""
        return FAILING in str(self.fields.get("prompt"))

    @property
    def step(self) -> str:
        """`queued`, `running`, then `done` or `failed`: one step further with every look."""
        if self.looks < 2:
            return ("queued", "running")[self.looks]
        return "failed" if self.fails else "done"


@dataclass
class Host(ABC):
    """A host: what it was asked and what it holds. Subclasses add its routes."""

    mp4: bytes
    """What it makes of every prompt."""
    key: str | None = None
    """The key that it wants; None where it takes everyone."""
    accepted: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    """The fields of every submission that was carried out; files as bytes."""
    requests: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    """Method and path of everything that arrived."""
    records: dict[str, Record] = field(default_factory=dict[str, Record])

    base_path: ClassVar[str] = "/v1"
    """What the base URL ends in."""
    model: ClassVar[str]
    """The model that it serves."""

    def __post_init__(self) -> None:
        self._numbers = itertools.count(1)

    def app(self) -> Starlette:
        """The host as an ASGI app."""
        return Starlette(routes=self.routes())

    @abstractmethod
    def routes(self) -> Sequence[Route]:
        """Its routes; each endpoint goes through `open` or `guarded`."""

    def open(self, path: str, endpoint: Endpoint, method: str = "GET") -> Route:
        """A route that everyone may use."""

        async def noted(request: Request) -> Response:
            self.requests.append((request.method, request.url.path))
            return await endpoint(request)

        return Route(path, noted, methods=[method])

    def guarded(self, path: str, endpoint: Endpoint, method: str = "GET") -> Route:
        """A route that wants the key, where the host has one."""

        async def checked(request: Request) -> Response:
            if self.key and request.headers.get("authorization") != f"Bearer {self.key}":
                return self.unauthorized()
            return await endpoint(request)

        return self.open(path, checked, method)

    def unauthorized(self) -> Response:
        """What a wrong key gets."""
        return JSONResponse({"error": "Unauthorized"}, 401)

    @abstractmethod
    def new_id(self, number: int) -> str:
        """The id of the job with this number, in the host's own form."""

    def take(self, fields: dict[str, Any]) -> Record:
        """Carry a submission out."""
        self.accepted.append(fields)
        record = Record(self.new_id(next(self._numbers)), fields)
        self.records[record.id] = record
        return record

    def find(self, job_id: str) -> Record | None:
        """The job, unless it was deleted or never existed."""
        record = self.records.get(job_id)
        return None if record is None or record.gone else record

    def forget(self) -> None:
        """Lose all jobs, as a restart does where they are kept in memory."""
        self.records.clear()

    async def form(self, request: Request) -> dict[str, Any]:
        """The fields of a multipart body; files as bytes."""
        async with request.form() as form:
            return {
                name: value if isinstance(value, str) else await value.read()
                for name, value in form.items()
            }

    def ranged(self, request: Request, *, media_type: str = "video/mp4") -> Response:
        """The video, or the rest of it that a Range header asks for."""
        start, asked = 0, request.headers.get("range", "")
        if asked.startswith("bytes=") and asked.endswith("-"):
            start = int(asked[6:-1])
        if not start:
            return Response(self.mp4, media_type=media_type)
        span = f"bytes {start}-{len(self.mp4) - 1}/{len(self.mp4)}"
        return Response(self.mp4[start:], 206, {"content-range": span}, media_type=media_type)


def fastapi_document(title: str, paths: dict[str, Sequence[str]]) -> Endpoint:
    """`/openapi.json` as FastAPI serves it: its title, and each path with its methods."""
    document: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {"title": title, "version": "0.1.0"},
        "paths": {path: {method.lower(): {} for method in ms} for path, ms in paths.items()},
    }

    async def endpoint(request: Request) -> Response:
        return JSONResponse(document)

    return endpoint


def request_model(title: str, kinds: dict[Any, str]) -> type[BaseModel]:
    """What a host reads of a request: the prompt, and by their kind fields that may be absent."""
    fields: dict[str, Any] = {
        name: (kind | None, None) for kind, names in kinds.items() for name in names.split()
    }
    return create_model(title, prompt=(str, ...), **fields)


class Refused(Exception):
    """FastAPI's own way of saying no: `{"detail": …}`."""

    def __init__(self, status: int, detail: object) -> None:
        super().__init__(f"{status}: {detail}")
        self.response = JSONResponse({"detail": detail}, status)


def misread(place: str, error: ValidationError) -> Refused:
    """FastAPI's 422."""
    faults = error.errors(include_url=False, include_input=False)
    return Refused(422, [{**fault, "loc": [place, *fault["loc"]]} for fault in faults])


@dataclass
class FastApiHost(Host):
    """A host that keeps FastAPI's errors, and reads forms as well as JSON."""

    created: dict[str, int] = field(default_factory=dict[str, int])
    """When each job was."""

    reference: ClassVar[str] = "image"
    """What it calls an image in a complaint."""

    def app(self) -> Starlette:
        """The host; paths and methods that it lacks get FastAPI's JSON."""
        app = super().app()
        for kind in (HTTPException, Refused):
            app.add_exception_handler(kind, self._answer)
        return app

    async def _answer(self, request: Request, error: Exception) -> Response:
        if isinstance(error, Refused):
            return error.response
        assert isinstance(error, HTTPException)
        self.requests.append((request.method, request.url.path))
        return JSONResponse({"detail": error.detail}, error.status_code, error.headers)

    def take(self, fields: dict[str, Any]) -> Record:
        """Carry a submission out."""
        record = super().take(fields)
        self.created[record.id] = int(time.time())
        return record

    def found(self, request: Request) -> Record:
        """The job that the path names."""
        record = self.find(request.path_params["id"])
        if record is None:
            raise Refused(404, "Video not found")
        return record

    async def read(
        self, request: Request, kind: type[BaseModel], unread: str = "", **defaults: object
    ) -> dict[str, Any]:
        """The fields of a form (with defaults, and without those that only JSON has) or of JSON."""
        image: Any = None
        if "multipart/form-data" in request.headers.get("content-type", "").lower():
            # FastAPI takes an empty text for none; a file is no text, nor a text a file.
            sent = {n: v for n, v in (await self.form(request)).items() if v not in ("", b"")}
            if isinstance(sent.get("input_reference"), bytes):
                image = sent.pop("input_reference")
            texts = {n: v if isinstance(v, str) else object() for n, v in sent.items()}
            texts |= {"input_reference": object()} if "input_reference" in sent else {}
            given = {n: v for n, v in texts.items() if n not in unread.split()}
            try:
                fields = kind.model_validate({"prompt": "", **defaults, **given})
            except ValidationError as error:
                raise misread("body", error) from error
            if "prompt" not in given:
                raise Refused(400, "prompt is required")
        else:
            try:
                fields = kind.model_validate(await request.json())
            except ValueError as error:
                raise Refused(400, f"Invalid request body: {error}") from error
        asked = fields.model_dump(exclude_unset=True, exclude_none=True)
        url = asked.get("reference_url", "")
        if image is None and url and not url.startswith(("http://", "https://", "data:image")):
            raise Refused(400, f"Failed to process {self.reference}: Unsupported image url format")
        # In JSON `input_reference` is a path on the server.
        return asked | ({"input_reference": image or url} if image or url else {})

    async def health(self, request: Request) -> Response:
        """`/health`."""
        return JSONResponse({"status": "ok"})

    def page(self, after: str | None, limit: int | None, order: str) -> tuple[list[Record], bool]:
        """A page of the jobs, and whether there are more."""
        jobs = [record for record in self.records.values() if not record.gone]
        jobs.sort(key=lambda record: self.created[record.id], reverse=order == "desc")
        ids = [None, *(record.id for record in jobs)]
        jobs = jobs[ids.index(after) :] if after in ids else []
        return jobs[:limit], limit is not None and len(jobs) > limit
