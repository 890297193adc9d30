"""From a call to a finished video, and everything that can become of it on the way."""

import base64
import hashlib
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Literal

import anyio
import pytest
from mcp.types import ImageContent, ResourceLink

from sora_mcp.app import open_app
from sora_mcp.videos.models import Variant
from tests.fakes.videos_api import error, reset
from tests.harness import KEY, a_host, app_in, settings_in, small_mp4
from tests.server.surface import (
    ERAS,
    client_before,
    client_of,
    made,
    quick_host,
    structured,
    text_of,
    texts_of,
)


@pytest.mark.requirement("VIDEO")
@pytest.mark.parametrize("mode", ERAS)
async def test_a_finished_video_is_shown_with_its_files_and_links_to_them(
    mode: Literal["auto", "legacy"], tmp_path: Path
) -> None:
    host = quick_host()
    async with client_before(host, tmp_path, mode=mode) as client:
        result = await client.call_tool(
            "generate_video", {"prompt": "a cat plays the piano", "seconds": 1, "wait_seconds": 45}
        )
        data = structured(result)
        assert (data["status"], data["progress"], data["operation"]) == (
            "completed",
            100,
            "generate",
        )
        assert data["prompt"] == "a cat plays the piano"
        video = data["files"][0]
        content = Path(video["path"]).read_bytes()
        assert content == small_mp4()
        assert video["bytes"] == len(content)
        assert video["sha256"] == hashlib.sha256(content).hexdigest()
        assert [file["variant"] for file in data["files"]] == ["video", "thumbnail", "spritesheet"]
        assert None not in data.values()
        links = [block for block in result.content if isinstance(block, ResourceLink)]
        assert [link.uri for link in links] == [file["uri"] for file in data["files"]]
        assert (links[0].mime_type, links[0].size) == ("video/mp4", len(content))
        assert links[0].annotations is not None
        assert links[0].annotations.audience == ["user"]
        assert data["video_id"] in text_of(result)
        assert host.accepted == [{"prompt": "a cat plays the piano", "seconds": "1"}]


@pytest.mark.requirement("VIDEO-STARTED")
async def test_a_call_without_wait_answers_once_the_host_has_taken_the_job(tmp_path: Path) -> None:
    host = a_host(statuses=("queued",))
    async with client_before(host, tmp_path) as client:
        result = await client.call_tool("generate_video", {"prompt": "a cat"})
        data = structured(result)
        assert data["status"] == "queued"
        assert "get_video_status" in data["next"]
        assert "files" not in data
        assert len(host.accepted) == 1


@pytest.mark.requirement("PROGRESS")
async def test_progress_is_strictly_increasing_and_ends_at_a_hundred(tmp_path: Path) -> None:
    told: list[tuple[float, float | None, str | None]] = []

    async def note(progress: float, total: float | None, message: str | None) -> None:
        told.append((progress, total, message))

    async with client_before(a_host(), tmp_path) as client:
        started = await client.call_tool("generate_video", {"prompt": "a cat"})
        video_id = structured(started)["video_id"]
        arguments = {"video_id": video_id, "wait_seconds": 40}
        await client.call_tool("get_video_status", arguments, progress_callback=note)
    values = [progress for progress, _, _ in told]
    assert len(values) >= 2
    assert all(later > earlier for earlier, later in pairwise(values))
    assert values[0] >= 0
    assert values[-1] == 100
    assert {total for _, total, _ in told} == {100}
    assert all("s elapsed" in (message or "") for _, _, message in told)


@pytest.mark.requirement("ERROR-REFUSED")
async def test_a_refusal_is_the_calls_own_error_and_carries_the_video(tmp_path: Path) -> None:
    host = quick_host()
    refused = error(400, "Your request was blocked by our moderation system.", "moderation_blocked")
    host.fail("POST /videos", refused)
    async with client_before(host, tmp_path) as client:
        result = await client.call_tool("generate_video", {"prompt": "a cat"})
        data = structured(result)
        assert result.is_error
        assert data["status"] == "failed"
        assert data["error"]["code"] == "moderation_blocked"
        assert data["video_id"] in text_of(result)
        assert "charged" in text_of(result)
        shown = await client.call_tool("get_video_status", {"video_id": data["video_id"]})
        assert not shown.is_error
        assert structured(shown)["status"] == "failed"


@pytest.mark.requirement("ERROR-KEY")
async def test_a_rejected_key_is_a_matter_for_the_operator_and_never_shown(tmp_path: Path) -> None:
    host = quick_host()
    host.key = "another key"
    async with client_before(host, tmp_path) as client:
        result = await client.call_tool("generate_video", {"prompt": "a cat"})
        assert result.is_error
        assert structured(result)["error"]["code"] == "key_rejected"
        assert "before the operator has changed this" in text_of(result)
        assert "Nothing was charged." in text_of(result)
        assert KEY not in "".join(texts_of(result))


