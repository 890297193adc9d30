"""The whole way through a server process with the embedded engine, as an agent goes it."""

import base64
import hashlib
import sys
from pathlib import Path
from typing import Any, Literal

import anyio
import pytest
from mcp import Client, StdioServerParameters
from mcp.types import BlobResourceContents
from PIL import Image

from sora_mcp.media.probe import probe
from tests.server.processes import ROOT, environment
from tests.server.surface import ERAS, structured, text_of

SMALL = {"size": "256x256", "seconds": 1, "wait_seconds": 45}


async def ended(client: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    """A video that a tool has started, once it is finished."""
    result = await client.call_tool(tool, {"wait_seconds": 45, **arguments})
    data = structured(result)
    while data["status"] in ("queued", "in_progress"):
        arguments = {"video_id": data["video_id"], "wait_seconds": 45}
        data = structured(await client.call_tool("get_video_status", arguments))
    assert data["status"] == "completed", data
    return data


async def read(client: Client, uri: str) -> bytes:
    contents = (await client.read_resource(uri)).contents[0]
    assert isinstance(contents, BlobResourceContents)
    return base64.b64decode(contents.blob)


@pytest.mark.parametrize("mode", ERAS)
async def test_generate_follow_read_view_remix_extend_join_find_delete(
    mode: Literal["auto", "legacy"], tmp_path: Path
) -> None:
    picture = tmp_path / "library" / "start.png"
    picture.parent.mkdir()
    Image.new("RGB", (320, 320), "teal").save(picture)
    process = StdioServerParameters(
        command=sys.executable, args=["-m", "sora_mcp"], env=environment(tmp_path), cwd=ROOT
    )
    told: list[float] = []

    async def note(progress: float, total: float | None, message: str | None) -> None:
        told.append(progress)

    with anyio.fail_after(300):
        async with Client(process, mode=mode) as client:
            started = await client.call_tool(
                "generate_video",
                {
                    "prompt": "Wide shot of a calico cat playing a piano on stage",
                    "input_reference": str(picture),
                    **SMALL,
                    "wait_seconds": 0,
                },
            )
            assert "local preview, not AI video; set a base URL" in text_of(started)
            video_id = structured(started)["video_id"]
            status = await client.call_tool(
                "get_video_status",
                {"video_id": video_id, "wait_seconds": 45},
                progress_callback=note,
            )
            assert len(told) >= 2
            assert told == sorted(set(told))
            video = structured(status)["files"][0]
            content = Path(video["path"]).read_bytes()
            assert (len(content), hashlib.sha256(content).hexdigest()) == (
                video["bytes"],
                video["sha256"],
            )
            assert (video["width"], video["height"], video["audio"]) == (256, 256, True)
            ranges = [
                await read(client, f"{video['uri']}?offset={offset}&length=16384")
                for offset in range(0, len(content), 16_384)
            ]
            assert b"".join(ranges) == content
            thumbnail = await read(client, f"sora://videos/{video_id}/thumbnail.webp")
            assert thumbnail[8:12] == b"WEBP"
            seen = await client.call_tool("view_video", {"video_id": video_id})
            assert [block.type for block in seen.content[:3]] == ["text", "text", "image"]
            night = await ended(client, "remix_video", video_id=video_id, prompt="at night")
            longer = await ended(
                client, "extend_video", video_id=video_id, prompt="it bows", seconds=1
            )
            assert longer["files"][0]["seconds"] == pytest.approx(2, abs=0.2)
            parts = [video_id, night["video_id"]]
            film = await ended(client, "join_videos", video_ids=parts, title="Piano")
            assert probe(Path(film["files"][0]["path"])).seconds == pytest.approx(2, abs=0.2)
            found = structured(await client.call_tool("list_videos", {"query": "calico"}))
            assert video_id in [entry["video_id"] for entry in found["videos"]]
            await client.call_tool("delete_video", {"video_id": video_id})
            assert not Path(video["path"]).exists()


@pytest.mark.requirement("ERROR-NOT-CONFIGURED")
async def test_a_server_with_a_wrong_setting_starts_and_says_so_at_the_first_call(
    tmp_path: Path,
) -> None:
    process = StdioServerParameters(
        command=sys.executable,
        args=["-m", "sora_mcp"],
        env=environment(tmp_path, SORA_MCP_SECONDS="abc"),
        cwd=ROOT,
    )
    with anyio.fail_after(60):
        async with Client(process) as client:
            assert len((await client.list_tools()).tools) == 10
            result = await client.call_tool("generate_video", {"prompt": "a cat"})
    assert result.is_error
    assert "SORA_MCP_SECONDS must be a number." in text_of(result)
