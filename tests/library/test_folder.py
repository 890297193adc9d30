"""The library as a folder: what people find in it, and what happens on bad days."""

import errno
import json
import os
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import anyio
import pytest

from sora_mcp.library.disk import library_error
from sora_mcp.library.folder import LEFTOVER_SECONDS, FolderLibrary
from sora_mcp.videos.errors import EngineFault, LibraryError
from sora_mcp.videos.models import File, Variant
from tests.library.hosts import Host, make_job
from tests.media.clips import BLUE, RED, make_clip

NAME = "2026-11-20 a-calico-cat-playing-a-piano-on-stage vid_7k2m9q4x2c"
JOB = make_job()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "library"


@pytest.fixture
def library(root: Path, tmp_path: Path) -> FolderLibrary:
    return FolderLibrary(root, tmp_path / "work", max_file_bytes=10**15)


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("video") / "a.mp4"
    return make_clip(path, noise=True, frames=12, crf="30").read_bytes()


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def test_all_files_of_a_video_have_names_for_people(
    library: FolderLibrary, root: Path, video: bytes
) -> None:
    file = await library.fetch(JOB, Host(video).open)
    done = JOB.model_copy(update={"files": (file,)})
    stills = (Variant.THUMBNAIL, Variant.SPRITESHEET, Variant.LAST_FRAME)
    files = [file, *[await library.add_still(done, variant) for variant in stills]]
    await library.write_sidecar(JOB.model_copy(update={"files": tuple(files)}))

    endings = [".json", ".last_frame.png", ".mp4", ".spritesheet.jpg", ".thumbnail.webp"]
    assert names(root) == [NAME + ending for ending in endings]
    assert [file.location for file in files] == [
        str(root / (NAME + ending))
        for ending in (".mp4", ".thumbnail.webp", ".spritesheet.jpg", ".last_frame.png")
    ]
    assert library.place == str(root)
    assert await library.local_path(files[0]) == root / f"{NAME}.mp4"

    await library.remove(JOB)
    assert names(root) == []


async def test_the_sidecar_tells_how_the_video_was_made(
    library: FolderLibrary, root: Path, video: bytes
) -> None:
    file = await library.fetch(JOB, Host(video).open)
    job = make_job(
        files=(file,),
        model="wan-2.2",
        size="1280x720",
        seconds=4.0,
        options={"seed": 7},
        source_ids=("vid_aaaaaaaaaa",),
        estimated_cost_usd=0.4,
        completed_at=datetime(2026, 11, 20, 9, 1, tzinfo=UTC),
        base_url="https://user:secret@host.example/v1",
        asset_url="https://host.example/file?signature=secret",
        idempotency_key="secret",
    )

    await library.write_sidecar(job)
    await library.write_sidecar(job)

    text = (root / f"{NAME}.json").read_text(encoding="utf-8")
    assert "secret" not in text
    assert str(root) not in text
    assert json.loads(text) == {
        "video_id": "vid_7k2m9q4x2c",
        "operation": "generate",
        "prompt": "A calico cat playing a piano on stage",
        "model": "wan-2.2",
        "size": "1280x720",
        "seconds": 4.0,
        "options": {"seed": 7},
        "source_ids": ["vid_aaaaaaaaaa"],
        "emulated": False,
        "notes": [],
        "engine": "embedded",
        "engine_job_id": "video_123",
        "estimated_cost_usd": 0.4,
        "created_at": "2026-11-20T09:00:00Z",
        "completed_at": "2026-11-20T09:01:00Z",
        "files": [
            {
                "name": f"{NAME}.mp4",
                "variant": "video",
                "mime_type": "video/mp4",
                "bytes": len(video),
                "sha256": file.sha256,
                "width": 128,
                "height": 96,
                "seconds": 0.5,
                "audio": True,
            }
        ],
    }


async def test_a_prompt_with_broken_characters_can_be_kept(
    library: FolderLibrary, root: Path, video: bytes
) -> None:
    job = make_job(prompt="A cat \ud800 plays")
    file = await library.fetch(job, Host(video).open)

    await library.write_sidecar(job.model_copy(update={"files": (file,)}))

    assert names(root) == [f"2026-11-20 a-cat-plays {job.id}{end}" for end in (".json", ".mp4")]


