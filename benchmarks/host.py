"""A Videos API host that is quick, and exact about when things happen: `python -m benchmarks.host`.

It says its root URL on its standard output. `POST /bench` tells it what its jobs do, `GET /bench`
what has happened; moments are those of `time.monotonic`, which is one clock for all processes.
"""

import itertools
import re
import socket
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import anyio
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

_CHUNK = 1 << 20
_NEVER = 1e9


class BenchHost:
    """Keeps jobs in memory; each changes once, and is completed once."""

    def __init__(self, clip: bytes) -> None:
        self._clip = clip
        self._takes = _NEVER
        self._poll_ms: int | None = None
        self._lists = True
        self._numbers = itertools.count(1)
        self._jobs: dict[str, dict[str, Any]] = {}
        self._changes_at: dict[str, float] = {}
        self._done_at: dict[str, float] = {}
        self._told_at: dict[str, float] = {}
        self._arrivals: list[float] = []
        self._requests: Counter[str] = Counter()

    def app(self) -> Starlette:
        """The host as an ASGI app."""
        return Starlette(
            routes=[
                Route("/v1/videos", self._create, methods=["POST"]),
                Route("/v1/videos", self._list),
                Route("/v1/videos/{id}", self._get),
                Route("/v1/videos/{id}/content", self._content),
                Route("/v1/models", self._models),
                Route("/bench", self._prepare, methods=["POST"]),
                Route("/bench", self._report),
            ]
        )

    async def _create(self, request: Request) -> Response:
        self._arrivals.append(time.monotonic())
        await request.body()
        job = self._add()
        self._done_at[job] = time.monotonic() + self._takes
        return self._answer(self._shown(job))

    def _add(self) -> str:
        job = f"video_{next(self._numbers):06d}"
        self._jobs[job] = {
            "id": job,
            "object": "video",
            "model": "bench",
            "created_at": int(time.time()),
            "size": "1280x720",
            "seconds": "4",
        }
        self._changes_at[job] = self._done_at[job] = _NEVER
        return job

    def _shown(self, job: str) -> dict[str, Any]:
        now = time.monotonic()
        changed = now >= self._changes_at[job]
        if changed:
            self._told_at.setdefault(job, now)
        done = now >= self._done_at[job]
        status = "completed" if done else "in_progress"
        return self._jobs[job] | {"status": status, "progress": 60 if changed else 10}

    def _answer(self, body: Any) -> Response:
        poll = {"openai-poll-after-ms": str(self._poll_ms)} if self._poll_ms else None
        return JSONResponse(body, headers=poll)

    async def _list(self, request: Request) -> Response:
        if not self._lists:
            return JSONResponse({"error": {"message": "There is no list."}}, 404)
        self._requests["list"] += 1
        limit = int(request.query_params.get("limit", 20))
        newest = list(reversed(self._jobs))
        after = request.query_params.get("after")
        start = newest.index(after) + 1 if after else 0
        page = newest[start : start + limit]
        return JSONResponse(
            {
                "object": "list",
                "data": [self._shown(job) for job in page],
                "has_more": start + limit < len(newest),
                "last_id": page[-1] if page else None,
            }
        )

    async def _get(self, request: Request) -> Response:
        self._requests["retrieve"] += 1
        job = request.path_params["id"]
        if job not in self._jobs:
            return JSONResponse({"error": {"message": "Video not found."}}, 404)
        return self._answer(self._shown(job))

    async def _content(self, request: Request) -> Response:
        asked = re.fullmatch(r"bytes=(\d+)-", request.headers.get("range", ""))
        start = int(asked[1]) if asked else 0
        size = len(self._clip)
        headers = {"content-length": str(size - start)}
        if start:
            headers["content-range"] = f"bytes {start}-{size - 1}/{size}"
        chunks = (self._clip[at : at + _CHUNK] for at in range(start, size, _CHUNK))
        status = 206 if start else 200
        return StreamingResponse(chunks, status, headers, media_type="video/mp4")

    async def _models(self, request: Request) -> Response:
        return JSONResponse({"object": "list", "data": [{"id": "bench", "object": "model"}]})

    async def _prepare(self, request: Request) -> Response:
        """Add `jobs` that change one after the other, `from` to `to` seconds from now.

        `takes`: seconds until a job that is sent from now on is completed. `poll_ms`: when to look
        at one again. `lists`: whether there is a list. Counting begins anew.
        """
        told = await request.json()
        self._takes = told.get("takes", _NEVER)
        self._poll_ms = told.get("poll_ms")
        self._lists = told.get("lists", True)
        self._arrivals.clear()
        self._requests.clear()
        now, count = time.monotonic(), told.get("jobs", 0)
        begin, end = told.get("from", 0.0), told.get("to", 0.0)
        names = [self._add() for _ in range(count)]
        for number, job in enumerate(names):
            # Neighbours in the list change at moments that are far apart.
            share = (number * 0.618034) % 1
            self._changes_at[job] = now + begin + (end - begin) * share
        return JSONResponse(names)

    async def _report(self, request: Request) -> Response:
        now = time.monotonic()
        changed = {job: at for job, at in self._changes_at.items() if at <= now}
        return JSONResponse(
            {
                "arrivals": self._arrivals,
                "requests": self._requests,
                "done_at": self._done_at,
                "lateness": [self._told_at.get(job, now) - at for job, at in changed.items()],
                "unnoticed": len(self._changes_at.keys() - self._told_at.keys()),
            }
        )


async def _serve(clip: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=1000) as listener:
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        config = uvicorn.Config(
            BenchHost(clip).app(), log_level="error", access_log=False, timeout_keep_alive=75
        )
        sys.stdout.write(f"http://127.0.0.1:{listener.getsockname()[1]}\n")
        sys.stdout.flush()
        await uvicorn.Server(config).serve([listener])


if __name__ == "__main__":
    anyio.run(_serve, Path(sys.argv[1]).read_bytes() if len(sys.argv) > 1 else b"")
