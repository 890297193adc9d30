"""MCP by hand: what the cookbook sends with curl and with httpx."""

import json
import re
import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest

from tests.cookbook.examples import EXAMPLES, in_shell, output_of, put, small
from tests.harness import app_in
from tests.http.served import served

ADDRESS = "127.0.0.1:8000"
"""Of the server, on the page."""

needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")


@asynccontextmanager
async def server(folder: Path) -> AsyncGenerator[dict[str, str]]:
    """A server of small clips; gives what to change in an example so that it is reached."""
    async with app_in(folder, size="256x256", seconds=1) as app, served(app) as url:
        yield {ADDRESS: url.removeprefix("http://")}


async def sent(folder: Path, name: str, changes: dict[str, str]) -> str:
    """What curl prints."""
    put(folder, name, changes)
    return await output_of(*in_shell(name), env=small(folder), folder=folder)


@needs_curl
async def test_two_kinds_of_request_make_a_video(tmp_path: Path) -> None:
    async with server(tmp_path) as changes:
        answer = json.loads(await sent(tmp_path, "http_generate.sh", changes))
        started = answer["result"]["structuredContent"]
        assert started["status"] == "queued"
        changes["vid_7k2m9q4x1c"] = started["video_id"]
        with anyio.fail_after(60):
            video = started
            while video["status"] in ("queued", "in_progress"):
                answer = json.loads(await sent(tmp_path, "http_status.sh", changes))
                video = answer["result"]["structuredContent"]
    assert video["status"] == "completed"
    assert video["video_id"] == started["video_id"]
    assert Path(video["files"][0]["path"]).is_file()


@needs_curl
@pytest.mark.parametrize("header", ["Mcp-Method", "Mcp-Name"])
async def test_a_header_that_the_page_calls_necessary_is(header: str, tmp_path: Path) -> None:
    line = next(
        line
        for line in (EXAMPLES / "http_generate.sh").read_text(encoding="utf-8").splitlines(True)
        if header in line
    )
    async with server(tmp_path) as changes:
        answer = json.loads(await sent(tmp_path, "http_generate.sh", {**changes, line: ""}))
    assert header.lower() in answer["error"]["message"]


@needs_curl
@pytest.mark.parametrize("key", ["protocolVersion", "clientCapabilities"])
async def test_a_meta_key_that_the_page_calls_necessary_is(key: str, tmp_path: Path) -> None:
    shown = f"io.modelcontextprotocol/{key}"
    async with server(tmp_path) as changes:
        answer = json.loads(await sent(tmp_path, "http_generate.sh", {**changes, shown: "else"}))
    assert shown in answer["error"]["message"]


@needs_curl
async def test_an_older_request_starts_a_video_and_is_answered_by_an_event(tmp_path: Path) -> None:
    async with server(tmp_path) as changes:
        printed = await sent(tmp_path, "http_older.sh", changes)
    first, second = events(printed)
    assert first["result"]["protocolVersion"] == "2025-11-25"
    assert second["result"]["structuredContent"]["status"] == "queued"


def events(printed: str) -> list[dict[str, Any]]:
    """The data of server-sent events."""
    return [json.loads(data) for data in re.findall(r"^data: (.+)$", printed, re.MULTILINE)]


@pytest.mark.parametrize("protocol", ["2026-07-28", "2025-11-25"])
async def test_a_script_without_an_mcp_library_fetches_its_video(
    protocol: str, tmp_path: Path
) -> None:
    async with server(tmp_path) as changes:
        script = put(tmp_path, "plain_http.py", {**changes, "2026-07-28": protocol})
        await output_of("python", script, "A boat", env=small(tmp_path), folder=tmp_path)
    assert (tmp_path / "boat.mp4").read_bytes()[4:8] == b"ftyp"
