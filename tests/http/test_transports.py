"""The same job over Streamable HTTP and SSE, in both protocol eras, from one server."""

import base64
import hashlib
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
from mcp.types import BlobResourceContents, ResourceListChangedNotification
from pydantic import SecretStr

from tests.harness import a_host
from tests.http.served import META, MODERN, WAYS, client_at, message, served_before
from tests.server.surface import made, quick_host, structured, text_of


@pytest.mark.parametrize("way", WAYS)
async def test_a_video_is_made_followed_read_and_deleted(way: str, tmp_path: Path) -> None:
    told: list[float] = []

    async def note(progress: float, total: float | None, message: str | None) -> None:
        told.append(progress)

    async with served_before(a_host(), tmp_path) as url, client_at(url, way) as client:
        started = structured(await client.call_tool("generate_video", {"prompt": "a cat"}))
        video_id = started["video_id"]
        arguments = {"video_id": video_id, "wait_seconds": 40}
        status = await client.call_tool("get_video_status", arguments, progress_callback=note)
        video = structured(status)["files"][0]
        assert Path(video["path"]).exists()
        assert len(told) >= 2
        assert told == sorted(set(told))
        content = b""
        while len(content) < video["bytes"]:
            uri = f"{video['uri']}?offset={len(content)}&length=9000"
            part = (await client.read_resource(uri)).contents[0]
            assert isinstance(part, BlobResourceContents)
            content += base64.b64decode(part.blob)
        assert hashlib.sha256(content).hexdigest() == video["sha256"]
        await client.call_tool("delete_video", {"video_id": video_id})
        assert not Path(video["path"]).exists()


@pytest.mark.parametrize("way", WAYS)
async def test_bad_input_is_a_tool_error_and_the_server_lives_on(way: str, tmp_path: Path) -> None:
    async with served_before(quick_host(), tmp_path) as url, client_at(url, way) as client:
        wrong = await client.call_tool("generate_video", {"prompt": "a cat", "duration": 12})
        assert wrong.is_error
        assert "did you mean `seconds`?" in text_of(wrong)
        assert await made(client)


async def test_clients_of_every_kind_see_the_videos_of_one_ledger(tmp_path: Path) -> None:
    async with served_before(quick_host(), tmp_path) as url:
        async with client_at(url, WAYS[0]) as first:
            video_id = await made(first)
        for way in WAYS[1:]:
            async with client_at(url, way) as other:
                listed = structured(await other.call_tool("list_videos", {}))["videos"]
                assert [video["video_id"] for video in listed] == [video_id]


@pytest.mark.requirement("NOTIFY-OLDER")
async def test_an_older_client_on_sse_is_told_of_finished_videos(tmp_path: Path) -> None:
    changed = anyio.Event()

    async def note(message: Any) -> None:
        if isinstance(message, ResourceListChangedNotification):
            changed.set()

    async with (
        served_before(quick_host(), tmp_path) as url,
        client_at(url, "sse-legacy", message_handler=note) as client,
    ):
        await client.call_tool("generate_video", {"prompt": "a cat"})
        with anyio.fail_after(60):
            await changed.wait()


@pytest.mark.requirement("LISTEN")
async def test_a_listener_on_streamable_http_is_told_of_finished_videos(tmp_path: Path) -> None:
    async with (
        served_before(quick_host(), tmp_path) as url,
        client_at(url, "http-auto") as client,
        client.listen(resources_list_changed=True) as subscription,
    ):
        await client.call_tool("generate_video", {"prompt": "a cat"})
        with anyio.fail_after(60):
            async for event in subscription:
                assert type(event).__name__ == "ResourcesListChanged"
                break


async def test_the_sse_transport_alone_serves_no_streamable_http(tmp_path: Path) -> None:
    async with served_before(quick_host(), tmp_path, "sse") as url:
        async with client_at(url, "sse-legacy") as client:
            assert await made(client)
        async with httpx2.AsyncClient() as http:
            assert (await http.post(f"{url}/mcp", json={})).status_code == 404
            assert (await http.get(f"{url}/healthz")).json() == {"status": "ok"}


