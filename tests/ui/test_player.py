"""The player in a chat: what people see and can do, in a real browser, against the real server."""

import struct
from pathlib import Path
from typing import Any

import pytest

from sora_mcp.server.resources import LONGEST_RANGE
from tests.fakes.videos_api import FakeHost
from tests.harness import a_host, small_mp4
from tests.media.clips import make_clip
from tests.server.processes import http_server
from tests.server.surface import ERAS
from tests.ui.browser import needs_browser, played, server_before

pytestmark = needs_browser

SMALL = {"size": "320x256", "seconds": 1}
CAT = {"prompt": "A calico cat playing a piano on stage", **SMALL}


def padded(mp4: bytes, size: int) -> bytes:
    """The same film in a larger file: players pass over a box of the type `free`."""
    rest = size - len(mp4)
    return mp4 + struct.pack(">I4s", rest, b"free") + bytes(rest - 8)


def calls(seen: dict[str, Any], tool: str) -> list[dict[str, Any]]:
    return [call["arguments"] for call in seen["seen"]["calls"] if call["name"] == tool]


@pytest.mark.parametrize("era", ERAS)
async def test_a_video_plays_seeks_gets_sound_and_is_remixed(era: str, tmp_path: Path) -> None:
    async with http_server(tmp_path) as url:
        seen = await played(
            "remix", url, era=era, arguments=CAT | {"seconds": 2}, change="The same at night"
        )
    assert seen["complaints"] == []
    first = seen["first"]
    assert first["era"] == {"auto": "modern", "legacy": "legacy"}[era]
    (film,) = first["films"]
    assert (film["muted"], film["controls"]) == (True, True)
    assert (film["width"], film["height"]) == (320, 256)
    assert film["duration"] == pytest.approx(2, abs=0.1)
    assert film["at"] == pytest.approx(1, abs=0.1)
    assert (first["state"], first["prompt"]) == ("Ready", CAT["prompt"])
    assert first["facts"][0:2] == ["320×256", "2 s"]
    assert first["facts"][2].endswith(" KB")
    assert first["facts"][3:] == ["no cost", "preview-animatic"]
    assert first["buttons"] == ["Remix", "Extend", "Download", "Open"]
    assert first["preview"]
    assert Path(first["place"]).is_relative_to(tmp_path / "library")
    assert seen["muted"] is False

    (asked,) = calls(seen, "remix_video")
    assert asked["prompt"] == "The same at night"
    assert asked["idempotency_key"]
    assert seen["before"]["tags"] == ["Before", "After"]
    both = seen["both"]
    assert len(both["films"]) == 2
    assert [film["duration"] for film in both["films"]] == pytest.approx([2, 2], abs=0.1)
    assert both["films"][0]["length"] != both["films"][1]["length"]
    assert both["prompt"] == "The same at night"
    assert (both["strip"], both["posters"]) == (["Original", "Remix"], 2)
    assert seen["focus"]
    assert (len(seen["again"]["films"]), seen["again"]["prompt"]) == (1, CAT["prompt"])
    (told,) = seen["seen"]["contexts"]
    assert asked["video_id"] in told["content"][0]["text"]


async def test_progress_is_the_jobs_own_and_ends_with_the_player(tmp_path: Path) -> None:
    host = a_host(statuses=("completed",))
    async with server_before(host, tmp_path) as url:
        await played("film", url, arguments={"prompt": "a cat", "seconds": 1})
        host.statuses = ("queued", *["in_progress"] * 400, "completed")
        seen = await played("running", url, arguments={"prompt": "a cat", "seconds": 1})
    assert seen["complaints"] == []
    early, late = seen["early"], seen["late"]
    assert 0 < early["now"] < late["now"] < 100
    for look in (early, late):
        assert (look["percent"], look["drawn"]) == (f"{look['now']} %", f"{look['now']}%")
        assert look["doing"] == "Rendering"
        assert look["elapsed"].endswith(" elapsed")
        assert look["expected"].startswith("usually about 0:")
    assert seen["live"] == f"Rendering, {late['now'] // 25 * 25} percent"
    assert seen["buttons"] == []
    assert seen["afterwards"] == 0


