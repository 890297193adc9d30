"""First-frame images: where they may come from, and what becomes of them."""

import base64
import io
import os
import socket
import threading
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import anyio
import pytest
from PIL import Image

from sora_mcp.library.references import FolderReferences
from sora_mcp.videos.errors import InvalidReference, OutsideFolders
from sora_mcp.videos.models import Fit


def png(width: int = 8, height: int = 8) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (width, height), "red").save(file, "PNG")
    return file.getvalue()


PNG = png()


@pytest.fixture
def inside(tmp_path: Path) -> Path:
    folder = tmp_path / "inside"
    folder.mkdir()
    (folder / "cat.png").write_bytes(PNG)
    return folder


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "secret.png").write_bytes(PNG)
    return folder


@pytest.fixture
def references(inside: Path) -> FolderReferences:
    return FolderReferences([inside])


async def test_an_absolute_path_inside_a_folder_is_read(
    references: FolderReferences, inside: Path
) -> None:
    assert await references.load(str(inside / "cat.png")) == PNG
    assert references.input_dirs == (inside,)


async def test_a_relative_path_is_looked_for_in_each_folder(inside: Path, outside: Path) -> None:
    both = FolderReferences([inside, outside])

    assert await both.load("secret.png") == PNG
    assert await both.load("./cat.png") == PNG


async def test_bytes_pass_through(references: FolderReferences) -> None:
    assert await references.load(PNG) == PNG


async def test_a_link_to_a_file_inside_is_followed(
    references: FolderReferences, inside: Path
) -> None:
    (inside / "link.png").symlink_to("cat.png")

    assert await references.load("link.png") == PNG


async def test_a_folder_that_is_itself_a_link_is_allowed(inside: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(inside)

    assert await FolderReferences([link]).load(str(link / "cat.png")) == PNG
    assert await FolderReferences([link]).load(str(inside / "cat.png")) == PNG


@pytest.mark.requirement("ERROR-FOLDERS")
@pytest.mark.parametrize(
    "source",
    [
        "{outside}/secret.png",
        "../outside/secret.png",
        "{inside}/../outside/secret.png",
        "{inside}/link.png",
        "folder/secret.png",
        "{inside}-not/secret.png",
        "/etc/passwd",
        "/proc/self/environ",
        "/dev/zero",
        "~/../../../../../../../../etc/passwd",
    ],
)
async def test_nothing_outside_the_folders_is_read(
    references: FolderReferences, inside: Path, outside: Path, source: str
) -> None:
    (inside / "link.png").symlink_to(outside / "secret.png")
    (inside / "folder").symlink_to(outside)
    inside.with_name("inside-not").symlink_to(outside)

    with pytest.raises(OutsideFolders) as raised:
        await references.load(source.format(inside=inside, outside=outside))

    assert str(inside) in raised.value.message


async def test_whether_a_file_outside_exists_is_not_told(
    references: FolderReferences, outside: Path
) -> None:
    messages: list[str] = []
    for name in ("secret.png", "absent.png"):
        with pytest.raises(OutsideFolders) as raised:
            await references.load(str(outside / name))
        messages.append(raised.value.message.replace(name, "x"))

    assert messages[0] == messages[1]


async def test_without_folders_no_path_is_read(inside: Path) -> None:
    with pytest.raises(OutsideFolders, match="reads no images from folders"):
        await FolderReferences([]).load(str(inside / "cat.png"))


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("absent.png", "no file 'absent.png' in {inside}"),
        ("", "empty"),
        ("cat\0.png", "NUL"),
        ("x" * 5000, "File name too long"),
        ("\ud800.png", "broken characters"),
        (".", "no regular file"),
        ("pipe", "no regular file"),
        ("socket", "no regular file"),
        ("http://example.com/cat.png", "over http: is not read"),
        ("file:///etc/passwd", "over file: is not read"),
        ("ftp://example.com/cat.png", "over ftp: is not read"),
        ("sora://videos/x/thumbnail.webp", "over sora: is not read"),
    ],
)
async def test_what_is_no_readable_image_is_refused_in_plain_words(
    references: FolderReferences,
    inside: Path,
    monkeypatch: pytest.MonkeyPatch,
    source: str,
    words: str,
) -> None:
    os.mkfifo(inside / "pipe")
    monkeypatch.chdir(inside)  # the path of a socket must be short
    with socket.socket(socket.AF_UNIX) as listener, anyio.fail_after(60):
        listener.bind("socket")
        with pytest.raises(InvalidReference) as raised:
            await references.load(source)

    assert words.format(inside=inside) in raised.value.message
    assert len(raised.value.message) < 500


