"""A host that speaks the Videos API, over real HTTP."""

import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import anyio
import httpx2
import pytest
from pydantic import SecretStr
from starlette.responses import JSONResponse

from sora_mcp.engines.dialects import COMPATIBLE, OPENAI
from sora_mcp.engines.videos_api import VideosApiEngine
from sora_mcp.videos import errors
from sora_mcp.videos.models import Job, JobStatus, Operation, Submission
from sora_mcp.videos.ports import EngineLimits
from tests.fakes import videos_api as fake
from tests.fakes.videos_api import FakeHost
from tests.serving import serving

KEY = "sk-test-4711"
CAT = Submission(operation=Operation.GENERATE, prompt="a cat")
REMIX = Submission(operation=Operation.REMIX, prompt="at night", source_engine_job_id="video_0001")
EXTENSION = Submission(
    operation=Operation.EXTEND, prompt="it jumps", seconds=4, source_engine_job_id="video_0001"
)
JOB = Job(
    id="vid_aaaaaaaaaa",
    owner="local",
    operation=Operation.GENERATE,
    status=JobStatus.DOWNLOADING,
    prompt="a cat",
    engine="host",
    engine_job_id="video_0001",
    created_at=datetime(2026, 11, 20, tzinfo=UTC),
)


@pytest.fixture
def host() -> FakeHost:
    return FakeHost(mp4=bytes(range(256)) * 40)


@asynccontextmanager
async def engine_for(host: FakeHost, key: str | None = KEY) -> AsyncGenerator[VideosApiEngine]:
    with anyio.fail_after(30):
        async with serving(host.app()) as url:
            engine = engine_at(f"{url}/v1", key)
            try:
                yield engine
            finally:
                await engine.close()


def engine_at(base_url: str, key: str | None = KEY, **options: Any) -> VideosApiEngine:
    return VideosApiEngine(
        name="host",
        base_url=base_url,
        dialect=options.pop("dialect", COMPATIBLE),
        limits=EngineLimits(4, 0),
        api_key=SecretStr(key) if key else None,
    )


async def test_a_video_is_asked_for_by_multipart_with_only_the_fields_that_were_set(
    host: FakeHost,
) -> None:
    async with engine_for(host) as engine:
        job = await engine.submit(CAT)
    assert (job.id, job.status) == ("video_0001", JobStatus.QUEUED)
    assert host.accepted == [{"prompt": "a cat"}]


async def test_the_first_frame_goes_along_as_a_png_file(host: FakeHost) -> None:
    async with engine_for(host) as engine:
        await engine.submit(CAT.model_copy(update={"reference": b"\x89PNG picture", "seconds": 4}))
    assert host.accepted == [
        {"prompt": "a cat", "seconds": "4", "input_reference": b"\x89PNG picture"}
    ]


async def test_a_remix_and_an_extension_name_their_source(host: FakeHost) -> None:
    async with engine_for(host) as engine:
        await engine.submit(REMIX)
        await engine.submit(EXTENSION)
    assert host.accepted == [
        {"prompt": "at night"},
        {"prompt": "it jumps", "seconds": "4", "video": {"id": "video_0001"}},
    ]
    assert host.requests == [
        ("POST", "/v1/videos/video_0001/remix"),
        ("POST", "/v1/videos/extensions"),
    ]


async def test_an_id_from_a_host_cannot_leave_its_place_in_the_address(host: FakeHost) -> None:
    async with engine_for(host) as engine:
        for wild in ("../files/x", "a/b", "..", "a?b#c"):
            with pytest.raises(errors.EngineError):
                await engine.retrieve(wild)
            with pytest.raises(errors.EngineError):
                await engine.submit(REMIX.model_copy(update={"source_engine_job_id": wild}))
    assert all(path.startswith("/v1/videos/") for _, path in host.requests), host.requests
    assert host.accepted == []


