"""Hosts that answer with the video itself: one request, the same life of a job."""

import base64
import json
import shutil
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import httpx2
import pytest
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from sora_mcp.engines.standing import StandingRequests, open_standing_requests
from sora_mcp.videos.errors import (
    EngineJobMissing,
    EngineRefused,
    LibraryError,
    OutcomeUnknown,
)
from sora_mcp.videos.models import EngineJob, JobStatus
from tests.engines.hosts import KINDS, client_before_host, ended
from tests.fakes.hosts.dynamo import DynamoHost
from tests.fakes.videos_api import accept_then
from tests.harness import OWNER, app_in, small_mp4
from tests.harness import a_host as a_plain_host
from tests.server.surface import client_before, client_of, structured, text_of
from tests.serving import serving, unused_port

CAT = {"prompt": "a cat", "size": "832x480", "seconds": 4}


def a_host(**options: Any) -> DynamoHost:
    host = KINDS["dynamo"].host(**options)
    assert isinstance(host, DynamoHost)
    return host


async def test_a_job_runs_while_its_request_stands_and_is_done_when_it_is_answered(
    tmp_path: Path,
) -> None:
    host = a_host(gate=anyio.Event())
    async with client_before_host(host, tmp_path) as client:
        started = structured(await client.call_tool("generate_video", CAT))
        running = structured(
            await client.call_tool("get_video_status", {"video_id": started["video_id"]})
        )
        assert host.gate is not None
        host.gate.set()
        done = await ended(client, "get_video_status", video_id=started["video_id"])
    assert started["status"] in ("queued", "in_progress")
    assert running["status"] == "in_progress"
    assert done["status"] == "completed"
    assert Path(done["files"][0]["path"]).read_bytes() == small_mp4()
    assert host.accepted == [
        {
            "prompt": "a cat",
            "model": host.model,
            "size": "832x480",
            "seconds": 4,
            "response_format": "b64_json",
        }
    ]
    assert list((tmp_path / "home" / "standing").glob("standing_*.mp4")) == []


async def test_a_refusal_is_the_calls_own_error(tmp_path: Path) -> None:
    async with client_before_host(a_host(), tmp_path, model="nobody/nothing") as client:
        result = await client.call_tool("generate_video", CAT)
    assert result.is_error
    assert "Model not found" in text_of(result)
    assert DynamoHost.model in text_of(result)
    assert "Nothing was charged" in text_of(result)


async def test_deleting_a_job_closes_its_request(tmp_path: Path) -> None:
    host = a_host(gate=anyio.Event())
    async with client_before_host(host, tmp_path) as client:
        started = structured(await client.call_tool("generate_video", CAT))
        deleted = structured(
            await client.call_tool("delete_video", {"video_id": started["video_id"]})
        )
        listed = structured(await client.call_tool("list_videos"))
        assert host.gate is not None
        host.gate.set()
    assert deleted["deleted"] is True
    assert listed["videos"] == []