async def test_a_file_never_has_its_final_name_before_it_is_complete(
    library: FolderLibrary, root: Path, video: bytes
) -> None:
    seen: set[str] = set()

    async def look(start: int) -> None:
        seen.update(names(root))

    await library.fetch(JOB, Host(video, before_chunk=look).open)

    assert seen == {".vid_7k2m9q4x2c.part"}
    assert names(root) == [f"{NAME}.mp4"]


async def test_a_file_of_that_name_is_not_overwritten(
    library: FolderLibrary, root: Path, video: bytes
) -> None:
    root.mkdir()
    (root / f"{NAME}.mp4").write_bytes(b"something of the user's own")

    file = await library.fetch(JOB, Host(video).open)
    still = await library.add_still(JOB.model_copy(update={"files": (file,)}), Variant.THUMBNAIL)

    assert (root / f"{NAME}.mp4").read_bytes() == b"something of the user's own"
    assert Path(file.location).name == f"{NAME} (2).mp4"
    assert Path(still.location).name == f"{NAME} (2).thumbnail.webp"


async def test_where_no_hard_links_are_a_file_still_overwrites_nothing(
    library: FolderLibrary, root: Path, video: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_links(*paths: object, **options: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)  # as on a FAT disk
    root.mkdir()
    (root / f"{NAME}.mp4").write_bytes(b"something of the user's own")

    file = await library.fetch(JOB, Host(video).open)

    assert Path(file.location).read_bytes() == video
    assert names(root) == [f"{NAME} (2).mp4", f"{NAME}.mp4"]
    assert (root / f"{NAME}.mp4").read_bytes() == b"something of the user's own"


async def test_a_frozen_download_does_not_hold_up_another_and_spoils_nothing(
    library: FolderLibrary, root: Path, tmp_path: Path, video: bytes
) -> None:
    other = FolderLibrary(root, tmp_path / "work", max_file_bytes=10**9)
    frozen, thawed = anyio.Event(), anyio.Event()
    found: list[File] = []

    async def freeze(start: int) -> None:
        if start > len(video) // 2:
            frozen.set()
            await thawed.wait()

    async def fetch() -> None:
        found.append(await library.fetch(JOB, Host(video, before_chunk=freeze).open))

    with anyio.fail_after(60):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(fetch)
            await frozen.wait()
            found.append(await other.fetch(JOB, Host(video).open))
            thawed.set()

    assert found[0] == found[1]
    assert names(root) == [f"{NAME}.mp4"]
    assert (root / f"{NAME}.mp4").read_bytes() == video


CHILD = """
import sys
from pathlib import Path
import anyio
from sora_mcp.library.disk import library_error
from sora_mcp.library.folder import FolderLibrary
from tests.library.hosts import Host, make_job

data = Path(sys.argv[1]).read_bytes()
part = Path(sys.argv[2], ".vid_7k2m9q4x2c.part")

async def stop(start):
    if start > len(data) * 3 // 4:
        while part.stat().st_size < 1_000_000:
            await anyio.sleep(0)
        sys.stdout.write("here")
        sys.stdout.flush()
        sys.stdin.read()

library = FolderLibrary(Path(sys.argv[2]), Path(sys.argv[3]), max_file_bytes=10**9)
anyio.run(library.fetch, make_job(), Host(data, before_chunk=stop).open)
"""


async def test_a_download_whose_process_was_killed_is_continued_by_the_next(
    library: FolderLibrary, root: Path, tmp_path: Path
) -> None:
    clip = make_clip(tmp_path / "a.mp4", noise=True, width=256, height=256, crf="1")
    video = clip.read_bytes()
    command = [sys.executable, "-c", CHILD, clip, root, tmp_path / "work"]
    with anyio.fail_after(90):
        async with await anyio.open_process(command) as child:
            assert child.stdout is not None
            assert await child.stdout.receive() == b"here"
            child.kill()
            await child.wait()
    assert names(root) == [".vid_7k2m9q4x2c.part"]
    host = Host(video)

    file = await library.fetch(JOB, host.open)

    assert host.asked[0] > 1_000_000
    assert names(root) == [f"{NAME}.mp4"]
    assert Path(file.location).read_bytes() == video


async def test_a_cancelled_download_is_continued(
    library: FolderLibrary, root: Path, tmp_path: Path
) -> None:
    clip = make_clip(tmp_path / "a.mp4", noise=True, width=256, height=256, crf="1")
    video = clip.read_bytes()
    with anyio.CancelScope() as scope:

        async def cancel(start: int) -> None:
            if start > len(video) * 3 // 4:
                scope.cancel()
                await anyio.sleep_forever()

        await library.fetch(JOB, Host(video, before_chunk=cancel).open)
    host = Host(video)

    file = await library.fetch(JOB, host.open)

    assert host.asked[0] > 1_000_000
    assert Path(file.location).read_bytes() == video


async def test_a_cancelled_join_stops_and_leaves_nothing(
    library: FolderLibrary, root: Path, tmp_path: Path
) -> None:
    parts: list[File] = []
    for index, width in enumerate((640, 320)):
        clip = make_clip(tmp_path / "a.mp4", RED, width=width, height=180, frames=240)
        job = make_job(f"vid_aaaaaaaaa{'ab'[index]}")
        parts.append(await library.fetch(job, Host(clip.read_bytes()).open))
    before = names(root)
    percents: list[float] = []

    with anyio.fail_after(60), anyio.CancelScope() as scope:

        def cancel(percent: float) -> None:
            percents.append(percent)
            scope.cancel()

        await library.join(JOB, parts, cancel)

    assert len(percents) == 1
    assert percents[0] < 100
    assert names(root) == before


async def test_a_join_of_different_clips_says_what_was_changed(
    library: FolderLibrary, tmp_path: Path
) -> None:
    wide = make_clip(tmp_path / "a.mp4", RED, frames=12)
    tall = make_clip(tmp_path / "b.mp4", BLUE, width=96, height=128, frames=12, rate=None)
    first = await library.fetch(make_job("vid_aaaaaaaaaa"), Host(wide.read_bytes()).open)
    second = await library.fetch(make_job("vid_aaaaaaaaab"), Host(tall.read_bytes()).open)

    file, note = await library.join(JOB, [first, second], lambda percent: None)

    assert (file.width, file.height, file.seconds, file.audio) == (128, 96, 1.0, True)
    assert note is not None
    assert "Black bars were added to clip 2 (96x128)." in note
    assert "Silence was added to clip 2." in note


@pytest.fixture
def file_size_limit() -> Iterator[None]:
    """The system lets this process write no more than 50,000 bytes to a file."""
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.usefixtures("file_size_limit")
async def test_a_disk_that_takes_no_more_is_told_and_gets_its_space_back(
    library: FolderLibrary, root: Path, video: bytes
) -> None:
    with pytest.raises(LibraryError, match="may not be as large"):
        await library.fetch(JOB, Host(video).open)

    assert names(root) == []


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        (errno.ENOSPC, "its disk is full. Free some space there"),
        (errno.EDQUOT, "the disk quota there is used up. Free some space there"),
        (errno.EROFS, "read-only file system. Make it writable or set another folder"),
        (errno.EACCES, "its permissions forbid it. Change them or set another folder"),
        (errno.ENOENT, "it is missing. Check that its disk is mounted"),
        (errno.ESTALE, "an error there (Stale file handle)"),
    ],
)
def test_errors_of_the_system_say_what_to_do(code: int, advice: str) -> None:
    error = library_error(OSError(code, os.strerror(code)), Path("/films"))

    assert error.message.startswith("The folder /films cannot be used: ")
    assert error.message.endswith(f"{advice}, then try again.")
    assert error.retry


