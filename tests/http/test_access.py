"""Nobody comes in without a token where tokens are configured, and each acts for its owner."""

from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
from pydantic import SecretStr

from sora_mcp.http.serve import serve_http
from sora_mcp.videos.errors import NotConfigured
from tests.harness import app_in, settings_in
from tests.http.served import (
    TOKENS,
    WAYS,
    bearer,
    client_at,
    served,
    served_before,
    tokens_file,
)
from tests.server.surface import made, quick_host, structured, text_of

SECRET = "the-only-token"  # noqa: S105  # of a test
ROUTES = ("/mcp", "/sse", "/messages/?session_id=0", "/", "/anything", "/mcp/", "/healthz/x")


def one_token() -> dict[str, Any]:
    return {"auth_token": SecretStr(SECRET)}


@pytest.mark.parametrize("way", WAYS)
async def test_a_client_with_the_token_is_served(way: str, tmp_path: Path) -> None:
    async with (
        served_before(quick_host(), tmp_path, **one_token()) as url,
        client_at(url, way, SECRET) as client,
    ):
        assert await made(client)


async def test_no_route_but_health_and_signed_links_answers_without_a_token(
    tmp_path: Path,
) -> None:
    async with (
        served_before(quick_host(), tmp_path, **one_token()) as url,
        httpx2.AsyncClient(base_url=url) as http,
    ):
        for route in ROUTES:
            for method in ("GET", "POST", "OPTIONS"):
                answer = await http.request(method, route)
                assert answer.status_code == 401, (method, route)
                assert answer.headers["www-authenticate"] == 'Bearer realm="sora-mcp"'
        assert (await http.get("/healthz")).status_code == 200
        assert (await http.get("/files/vid_aaaaaaaaaa/video.mp4")).status_code == 403


async def test_a_token_that_is_none_of_ours_is_refused(tmp_path: Path) -> None:
    wrong = [
        "Bearer wrong",
        f"Bearer {SECRET}x",
        f"Bearer {SECRET[:-1]}",
        f"Bearer  {SECRET}",
        "Bearer",
        f"Basic {SECRET}",
        SECRET,
        "Bearer \u00e9",
        "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbm5hIn0.",
    ]
    async with (
        served_before(quick_host(), tmp_path, **one_token()) as url,
        httpx2.AsyncClient(base_url=url) as http,
    ):
        for sent in wrong:
            header = (b"Authorization", sent.encode("latin-1"))
            answer = await http.post("/mcp", headers=[header], json={})
            assert answer.status_code == 401, sent
            assert 'error="invalid_token"' in answer.headers["www-authenticate"]
            assert SECRET not in answer.text


async def test_a_token_in_the_address_is_not_taken(tmp_path: Path) -> None:
    async with (
        served_before(quick_host(), tmp_path, **one_token()) as url,
        httpx2.AsyncClient(base_url=url) as http,
    ):
        assert (await http.post(f"/mcp?access_token={SECRET}", json={})).status_code == 401


async def test_the_single_token_stands_for_the_owner_at_the_terminal(tmp_path: Path) -> None:
    async with served_before(quick_host(), tmp_path) as url, client_at(url, WAYS[0]) as client:
        video_id = await made(client)
    async with (
        served_before(quick_host(), tmp_path, **one_token()) as url,
        client_at(url, WAYS[0], SECRET) as client,
    ):
        listed = structured(await client.call_tool("list_videos", {}))["videos"]
        assert [video["video_id"] for video in listed] == [video_id]