async def test_openais_organisation_and_project_are_not_told_to_other_hosts(
    host: FakeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_ORG_ID", "org-private")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "proj-private")
    told: list[str] = []

    async def tell(request: Any, carry_out: Any) -> JSONResponse:
        told.extend(request.headers)
        return await carry_out()

    host.fail("POST /videos", tell)
    async with engine_for(host) as engine:
        await engine.submit(CAT)
    assert "authorization" in told
    assert not {"openai-organization", "openai-project"} & set(told)


async def test_a_host_without_a_key_gets_no_authorization_at_all(
    host: FakeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-somebody-elses")
    async with engine_for(host, key=None) as engine:
        await engine.submit(CAT)
        await engine.retrieve("video_0001")
    assert host.authorizations == [None, None]


@pytest.mark.parametrize(
    ("fault", "expected", "accepted"),
    [
        (fake.error(400, "Bad size.", "invalid_value"), errors.EngineRefused, 0),
        (fake.answer(422, {"detail": [{"msg": "field required"}]}), errors.EngineRefused, 0),
        (fake.error(413, "Too large."), errors.EngineRefused, 0),
        (fake.error(409, "Conflict."), errors.EngineRefused, 0),
        (fake.error(401, "No."), errors.KeyRejected, 0),
        (fake.error(403, "No."), errors.KeyRejected, 0),
        (fake.error(402, "Pay."), errors.QuotaExceeded, 0),
        (fake.error(404, "Not found"), errors.EngineRefused, 0),
        (fake.answer(405, {"detail": "Method Not Allowed"}), errors.EngineRefused, 0),
        (fake.error(429, "Quota.", "insufficient_quota"), errors.QuotaExceeded, 0),
        (fake.error(429, "Slow down.", "rate_limit_exceeded"), errors.EngineBusy, 0),
        (fake.error(503, "Busy.", retry_after="7"), errors.EngineBusy, 0),
        (fake.error(503, "Who knows."), errors.OutcomeUnknown, 0),
        (fake.error(500, "Oops."), errors.OutcomeUnknown, 0),
        (fake.answer(502, "<html><title>502</title></html>"), errors.OutcomeUnknown, 0),
        (fake.answer(307, "", {"location": "http://127.0.0.1:9/v1/videos"}),
         errors.EngineRefused, 0),
        (fake.reset, errors.OutcomeUnknown, 0),
        (fake.accept_then_reset, errors.OutcomeUnknown, 1),
        (fake.accept_then(200, "<html>fine</html>"), errors.OutcomeUnknown, 1),
        (fake.accept_then(200, {"object": "video"}), errors.OutcomeUnknown, 1),
        (fake.accept_then(500, {"error": {"message": "late"}}), errors.OutcomeUnknown, 1),
    ],
)  # fmt: skip
async def test_a_submission_is_sent_once_and_its_failure_says_whether_money_is_at_stake(
    host: FakeHost, fault: fake.Fault, expected: type[errors.EngineError], accepted: int
) -> None:
    host.fail("POST /videos", fault)
    async with engine_for(host) as engine:
        with pytest.raises(expected) as caught:
            await engine.submit(CAT)
    assert type(caught.value) is expected
    assert len(host.requests) == 1
    assert len(host.accepted) == accepted
    assert caught.value.charged == ("unknown" if expected is errors.OutcomeUnknown else "no")
    assert KEY not in str(caught.value)


async def test_a_busy_host_is_asked_again_when_it_says(host: FakeHost) -> None:
    host.fail("POST /videos", fake.error(429, "Slow down.", retry_after="7"))
    async with engine_for(host) as engine:
        with pytest.raises(errors.EngineBusy) as caught:
            await engine.submit(CAT)
    assert caught.value.retry_after == 7


async def test_a_host_that_is_not_there_was_sent_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    for base_url in (f"http://127.0.0.1:{port}/v1", "http://no-such-host.invalid/v1"):
        engine = engine_at(base_url)
        with anyio.fail_after(30), pytest.raises(errors.NotSent, match="nothing was sent"):
            await engine.submit(CAT)
        await engine.close()


@pytest.mark.parametrize("request_for", [REMIX, EXTENSION], ids=["remix", "extend"])
@pytest.mark.parametrize("status", [404, 405, 501])
async def test_a_host_without_remix_or_extend_is_found_out(
    host: FakeHost, request_for: Submission, status: int
) -> None:
    route = "POST /videos/" + ("{id}/remix" if request_for is REMIX else "extensions")
    host.fail(route, fake.error(status, "Not Found"))
    async with engine_for(host) as engine:
        with pytest.raises(errors.OperationMissing, match=request_for.operation):
            await engine.submit(request_for)


async def test_a_failed_job_that_comes_as_an_http_500_is_a_job(host: FakeHost) -> None:
    body = {"id": "video_0001", "object": "video", "status": "failed", "error": {"message": "OOM"}}
    host.fail("GET /videos/{id}", fake.answer(500, body))
    async with engine_for(host) as engine:
        job = await engine.retrieve("video_0001")
    assert job.status is JobStatus.FAILED
    assert job.error is not None
    assert job.error.message == "OOM"


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (fake.error(500, "Oops."), errors.EngineFault),
        (fake.answer(200, "<html>maintenance</html>"), errors.EngineFault),
        (fake.answer(200, {"object": "list"}), errors.EngineFault),
        (fake.error(429, "Slow down."), errors.EngineFault),
        (fake.reset, errors.EngineFault),
        (fake.error(404, "Video not found."), errors.EngineJobMissing),
        (fake.error(401, "No."), errors.KeyRejected),
    ],
)
async def test_a_look_that_fails_is_one_request_and_says_nothing_about_the_job(
    host: FakeHost, fault: fake.Fault, expected: type[errors.EngineError]
) -> None:
    host.fail("GET /videos/{id}", fault)
    async with engine_for(host) as engine:
        with pytest.raises(expected):
            await engine.retrieve("video_0001")
    assert len(host.requests) == 1