@pytest.mark.requirement("ERROR-UNKNOWN-OUTCOME")
async def test_an_unknown_outcome_says_not_to_make_the_video_again(tmp_path: Path) -> None:
    host = quick_host()
    host.fail("POST /videos", reset)
    async with client_before(host, tmp_path) as client:
        result = await client.call_tool("generate_video", {"prompt": "a cat"})
        assert result.is_error
        assert structured(result)["status"] == "unknown"
        assert structured(result)["error"]["charged"] == "unknown"
        assert "Do not call generate_video again; ask the user." in text_of(result)
        assert "It may have been charged." in text_of(result)


async def test_a_client_that_goes_away_while_starting_leaves_a_whole_job(tmp_path: Path) -> None:
    host = a_host(statuses=("queued",))
    async with client_before(host, tmp_path) as client:
        with anyio.CancelScope() as gone:

            async def leave(progress: float, total: float | None, message: str | None) -> None:
                gone.cancel()

            await client.call_tool("generate_video", {"prompt": "a cat"}, progress_callback=leave)
        assert gone.cancelled_caught
        listed = structured(await client.call_tool("list_videos", {"status": "active"}))
        assert [video["prompt"] for video in listed["videos"]] == ["a cat"]


@pytest.mark.requirement("VIDEO-REPEATED")
async def test_a_key_that_is_used_again_returns_the_first_video(tmp_path: Path) -> None:
    host = quick_host()
    async with client_before(host, tmp_path) as client:
        first = await made(client, idempotency_key="scene-1")
        assert await made(client, idempotency_key="scene-1") == first
        other = await client.call_tool(
            "generate_video", {"prompt": "a dog", "idempotency_key": "scene-1"}
        )
        assert other.is_error
        assert first in text_of(other)
        assert len(host.accepted) == 1


@pytest.mark.requirement("VIDEO-PLANNED")
async def test_a_dry_run_sends_nothing_and_has_no_id(tmp_path: Path) -> None:
    host = quick_host()
    async with client_before(host, tmp_path) as client:
        result = await client.call_tool(
            "generate_video", {"prompt": "a cat", "seconds": 4, "dry_run": True}
        )
        data = structured(result)
        assert data["status"] == "planned"
        assert data["request"] == {"prompt": "a cat", "seconds": "4"}
        assert "video_id" not in data
        assert "estimated_cost_usd" not in data
        assert "estimated_cost_usd is unknown" in text_of(result)
        assert host.accepted == []
        assert structured(await client.call_tool("list_videos", {})) == {"videos": []}


@pytest.mark.requirement("DEADLINE")
async def test_a_longer_wait_than_possible_is_cut_and_the_reply_says_so(tmp_path: Path) -> None:
    async with client_before(quick_host(), tmp_path) as client:
        video_id = await made(client)
        arguments = {"video_id": video_id, "wait_seconds": 600}
        assert "cut to 45" in text_of(await client.call_tool("get_video_status", arguments))


@pytest.mark.requirement("VIDEO-MADE-FROM")
async def test_remix_extend_and_join_make_new_videos_of_finished_ones(tmp_path: Path) -> None:
    async with client_before(quick_host(), tmp_path) as client:
        first = await made(client, seconds=1)
        wait = {"wait_seconds": 45}
        remixed = structured(
            await client.call_tool("remix_video", {"video_id": first, "prompt": "at night", **wait})
        )
        extended = structured(
            await client.call_tool(
                "extend_video", {"video_id": first, "prompt": "it bows", "seconds": 4, **wait}
            )
        )
        joined = structured(
            await client.call_tool(
                "join_videos",
                {"video_ids": [first, remixed["video_id"]], "title": "Cats", **wait},
            )
        )
        assert [video["operation"] for video in (remixed, extended, joined)] == [
            "remix",
            "extend",
            "join",
        ]
        assert remixed["source_video_id"] == extended["source_video_id"] == first
        assert joined["status"] == "completed", joined
        assert joined["seconds"] == pytest.approx(2, abs=0.2)


@pytest.mark.requirement("ERROR-NOT-READY")
async def test_a_video_that_is_not_finished_cannot_be_remixed_yet(tmp_path: Path) -> None:
    async with client_before(a_host(statuses=("queued",)), tmp_path) as client:
        started = structured(await client.call_tool("generate_video", {"prompt": "a cat"}))
        result = await client.call_tool(
            "remix_video", {"video_id": started["video_id"], "prompt": "at night"}
        )
        assert result.is_error
        assert "get_video_status" in text_of(result)
        assert structured(result)["video_id"] == started["video_id"]


@pytest.mark.requirement("SHEET")
async def test_a_model_can_look_at_a_clip(tmp_path: Path) -> None:
    async with client_before(quick_host(), tmp_path) as client:
        video_id = await made(client)
        result = await client.call_tool("view_video", {"video_id": video_id, "frames": 4})
        pictures = [block for block in result.content if isinstance(block, ImageContent)]
        assert len(pictures) == 1
        jpeg = base64.b64decode(pictures[0].data)
        assert jpeg.startswith(b"\xff\xd8")
        assert len(jpeg) <= 500_000
        assert pictures[0].mime_type == "image/jpeg"
        assert structured(result)["video_id"] == video_id