async def test_a_job_whose_server_stopped_is_lost_and_says_why(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    host = a_host(gate=anyio.Event())
    async with serving(host.app()) as url:
        async with app_in(tmp_path, base_url=f"{url}/v1") as app, client_of(app) as client:
            started = structured(await client.call_tool("generate_video", CAT))
            waiting = {"video_id": started["video_id"], "wait_seconds": 5}
            await client.call_tool("get_video_status", waiting)
        async with app_in(tmp_path, base_url=f"{url}/v1") as app, client_of(app) as client:
            waiting["wait_seconds"] = 45
            again = await client.call_tool("get_video_status", waiting)
        assert host.gate is not None
        host.gate.set()
    assert "Lost with this process, which cannot wait: 1" in caplog.text
    assert structured(again)["status"] == "lost"
    assert "only to the connection that asked" in text_of(again)
    assert "restarted" not in text_of(again)
    assert structured(again)["error"]["charged"] == "unknown"
    assert len(host.accepted) == 1


@asynccontextmanager
async def answering(response: httpx2.Response) -> AsyncGenerator[httpx2.Response]:
    yield response


async def outcome_of(folder: Path, response: httpx2.Response) -> EngineJob:
    with anyio.fail_after(90):
        async with open_standing_requests(folder, max_bytes=10_000_000) as standing:
            return await standing.start(lambda: answering(response))


def holding(**body: object) -> httpx2.Response:
    return httpx2.Response(200, content=json.dumps(body).encode())


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        (holding(status="failed", error="CUDA out of memory"), "CUDA out of memory"),
        (holding(status="failed", data=[{"url": "https://docs.example"}]), "gave no reason"),
        (holding(error={"message": "worker died", "code": 500}), "worker died"),
        (holding(error={"message": "No."}, url="https://docs.example/errors"), "No."),
    ],
)
async def test_an_answer_that_says_what_went_wrong_is_a_failed_job(
    response: httpx2.Response, reason: str, tmp_path: Path
) -> None:
    job = await outcome_of(tmp_path, response)
    assert job.status is JobStatus.FAILED
    assert job.error is not None
    assert reason in job.error.message
    assert job.error.charged == "unknown"


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        (httpx2.Response(200, text="<html>fine</html>"), "no video"),
        (holding(data=[]), "no video in it"),
        (holding(data=[{"b64_json": "***"}]), "cannot be decoded"),
        (holding(data=[{"b64_json": ""}]), "cannot be decoded"),
        (holding(data=[{"b64_json": "é"}]), "cannot be decoded"),
        (holding(data=[{"url": "\ud800"}]), "no video in it"),
        (httpx2.Response(200, text="[" * 100_000), "no video"),
    ],
)
async def test_an_answer_in_which_no_video_is_found_is_kept_and_its_outcome_is_unknown(
    response: httpx2.Response, reason: str, tmp_path: Path
) -> None:
    with anyio.fail_after(90):
        async with open_standing_requests(tmp_path, max_bytes=10_000_000) as standing:
            with pytest.raises(OutcomeUnknown, match=reason) as caught:
                await standing.start(lambda: answering(response))
    [kept] = tmp_path.glob("*.answer")
    assert str(kept) in caught.value.message
    assert kept.read_bytes() == response.content


def in_base64() -> list[str]:
    """A video as hosts spell it."""
    plain = base64.b64encode(small_mp4()).decode()
    return [
        base64.encodebytes(small_mp4()).decode(),
        f"data:video/mp4;base64,{plain}",
        plain.replace("+", "-").replace("/", "_"),
        plain.rstrip("="),
    ]


@pytest.mark.parametrize("spelling", range(4))
async def test_a_video_is_decoded_however_its_host_spells_it(spelling: int, tmp_path: Path) -> None:
    inside = {"b64_json": in_base64()[spelling]}
    warned = {"message": "", "warning": "safety"}
    with anyio.fail_after(90):
        async with open_standing_requests(tmp_path, max_bytes=10_000_000) as standing:
            answer = holding(status="completed", data=[inside], error=warned)
            job = await standing.start(lambda: answering(answer))
            stored = standing.content(job.id, 0)
            assert stored is not None
            assert b"".join([chunk async for chunk in stored.chunks()]) == small_mp4()


class FailingGateway(DynamoHost):
    """Something before the host gives up on it while the video is made."""

    async def answer(self, request: Request) -> Response:
        assert self.gate is not None
        await self.gate.wait()
        return HTMLResponse("<html><title>Bad Gateway</title></html>", 502)

    def routes(self) -> Sequence[Route]:
        own = [route for route in super().routes() if route.path != "/v1/videos"]
        return [*own, Route("/v1/videos", self.answer, methods=["POST"])]


async def test_a_request_that_breaks_off_late_is_lost_and_nobody_is_told_to_change_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sora_mcp.engines.standing.REFUSAL_SECONDS", 0.05)
    host = FailingGateway(mp4=small_mp4(), gate=anyio.Event())
    assert host.gate is not None
    async with client_before_host(host, tmp_path, model=host.model) as client:
        started = structured(await client.call_tool("generate_video", CAT))
        host.gate.set()
        await ended(client, "get_video_status", video_id=started["video_id"])
        told = await client.call_tool("get_video_status", {"video_id": started["video_id"]})
    assert structured(told)["status"] == "lost"
    assert structured(told)["error"]["charged"] == "unknown"
    assert "Bad Gateway" in text_of(told)
    assert "change what was refused" not in text_of(told)
    assert "if the person still wants it" in text_of(told)


