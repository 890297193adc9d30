"""What is particular to a library in object storage."""

import hashlib
import os
import sys
import traceback
from collections.abc import AsyncGenerator
from pathlib import Path
from urllib.parse import unquote

import anyio
import httpx2
import pytest
from starlette.requests import Request
from starlette.responses import Response

from sora_mcp.library.bucket import BucketLibrary, open_bucket
from sora_mcp.library.copies import LocalCopies
from sora_mcp.library.folder import FolderLibrary
from sora_mcp.videos.errors import NotConfigured, StorageUnavailable
from sora_mcp.videos.models import File, Job, Variant
from tests.fakes.storage import KEY_ID, SECRET, PassOn, Storage, gives_less, keeps_half, says
from tests.harness import small_mp4
from tests.library.hosts import Host, make_job

MOST = 100_000_000
DAY = 24 * 3600


@pytest.fixture
def library(storage: Storage, place: str, tmp_path: Path) -> BucketLibrary:
    return open_bucket(place, tmp_path / "work", max_file_bytes=MOST)


def another_machine(place: str, folder: Path) -> BucketLibrary:
    return open_bucket(place, folder / "elsewhere", max_file_bytes=MOST)


async def kept(library: BucketLibrary, job: Job, body: bytes | None = None) -> tuple[Job, File]:
    """A job whose video is in the bucket."""
    file = await library.fetch(job, Host(body or small_mp4()).open)
    return job.model_copy(update={"files": (file,)}), file


async def test_an_object_tells_whoever_opens_it_what_it_is(
    library: BucketLibrary, storage: Storage, place: str
) -> None:
    _, file = await kept(library, make_job(prompt="Die Katze с пианино 猫, 100 % schön"))

    address = await library.address(file, "GET")
    assert address is not None
    async with httpx2.AsyncClient() as http:
        answer = await http.get(address)

    assert answer.content == small_mp4()
    assert answer.headers["content-type"] == "video/mp4"
    how, _, name = answer.headers["content-disposition"].partition("; filename*=UTF-8''")
    assert (how, unquote(name)) == ("inline", Path(file.location).name)
    path = httpx2.URL(address).path
    assert path.startswith(
        f"/{place.removeprefix('s3://')}/vid_7k2m9q4x2c/{file.sha256}/2026-11-20 "
    )
    assert SECRET not in address


async def test_a_range_is_all_that_is_asked_of_the_bucket(
    library: BucketLibrary, storage: Storage
) -> None:
    _, file = await kept(library, make_job())
    storage.requests.clear()

    assert await library.read(file, 100, 50) == small_mp4()[100:150]

    (request,) = storage.requests
    assert request.endswith(".mp4 bytes=100-149")


async def test_another_machine_sees_the_same_files_and_asks_no_host(
    library: BucketLibrary, place: str, tmp_path: Path
) -> None:
    job, file = await kept(library, make_job())
    thumbnail = await library.add_still(job, Variant.THUMBNAIL)
    host = Host(b"")

    other = another_machine(place, tmp_path)

    assert await other.fetch(job, host.open) == file
    assert host.asked == []
    assert await other.add_still(job, Variant.THUMBNAIL) == thumbnail
    assert await other.first_frame(file) == await library.first_frame(file)
    copy = await other.copy(file, tmp_path / "copy.mp4")
    assert copy.read_bytes() == small_mp4()


async def test_images_and_sheets_are_made_once_for_all_machines(
    library: BucketLibrary, storage: Storage, place: str, tmp_path: Path
) -> None:
    job, file = await kept(library, make_job())
    thumbnail = await library.add_still(job, Variant.THUMBNAIL)
    sheet = await library.contact_sheet(file, 3)
    storage.requests.clear()

    other = another_machine(place, tmp_path)

    assert await other.add_still(job, Variant.THUMBNAIL) == thumbnail
    assert await other.contact_sheet(file, 3) == sheet
    assert storage.asked(r"\.mp4|PUT") == []


