"""Links to finished files: signed, expiring, with ranges."""

import hashlib
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from pydantic import SecretStr

from sora_mcp.http.files import LINK_SECONDS, Links
from sora_mcp.library.folder import FolderLibrary
from sora_mcp.server.keys import derived_keys
from sora_mcp.settings import Settings
from sora_mcp.videos.models import File, Variant
from tests.harness import small_mp4
from tests.http.served import client_at, served_before
from tests.server.surface import made, quick_host, structured


@asynccontextmanager
async def a_link(folder: Path, **settings: Any) -> AsyncGenerator[tuple[str, httpx2.AsyncClient]]:
    """The link to a finished video, and a client to fetch it with."""
    async with (
        served_before(quick_host(), folder, **settings) as url,
        client_at(url, "http-auto") as client,
        httpx2.AsyncClient() as http,
    ):
        arguments = {"video_id": await made(client)}
        shown = structured(await client.call_tool("get_video_status", arguments))
        yield shown["files"][0]["url"], http


@pytest.mark.requirement("FILE-LINK")
async def test_a_link_gives_the_file_whole_and_in_ranges(tmp_path: Path) -> None:
    async with a_link(tmp_path) as (link, http):
        whole = await http.get(link)
        assert (whole.status_code, whole.content) == (200, small_mp4())
        assert whole.headers["content-type"] == "video/mp4"
        assert whole.headers["x-content-type-options"] == "nosniff"
        assert whole.headers["content-disposition"].startswith("inline; filename")
        part = await http.get(link, headers={"Range": "bytes=100-199"})
        assert (part.status_code, part.content) == (206, small_mp4()[100:200])
        assert part.headers["content-range"] == f"bytes 100-199/{len(small_mp4())}"
        beyond = await http.get(link, headers={"Range": "bytes=99999999-"})
        assert beyond.status_code == 416
        unknown = await http.get(link, headers={"Range": "items=0-1"})
        assert (unknown.status_code, unknown.content) == (200, small_mp4())
        head = await http.head(link)
        assert (head.content, head.headers["content-length"]) == (b"", str(len(small_mp4())))


async def test_a_file_that_the_client_has_is_not_sent_again(tmp_path: Path) -> None:
    async with a_link(tmp_path) as (link, http):
        whole = await http.get(link)
        tag, changed = whole.headers["etag"], whole.headers["last-modified"]
        assert tag == f'"{hashlib.sha256(small_mp4()).hexdigest()}"'
        for condition in (
            {"If-None-Match": tag},
            {"If-None-Match": f'"other", W/{tag}'},
            {"If-Modified-Since": changed},
        ):
            kept = await http.get(link, headers=condition)
            assert (kept.status_code, kept.content) == (304, b"")
            assert kept.headers["etag"] == tag
        other = {"If-None-Match": '"other"', "If-Modified-Since": changed}
        assert (await http.get(link, headers=other)).status_code == 200
        span = {"Range": "bytes=0-9"}
        assert (await http.get(link, headers={**span, "If-Range": tag})).status_code == 206
        assert (await http.get(link, headers={**span, "If-Range": '"other"'})).status_code == 200
        assert (await http.post(link, json={})).status_code == 405


async def test_a_file_is_sent_only_if_it_is_the_one_that_the_client_means(tmp_path: Path) -> None:
    async with a_link(tmp_path) as (link, http):
        tag = (await http.head(link)).headers["etag"]
        for condition in (tag, "*", f'"other", {tag}'):
            assert (await http.get(link, headers={"If-Match": condition})).status_code == 200
        for condition in ('"other"', f"W/{tag}"):
            assert (await http.get(link, headers={"If-Match": condition})).status_code == 412


async def test_no_folder_is_listed(tmp_path: Path) -> None:
    async with a_link(tmp_path) as (link, http):
        file = link.partition("?")[0]
        for address in (file.rpartition("/")[0], file.rpartition("/")[0] + "/", file[:-23] + "../"):
            assert (await http.get(address)).status_code in (403, 404), address


@pytest.mark.requirement("ERROR-LINK")
async def test_a_link_that_was_changed_is_refused(tmp_path: Path) -> None:
    async with a_link(tmp_path) as (link, http):
        expires = parse_qs(urlsplit(link).query)["expires"][0]
        changes = [
            link.replace("video.mp4", "thumbnail.webp"),
            link.replace(f"expires={expires}", f"expires={int(expires) + 1}"),
            link.replace(f"expires={expires}", "expires=never"),
            link[:-1] + ("0" if link[-1] != "0" else "1"),
            link.partition("?")[0],
            link.replace("signature=", "signature=%C3%A9"),
        ]
        for changed in changes:
            assert (await http.get(changed)).status_code == 403, changed


@pytest.mark.requirement("ERROR-LINK")
async def test_an_expired_link_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sora_mcp.http.files.LINK_SECONDS", -1)
    async with a_link(tmp_path) as (link, http):
        answer = await http.get(link)
        assert answer.status_code == 410
        assert "expired" in answer.text


async def test_a_link_to_a_deleted_video_leads_nowhere(tmp_path: Path) -> None:
    async with (
        served_before(quick_host(), tmp_path) as url,
        client_at(url, "http-auto") as client,
        httpx2.AsyncClient() as http,
    ):
        video_id = await made(client)
        shown = structured(await client.call_tool("get_video_status", {"video_id": video_id}))
        await client.call_tool("delete_video", {"video_id": video_id})
        assert (await http.get(shown["files"][0]["url"])).status_code == 404


@pytest.mark.requirement("VIDEO-PATH")
async def test_links_begin_with_the_public_address_and_hide_paths(tmp_path: Path) -> None:
    settings: dict[str, Any] = {"public_url": "https://videos.example/sora"}
    async with (
        served_before(quick_host(), tmp_path, **settings) as url,
        client_at(url, "http-auto") as client,
    ):
        video_id = await made(client)
        shown = structured(await client.call_tool("get_video_status", {"video_id": video_id}))
        video = shown["files"][0]
        assert video["url"].startswith(f"https://videos.example/sora/files/{video_id}/video.mp4?")
        assert "path" not in video


def test_keys_can_be_changed_without_breaking_links() -> None:
    def links(keys: str) -> Links:
        settings = Settings(secret_keys=SecretStr(keys))
        return Links(derived_keys(settings, "download links"), "http://127.0.0.1:8000")

    def accepts(checker: Links, link: str) -> bool:
        query = parse_qs(urlsplit(link).query)
        return checker.is_signed(
            "vid_aaaaaaaaaa", "video.mp4", int(query["expires"][0]), query["signature"][0]
        )

    old = links("old-key")("vid_aaaaaaaaaa", Variant.VIDEO)
    assert accepts(links("new-key, old-key"), old)
    assert not accepts(links("new-key"), old)
    assert LINK_SECONDS == 24 * 3600


def test_each_purpose_has_a_key_of_its_own() -> None:
    settings = Settings(secret_keys=SecretStr("one"))
    assert derived_keys(settings, "download links") != derived_keys(settings, "request state")
    assert derived_keys(Settings(), "download links") != derived_keys(Settings(), "download links")


async def test_a_file_that_goes_while_it_is_asked_for_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def taken_away(library: FolderLibrary, file: File) -> Path:
        path = Path(file.location)
        path.unlink()
        return path

    async with a_link(tmp_path) as (link, http):
        monkeypatch.setattr(FolderLibrary, "local_path", taken_away)
        answer = await http.get(link)
    assert answer.status_code == 404
    assert "taken away" in answer.text
