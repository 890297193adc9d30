"""A host that speaks the Videos API, over real HTTP."""

import gzip
import re
import socket
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import anyio
import httpx2
import pytest
from pydantic import SecretStr
from starlette.responses import JSONResponse

from sora_mcp.engines.dialects import COMPATIBLE, OPENAI
from sora_mcp.engines.failures import SettingNames
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
    with anyio.fail_after(90):
        async with serving(host.app()) as url:
            engine = engine_at(f"{url}/v1", key)
            try:
                yield engine
            finally:
                await engine.close()


def engine_at(base_url: str, key: str | None = KEY, **options: Any) -> VideosApiEngine:
    options.setdefault("dialect", COMPATIBLE)
    return VideosApiEngine(
        name="host",
        base_url=base_url,
        limits=EngineLimits(4, 0),
        api_key=SecretStr(key) if key else None,
        **options,
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
    assert host.video_requests == [
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
    paths = [path for _, path in host.video_requests]
    assert all(path.startswith("/v1/videos/") for path in paths), paths
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
    assert set(host.authorizations) == {None}


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
        (fake.accept_then(303, ""), errors.OutcomeUnknown, 1),
        (fake.answer(303, "", {"location": "/v1/videos/video_0001"}), errors.OutcomeUnknown, 0),
        (fake.accept_then(409, {"id": "video_0001", "status": "queued"}), errors.OutcomeUnknown, 1),
        (fake.accept_then(429, {"id": "video_0001", "status": "running"}),
         errors.OutcomeUnknown, 1),
        (fake.answer(400, {"id": "req_1", "error": {"message": "No."}}), errors.EngineRefused, 0),
        (fake.accept_then(200, '{"id": "\\ud800x", "status": "queued"}'),
         errors.OutcomeUnknown, 1),
        (fake.accept_then(200, {"id": "i" * 1001, "status": "queued"}), errors.OutcomeUnknown, 1),
        (fake.accept_then(200, b" " * (9 << 20) + b"{}"), errors.OutcomeUnknown, 1),
        (fake.accept_then(500, b"<html>" * (2 << 20)), errors.OutcomeUnknown, 1),
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
    assert len(host.video_requests) == 1
    assert len(host.accepted) == accepted
    assert caught.value.charged == ("unknown" if expected is errors.OutcomeUnknown else "no")
    assert KEY not in str(caught.value)


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("https://user:pw@new.example:8443/v2/videos?token=t#f", "https://new.example:8443."),
        ("https://host.example/v1/videos", "https://host.example."),
        ("/v1/videos/?token=t", "/v1/videos/ on the same host."),
        ("https://new.example:port/", "an address that is none."),
    ],
)
@pytest.mark.parametrize("status", [302, 307, 308])
async def test_a_redirect_says_where_it_leads_and_which_setting_to_correct(
    status: int, location: str, target: str
) -> None:
    def redirect(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(status, headers={"location": location})

    engine = engine_at(
        "http://host.example/v1",
        transport=httpx2.MockTransport(redirect),
        settings=SettingNames(address="base_url of [gateway]"),
    )
    with anyio.fail_after(90):
        with pytest.raises(errors.EngineRefused) as refused:
            await engine.submit(CAT)
        with pytest.raises(errors.EngineFault) as fault:
            await engine.retrieve("video_0001")
        await engine.close()
    for message in (refused.value.message, fault.value.message):
        assert f"host redirects ({status}) to {target} Redirects" in message
        assert "set base_url of [gateway]" in message
        assert not re.search("token|user|pw", message)


SENT = "Fri, 20 Nov 2026 09:00:00 GMT"


async def test_a_busy_host_is_asked_again_when_it_says() -> None:
    told = {
        "7": 7,
        "0": 0,
        "86400": 3600,
        "Fri, 20 Nov 2026 09:00:40 GMT": 40,
        "Fri, 20 Nov 2026 09:00:40 -0000": 40,
        "Fri, 20 Nov 2026 10:00:00 +0100": 0,
        "Thu, 19 Nov 2026 09:00:00 GMT": 0,
        "Sat, 20 Nov 2027 09:00:00 GMT": 3600,
        "Fri, 99 Nov 2026 09:00:00 GMT": None,
        "-7": None,
        "nan": None,
        "inf": None,
        "1e400": None,
        "soon": None,
        "": None,
    }
    understood: list[float | None] = []
    pauses = iter(told)

    def busy(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(429, headers={"retry-after": next(pauses), "date": SENT})

    engine = engine_at("https://host.example/v1", transport=httpx2.MockTransport(busy))
    for _ in told:
        with anyio.fail_after(90), pytest.raises(errors.EngineBusy) as caught:
            await engine.submit(CAT)
        understood.append(caught.value.retry_after)
    await engine.close()
    assert dict(zip(told, understood, strict=True)) == told


async def test_a_host_that_is_not_there_was_sent_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    for base_url in (f"http://127.0.0.1:{port}/v1", "http://no-such-host.invalid/v1"):
        engine = engine_at(base_url)
        with anyio.fail_after(90), pytest.raises(errors.NotSent, match="nothing was sent"):
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
    assert len(host.video_requests) == 1


@pytest.mark.parametrize("status", [200, 500])
@pytest.mark.parametrize("compress", [bytes, gzip.compress])
async def test_an_answer_without_end_is_not_read_to_its_end(
    host: FakeHost, status: int, compress: Callable[[bytes], bytes]
) -> None:
    headers = {"content-encoding": "gzip"} if compress is gzip.compress else {}
    endless = fake.answer(status, compress(b" " * (9 << 20) + b"{}"), headers)
    for route in ("GET /videos/{id}", "GET /videos"):
        host.fail(route, endless)
    async with engine_for(host) as engine:
        with pytest.raises(errors.EngineFault, match="larger than 8,388,608 bytes"):
            await engine.retrieve("video_0001")
        with pytest.raises(errors.EngineFault, match="larger than 8,388,608 bytes"):
            await engine.list_jobs()


async def test_a_compressed_answer_is_read(host: FakeHost) -> None:
    job = gzip.compress(b'{"id": "video_0001", "status": "running"}')
    host.fail("GET /videos/{id}", fake.answer(200, job, {"content-encoding": "gzip"}))
    async with engine_for(host) as engine:
        assert (await engine.retrieve("video_0001")).status is JobStatus.IN_PROGRESS


async def test_a_request_ends_although_its_answer_never_does(
    host: FakeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sora_mcp.engines.connection.SUBMIT_SECONDS", 0.05)
    monkeypatch.setattr("sora_mcp.engines.connection.LOOK_SECONDS", 0.05)
    monkeypatch.setattr("sora_mcp.engines.connection.OPEN_SECONDS", 0.05)
    for route in ("POST /videos", "GET /videos/{id}", "GET /videos", "DELETE /videos/{id}"):
        host.fail(route, fake.begin_then_hang(200))
    host.fail("GET /videos/{id}/content", fake.begin_then_hang(500))
    late = "no whole answer within 0.05 s"
    async with engine_for(host) as engine:
        with pytest.raises(errors.OutcomeUnknown, match=late):
            await engine.submit(CAT)
        with pytest.raises(errors.EngineFault, match=late):
            await engine.retrieve("video_0001")
        with pytest.raises(errors.EngineFault, match=late):
            await engine.list_jobs()
        assert await engine.cancel("video_0001") is False
        with pytest.raises(errors.EngineFault, match=late):
            async with engine.open_content(JOB, 0):
                pass


async def test_a_look_carries_the_pause_that_the_host_asks_for(host: FakeHost) -> None:
    async with engine_for(host) as engine:
        job = await engine.submit(CAT)
        seen = await engine.retrieve(job.id)
    assert seen.poll_after == 0.05
    assert seen.status is JobStatus.IN_PROGRESS


@pytest.mark.parametrize("told", ["9" * 5000, "nan", "-5", "²"])
async def test_a_pause_that_is_no_number_is_as_good_as_none(host: FakeHost, told: str) -> None:
    body = {"id": "video_0001", "status": "queued"}
    headers = {"openai-poll-after-ms": told, "retry-after": told}
    host.fail("GET /videos/{id}", fake.answer(200, body, headers))
    async with engine_for(host) as engine:
        assert (await engine.retrieve("video_0001")).poll_after is None


async def test_numbers_too_large_to_read_do_not_hide_a_job(host: FakeHost) -> None:
    body = f'{{"id": "video_0001", "status": "queued", "progress": {"9" * 5000}, "n": 1e999}}'
    host.fail("POST /videos", fake.accept_then(200, body))
    async with engine_for(host) as engine:
        job = await engine.submit(CAT)
    assert (job.id, job.progress) == ("video_0001", None)


async def test_json_that_is_nested_without_end_is_unreadable(host: FakeHost) -> None:
    deep = "[" * 200_000 + "]" * 200_000
    host.fail("POST /videos", fake.accept_then(200, deep))
    host.fail("GET /videos/{id}", fake.answer(200, f'{{"id": "video_0001", "error": {deep}}}'))
    async with engine_for(host) as engine:
        with pytest.raises(errors.OutcomeUnknown):
            await engine.submit(CAT)
        with pytest.raises(errors.EngineFault):
            await engine.retrieve("video_0001")


async def test_a_job_that_the_host_numbers_is_followed_by_its_number(host: FakeHost) -> None:
    host.fail("POST /videos", fake.accept_then(200, {"id": 12345, "status": "queued"}))
    host.jobs["12345"] = {"id": 12345, "status": "in_progress"}
    async with engine_for(host) as engine:
        job = await engine.submit(CAT)
        host.fail("GET /videos/{id}", fake.answer(200, host.jobs["12345"]))
        seen = await engine.retrieve(job.id)
    assert (job.id, seen.id, seen.status) == ("12345", "12345", JobStatus.IN_PROGRESS)
    assert host.video_requests[-1] == ("GET", "/v1/videos/12345")


async def test_what_a_host_says_of_a_job_does_not_name_its_own_id_of_it(host: FakeHost) -> None:
    said = "Video video_0001 ('video_0001') of video_00012 is gone."
    failed = {"id": "video_0001", "status": "failed", "error": said, "notes": [said]}
    host.fail("GET /videos/{id}", *(fake.error(status, said) for status in (404, 500)))
    host.fail("GET /videos/{id}", fake.answer(200, {"detail": said}), fake.answer(200, failed))
    host.fail("GET /videos/{id}/content", *(fake.error(status, said) for status in (410, 500)))
    host.fail("POST /videos/{id}/remix", fake.error(400, said), fake.error(404, said))
    told: list[str] = []
    async with engine_for(host) as engine:
        for expected in (errors.EngineJobMissing, errors.EngineFault, errors.EngineFault):
            with pytest.raises(expected) as caught:
                await engine.retrieve("video_0001")
            told.append(caught.value.message)
        job = await engine.retrieve("video_0001")
        assert job.error is not None
        told += [job.error.message, *job.notes]
        for _ in range(2):
            with pytest.raises(errors.EngineError) as caught:
                async with engine.open_content(JOB, 0):
                    pass
            told.append(caught.value.message)
            with pytest.raises(errors.EngineError) as caught:
                await engine.submit(REMIX)
            told.append(caught.value.message)
    assert len(told) == 9
    assert [words for words in told if "Video … ('…') of video_00012 is gone." not in words] == []


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
    assert len(host.video_requests) == 1


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


async def test_facts_name_the_models_that_the_host_lists(host: FakeHost) -> None:
    async with engine_for(host) as engine:
        assert (await engine.facts()).models == ("fake-1",)


async def test_facts_survive_a_host_that_lists_no_models(host: FakeHost) -> None:
    host.fail("GET /models", fake.error(500, "Oops."))
    async with engine_for(host) as engine:
        facts = await engine.facts()
    assert facts.models == ()
    assert any("could not be listed" in note for note in facts.notes)


async def test_the_retired_service_is_explained_whatever_it_answers(host: FakeHost) -> None:
    with anyio.fail_after(90):
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

    engine = engine_at("https://host.example/v1", transport=httpx2.MockTransport(break_off))
    with anyio.fail_after(90), pytest.raises(expected):
        await engine.submit(CAT)
    await engine.close()
    assert tries == ["POST"]


async def test_the_retired_service_is_explained_when_it_cannot_even_be_reached() -> None:
    def unreachable(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("no network", request=request)

    engine = engine_at(
        "https://api.openai.com/v1", dialect=OPENAI, transport=httpx2.MockTransport(unreachable)
    )
    with anyio.fail_after(90), pytest.raises(errors.EngineRefused, match="2026-09-24"):
        await engine.submit(CAT)
    await engine.close()