async def test_what_is_there_is_not_put_over(
    library: BucketLibrary, storage: Storage, place: str, tmp_path: Path
) -> None:
    job, _ = await kept(library, make_job())

    async def another_is_quicker(request: Request, body: bytes, pass_on: PassOn) -> Response | None:
        if request.method == "PUT":
            (await pass_on(body[::-1])).raise_for_status()
        return None

    storage.fault = another_is_quicker
    file = await library.add_still(job, Variant.THUMBNAIL)

    made = await FolderLibrary(tmp_path / "f", tmp_path / "w", max_file_bytes=MOST).fetch(
        job, Host(small_mp4()).open
    )
    image = await FolderLibrary(tmp_path / "f", tmp_path / "w", max_file_bytes=MOST).add_still(
        job.model_copy(update={"files": (made,)}), Variant.THUMBNAIL
    )
    there = await library.read(file, 0, file.bytes)
    assert there == Path(image.location).read_bytes()[::-1]


async def test_a_large_file_goes_in_parts_both_ways(
    library: BucketLibrary, storage: Storage, tmp_path: Path
) -> None:
    filling = 17 << 20
    body = small_mp4() + filling.to_bytes(4, "big") + b"free" + os.urandom(1 << 20) * 17
    body = body[: len(small_mp4()) + filling]

    _, file = await kept(library, make_job(), body)
    assert len(storage.asked("PUT")) == 3
    storage.requests.clear()
    copy = await another_machine(f"{library.place}", tmp_path).copy(file, tmp_path / "copy.mp4")

    assert file.sha256 == hashlib.sha256(body).hexdigest()
    assert copy.read_bytes() == body
    assert len(storage.asked(r"GET .*\.mp4 bytes=")) == 3


async def test_a_bucket_that_keeps_less_than_it_was_sent_is_not_believed(
    library: BucketLibrary, storage: Storage
) -> None:
    host = Host(small_mp4())
    storage.fault = keeps_half(r"\.mp4$")
    for _ in range(2):
        with pytest.raises(StorageUnavailable, match="did not keep"):
            await library.fetch(make_job(), host.open)

    storage.fault = None
    file = await library.fetch(make_job(), host.open)

    assert await library.read(file, 0, file.bytes) == small_mp4()
    assert host.asked == [0]


async def test_a_bucket_that_gives_less_than_it_has_is_not_believed(
    library: BucketLibrary, storage: Storage, place: str, tmp_path: Path
) -> None:
    _, file = await kept(library, make_job())
    storage.fault = gives_less(r"\.mp4$")

    with pytest.raises(StorageUnavailable):
        await library.read(file, 0, 100)
    with pytest.raises(StorageUnavailable):
        await another_machine(place, tmp_path).copy(file, tmp_path / "copy.mp4")
    assert not (tmp_path / "copy.mp4").exists()


async def test_a_damaged_object_is_found_out(
    library: BucketLibrary, storage: Storage, place: str, tmp_path: Path
) -> None:
    _, file = await kept(library, make_job())

    async def damage(request: Request, body: bytes, pass_on: PassOn) -> Response | None:
        return Response(bytes(file.bytes), 206, told) if "range" in request.headers else None

    told = {"content-range": f"bytes 0-{file.bytes - 1}/{file.bytes}", "etag": '"x"'}
    storage.fault = damage
    with pytest.raises(StorageUnavailable, match="damaged"):
        await another_machine(place, tmp_path).copy(file, tmp_path / "copy.mp4")