async def test_too_little_space_is_found_out_before_the_start(
    library: FolderLibrary, root: Path, video: bytes
) -> None:
    with pytest.raises(LibraryError, match=r"needs [\d,]+ MB .* only [\d,]+ MB free"):
        await library.fetch(JOB, Host(video, total=10**15 - 1).open)

    assert names(root) == []


async def test_a_library_that_is_no_folder_is_told(
    library: FolderLibrary, root: Path, video: bytes
) -> None:
    root.write_bytes(b"")

    with pytest.raises(LibraryError, match="no folder"):
        await library.fetch(JOB, Host(video).open)


async def test_a_library_that_cannot_be_written_is_told(tmp_path: Path, video: bytes) -> None:
    if not Path("/sys/kernel").exists():
        pytest.skip("this system has no /sys")
    library = FolderLibrary(Path("/sys/kernel/sora"), tmp_path / "work", max_file_bytes=10**9)

    with pytest.raises(LibraryError, match="/sys/kernel/sora cannot be used"):
        await library.fetch(JOB, Host(video).open)
    await library.sweep()


async def test_a_library_that_is_taken_away_in_the_middle_is_told(
    library: FolderLibrary, root: Path, video: bytes
) -> None:
    async def unmount(start: int) -> None:
        if start > len(video) // 2 and root.exists():
            root.rename(root.with_name("elsewhere"))

    with pytest.raises(LibraryError, match="is missing"):
        await library.fetch(JOB, Host(video, before_chunk=unmount).open)