async def test_both_kinds_of_tokens_may_be_used_side_by_side(tmp_path: Path) -> None:
    settings: dict[str, Any] = {**one_token(), "auth_tokens_file": tokens_file(tmp_path)}
    async with served_before(quick_host(), tmp_path, **settings) as url:
        async with client_at(url, WAYS[0], SECRET) as client:
            await made(client)
        for token in TOKENS.values():
            async with client_at(url, WAYS[0], token) as client:
                assert structured(await client.call_tool("list_videos", {}))["videos"] == []


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot be read: No such file"),
        (b"\xff\xfe", "cannot be read: it is not UTF-8"),
        (b"# nobody\n", "has no tokens"),
        (b"anna:one\nben secret-word\n", r"line 2 of .* is not name:token"),
        (b"anna:one two-words\n", "line 1"),
        (b":secret-word\n", "line 1"),
        (b"anna:same-word\nben:same-word\n", "ben has the token of another"),
    ],
)
async def test_a_tokens_file_that_will_not_do_is_refused_at_the_start(
    content: bytes | None, said: str, tmp_path: Path
) -> None:
    file = tmp_path / "tokens"
    if content is not None:
        file.write_bytes(content)
    async with app_in(tmp_path, engine="embedded", auth_tokens_file=file) as app:
        with anyio.fail_after(60), pytest.raises(NotConfigured, match=said) as refused:
            await serve_http(app, port=0)
    assert "word" not in refused.value.message


async def test_a_token_with_a_space_is_refused_at_the_start(tmp_path: Path) -> None:
    async with app_in(tmp_path, engine="embedded", auth_token=SecretStr("two words")) as app:
        with anyio.fail_after(60), pytest.raises(NotConfigured, match="ASCII without spaces"):
            await serve_http(app, port=0)


async def test_with_a_token_any_address_may_be_served(tmp_path: Path) -> None:
    async with (
        app_in(tmp_path, engine="embedded", **one_token()) as app,
        served(app, host="0.0.0.0") as url,  # noqa: S104  # what is tested
        client_at(url, WAYS[0], SECRET) as client,
    ):
        assert url.startswith("http://127.0.0.1:")
        assert len((await client.list_tools()).tools) == 10


async def test_clients_of_other_machines_are_shown_no_paths(tmp_path: Path) -> None:
    async with (
        served_before(quick_host(), tmp_path, host="0.0.0.0", **one_token()) as url,  # noqa: S104  # what is tested
        client_at(url, WAYS[0], SECRET) as client,
    ):
        arguments = {"video_id": await made(client)}
        shown = structured(await client.call_tool("get_video_status", arguments))
        assert "path" not in shown["files"][0]


async def test_no_folder_of_the_server_is_open_to_several_owners(tmp_path: Path) -> None:
    """The library holds everybody's files: a path in it would lead around the owner."""
    async with served_before(quick_host(), tmp_path, auth_tokens_file=tokens_file(tmp_path)) as url:
        async with client_at(url, WAYS[0], TOKENS["anna"]) as anna:
            await made(anna)
        (still,) = settings_in(tmp_path).library.rglob("*.webp")
        async with client_at(url, WAYS[0], TOKENS["ben"]) as ben:
            arguments = {"prompt": "a dog", "input_reference": str(still)}
            read = await ben.call_tool("generate_video", arguments)
            assert "reads no images from folders" in text_of(read)
            arguments = {"video_id": await made(ben), "save_as": "copy.mp4"}
            written = await ben.call_tool("download_video", arguments)
            assert "writes no copies" in text_of(written)


async def test_an_sse_session_answers_only_to_the_one_who_began_it(tmp_path: Path) -> None:
    async with (
        served_before(quick_host(), tmp_path, auth_tokens_file=tokens_file(tmp_path)) as url,
        httpx2.AsyncClient(base_url=url, timeout=30) as http,
        http.stream("GET", "/sse", headers=bearer(TOKENS["anna"])) as stream,
    ):
        lines = stream.aiter_lines()
        endpoint = ""
        while not endpoint.startswith("data: "):
            endpoint = await anext(lines)
        message = {"jsonrpc": "2.0", "method": "notifications/initialized"}
        path = endpoint.removeprefix("data: ")
        foreign = await http.post(path, headers=bearer(TOKENS["ben"]), json=message)
        unknown = await http.post(
            f"/messages/?session_id={'0' * 32}", headers=bearer(TOKENS["ben"]), json=message
        )
        assert (foreign.status_code, foreign.text) == (unknown.status_code, unknown.text)
        assert foreign.status_code == 404
        own = await http.post(path, headers=bearer(TOKENS["anna"]), json=message)
        assert own.status_code == 202
