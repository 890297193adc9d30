"""A host says that a job is done, and nobody else can."""

import json
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
from pydantic import SecretStr

from sora_mcp.app import open_app
from sora_mcp.deliveries import WebReceiver
from sora_mcp.engines.embedded.api import open_embedded_api
from sora_mcp.signatures import signed_headers
from sora_mcp.videos.models import Job, JobStatus
from sora_mcp.videos.service import VideoService
from tests.fakes.videos_api import FakeHost
from tests.harness import KEY, OWNER, a_host, settings_in
from tests.http.served import served
from tests.serving import serving, unused_port

SECRET = SecretStr("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
ANOTHER = SecretStr("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD")
PATH = "/webhooks/openai"
NEVER = 1e-4
"""A worker's hurry with which the next look of its own would come after minutes."""


def event(job_id: str, kind: str = "video.completed") -> bytes:
    """An event as OpenAI writes it."""
    fields = {"id": "evt_1", "object": "event", "created_at": 1, "type": kind}
    return json.dumps({**fields, "data": {"id": job_id}}).encode()


def signed(
    body: bytes, message_id: str = "msg_1", *, ago: int = 0, secret: SecretStr = SECRET
) -> dict[str, Any]:
    """A request with a body that was signed so many seconds ago."""
    headers = signed_headers(secret, message_id, int(time.time()) - ago, body)
    return {"content": body, "headers": headers}


@dataclass(frozen=True)
class Server:
    """A server that looks at its jobs only when it is told to."""

    http: httpx2.AsyncClient
    host: FakeHost
    videos: VideoService

    @property
    def looks(self) -> int:
        return sum(
            method == "GET" and path.startswith("/v1/videos/video_")
            for method, path in self.host.requests
            if not path.endswith("/content")
        )

    async def post(self, **request: Any) -> httpx2.Response:
        return await self.http.post(PATH, **request)

    async def submitted(self) -> Job:
        """A job that its host has, and has not been looked at."""
        job = await self.videos.start(await self.videos.plan.generate(OWNER, prompt="a cat"))
        return await self.reached(job, lambda job: job.status is JobStatus.QUEUED)

    async def reached(self, job: Job, condition: Callable[[Job], bool]) -> Job:
        with anyio.fail_after(60):
            async for state in self.videos.watch(OWNER, job.id):
                if condition(state):
                    return state
        raise AssertionError("it ended otherwise")


@asynccontextmanager
async def told(folder: Path, **settings: Any) -> AsyncGenerator[Server]:
    host = a_host(statuses=("queued", "in_progress", "completed"))
    async with (
        serving(host.app()) as url,
        open_app(
            settings_in(folder, base_url=f"{url}/v1", api_key=KEY, **settings), hurry=NEVER
        ) as app,
        served(app) as own_url,
        httpx2.AsyncClient(base_url=own_url) as http,
    ):
        yield Server(http, host, await app.videos())


@pytest.fixture(autouse=True)
def an_idle_worker_does_not_look_around(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sora_mcp.videos.worker.IDLE_SECONDS", 3600)


@pytest.fixture
async def server(tmp_path: Path) -> AsyncGenerator[Server]:
    async with told(tmp_path, openai_webhook_secret=SECRET) as server:
        yield server


async def test_a_job_is_looked_at_as_soon_as_its_host_says_that_there_is_news(
    server: Server,
) -> None:
    job = await server.submitted()
    first = await server.post(**signed(event("video_0001"), "msg_1"))
    await server.reached(job, lambda job: job.status is JobStatus.IN_PROGRESS)
    second = await server.post(**signed(event("video_0001", "video.failed"), "msg_2"))
    done = await server.reached(job, lambda job: job.status is JobStatus.COMPLETED)
    assert [first.status_code, second.status_code] == [200, 200]
    assert (server.looks, len(done.files)) == (2, 3)


def refused() -> dict[str, dict[str, Any]]:
    body = event("video_0001")
    headers: dict[str, str] = signed(body)["headers"]
    times = {"webhook-timestamp": str(int(time.time()) + 10)}
    return {
        "another's secret": signed(body, secret=ANOTHER),
        "a signature of another body": {"content": event("video_0002"), "headers": headers},
        "another id": {"content": body, "headers": headers | {"webhook-id": "msg_2"}},
        "another time": {"content": body, "headers": headers | times},
        "too old": signed(body, ago=310),
        "too far ahead": signed(body, ago=-310),
        "an endless id": signed(body, "msg_" * 100),
        "no time": {"content": body, "headers": headers | {"webhook-timestamp": "now"}},
        "no headers": {"content": body},
        "no signature": {"content": body, "headers": headers | {"webhook-signature": ""}},
        "letters of no signature": {
            "content": body,
            "headers": {**headers, "webhook-signature": "v1,\u00e9".encode("latin-1")},
        },
        "not UTF-8": signed(b"\xff"),
        "not JSON": signed(b"{"),
        "no object": signed(b"[]"),
        "no kind": signed(b"{}"),
        "no job": signed(b'{"type": "video.completed", "data": {}}'),
        "a number for a job": signed(b'{"type": "video.completed", "data": {"id": 1}}'),
        "a control character in the id": signed(event("video_0001\x1b")),
        "endless nesting": signed(b"[" * 30_000),
    }


async def test_what_is_forged_stale_or_malformed_is_refused_and_moves_nothing(
    server: Server,
) -> None:
    job = await server.submitted()
    for what, request in refused().items():
        # The SDK's signer knows no such bodies.
        answer = await server.post(**request)
        assert answer.status_code == 400, what
        assert SECRET.get_secret_value() not in answer.text
    assert (await server.post(**signed(event("video_0001")))).status_code == 200
    await server.reached(job, lambda job: job.status is JobStatus.IN_PROGRESS)
    assert server.looks == 1


async def test_a_message_is_fresh_or_not_by_the_clock_of_the_ledger(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class AnHourBehind(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:
            return datetime.now(tz) - timedelta(hours=1)

    monkeypatch.setattr("sora_mcp.store.database.datetime", AnHourBehind)
    async with told(tmp_path, openai_webhook_secret=SECRET) as server:
        await server.submitted()
        answers = [
            await server.post(**signed(event("video_0001"), f"msg_{ago}", ago=ago))
            for ago in (0, 3600)
        ]
    assert [answer.status_code for answer in answers] == [400, 200]


async def test_nobody_learns_from_the_answer_whether_a_job_exists(server: Server) -> None:
    await server.submitted()
    known = await server.post(**signed(event("video_0001"), "msg_1"))
    again = await server.post(**signed(event("video_0001"), "msg_1"))
    stranger = await server.post(**signed(event("video_9999"), "msg_2"))
    other = await server.post(**signed(event("resp_1", "response.completed"), "msg_3"))

    def told(answer: httpx2.Response) -> tuple[int, bytes, set[str]]:
        return answer.status_code, answer.content, set(answer.headers)

    assert told(known) == told(again) == told(stranger) == told(other)
    assert known.status_code == 200


async def test_a_large_body_is_refused_before_it_is_read_to_its_end(server: Server) -> None:
    large = b" " * (64 * 1024) + event("video_0001")
    assert (await server.post(**signed(large))).status_code == 413

    async def unannounced() -> AsyncGenerator[bytes]:
        yield large

    headers = signed(large)["headers"]
    assert (await server.post(content=unannounced(), headers=headers)).status_code == 413


async def test_only_posting_is_offered(server: Server) -> None:
    assert (await server.http.get(PATH)).status_code == 405


async def test_the_signature_is_the_only_key_but_the_host_name_must_be_ours(
    tmp_path: Path,
) -> None:
    secrets = {"openai_webhook_secret": SECRET, "auth_token": SecretStr("token")}
    async with told(tmp_path, **secrets) as server:
        request = signed(event("video_0001"))
        assert (await server.post(**request)).status_code == 200
        elsewhere = {**request["headers"], "Host": "evil.example"}
        answer = await server.post(content=request["content"], headers=elsewhere)
        assert answer.status_code == 421
        assert (await server.http.post(f"{PATH}/", **request)).status_code == 401


async def test_without_a_secret_there_is_no_such_route(tmp_path: Path) -> None:
    async with told(tmp_path) as server:
        assert (await server.post(**signed(event("video_0001")))).status_code == 404


async def test_the_embedded_engine_brings_a_job_to_its_end_without_a_single_poll(
    tmp_path: Path,
) -> None:
    port = unused_port()
    settings = settings_in(
        tmp_path, base_url=f"http://127.0.0.1:{port}/v1", openai_webhook_secret=SECRET
    )
    async with (
        open_app(settings, hurry=NEVER) as app,
        served(app) as own_url,
        open_embedded_api(
            tmp_path / "engine", receiver=WebReceiver(SecretStr(own_url + PATH), SECRET)
        ) as engine,
        serving(engine, port=port),
    ):
        videos = await app.videos()
        plan = await videos.plan.generate(OWNER, prompt="a kite", size="256x256", seconds=1)
        job = await videos.start(plan)
        assert (await videos.wait(OWNER, job.id, 60)).status is JobStatus.COMPLETED