async def test_a_queued_job_that_names_an_address_is_no_video_yet(tmp_path: Path) -> None:
    host = a_plain_host()
    queued = {"id": "video_0001", "status": "queued", "data": [{"url": "http://127.0.0.1:9/x"}]}
    host.fail("POST /videos", accept_then(200, queued))
    async with client_before(host, tmp_path) as client:
        first = await ended(client, "generate_video", prompt="a cat")
        second = await ended(client, "generate_video", prompt="another cat")
    assert [first["status"], second["status"]] == ["completed", "completed"]
    assert ("GET", "/v1/videos/video_0002") in host.video_requests


async def test_a_video_comes_as_it_is_or_inside_json_or_as_an_address(tmp_path: Path) -> None:
    mp4 = small_mp4()
    inside = base64.b64encode(mp4).decode()
    with anyio.fail_after(90):
        async with open_standing_requests(tmp_path, max_bytes=10_000_000) as standing:
            for response in (
                httpx2.Response(200, content=mp4),
                holding(data=[{"b64_json": inside}]),
            ):
                job = await standing.start(lambda response=response: answering(response))
                assert job.status is JobStatus.COMPLETED
                stored = standing.content(job.id, 1000)
                assert stored is not None
                assert b"".join([chunk async for chunk in stored.chunks()]) == mp4[1000:]
                assert stored.total == len(mp4)
                await standing.release(job.id)
                assert standing.content(job.id, 0) is None
            address = holding(data=[{"url": "https://files.example/x.mp4"}])
            job = await standing.start(lambda: answering(address))
            assert job.asset_url == "https://files.example/x.mp4"


async def test_an_answer_that_is_too_large_is_not_kept(tmp_path: Path) -> None:
    async with open_standing_requests(tmp_path, max_bytes=1000) as standing:
        with anyio.fail_after(90), pytest.raises(EngineRefused, match="MAX_FILE_BYTES") as caught:
            await standing.start(lambda: answering(httpx2.Response(200, content=small_mp4())))
    assert caught.value.charged == "yes"
    assert list(tmp_path.glob("*.part")) == []


async def test_a_folder_that_has_gone_costs_the_outcome_and_not_the_server(tmp_path: Path) -> None:
    folder = tmp_path / "standing"

    @asynccontextmanager
    async def pulling_the_rug() -> AsyncGenerator[httpx2.Response]:
        shutil.rmtree(folder)
        yield httpx2.Response(200, content=small_mp4())

    with anyio.fail_after(60):
        async with open_standing_requests(folder, max_bytes=10_000_000) as standing:
            with pytest.raises(OutcomeUnknown):
                await standing.start(pulling_the_rug)
            job = await standing.start(lambda: answering(httpx2.Response(200, content=small_mp4())))
            assert job.status is JobStatus.COMPLETED


async def test_a_folder_that_cannot_be_made_means_that_nothing_was_sent(tmp_path: Path) -> None:
    (tmp_path / "standing").write_text("in the way")
    async with open_standing_requests(tmp_path / "standing", max_bytes=1000) as standing:
        with pytest.raises(LibraryError, match="nothing was sent") as caught:
            await standing.start(lambda: answering(httpx2.Response(200)))
    assert caught.value.charged == "no"


async def test_a_finished_video_is_taken_in_although_its_host_is_gone(tmp_path: Path) -> None:
    host = a_host(gate=anyio.Event())
    assert host.gate is not None
    async with (
        serving(host.app()) as url,
        app_in(tmp_path, base_url=f"{url}/v1") as app,
        client_of(app) as client,
    ):
        started = structured(await client.call_tool("generate_video", CAT))
        host.gate.set()
        folder = tmp_path / "home" / "standing"
        with anyio.fail_after(90):
            while not [*folder.glob("*.json"), *(tmp_path / "library").glob("*.mp4")]:
                await anyio.lowlevel.checkpoint()
    async with app_in(tmp_path, base_url=f"{url}/v1") as app, client_of(app) as client:
        done = await ended(client, "get_video_status", video_id=started["video_id"])
    assert done["status"] == "completed"