async def test_a_failed_job_says_why_and_is_only_tried_again_by_the_chat(tmp_path: Path) -> None:
    async with http_server(tmp_path) as url:
        seen = await played("failure", url, arguments=CAT | {"prompt": "gore"})
    assert seen["complaints"] == []
    first = seen["first"]
    assert (first["state"], first["buttons"]) == ("Failed", ["Try again"])
    assert "blocked by our moderation system." in first["reason"]
    assert "charged." in first["reason"]
    assert first["live"].startswith("Failed. ")
    assert seen["notice"] == "Asked in the chat."
    (message,) = seen["seen"]["messages"]
    assert "Please change what was wrong" in message["content"][0]["text"]
    assert {call["name"] for call in seen["seen"]["calls"]} <= {"get_video_status"}


async def test_where_the_chat_takes_no_messages_the_words_are_shown(tmp_path: Path) -> None:
    async with http_server(tmp_path) as url:
        seen = await played("failure", url, arguments=CAT | {"size": "10x10"}, without=["message"])
    assert seen["complaints"] == []
    assert "10x10" in seen["first"]["reason"]
    assert seen["notice"] == "Say this in the chat:"
    assert seen["say"] == "Please try again to make the video that I asked for."
    assert (seen["seen"]["messages"], seen["seen"]["calls"]) == ([], [])


async def test_any_form_of_a_result_will_do(tmp_path: Path) -> None:
    async with http_server(tmp_path) as url:
        for handed in ("structured", "content", "sentence"):
            seen = await played("film", url, arguments=CAT, handed=handed)
            assert seen["complaints"] == [], handed
            assert (len(seen["films"]), seen["prompt"]) == (1, CAT["prompt"]), handed


