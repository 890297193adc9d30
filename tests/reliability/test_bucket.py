"""A bucket that is down, full or lies: it delays, and loses nothing."""

import hashlib
import hmac
from pathlib import Path
from typing import Any
from urllib.parse import quote

import anyio
import httpx2
import pytest

from sora_mcp.videos.errors import StorageUnavailable
from sora_mcp.videos.models import Job, JobStatus, Variant
from sora_mcp.videos.service import VideoService
from tests.fakes.storage import SECRET, Fault, Storage, aws, keeps_half, says
from tests.fakes.videos_api import FakeHost, error
from tests.harness import OWNER, a_host, app_in, make, small_mp4, videos_from
from tests.http.served import client_at, served_before
from tests.server.surface import client_before, made, quick_host, structured, text_of
from tests.serving import serving, unused_port


async def in_trouble(videos: VideoService, job: Job) -> Job:
    """The job as soon as it says what is in its way."""
    async for state in videos.watch(OWNER, job.id):
        job = state
        if job.trouble is not None:
            return job
    raise AssertionError(f"it ended without: {job}")


def made_once(host: FakeHost) -> bool:
    return len(host.accepted) == 1 and sum("content" in path for _, path in host.requests) == 1


async def begun(videos: VideoService, prompt: str = "a cat", **arguments: Any) -> Job:
    return await videos.start(await videos.plan.generate(OWNER, prompt=prompt, **arguments))


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (says(403, "AccessDenied"), "the key may not do this"),
        (says(507, "XMinioStorageFull", only="PUT"), "it is full"),
        (says(403, "QuotaExceeded", only=r"PUT .*\.webp$"), "its quota is used up"),
        (keeps_half(r"\.mp4$"), "did not keep"),
    ],
    ids=["denies", "full", "full after the video", "keeps half"],
)
async def test_a_finished_video_waits_for_its_bucket_and_is_made_once(
    tmp_path: Path, storage: Storage, place: str, fault: Fault, said: str
) -> None:
    host = quick_host()
    storage.fault = fault
    async with videos_from(host, tmp_path, storage_url=place) as videos:
        job = await in_trouble(videos, await begun(videos))
        assert job.status is JobStatus.DOWNLOADING
        assert job.trouble is not None
        assert said in job.trouble
        assert "not lost" in job.trouble
        storage.fault = None
        done = await videos.wait(OWNER, job.id, 60)
        assert done.status is JobStatus.COMPLETED
        assert done.error is None
        assert len(done.files) == 3
        _, file = await videos.file(OWNER, done.id, Variant.VIDEO)
        data = await videos.read(file, 0, 1 << 20)
        assert data == small_mp4()
        assert await videos.local_path(file) is None
    assert made_once(host)