async def test_old_leftovers_are_swept_and_nothing_else(
    library: FolderLibrary, root: Path, tmp_path: Path, video: bytes
) -> None:
    with pytest.raises(EngineFault):
        await library.fetch(JOB, Host(video, breaks_after=30_000).open)
    await library.fetch(make_job("vid_aaaaaaaaaa"), Host(video).open)
    (root / ".sora-mcp-0123.part").touch()
    (root / ".someone-else.part").touch()
    old = time.time() - LEFTOVER_SECONDS - 60
    for path in root.iterdir():
        os.utime(path, (old, old))
    with pytest.raises(EngineFault):
        await library.fetch(make_job("vid_bbbbbbbbbb"), Host(video, breaks_after=30_000).open)

    await library.sweep()

    assert names(root) == [
        ".someone-else.part",
        ".vid_bbbbbbbbbb.part",
        "2026-11-20 a-calico-cat-playing-a-piano-on-stage vid_aaaaaaaaaa.mp4",
    ]


async def test_a_sweep_leaves_a_download_that_is_under_way_its_lock(
    library: FolderLibrary, root: Path, tmp_path: Path, video: bytes
) -> None:
    with pytest.raises(EngineFault):
        await library.fetch(JOB, Host(video, breaks_after=30_000).open)
    (lock,) = (tmp_path / "work" / "locks").iterdir()
    moment = lock.stat().st_ctime - LEFTOVER_SECONDS - 60
    os.utime(lock, (moment, moment))
    other, its_host = FolderLibrary(root, tmp_path / "work", max_file_bytes=10**9), Host(video)

    async def begin_another(start: int) -> None:
        if not its_host.asked:
            await other.sweep()
            await other.fetch(JOB, its_host.open)

    await library.fetch(JOB, Host(video, before_chunk=begin_another).open)

    assert its_host.asked == [0], "it did not go on with the other one's part"


async def test_an_added_part_is_swept_when_nobody_has_tried_it_for_a_month(
    library: FolderLibrary, video: bytes
) -> None:
    part = Path((await library.fetch_part(JOB, Host(video).open)).location)

    async def sweep_after(days: int) -> None:
        moment = part.stat().st_ctime - days * 24 * 3600
        os.utime(part, (moment, moment))
        await library.sweep()

    await sweep_after(29)
    assert part.exists()
    await sweep_after(31)
    assert not part.exists()


async def test_a_part_that_is_tried_again_is_not_swept(
    library: FolderLibrary, video: bytes
) -> None:
    host = Host(video)
    part = Path((await library.fetch_part(JOB, host.open)).location)
    moment = part.stat().st_ctime - 31 * 24 * 3600
    os.utime(part, (moment, moment))

    await library.fetch_part(JOB, host.open)
    await library.sweep()

    assert part.exists()


async def test_a_file_of_another_size_does_not_count_as_there(
    library: FolderLibrary, video: bytes
) -> None:
    file = await library.fetch(JOB, Host(video).open)

    Path(file.location).write_bytes(video + b"\0")

    assert not await library.exists(file)


async def test_references_wait_on_this_machine_not_among_the_videos(
    library: FolderLibrary, root: Path, tmp_path: Path
) -> None:
    await library.keep_reference("vid_aaaaaaaaaa", b"png")

    assert names(tmp_path / "work" / "references") == ["vid_aaaaaaaaaa.png"]
    assert not root.exists()


async def test_a_reference_that_cannot_be_dropped_stays_and_harms_nobody(
    library: FolderLibrary, tmp_path: Path
) -> None:
    kept = tmp_path / "work" / "references" / "vid_aaaaaaaaaa.png"
    kept.mkdir(parents=True)

    await library.drop_reference("vid_aaaaaaaaaa")

    assert kept.exists()