async def test_a_large_video_comes_in_pieces_and_from_memory_where_the_chat_allows_it(
    tmp_path: Path,
) -> None:
    clip = make_clip(
        tmp_path / "noise.mp4", width=1280, height=720, frames=20, noise=True, rate=None, qp="4"
    )
    host = FakeHost(mp4=clip.read_bytes())
    assert 20_000_000 < len(host.mp4) < 60_000_000
    async with server_before(host, tmp_path) as url:
        data = await played("film", url, arguments={"prompt": "noise"})
        blob = await played("film", url, arguments={"prompt": "noise"}, policy="blobs")
    for seen, source in ((data, "data"), (blob, "blob")):
        assert seen["complaints"] == []
        (film,) = seen["films"]
        assert (film["source"], film["width"]) == (source, 1280)
        assert film["duration"] == pytest.approx(20 / 24, abs=0.05)
        ranges = {uri for uri in seen["seen"]["reads"] if "?offset=" in uri}
        assert len(ranges) == -(-len(host.mp4) // LONGEST_RANGE)


async def test_a_video_too_large_for_a_chat_is_a_poster_and_a_link(tmp_path: Path) -> None:
    host = FakeHost(mp4=padded(small_mp4(), 65 * 1024 * 1024))
    async with server_before(host, tmp_path) as url:
        seen = await played("tooLarge", url, arguments={"prompt": "a cat"})
    assert seen["complaints"] == []
    assert seen["poster"] == 1
    assert "68.2 MB: too much to play in a chat." in seen["notice"]
    assert Path(seen["place"]).stat().st_size == 65 * 1024 * 1024
    assert not [uri for uri in seen["seen"]["reads"] if "video.mp4" in uri]


async def test_a_public_link_is_played_where_the_policy_lets_it(
    tmp_path: Path, free_tcp_port: int
) -> None:
    public = f"http://127.0.0.1:{free_tcp_port}"
    async with http_server(tmp_path, port=free_tcp_port, SORA_MCP_PUBLIC_URL=public) as url:
        linked = await played("film", url, arguments=CAT, policy="domains")
        barred = await played("film", url, arguments=CAT, policy="default")
    assert linked["complaints"] == barred["complaints"] == []
    assert linked["films"][0]["start"].startswith(f"{public}/files/vid_")
    assert linked["place"].startswith(f"{public}/files/vid_")
    assert barred["films"][0]["source"] == "data"


async def test_text_from_outside_stays_text(tmp_path: Path) -> None:
    prompt = '<img src=x onerror="window.owned=1"><script>window.owned=1</script> & </h1>'
    async with http_server(tmp_path) as url:
        seen = await played("hostile", url, arguments=CAT | {"prompt": prompt})
    assert seen["complaints"] == []
    assert (seen["prompt"], seen["elements"], seen["owned"]) == (prompt, 0, False)


async def test_the_chat_saves_and_opens_the_video(tmp_path: Path) -> None:
    async with http_server(tmp_path) as url:
        seen = await played("handedOver", url, arguments=CAT)
    assert seen["complaints"] == []
    assert seen["notices"] == ["", ""]
    ((content,),) = seen["seen"]["downloads"]
    assert content["resource"]["mimeType"] == "video/mp4"
    (link,) = seen["seen"]["links"]
    assert "/files/vid_" in link
    assert seen["pasted"] == seen["place"]


async def test_a_chat_that_can_neither_save_nor_open_is_told_where_the_file_is(
    tmp_path: Path,
) -> None:
    async with http_server(tmp_path) as url:
        seen = await played("handedOver", url, arguments=CAT, without=["downloadFile", "openLinks"])
    assert seen["complaints"] == []
    save, opened = seen["notices"]
    assert save.startswith("This chat cannot save files. The video is already saved")
    assert opened.startswith("This chat cannot open files.")


async def test_what_was_joined_is_a_strip_of_posters(tmp_path: Path) -> None:
    async with http_server(tmp_path) as url:
        first = await played("film", url, arguments=CAT)
        second = await played("film", url, arguments=CAT | {"prompt": "A dog"})
        ids = [calls(seen, "get_video_status")[0]["video_id"] for seen in (first, second)]
        joined = await played(
            "strip", url, tool="join_videos", arguments={"video_ids": ids, "title": "Both"}
        )
        viewed = await played("film", url, tool="view_video", arguments={"video_id": ids[1]})
    assert joined["complaints"] == viewed["complaints"] == []
    assert (joined["strip"], joined["posters"]) == (["Clip 1", "Clip 2", "Joined"], 3)
    assert joined["films"][0]["duration"] == pytest.approx(2, abs=0.2)
    assert len(joined["films"]) == 1
    assert viewed["prompt"] == "A dog"


async def test_a_remix_by_the_model_is_shown_beside_what_it_was_made_from(tmp_path: Path) -> None:
    async with http_server(tmp_path) as url:
        first = await played("film", url, arguments=CAT)
        source = calls(first, "get_video_status")[0]["video_id"]
        seen = await played(
            "strip",
            url,
            tool="remix_video",
            arguments={"video_id": source, "prompt": "At night"},
            handed="sentence",
        )
    assert seen["complaints"] == []
    assert (seen["strip"], seen["tags"]) == (["Original", "Remix"], ["Before", "After"])
    assert len(seen["films"]) == 2


async def test_it_fits_its_place_in_both_themes_and_names_everything(tmp_path: Path) -> None:
    async with http_server(tmp_path) as url:
        seen = await played("looks", url, arguments=CAT, widths=[320, 720, 1280])
    assert seen["complaints"] == []
    colours = {
        "light": ["rgb(255, 255, 255)", "rgb(24, 24, 27)"],
        "dark": ["rgb(28, 28, 32)", "rgb(244, 244, 245)"],
    }
    assert len(seen["found"]) == 6
    for one in seen["found"]:
        look = one["look"]
        assert look["width"] == look["scrollWidth"] == one["width"]
        assert look["scrollHeight"] - 1 < look["height"] <= look["scrollHeight"]
        assert look["colours"] == colours[one["theme"]]
    for said in (
        'main "Video player"',
        f'heading "{CAT["prompt"]}" [level=1]',
        'button "Turn sound on"',
        'button "Remix"',
        'button "Copy the path"',
        "status: Video ready",
    ):
        assert said in seen["tree"], seen["tree"]