async def test_a_look_carries_the_pause_that_the_host_asks_for(host: FakeHost) -> None:
    async with engine_for(host) as engine:
        job = await engine.submit(CAT)
        seen = await engine.retrieve(job.id)
    assert seen.poll_after == 0.05
    assert seen.status is JobStatus.IN_PROGRESS


async def test_one_request_lists_many_jobs(host: FakeHost) -> None:
    async with engine_for(host) as engine:
        for _ in range(3):
            await engine.submit(CAT)
        listed = await engine.list_jobs()
    assert listed is not None
    assert [job.id for job in listed] == ["video_0003", "video_0002", "video_0001"]


@pytest.mark.parametrize(
    "fault",
    [
        fake.error(405, "Method Not Allowed"),
        fake.error(400, "LLM Provider NOT provided"),
        fake.answer(200, {"object": "list"}),
    ],
)
async def test_a_host_that_cannot_list_is_not_asked_to_again(
    host: FakeHost, fault: fake.Fault
) -> None:
    host.fail("GET /videos", fault)
    async with engine_for(host) as engine:
        assert await engine.list_jobs() is None
        assert await engine.list_jobs() is None
    assert len(host.requests) == 1


async def test_a_list_without_its_envelope_is_read_too(host: FakeHost) -> None:
    host.fail("GET /videos", fake.answer(200, [{"id": "x", "status": "queued"}, {"no": "id"}]))
    async with engine_for(host) as engine:
        listed = await engine.list_jobs()
    assert listed is not None
    assert [job.id for job in listed] == ["x"]


async def test_the_video_is_fetched_without_a_variant_and_from_where_it_broke_off(
    host: FakeHost,
) -> None:
    async with engine_for(host) as engine:
        await engine.submit(CAT)
        for offset in (0, 5000):
            async with engine.open_content(JOB, offset) as body:
                received = b"".join([chunk async for chunk in body.chunks()])
            assert (body.offset, body.total) == (offset, len(host.mp4))
            assert received == host.mp4[offset:]
            assert body.content_type == "video/mp4"
    assert ("GET", "/v1/videos/video_0001/content") in host.requests


async def test_a_host_that_ignores_ranges_is_noticed(host: FakeHost) -> None:
    host.ignores_range = True
    async with engine_for(host) as engine:
        await engine.submit(CAT)
        async with engine.open_content(JOB, 5000) as body:
            assert body.offset == 0
            assert b"".join([chunk async for chunk in body.chunks()]) == host.mp4


async def test_a_download_that_is_cut_off_is_a_fault(host: FakeHost) -> None:
    host.fail("GET /videos/{id}/content", fake.truncate(4000))
    async with engine_for(host) as engine:
        await engine.submit(CAT)
        async with engine.open_content(JOB, 0) as body:
            with pytest.raises(errors.EngineFault, match="during the download"):
                [chunk async for chunk in body.chunks()]


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (404, errors.ContentMissing),
        (410, errors.ContentMissing),
        (500, errors.EngineFault),
        (403, errors.KeyRejected),
    ],
)
async def test_a_download_that_is_refused_says_how(
    host: FakeHost, status: int, expected: type[errors.EngineError]
) -> None:
    host.fail("GET /videos/{id}/content", fake.error(status, "Not here."))
    async with engine_for(host) as engine:
        await engine.submit(CAT)
        with pytest.raises(expected):
            async with engine.open_content(JOB, 0):
                pass


async def test_a_redirect_of_the_file_is_followed_without_the_key(host: FakeHost) -> None:
    there = FakeHost(mp4=b"the file from elsewhere")
    there.jobs["video_0001"] = {"id": "video_0001"}
    async with serving(there.app()) as other, engine_for(host) as engine:
        await engine.submit(CAT)
        own = fake.answer(302, "", {"location": "/v1/videos/video_0001/content?moved=1"})
        host.fail("GET /videos/{id}/content", own)
        async with engine.open_content(JOB, 0) as body:
            assert b"".join([chunk async for chunk in body.chunks()]) == host.mp4
        assert host.authorizations[-2:] == [f"Bearer {KEY}", None]
        away = fake.answer(302, "", {"location": f"{other}/v1/videos/video_0001/content"})
        host.fail("GET /videos/{id}/content", away)
        with pytest.raises(errors.ContentMissing, match="only https"):
            async with engine.open_content(JOB, 0):
                pass
    assert there.requests == []