async def test_a_pipe_behind_a_link_does_not_make_us_wait(
    references: FolderReferences, inside: Path
) -> None:
    os.mkfifo(inside / "pipe")
    (inside / "cat2.png").symlink_to("pipe")

    with anyio.fail_after(60), pytest.raises(InvalidReference, match="no regular file"):
        await references.load("cat2.png")


async def test_a_folder_that_is_exchanged_while_it_is_read_gives_nothing_away(
    references: FolderReferences, inside: Path, outside: Path, tmp_path: Path
) -> None:
    folder, link, aside = inside / "d", tmp_path / "link", tmp_path / "aside"
    folder.mkdir()
    (folder / "secret.png").write_bytes(b"ours")
    link.symlink_to(outside)
    done = threading.Event()

    def exchange() -> None:
        while not done.is_set():
            folder.rename(aside)
            link.rename(folder)
            folder.rename(link)
            aside.rename(folder)

    thread = threading.Thread(target=exchange)
    thread.start()
    try:
        for _ in range(3000):
            with suppress(OutsideFolders, InvalidReference):
                assert await references.load("d/secret.png") == b"ours"
    finally:
        done.set()
        thread.join()


async def test_a_file_above_the_limit_is_not_read(
    references: FolderReferences, inside: Path
) -> None:
    with (inside / "large.png").open("wb") as file:
        file.truncate(50_000_001)

    with pytest.raises(InvalidReference, match="more than 50 MB"):
        await references.load("large.png")


@pytest.mark.parametrize(
    "url",
    [
        "data:image/png;base64," + base64.b64encode(PNG).decode(),
        "DATA:image/png;name=cat.png;BASE64," + base64.b64encode(PNG).decode(),
        "data:;base64," + quote(base64.b64encode(PNG).decode()),
        "data:image/png;base64," + base64.b64encode(PNG).decode().rstrip("="),
        "data:image/png;base64,\n" + base64.encodebytes(PNG).decode(),
        "data:image/png," + quote(PNG),
    ],
)
async def test_a_data_url_is_decoded(references: FolderReferences, url: str) -> None:
    assert await references.load(url) == PNG


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("data:image/png;base64", "has no comma"),
        ("data:image/png;base64,ÄÖÜ!", "damaged"),
        ("data:image/png;base64,AAAAA", "damaged"),
        ("data:image/png;base64," + "A" * 67_000_000, "more than 50 MB"),
        ("data:image/png," + "A" * 50_000_001, "more than 50 MB"),
    ],
)
async def test_a_broken_data_url_is_refused(
    references: FolderReferences, url: str, words: str
) -> None:
    with pytest.raises(InvalidReference, match=words):
        await references.load(url)


async def test_an_image_is_fitted_to_the_size(references: FolderReferences) -> None:
    prepared = await references.prepare(png(640, 640), "1280x720", "cover")

    assert (prepared.width, prepared.height) == (1280, 720)
    assert prepared.note == "cropped 640x640 to 1280x720 (cover)"
    assert Image.open(io.BytesIO(prepared.png)).size == (1280, 720)


@pytest.mark.parametrize("size", [None, "720p", "16:9"])
async def test_a_size_without_pixels_leaves_the_image_as_it_is(
    references: FolderReferences, size: str | None
) -> None:
    prepared = await references.prepare(PNG, size, "cover")

    assert (prepared.width, prepared.height, prepared.note) == (8, 8, None)


@pytest.mark.parametrize(
    ("image", "size", "fit", "words"),
    [
        (b"GIF89a....", None, "cover", "a JPEG, PNG or WebP image would do"),
        (PNG[:40], None, "cover", "damaged"),
        (PNG, "99999x99999", "cover", "as large as 99999x99999"),
        (PNG, "64x64", "fill", "use cover, contain, stretch"),
    ],
)
async def test_an_image_that_cannot_be_prepared_is_refused(
    references: FolderReferences, image: bytes, size: str | None, fit: Fit, words: str
) -> None:
    with pytest.raises(InvalidReference, match=words):
        await references.prepare(image, size, fit)