@pytest.mark.parametrize(
    ("status", "code", "said"),
    [
        (
            403,
            "AccessDenied",
            "may not do this (AccessDenied, 403). Allow it to list, read, write and delete there.",
        ),
        (403, "InvalidAccessKeyId", "Correct AWS_ACCESS_KEY_ID"),
        (403, "SignatureDoesNotMatch", "Correct AWS_SECRET_ACCESS_KEY"),
        (401, "Unheard", "the key is not accepted (Unheard, 401)"),
        (507, "XMinioStorageFull", "it is full (XMinioStorageFull, 507). Make room"),
        (501, "NotImplemented", "Use one that knows If-None-Match"),
        (403, "QuotaExceeded", "its quota is used up"),
        (404, "NoSuchBucket", "there is no such bucket"),
        (418, "Unheard", "it answers with an error (Unheard, 418)."),
    ],
)
async def test_what_a_bucket_refuses_is_told_in_our_words_without_secrets(
    library: BucketLibrary, storage: Storage, status: int, code: str, said: str
) -> None:
    storage.fault = says(status, code)
    with pytest.raises(StorageUnavailable) as raised:
        await library.fetch(make_job(), Host(small_mp4()).open)

    assert said in raised.value.message
    assert library.place in raised.value.message
    logged = "".join(traceback.format_exception(raised.value))
    assert KEY_ID not in logged
    assert SECRET not in logged


async def test_a_bucket_that_never_answers_is_not_waited_for(
    library: BucketLibrary, storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    never = anyio.Event()

    async def hang(request: Request, body: bytes, pass_on: PassOn) -> Response | None:
        await never.wait()
        return None

    _, file = await kept(library, make_job())
    monkeypatch.setattr("sora_mcp.library.objects.ANSWER_SECONDS", 0.2)
    storage.fault = hang
    for use in (library.exists(file), library.read(file, 0, 9), library.remove(make_job())):
        with pytest.raises(StorageUnavailable, match="it does not answer"):
            await use
    never.set()


async def test_a_bucket_that_vanished_is_an_outage_and_not_the_end_of_its_files(
    library: BucketLibrary, storage: Storage
) -> None:
    _, file = await kept(library, make_job())
    storage.fault = says(404, "NoSuchBucket")

    for use in (library.exists(file), library.read(file, 0, 9), library.contact_sheet(file, 2)):
        with pytest.raises(StorageUnavailable, match="no such bucket"):
            await use


async def test_without_any_key_that_is_said(
    place: str, monkeypatch: pytest.MonkeyPatch, storage: Storage, tmp_path: Path
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_METADATA_ENDPOINT", "http://127.0.0.1:9")

    library = open_bucket(place, tmp_path / "work", max_file_bytes=MOST)

    with pytest.raises(StorageUnavailable, match="Set AWS_ACCESS_KEY_ID"):
        await library.keep_reference("vid_aaaaaaaaaa", b"png")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AWS_VIRTUAL_HOSTED_STYLE_REQUEST", "do-not-show-me"),
        ("AWS_ENDPOINT_URL", "do-not-show-me"),
        ("AWS_ENDPOINT_URL", "http://[do-not-show-me"),
    ],
)
def test_variables_that_the_client_cannot_use_are_a_wrong_setting(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, value: str
) -> None:
    pytest.importorskip("obstore", reason="needs the group `integration`")
    monkeypatch.setenv(name, value)
    with pytest.raises(NotConfigured, match="AWS_") as raised:
        open_bucket("s3://bucket", tmp_path, max_file_bytes=MOST)
    assert "do-not-show-me" not in raised.value.message


def test_without_its_client_it_is_said_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delitem(sys.modules, "sora_mcp.library.objects", raising=False)
    monkeypatch.setitem(sys.modules, "obstore", None)
    with pytest.raises(NotConfigured, match="extra `s3`"):
        open_bucket("s3://bucket", tmp_path, max_file_bytes=MOST)


async def test_what_an_earlier_folder_library_holds_stays_readable(
    library: BucketLibrary, storage: Storage, tmp_path: Path
) -> None:
    folder = FolderLibrary(tmp_path / "library", tmp_path / "work", max_file_bytes=MOST)
    old = await folder.fetch(make_job("vid_bbbbbbbbbb"), Host(small_mp4()).open)
    storage.requests.clear()

    assert await library.exists(old)
    assert await library.read(old, 10, 20) == small_mp4()[10:30]
    assert await library.local_path(old) == Path(old.location)
    assert await library.address(old, "GET") is None
    assert (await library.contact_sheet(old, 2)).timestamps
    assert storage.requests == []