@pytest.mark.requirement("FILE")
async def test_a_copy_gets_the_name_that_was_asked_for(tmp_path: Path) -> None:
    async with client_before(quick_host(), tmp_path) as client:
        video_id = await made(client)
        arguments = {"video_id": video_id, "save_as": "cat.mp4"}
        copy = structured(await client.call_tool("download_video", arguments))
        assert copy["video_id"] == video_id
        assert Path(copy["path"]).name == "cat.mp4"
        assert Path(copy["path"]).read_bytes() == small_mp4()
        outside = await client.call_tool(
            "download_video", {"video_id": video_id, "save_as": "../../cat.mp4"}
        )
        assert outside.is_error
        assert str(tmp_path / "library") in text_of(outside)


@pytest.mark.requirement("LIST")
async def test_videos_are_found_by_the_words_of_their_prompts(tmp_path: Path) -> None:
    async with client_before(quick_host(), tmp_path) as client:
        piano = await made(client, "a calico cat plays the piano " + "slowly " * 50)
        await made(client, "a dog")
        found = structured(await client.call_tool("list_videos", {"query": "piano cat"}))["videos"]
        assert [video["video_id"] for video in found] == [piano]
        assert len(found[0]["prompt"]) == 120
        assert Path(found[0]["path"]).exists()
        page = structured(await client.call_tool("list_videos", {"limit": 1}))
        rest = structured(await client.call_tool("list_videos", {"after": page["next_after"]}))
        assert [video["video_id"] for video in rest["videos"]] == [piano]


@pytest.mark.requirement("LIST")
async def test_a_list_can_wait_until_an_active_video_changes(tmp_path: Path) -> None:
    async with client_before(a_host(statuses=("queued", "completed")), tmp_path) as client:
        await client.call_tool("generate_video", {"prompt": "a cat"})
        statuses: Sequence[str] = ["queued"]
        with anyio.fail_after(60):
            while "completed" not in statuses:
                listed = await client.call_tool("list_videos", {"wait_seconds": 40})
                statuses = [video["status"] for video in structured(listed)["videos"]]


@pytest.mark.requirement("DELETED")
async def test_a_deleted_video_is_gone_with_its_files(tmp_path: Path) -> None:
    async with client_before(quick_host(), tmp_path) as client:
        kept, gone = await made(client, "kept"), await made(client, "gone")

        async def path_of(video_id: str) -> Path:
            shown = await client.call_tool("get_video_status", {"video_id": video_id})
            return Path(structured(shown)["files"][0]["path"])

        kept_path, gone_path = await path_of(kept), await path_of(gone)
        result = await client.call_tool("delete_video", {"video_id": gone})
        assert structured(result) == {"video_id": gone, "deleted": True, "files_kept": False}
        assert not gone_path.exists()
        await client.call_tool("delete_video", {"video_id": kept, "keep_files": True})
        assert kept_path.exists()
        missing = await client.call_tool("get_video_status", {"video_id": gone})
        assert missing.is_error
        assert "list_videos" in text_of(missing)


@pytest.mark.requirement("ENGINE")
async def test_the_engine_tells_what_it_can_do(tmp_path: Path) -> None:
    async with client_before(quick_host(), tmp_path) as client:
        data = structured(await client.call_tool("get_engine", {}))
        assert data["models"] == ["fake-1"]
        assert set(data["operations"]) >= {"remix", "extend"}
        assert data["spent_today_usd"] == 0
        assert data["library"] == str(tmp_path / "library")


@pytest.mark.requirement("VIDEO-PATH")
async def test_paths_are_shown_only_where_they_are_shared(tmp_path: Path) -> None:
    def link(video_id: str, variant: Variant) -> str:
        return f"https://example.org/{video_id}/{variant.file_name}"

    async with client_before(quick_host(), tmp_path, share_paths=False, link=link) as client:
        video_id = await made(client)
        shown = await client.call_tool("get_video_status", {"video_id": video_id})
        video = structured(shown)["files"][0]
        assert "path" not in video
        assert video["url"] == f"https://example.org/{video_id}/video.mp4"
        assert str(tmp_path) not in "".join(texts_of(shown))


async def test_what_the_user_should_know_comes_with_the_first_result_only(tmp_path: Path) -> None:
    note = "OpenAI switched its service off."
    settings = settings_in(tmp_path, engine="embedded")
    async with open_app(settings, first_notes=(note,)) as app, client_of(app) as client:
        assert note in texts_of(await client.call_tool("get_engine", {}))
        assert note not in texts_of(await client.call_tool("get_engine", {}))


@pytest.mark.requirement("PREVIEW")
async def test_embedded_results_call_themselves_a_preview(tmp_path: Path) -> None:
    async with app_in(tmp_path, engine="embedded") as app, client_of(app) as client:
        result = await client.call_tool("get_engine", {})
        says = "local preview, not AI video; set a base URL for real generation"
        assert says in text_of(result)
        assert structured(result)["models"] == ["preview-animatic"]
