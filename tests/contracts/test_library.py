"""What every library promises, whatever it keeps its files in."""

import hashlib
import io
from collections.abc import AsyncGenerator
from pathlib import Path

import anyio
import pytest
from PIL import Image

from sora_mcp.library.bucket import open_bucket
from sora_mcp.library.folder import FolderLibrary
from sora_mcp.videos.errors import ContentInvalid, ContentMissing, EngineFault, LibraryError
from sora_mcp.videos.models import File, Job, JobStatus, Operation, Variant
from sora_mcp.videos.ports import Library
from tests.library.hosts import Host, make_job
from tests.media.clips import BLUE, GREEN, RED, make_clip

MOST = 5_000_000


@pytest.fixture(params=["folder", "bucket"])
async def library(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[Library]:
    work = tmp_path / "work"
    with anyio.fail_after(60):
        if request.param == "folder":
            yield FolderLibrary(tmp_path / "library", work, max_file_bytes=MOST)
        else:
            yield open_bucket(request.getfixturevalue("bucket"), work, max_file_bytes=MOST)


@pytest.fixture(scope="session")
def video(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """An MP4 of some 100 kB."""
    path = tmp_path_factory.mktemp("video") / "a.mp4"
    return make_clip(path, noise=True, frames=12, width=160, crf="30").read_bytes()


@pytest.fixture
def job() -> Job:
    return make_job()


def with_files(job: Job, *files: File) -> Job:
    return job.model_copy(update={"files": files, "status": JobStatus.COMPLETED})


async def content_of(library: Library, file: File) -> bytes:
    return await library.read(file, 0, file.bytes)


async def test_a_fetched_video_is_described_and_kept(
    library: Library, job: Job, video: bytes
) -> None:
    file = await library.fetch(job, Host(video).open)

    assert file.variant is Variant.VIDEO
    assert file.mime_type == "video/mp4"
    assert file.bytes == len(video)
    assert file.sha256 == hashlib.sha256(video).hexdigest()
    assert (file.width, file.height, file.seconds, file.audio) == (160, 96, 0.5, True)
    assert await library.exists(file)
    assert await content_of(library, file) == video


async def test_ranges_of_a_file_add_up_to_it(library: Library, job: Job, video: bytes) -> None:
    file = await library.fetch(job, Host(video).open)

    parts = [await library.read(file, start, 7001) for start in range(0, file.bytes, 7001)]

    assert b"".join(parts) == video
    assert await library.read(file, file.bytes, 10) == b""


async def test_a_download_goes_on_where_it_broke(library: Library, job: Job, video: bytes) -> None:
    host = Host(video, breaks_after=30_000)
    with pytest.raises(EngineFault):
        await library.fetch(job, host.open)
    with pytest.raises(EngineFault):
        await library.fetch(job, host.open)
    host.breaks_after = None

    file = await library.fetch(job, host.open)

    assert host.asked[0] == 0
    assert 20_000 < host.asked[1] <= 30_000
    assert 45_000 < host.asked[2] <= 60_000
    assert file.sha256 == hashlib.sha256(video).hexdigest()
    assert await content_of(library, file) == video


async def test_a_body_that_ends_too_early_is_continued(
    library: Library, job: Job, video: bytes
) -> None:
    early = Host(video[:50_000], total=len(video))
    with pytest.raises(EngineFault, match="ended after 50,000 of"):
        await library.fetch(job, early.open)

    host = Host(video)
    file = await library.fetch(job, host.open)

    assert 0 < host.asked[0] <= 50_000
    assert await content_of(library, file) == video


async def test_a_host_that_ignores_ranges_is_fetched_from_the_start(
    library: Library, job: Job, video: bytes
) -> None:
    with pytest.raises(EngineFault):
        await library.fetch(job, Host(video, breaks_after=30_000).open)

    host = Host(video, ignores_range=True)
    file = await library.fetch(job, host.open)

    assert host.asked[0] > 0
    assert await content_of(library, file) == video


async def test_a_host_that_sends_another_range_is_not_believed(
    library: Library, job: Job, video: bytes
) -> None:
    with pytest.raises(EngineFault):
        await library.fetch(job, Host(video, breaks_after=30_000).open)

    with pytest.raises(EngineFault, match="was asked for"):
        await library.fetch(job, Host(video, shifts=100).open)
    file = await library.fetch(job, Host(video).open)

    assert await content_of(library, file) == video


async def test_a_file_that_changed_at_the_host_is_fetched_anew(
    library: Library, job: Job, video: bytes, tmp_path: Path
) -> None:
    with pytest.raises(EngineFault):
        await library.fetch(job, Host(video, breaks_after=30_000).open)
    other = make_clip(tmp_path / "b.mp4", noise=True, frames=12, width=192).read_bytes()
    host = Host(other)

    with pytest.raises(EngineFault, match="not the one that the download began with"):
        await library.fetch(job, host.open)
    file = await library.fetch(job, host.open)

    assert host.asked == [host.asked[0], 0]
    assert await content_of(library, file) == other


async def test_a_rest_that_ends_before_what_is_there_is_fetched_anew(
    library: Library, job: Job, video: bytes
) -> None:
    with pytest.raises(EngineFault):
        await library.fetch(job, Host(video, breaks_after=len(video) // 2).open)
    with pytest.raises(EngineFault, match="from its beginning"):
        await library.fetch(job, Host(video[:100], says_total=False).open)
    host = Host(video)
    file = await library.fetch(job, host.open)
    assert host.asked == [0]
    assert await library.read(file, 0, file.bytes) == video


async def test_without_a_stated_length_a_whole_body_is_taken(
    library: Library, job: Job, video: bytes
) -> None:
    file = await library.fetch(job, Host(video, says_total=False).open)

    assert await content_of(library, file) == video


async def test_without_a_stated_length_a_cut_body_is_found_out(
    library: Library, job: Job, video: bytes
) -> None:
    with pytest.raises(ContentInvalid, match="cut short"):
        await library.fetch(job, Host(video[:-1000], says_total=False).open)

    host = Host(video)
    file = await library.fetch(job, host.open)

    assert host.asked == [0]
    assert await content_of(library, file) == video


async def test_more_bytes_than_announced_are_refused(
    library: Library, job: Job, video: bytes
) -> None:
    with pytest.raises(ContentInvalid, match="more than the"):
        await library.fetch(job, Host(video, total=len(video) - 1).open)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            b'{"error": {"message": "moved to\x1b[31m\nthe cloud"}}',
            "The engine sent JSON text instead of an MP4 video. It says: "
            '“{"error": {"message": "moved to [31m the cloud"}}”.',
        ),
        (
            b"<!doctype html><html><h1>502 Bad Gateway</h1>" + b" " * 60_000,
            "The engine sent an HTML page instead of an MP4 video.",
        ),
        (b"", "The engine sent an empty file instead of an MP4 video."),
        (
            b"\x1a\x45\xdf\xa3" + bytes(5000),
            "The engine sent a WebM or Matroska file instead of an MP4 video.",
        ),
        (bytes(5000), "The engine sent data of an unknown kind instead of an MP4 video."),
    ],
)
async def test_a_body_that_is_no_video_is_refused_in_plain_words(
    library: Library, job: Job, body: bytes, message: str
) -> None:
    with pytest.raises(ContentInvalid) as raised:
        await library.fetch(job, Host(body).open)

    assert raised.value.message == message


async def test_a_page_in_the_place_of_a_video_does_not_spoil_what_is_there(
    library: Library, job: Job, video: bytes
) -> None:
    with pytest.raises(EngineFault):
        await library.fetch(job, Host(video, breaks_after=30_000).open)
    with pytest.raises(ContentInvalid):
        await library.fetch(job, Host(b"<html>busy</html>" * 500, ignores_range=True).open)
    host = Host(video)

    file = await library.fetch(job, host.open)

    assert host.asked[0] > 0
    assert await content_of(library, file) == video


async def test_an_undecodable_mp4_is_refused(library: Library, job: Job, video: bytes) -> None:
    with pytest.raises(ContentInvalid, match="no usable video"):
        await library.fetch(job, Host(video[:100] + bytes(50_000)).open)


@pytest.mark.parametrize("says_total", [True, False])
async def test_a_video_above_the_limit_is_not_taken(
    library: Library, job: Job, video: bytes, says_total: bool
) -> None:
    host = Host(video + bytes(MOST), says_total=says_total)

    with pytest.raises(LibraryError, match="SORA_MCP_MAX_FILE_BYTES"):
        await library.fetch(job, host.open)


async def test_what_the_engine_raises_is_passed_on(
    library: Library, job: Job, video: bytes
) -> None:
    with pytest.raises(ContentMissing, match="It is gone"):
        await library.fetch(job, Host(video, fails=ContentMissing("It is gone.")).open)


async def test_a_video_that_is_complete_already_is_not_asked_for_again(
    library: Library, job: Job, video: bytes
) -> None:
    first = await library.fetch(job, Host(video).open)
    host = Host(b"")

    again = await library.fetch(job, host.open)

    assert again == first
    assert host.asked == []


async def test_two_downloads_of_one_job_at_once_both_give_the_whole_file(
    library: Library, job: Job, video: bytes
) -> None:
    found: list[File] = []

    async def fetch() -> None:
        found.append(await library.fetch(job, Host(video).open))

    async with anyio.create_task_group() as tasks:
        for _ in range(4):
            tasks.start_soon(fetch)

    assert found == [found[0]] * 4
    assert await content_of(library, found[0]) == video


@pytest.mark.parametrize(
    ("variant", "kind", "size"),
    [
        (Variant.THUMBNAIL, "WEBP", (160, 96)),
        (Variant.SPRITESHEET, "JPEG", (800, 480)),
        (Variant.LAST_FRAME, "PNG", (160, 96)),
    ],
)
async def test_images_are_made_from_the_video(
    library: Library, job: Job, video: bytes, variant: Variant, kind: str, size: tuple[int, int]
) -> None:
    job = with_files(job, await library.fetch(job, Host(video).open))

    file = await library.add_still(job, variant)

    data = await content_of(library, file)
    assert Image.open(io.BytesIO(data)).format == kind
    assert (file.width, file.height) == size
    assert (file.variant, file.mime_type) == (variant, variant.mime_type)
    assert (file.bytes, file.sha256) == (len(data), hashlib.sha256(data).hexdigest())
    assert await library.add_still(job, variant) == file


async def test_an_image_of_a_video_that_is_gone_is_an_error(
    library: Library, job: Job, video: bytes
) -> None:
    job = with_files(job, await library.fetch(job, Host(video).open))
    await library.remove(job)

    with pytest.raises(LibraryError, match="no longer in the library"):
        await library.add_still(job, Variant.THUMBNAIL)


async def test_a_contact_sheet_shows_moments_of_the_video(
    library: Library, job: Job, video: bytes
) -> None:
    file = await library.fetch(job, Host(video).open)

    sheet = await library.contact_sheet(file, 4)

    assert Image.open(io.BytesIO(sheet.jpeg)).size == (sheet.width, sheet.height)
    assert len(sheet.timestamps) == 4
    assert len(sheet.jpeg) <= 500_000


async def test_joined_videos_become_one_file_with_progress(
    library: Library, tmp_path: Path
) -> None:
    parts: list[File] = []
    for index, colour in enumerate((RED, GREEN, BLUE)):
        clip = make_clip(tmp_path / "a.mp4", colour, frames=12).read_bytes()
        part = make_job(f"vid_aaaaaaaaa{'abc'[index]}")
        parts.append(await library.fetch(part, Host(clip).open))
    percents: list[float] = []
    job = make_job(operation=Operation.JOIN, source_ids=("vid_aaaaaaaaaa", "vid_aaaaaaaaab"))

    file, note = await library.join(job, parts, percents.append)

    assert note is None
    assert file.seconds == pytest.approx(1.5, abs=0.05)
    assert file.audio
    assert percents == sorted(percents)
    assert 0 < percents[-1] <= 100
    assert await library.exists(file)
    assert all([await library.exists(part) for part in parts])


async def test_a_join_of_a_video_that_is_gone_is_an_error(
    library: Library, job: Job, video: bytes
) -> None:
    file = await library.fetch(job, Host(video).open)
    await library.remove(with_files(job, file))

    with pytest.raises(LibraryError, match="no longer in the library"):
        await library.join(make_job("vid_bbbbbbbbbb"), [file, file], lambda percent: None)


async def test_a_file_that_is_gone_neither_exists_nor_can_be_read(
    library: Library, job: Job, video: bytes
) -> None:
    file = await library.fetch(job, Host(video).open)
    await library.remove(with_files(job, file))

    assert not await library.exists(file)
    for use in (
        library.read(file, 0, 10),
        library.contact_sheet(file, 2),
        library.copy(file, Path("nowhere.mp4")),
    ):
        with pytest.raises(LibraryError, match="no longer in the library"):
            await use


async def test_copies_of_one_name_are_numbered_and_complete(
    library: Library, job: Job, video: bytes, tmp_path: Path
) -> None:
    file = await library.fetch(job, Host(video).open)
    place = tmp_path / "copies" / "new" / "cat.mp4"

    copies = [await library.copy(file, place) for _ in range(3)]

    assert [copy.name for copy in copies] == ["cat.mp4", "cat (2).mp4", "cat (3).mp4"]
    assert {copy.read_bytes() for copy in copies} == {video}
    assert sorted(place.parent.iterdir()) == sorted(copies)


async def test_copies_made_at_once_do_not_overwrite_each_other(
    library: Library, job: Job, video: bytes, tmp_path: Path
) -> None:
    file = await library.fetch(job, Host(video).open)
    copies: list[Path] = []

    async def copy() -> None:
        copies.append(await library.copy(file, tmp_path / "cat.mp4"))

    async with anyio.create_task_group() as tasks:
        for _ in range(8):
            tasks.start_soon(copy)

    assert len(set(copies)) == 8
    assert {copy.read_bytes() for copy in copies} == {video}


async def test_removing_a_job_removes_all_its_files_and_no_others(
    library: Library, job: Job, video: bytes
) -> None:
    kept = await library.fetch(make_job("vid_bbbbbbbbbb"), Host(video).open)
    job = with_files(job, await library.fetch(job, Host(video).open))
    still = await library.add_still(job, Variant.THUMBNAIL)
    await library.write_sidecar(job)

    await library.remove(with_files(job, *job.files, still))
    await library.remove(job)

    assert not await library.exists(job.files[0])
    assert not await library.exists(still)
    assert await library.exists(kept)


async def test_removing_a_job_removes_its_unfinished_download(
    library: Library, job: Job, video: bytes
) -> None:
    with pytest.raises(EngineFault):
        await library.fetch(job, Host(video, breaks_after=30_000).open)

    await library.remove(job)

    host = Host(video)
    await library.fetch(job, host.open)
    assert host.asked == [0]


async def test_a_reference_is_kept_until_it_is_dropped(library: Library) -> None:
    await library.keep_reference("vid_aaaaaaaaaa", b"old")
    await library.keep_reference("vid_aaaaaaaaaa", b"new")

    assert await library.reference("vid_aaaaaaaaaa") == b"new"

    await library.drop_reference("vid_aaaaaaaaaa")
    await library.drop_reference("vid_aaaaaaaaaa")
    with pytest.raises(LibraryError):
        await library.reference("vid_aaaaaaaaaa")


async def test_a_library_says_where_it_is(library: Library) -> None:
    assert library.place