async def test_work_that_failed_after_it_was_begun_is_not_begun_again(tmp_path: Path) -> None:
    host = a_host()
    async with client_before_host(host, tmp_path) as client:
        video = await ended(client, "generate_video", **CAT)
        remix = await ended(
            client, "remix_video", video_id=video["video_id"], prompt="make it fail"
        )
    assert remix["status"] == "failed"
    assert len(host.accepted) == 2


async def test_a_value_that_the_host_turns_out_not_to_take_costs_nothing(tmp_path: Path) -> None:
    host = a_host()
    port = unused_port()
    async with app_in(tmp_path, base_url=f"http://127.0.0.1:{port}/v1") as app:
        videos = await app.videos()
        # Planned while nobody knew that this host takes whole seconds only.
        plan = await videos.plan.generate(OWNER, prompt="a cat", model=host.model, seconds=4.5)
    async with (
        serving(host.app(), port=port),
        app_in(tmp_path, base_url=f"http://127.0.0.1:{port}/v1") as app,
    ):
        videos = await app.videos()
        job = await videos.wait(OWNER, (await videos.start(plan)).id, 60)
    assert job.status is JobStatus.FAILED
    assert job.error is not None
    assert job.error.charged == "no"
    assert "whole seconds" in job.error.message
    assert host.accepted == []


async def test_a_host_that_was_still_starting_is_asked_what_it_is_before_it_is_sent_anything(
    tmp_path: Path,
) -> None:
    host, port = a_host(), unused_port()
    async with app_in(tmp_path, base_url=f"http://127.0.0.1:{port}/v1") as app:
        videos = await app.videos()
        plan = await videos.plan.generate(OWNER, prompt="a cat", model=host.model, seconds=4)
        async with serving(host.app(), port=port):
            job = await videos.wait(OWNER, (await videos.start(plan)).id, 60)
    assert job.status is JobStatus.COMPLETED
    assert [fields["seconds"] for fields in host.accepted] == [4]


class UnknownDynamoHost(DynamoHost):
    """It never says what it is."""

    def routes(self) -> Sequence[Route]:
        return [route for route in super().routes() if "openapi" not in route.path]


async def test_a_video_that_comes_in_an_answer_is_kept_whoever_sent_it(tmp_path: Path) -> None:
    host = UnknownDynamoHost(mp4=small_mp4())
    async with client_before_host(host, tmp_path, model=host.model) as client:
        first = await ended(client, "generate_video", prompt="a cat")
        second = await ended(client, "generate_video", prompt="another cat")
    assert [first["status"], second["status"]] == ["completed", "completed"]
    assert Path(first["files"][0]["path"]).read_bytes() == small_mp4()
    assert len(host.accepted) == 2


async def test_another_process_sees_a_request_stand_and_what_came_of_it(tmp_path: Path) -> None:
    gate = anyio.Event()

    @asynccontextmanager
    async def gated() -> AsyncGenerator[httpx2.Response]:
        await gate.wait()
        yield httpx2.Response(200, content=small_mp4())

    with anyio.fail_after(60):
        async with (
            open_standing_requests(tmp_path, max_bytes=10_000_000) as first,
            open_standing_requests(tmp_path, max_bytes=10_000_000) as second,
        ):
            job = await first.start(gated)
            assert (await second.look(job.id)).status is JobStatus.IN_PROGRESS
            assert await second.cancel(job.id) is False
            gate.set()
            await _finished(first, job.id)
            assert (await second.look(job.id)).status is JobStatus.COMPLETED
            assert second.content(job.id, 0) is not None


async def _finished(standing: StandingRequests, job_id: str) -> None:
    while (await standing.look(job_id)).status is JobStatus.IN_PROGRESS:
        await anyio.lowlevel.checkpoint()


@pytest.mark.parametrize("job_id", ["", "..", "standing_", "standing_../x", "video_1", "a/b"])
async def test_an_id_that_is_none_is_no_path(job_id: str, tmp_path: Path) -> None:
    async with open_standing_requests(tmp_path, max_bytes=1000) as standing:
        with pytest.raises(EngineJobMissing):
            await standing.look(job_id)