async def test_a_bucket_that_cannot_be_reached_is_waited_for_by_the_next_process_too(
    tmp_path: Path, s3: str, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    host, port = quick_host(), unused_port()
    for name, value in aws(f"http://127.0.0.1:{port}").items():
        monkeypatch.setenv(name, value)
    async with serving(host.app()) as base_url:
        settings = {"base_url": f"{base_url}/v1", "storage_url": place}
        async with app_in(tmp_path, **settings) as app:
            videos = await app.videos()
            job = await in_trouble(videos, await begun(videos))
            assert job.trouble is not None
            assert "cannot be reached" in job.trouble
        gone = error(404, "Its file is gone.")
        host.fail("GET /videos/{id}/content", *[gone] * 9)
        async with (
            serving(Storage(s3).app(), port=port),
            app_in(tmp_path, **settings) as app,
        ):
            videos = await app.videos()
            done = await videos.wait(OWNER, job.id, 60)
    assert done.status is JobStatus.COMPLETED
    assert made_once(host)


async def test_another_machine_leaves_a_job_to_the_one_that_has_its_video(
    tmp_path: Path, storage: Storage, place: str
) -> None:
    host = quick_host()
    waiting, elsewhere = tmp_path / "home" / "work" / "outgoing", tmp_path / "elsewhere"
    storage.fault = says(507, "Full", only="PUT")
    async with serving(host.app()) as base_url:
        settings = {"base_url": f"{base_url}/v1", "storage_url": place}
        async with app_in(tmp_path, **settings) as app:
            videos = await app.videos()
            job = await in_trouble(videos, await begun(videos))
        waiting.rename(elsewhere)
        storage.fault = None
        host.fail("GET /videos/{id}/content", error(503, "Starting."))
        host.fail("GET /videos/{id}/content", *[error(404, "Its file is gone.")] * 99)
        async with app_in(tmp_path, **settings) as app:
            videos = await app.videos()
            async for state in videos.watch(OWNER, job.id):
                assert state.trouble is not None
                if "no longer has the video" in state.trouble:
                    break
        for file in elsewhere.glob("*.mp4"):
            file.rename(waiting / file.name)
        async with app_in(tmp_path, **settings) as app:
            done = await (await app.videos()).wait(OWNER, job.id, 60)
    assert done.status is JobStatus.COMPLETED
    assert len(host.accepted) == 1


async def test_status_and_errors_say_that_the_bucket_is_in_the_way(
    tmp_path: Path, storage: Storage, place: str
) -> None:
    async with client_before(quick_host(), tmp_path, settings={"storage_url": place}) as client:
        video_id = await made(client)
        storage.fault = says(403, "AccessDenied")
        for tool in ("download_video", "view_video"):
            result = await client.call_tool(tool, {"video_id": video_id})
            assert result.is_error
            assert "the key may not do this" in text_of(result)
            assert SECRET not in str(result)
        waiting = await client.call_tool("generate_video", {"prompt": "a dog", "wait_seconds": 3})
        other = structured(waiting)["video_id"]
        while "the key may not do this" not in text_of(waiting):
            arguments = {"video_id": other, "wait_seconds": 1}
            waiting = await client.call_tool("get_video_status", arguments)
        assert structured(waiting)["status"] == "in_progress"
        storage.fault = None
        shown = structured(await client.call_tool("get_video_status", {"video_id": video_id}))
        assert shown["status"] == "completed", "an outage did not take its files away"
        assert "path" not in shown["files"][0]
        assert not (await client.call_tool("view_video", {"video_id": video_id})).is_error


async def test_a_first_frame_waits_in_the_bucket_and_an_outage_sends_nothing(
    tmp_path: Path, storage: Storage, place: str
) -> None:
    host = a_host(statuses=("completed",))
    settings = {"storage_url": place, "input_dirs": (tmp_path,)}
    async with videos_from(host, tmp_path, **settings) as videos:
        first = await make(videos, "a cat")
        storage.fault = says(403, "AccessDenied", only="(GET|HEAD) .*references/")
        uri = f"sora://videos/{first.id}/thumbnail.webp"
        job = await in_trouble(videos, await begun(videos, "on it goes", input_reference=uri))
        assert job.trouble is not None
        assert job.trouble.startswith("Nothing was sent yet.")
        assert len(host.accepted) == 1
        storage.fault = None
        assert (await videos.wait(OWNER, job.id, 60)).status is JobStatus.COMPLETED
    assert host.accepted[1]["input_reference"].startswith(b"\x89PNG")
    assert storage.asked("DELETE|POST"), "it is not kept longer than it is needed"


async def test_videos_are_joined_and_extended_out_of_the_bucket(
    tmp_path: Path, storage: Storage, place: str
) -> None:
    host = quick_host()
    host.fail("POST /videos/extensions", error(404, "Not Found"))
    async with videos_from(host, tmp_path, storage_url=place) as videos:
        first = await make(videos, "a cat")
        plan = await videos.plan.extend(OWNER, video_id=first.id, prompt="it jumps", seconds=1)
        longer = await videos.wait(OWNER, (await videos.start(plan)).id, 60)
        assert longer.files[0].seconds == pytest.approx(2, abs=0.1)
        plan = await videos.plan.join(OWNER, video_ids=[first.id, longer.id])
        storage.fault = says(507, "Full", only="PUT")
        job = await in_trouble(videos, await videos.start(plan))
        assert job.status is JobStatus.IN_PROGRESS
        storage.fault = None
        joined = await videos.wait(OWNER, job.id, 60)
        assert joined.status is JobStatus.COMPLETED
        assert joined.files[0].seconds == pytest.approx(3, abs=0.1)


async def test_deleting_waits_for_the_bucket_and_leaves_nothing_in_it(
    tmp_path: Path, storage: Storage, place: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with videos_from(quick_host(), tmp_path, storage_url=place) as videos:
        job = await make(videos)
        address = await videos.address(job.files[0], "GET")
        storage.fault = says(403, "AccessDenied")
        deletion = await videos.delete(OWNER, job.id, keep_files=False, timeout=1)
        assert not deletion.finished
        storage.fault = None
        with anyio.fail_after(60):
            while not deletion.finished:
                deletion = await videos.delete(OWNER, job.id, keep_files=False, timeout=5)
    assert address is not None
    async with httpx2.AsyncClient() as http:
        assert (await http.get(address)).status_code == 404
    assert not list((tmp_path / "home" / "work" / "copies").iterdir())
    assert "unexpectedly" not in caplog.text


def signed_method(address: str) -> str:
    """The method that a URL is signed for: the test's server takes any.

    docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
    """
    url = httpx2.URL(address)
    query = dict(url.params)
    signature = query.pop("X-Amz-Signature")
    rest = "&".join(f"{quote(k, safe='')}={quote(v, safe='')}" for k, v in sorted(query.items()))
    _, *scope = query["X-Amz-Credential"].split("/")
    key = f"AWS4{SECRET}".encode()
    for part in scope:
        key = hmac.digest(key, part.encode(), "sha256")
    for method in ("GET", "HEAD"):
        path, host = url.raw_path.decode().partition("?")[0], url.netloc.decode()
        request = "\n".join([method, path, rest, f"host:{host}", "", "host", "UNSIGNED-PAYLOAD"])
        digest = hashlib.sha256(request.encode()).hexdigest()
        told = "\n".join(["AWS4-HMAC-SHA256", query["X-Amz-Date"], "/".join(scope), digest])
        if hmac.digest(key, told.encode(), "sha256").hex() == signature:
            return method
    return "none of these"


@pytest.mark.requirement("FILE-LINK")
async def test_a_link_leads_to_the_bucket_for_whole_files_and_ranges(
    tmp_path: Path, storage: Storage, place: str
) -> None:
    async with (
        served_before(quick_host(), tmp_path, storage_url=place) as server,
        client_at(server, "http-auto") as client,
        httpx2.AsyncClient(follow_redirects=True) as http,
    ):
        arguments = {"video_id": await made(client)}
        file = structured(await client.call_tool("get_video_status", arguments))["files"][0]
        assert "path" not in file
        plain = await http.get(file["url"], follow_redirects=False)
        assert plain.status_code == 307
        assert plain.headers["cache-control"] == "no-store"
        assert "X-Amz-Expires=900" in plain.headers["location"]
        whole = await http.get(file["url"])
        assert (whole.content, whole.headers["content-type"]) == (small_mp4(), "video/mp4")
        part = await http.get(file["url"], headers={"Range": "bytes=100-199"})
        assert (part.status_code, part.content) == (206, small_mp4()[100:200])
        assert signed_method(plain.headers["location"]) == "GET"
        head = await http.head(file["url"], follow_redirects=False)
        assert signed_method(head.headers["location"]) == "HEAD"
        assert (await http.head(file["url"])).status_code == 200
        storage.fault = says(403, "AccessDenied")
        refused = await http.get(file["url"])
        assert refused.status_code == 503
        assert refused.headers["retry-after"] == "5"
        assert place not in refused.text


async def test_an_outage_is_told_to_whoever_asks_for_a_video_with_a_first_frame(
    tmp_path: Path, storage: Storage, place: str
) -> None:
    host = quick_host()
    async with videos_from(host, tmp_path, storage_url=place) as videos:
        first = await make(videos, "a cat")
        storage.fault = says(507, "Full", only="PUT")
        uri = f"sora://videos/{first.id}/thumbnail.webp"
        with pytest.raises(StorageUnavailable, match="it is full"):
            await begun(videos, "on it goes", input_reference=uri)
        assert len((await videos.list(OWNER)).jobs) == 1
