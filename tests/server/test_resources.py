"""Videos as resources: records, ranges that add up to the file, images, listings."""

import base64
import json
from pathlib import Path
from typing import Any, Literal

import pytest
from mcp import Client, MCPError
from mcp.types import BlobResourceContents, TextResourceContents

from sora_mcp.server.resources import LONGEST_RANGE
from tests.harness import a_host, small_mp4
from tests.server.surface import ERAS, client_before, made, quick_host, structured

SMALLEST_READ = {"max_read_bytes": 1000}


async def blob(client: Client, uri: str) -> tuple[bytes, str | None]:
    contents = (await client.read_resource(uri)).contents[0]
    assert isinstance(contents, BlobResourceContents)
    return base64.b64decode(contents.blob), contents.mime_type


async def record(client: Client, uri: str) -> dict[str, Any]:
    contents = (await client.read_resource(uri)).contents[0]
    assert isinstance(contents, TextResourceContents)
    return json.loads(contents.text)


@pytest.mark.requirement("RESOURCE-VIDEO")
@pytest.mark.parametrize("mode", ERAS)
async def test_ranges_add_up_to_the_file(mode: Literal["auto", "legacy"], tmp_path: Path) -> None:
    async with client_before(quick_host(), tmp_path, mode=mode) as client:
        uri = f"sora://videos/{await made(client)}/video.mp4"
        whole, mime_type = await blob(client, uri)
        assert (whole, mime_type) == (small_mp4(), "video/mp4")
        step = 7_000
        parts = [
            (await blob(client, f"{uri}?offset={offset}&length={step}"))[0]
            for offset in range(0, len(whole), step)
        ]
        assert b"".join(parts) == whole
        assert (await blob(client, f"{uri}?offset=5"))[0] == whole[5:]
        assert (await blob(client, f"{uri}?length=5"))[0] == whole[:5]
        assert (await blob(client, f"{uri}?length={LONGEST_RANGE * 9}"))[0] == whole


@pytest.mark.requirement("ERROR-RANGE")
@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("offset=-1", "offset is '-1'"),
        ("offset=ten", "offset is 'ten'"),
        ("length=0", "length is 0"),
        ("offset=99999999", "bytes; give 0 to"),
        ("offset=%D9%A1", "offset is"),
    ],
)
async def test_a_range_that_cannot_be_is_explained(query: str, says: str, tmp_path: Path) -> None:
    async with client_before(quick_host(), tmp_path) as client:
        uri = f"sora://videos/{await made(client)}/video.mp4?{query}"
        with pytest.raises(MCPError, match=says):
            await client.read_resource(uri)


@pytest.mark.requirement("ERROR-RANGE")
async def test_a_file_too_large_for_one_message_names_the_ranges_and_the_path(
    tmp_path: Path,
) -> None:
    async with client_before(quick_host(), tmp_path, settings=SMALLEST_READ) as client:
        uri = f"sora://videos/{await made(client)}/video.mp4"
        with pytest.raises(MCPError) as refusal:
            await client.read_resource(uri)
        assert f"{uri}?offset=0&length={LONGEST_RANGE}" in refusal.value.message
        assert str(tmp_path / "library") in refusal.value.message
        assert (await blob(client, f"{uri}?offset=0&length=2000"))[0] == small_mp4()[:2000]


@pytest.mark.requirement("RESOURCE-RECORD")
async def test_the_record_has_the_whole_prompt(tmp_path: Path) -> None:
    prompt = "a cat " + "walks " * 100
    async with client_before(quick_host(), tmp_path) as client:
        video_id = await made(client, prompt)
        shown = await client.call_tool("get_video_status", {"video_id": video_id})
        assert structured(shown)["prompt"] == prompt[:200]
        assert (await record(client, f"sora://videos/{video_id}"))["prompt"] == prompt


@pytest.mark.requirement("RESOURCE-IMAGES")
async def test_every_image_is_of_the_kind_its_name_says(tmp_path: Path) -> None:
    async with client_before(quick_host(), tmp_path) as client:
        base = f"sora://videos/{await made(client)}"
        thumbnail, mime_type = await blob(client, f"{base}/thumbnail.webp")
        assert (thumbnail[:4], thumbnail[8:12], mime_type) == (b"RIFF", b"WEBP", "image/webp")
        spritesheet, mime_type = await blob(client, f"{base}/spritesheet.jpg")
        assert (spritesheet[:2], mime_type) == (b"\xff\xd8", "image/jpeg")
        last_frame, mime_type = await blob(client, f"{base}/last_frame.png")
        assert (last_frame[:4], mime_type) == (b"\x89PNG", "image/png")