async def test_a_file_that_waits_for_its_bucket_outlives_a_sweep_until_it_is_nobodys(
    library: BucketLibrary, storage: Storage, tmp_path: Path
) -> None:
    storage.fault = says(507, "Full")
    with pytest.raises(StorageUnavailable):
        await library.fetch(make_job(), Host(small_mp4()).open)
    (waiting,) = (tmp_path / "work" / "outgoing").glob("*.mp4")

    for days, stays in ((29, True), (31, False)):
        moment = waiting.stat().st_ctime - days * DAY
        os.utime(waiting, (moment, moment))
        await library.sweep()
        assert waiting.exists() is stays


async def test_a_file_that_is_tried_again_and_again_outlives_every_sweep(
    library: BucketLibrary, storage: Storage, tmp_path: Path
) -> None:
    host = Host(small_mp4())
    storage.fault = says(507, "Full")
    for _ in range(2):
        with pytest.raises(StorageUnavailable):
            await library.fetch(make_job(), host.open)
        await library.sweep()
        (waiting,) = (tmp_path / "work" / "outgoing").glob("*.mp4")
        moment = waiting.stat().st_ctime - 31 * DAY
        os.utime(waiting, (moment, moment))

    assert host.asked == [0]


async def test_a_fetch_that_breaks_off_here_gives_what_another_one_kept_meanwhile(
    library: BucketLibrary, storage: Storage, place: str, tmp_path: Path
) -> None:
    outgoing = tmp_path / "work" / "outgoing"

    async def overtake(start: int) -> None:
        if outgoing.exists():
            await kept(another_machine(place, tmp_path), make_job())
            outgoing.rename(tmp_path / "taken away")

    file = await library.fetch(make_job(), Host(small_mp4(), before_chunk=overtake).open)

    assert await library.exists(file)


async def test_a_video_is_kept_also_where_no_copy_of_it_can_be(
    library: BucketLibrary, storage: Storage, tmp_path: Path
) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "copies").write_text("no folder")

    _, file = await kept(library, make_job())

    assert await library.read(file, 0, file.bytes) == small_mp4()


async def test_copies_that_are_brought_at_once_do_not_disturb_each_other(tmp_path: Path) -> None:
    copies = LocalCopies(tmp_path / "copies")
    files = [_a_file(bytes([number]) * 100) for number in range(250)]

    async def bring(number: int) -> None:
        async def parts() -> AsyncGenerator[bytes]:
            yield bytes([number]) * 100

        await copies.bring(files[number], parts())

    with anyio.fail_after(60):
        async with anyio.create_task_group() as tasks:
            for number in range(len(files)):
                tasks.start_soon(bring, number)

    assert all([await copies.find(file) for file in files])


async def test_of_many_copies_the_oldest_go_unless_they_are_in_use(tmp_path: Path) -> None:
    copies = LocalCopies(tmp_path / "copies", most_bytes=250)
    files = [_a_file(bytes([number]) * 100) for number in range(4)]

    async def bring(number: int) -> Path:
        async def parts() -> AsyncGenerator[bytes]:
            yield bytes([number]) * 100

        return await copies.bring(files[number], parts())

    first, second, third = [await bring(number) for number in range(3)]
    assert first.exists(), "more than fit, but all in use"
    for age, path in ((3, first), (2, second), (1, third)):
        moment = path.stat().st_ctime - age * DAY
        os.utime(path, (moment, moment))
    assert await copies.find(files[0]) == first, "in use again"
    await bring(3)
    assert [path.exists() for path in (first, second, third)] == [True, False, False]
    assert await copies.find(files[1]) is None


def _a_file(data: bytes) -> File:
    return File(
        variant=Variant.VIDEO,
        location="vid_aaaaaaaaaa/x/a.mp4",
        mime_type="video/mp4",
        bytes=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
    )