@pytest.mark.requirement("ERROR-HOST")
@pytest.mark.parametrize("path", ["/mcp", "/sse", "/messages/", "/metrics", "/files/a/b"])
@pytest.mark.parametrize(
    ("headers", "status"),
    [({"Host": "evil.example"}, 421), ({"Origin": "https://evil.example"}, 403)],
)
async def test_other_sites_are_kept_out_of_every_route(
    path: str, headers: dict[str, str], status: int, tmp_path: Path
) -> None:
    async with served_before(quick_host(), tmp_path) as url, httpx2.AsyncClient() as http:
        assert (await http.get(url + path, headers=headers)).status_code == status


async def test_probes_may_come_by_address_but_not_from_pages_of_other_sites(
    tmp_path: Path,
) -> None:
    async with (
        served_before(quick_host(), tmp_path) as url,
        httpx2.AsyncClient(base_url=url, headers={"Host": "10.1.2.3:8000"}) as http,
    ):
        for probe in ("/healthz", "/readyz"):
            assert (await http.get(probe)).status_code == 200
            page = {"Origin": "https://evil.example"}
            assert (await http.get(probe, headers=page)).status_code == 403
        assert (await http.get("/healthz/x")).status_code == 421


async def test_names_that_the_operator_allows_are_let_in(tmp_path: Path) -> None:
    settings: dict[str, Any] = {
        "allowed_hosts": ("videos.example", "studio.example:81"),
        "allowed_origins": ("https://app.example",),
    }
    async with (
        served_before(quick_host(), tmp_path, **settings) as url,
        httpx2.AsyncClient() as http,
    ):
        headers = {"Host": "videos.example", "Origin": "https://app.example"}
        assert (await http.get(f"{url}/metrics", headers=headers)).status_code == 200
        for host, status in {
            "videos.example:8000": 200,
            "studio.example:81": 200,
            "studio.example:82": 421,
            "videos.example.evil.example": 421,
            "videos.example:80:80": 421,
        }.items():
            answer = await http.get(f"{url}/metrics", headers={"Host": host})
            assert answer.status_code == status, host


async def test_loopback_is_let_in_however_it_is_written(tmp_path: Path) -> None:
    async with (
        served_before(quick_host(), tmp_path) as url,
        httpx2.AsyncClient(base_url=url) as http,
    ):
        for origin in ("http://localhost", "https://localhost:3000", "https://[::1]:1"):
            names = {"Host": "LOCALHOST", "Origin": origin, "Mcp-Method": "tools/list"}
            listing = message("tools/list", _meta=META)
            answer = await http.post("/mcp", headers=MODERN | names, json=listing)
            assert answer.status_code == 200, origin


async def test_pages_of_origins_that_are_let_in_can_read_the_answers(tmp_path: Path) -> None:
    settings: dict[str, Any] = {
        "auth_token": SecretStr("secret"),
        "allowed_origins": ("https://App.example",),
    }
    page = {"Origin": "https://app.example"}
    asking = {
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type,mcp-protocol-version,"
        "mcp-method,mcp-name,mcp-session-id,last-event-id",
    }
    async with (
        served_before(quick_host(), tmp_path, **settings) as url,
        httpx2.AsyncClient(base_url=url) as http,
    ):
        asked = await http.options("/mcp", headers=page | asking)
        assert asked.status_code == 200
        refused = await http.post("/mcp", headers=page, json={})
        assert refused.status_code == 401
        assert "WWW-Authenticate" in refused.headers["access-control-expose-headers"]
        for answer in (asked, refused):
            assert answer.headers["access-control-allow-origin"] == page["Origin"]
        foreign = {"Origin": "https://evil.example"}
        assert (await http.options("/mcp", headers=foreign | asking)).status_code == 403


@pytest.mark.requirement("ERROR-BODY")
async def test_a_body_beyond_sixteen_mebibytes_is_refused(tmp_path: Path) -> None:
    async with served_before(quick_host(), tmp_path) as url, httpx2.AsyncClient() as http:
        headers = {
            "Content-Type": "application/json",
            "Accept": "application/json, text/event-stream",
        }
        large = b" " * (16 * 1024 * 1024 + 1)
        answer = await http.post(f"{url}/mcp", content=large, headers=headers)
        assert answer.status_code == 413