async def test_the_last_frame_of_one_video_starts_the_next(tmp_path: Path) -> None:
    host = quick_host()
    async with client_before(host, tmp_path) as client:
        reference = f"sora://videos/{await made(client)}/last_frame.png"
        await made(client, "it goes on", input_reference=reference, size="64x64")
        assert host.accepted[1]["input_reference"].startswith(b"\x89PNG")


@pytest.mark.requirement("RESOURCE-LIST")
async def test_finished_videos_are_listed_with_names_for_people(tmp_path: Path) -> None:
    async with client_before(quick_host(), tmp_path) as client:
        before = await client.list_resources()
        fixed = ["ui://sora/player", "sora://engine"]
        assert [resource.uri for resource in before.resources] == fixed
        video_id = await made(client, "a calico cat plays the piano")
        listed = (await client.list_resources(cache_mode="refresh")).resources[2]
        assert listed.uri == f"sora://videos/{video_id}/video.mp4"
        assert listed.title == "a calico cat plays the piano"
        assert "calico-cat" in listed.name
        assert listed.size == len(small_mp4())
        assert listed.annotations is not None
        assert listed.annotations.last_modified is not None


@pytest.mark.requirement("RESOURCE-TEMPLATES")
async def test_the_templates_name_every_file_of_a_video(tmp_path: Path) -> None:
    async with client_before(quick_host(), tmp_path) as client:
        templates = (await client.list_resource_templates()).resource_templates
        assert {template.uri_template for template in templates} == {
            "sora://videos/{video_id}",
            "sora://videos/{video_id}/video.mp4{?offset,length}",
            "sora://videos/{video_id}/thumbnail.webp",
            "sora://videos/{video_id}/spritesheet.jpg",
            "sora://videos/{video_id}/last_frame.png",
        }


@pytest.mark.requirement("RESOURCE-ENGINE")
async def test_the_engine_can_be_read_as_get_engine_returns_it(tmp_path: Path) -> None:
    async with client_before(quick_host(), tmp_path) as client:
        shown = structured(await client.call_tool("get_engine", {}))
        assert await record(client, "sora://engine") == shown


@pytest.mark.requirement("ERROR-RESOURCE")
@pytest.mark.parametrize(
    "uri",
    [
        "sora://videos/vid_aaaaaaaaaa",
        "sora://videos/vid_aaaaaaaaaa/video.mp4",
        "sora://videos/..%2F..%2Fetc/video.mp4",
        "sora://videos/vid_aaaaaaaaaa/passwd",
        "sora://nothing",
    ],
)
async def test_what_does_not_exist_is_an_invalid_parameter(uri: str, tmp_path: Path) -> None:
    async with client_before(quick_host(), tmp_path) as client:
        with pytest.raises(MCPError) as refusal:
            await client.read_resource(uri)
        assert refusal.value.code == -32602


async def test_a_video_in_the_making_has_a_record_but_no_bytes(tmp_path: Path) -> None:
    async with client_before(a_host(statuses=("queued",)), tmp_path) as client:
        started = structured(await client.call_tool("generate_video", {"prompt": "a cat"}))
        uri = f"sora://videos/{started['video_id']}"
        assert (await record(client, uri))["status"] == "queued"
        with pytest.raises(MCPError, match="get_video_status"):
            await client.read_resource(f"{uri}/video.mp4")


@pytest.mark.requirement("CACHE")
async def test_only_what_does_not_move_may_be_kept_by_clients(tmp_path: Path) -> None:
    async with client_before(quick_host(), tmp_path) as client:
        assert (await client.list_tools()).ttl_ms == 300_000
        uri = f"sora://videos/{await made(client)}"
        finished = await client.read_resource(uri)
        assert (finished.ttl_ms, finished.cache_scope) == (60_000, "private")
        assert (await client.read_resource(f"{uri}/video.mp4")).ttl_ms == 60_000
        assert (await client.read_resource("sora://engine")).ttl_ms == 0
    async with client_before(a_host(statuses=("queued",)), tmp_path / "other") as client:
        started = structured(await client.call_tool("generate_video", {"prompt": "a cat"}))
        moving = await client.read_resource(f"sora://videos/{started['video_id']}")
        assert moving.ttl_ms == 0