@pytest.mark.parametrize(
    "address",
    [
        "https://127.0.0.1/x.mp4",
        "https://localhost/x.mp4",
        "https://[::1]/x.mp4",
        "https://169.254.169.254/latest",
        "file:///etc/passwd",
        "http://example.com/x.mp4",
    ],
)
async def test_a_host_cannot_send_us_into_our_own_network(host: FakeHost, address: str) -> None:
    async with engine_for(host) as engine:
        await engine.submit(CAT)
        for fault in (
            fake.answer(307, "", {"location": address}),
            fake.error(400, "In the cloud."),
        ):
            host.fail("GET /videos/{id}/content", fault)
            job = JOB.model_copy(update={"asset_url": address})
            with pytest.raises(errors.ContentMissing):
                async with engine.open_content(job, 0):
                    pass


async def test_a_file_that_the_host_keeps_at_a_url_of_its_own_is_fetched_there(
    host: FakeHost,
) -> None:
    async with engine_for(host) as engine:
        await engine.submit(CAT)
        host.fail("GET /videos/{id}/content", fake.error(400, "Please use the cloud URL."))
        job = JOB.model_copy(update={"asset_url": "/v1/videos/video_0001/content"})
        async with engine.open_content(job, 5000) as body:
            assert body.offset == 5000
            assert b"".join([chunk async for chunk in body.chunks()]) == host.mp4[5000:]
    assert host.authorizations[-1] is None


async def test_cancelling_tells_whether_the_host_did_it(host: FakeHost) -> None:
    async with engine_for(host) as engine:
        await engine.submit(CAT)
        assert await engine.cancel("video_0001") is True
        assert await engine.cancel("video_0001") is False
        host.fail("DELETE /videos/{id}", fake.answer(405, {"detail": "Method Not Allowed"}))
        assert await engine.cancel("video_0002") is False


async def test_facts_name_the_models_that_the_host_lists_and_survive_one_that_lists_none(
    host: FakeHost,
) -> None:
    async with engine_for(host) as engine:
        assert (await engine.facts()).models == ("fake-1",)
        host.fail("GET /models", fake.error(500, "Oops."))
        facts = await engine.facts()
    assert facts.models == ()
    assert any("could not be listed" in note for note in facts.notes)


async def test_the_retired_service_is_explained_whatever_it_answers(host: FakeHost) -> None:
    with anyio.fail_after(30):
        async with serving(host.app()) as url:
            engine = engine_at(f"{url}/v1", dialect=OPENAI)
            facts = await engine.facts()
            await engine.close()
    assert any("2026-09-24" in note for note in facts.notes)


@pytest.mark.parametrize(
    ("broken", "expected"),
    [
        (httpx2.ConnectError, errors.NotSent),
        (httpx2.ConnectTimeout, errors.NotSent),
        (httpx2.PoolTimeout, errors.NotSent),
        (httpx2.ReadTimeout, errors.OutcomeUnknown),
        (httpx2.WriteTimeout, errors.OutcomeUnknown),
        (httpx2.ReadError, errors.OutcomeUnknown),
        (httpx2.WriteError, errors.OutcomeUnknown),
        (httpx2.RemoteProtocolError, errors.OutcomeUnknown),
    ],
)
async def test_only_a_connection_that_was_never_made_counts_as_nothing_sent(
    broken: type[httpx2.RequestError], expected: type[errors.EngineError]
) -> None:
    tries: list[str] = []

    def break_off(request: httpx2.Request) -> httpx2.Response:
        tries.append(request.method)
        raise broken("", request=request)

    engine = VideosApiEngine(
        name="host",
        base_url="https://host.example/v1",
        dialect=COMPATIBLE,
        limits=EngineLimits(4, 0),
        transport=httpx2.MockTransport(break_off),
    )
    with anyio.fail_after(30), pytest.raises(expected):
        await engine.submit(CAT)
    await engine.close()
    assert tries == ["POST"]


async def test_the_retired_service_is_explained_when_it_cannot_even_be_reached() -> None:
    def unreachable(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("no network", request=request)

    engine = VideosApiEngine(
        name="openai",
        base_url="https://api.openai.com/v1",
        dialect=OPENAI,
        limits=EngineLimits(4, 0),
        transport=httpx2.MockTransport(unreachable),
    )
    with anyio.fail_after(30), pytest.raises(errors.EngineRefused, match="2026-09-24"):
        await engine.submit(CAT)
    await engine.close()
