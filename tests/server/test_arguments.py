"""What callers get wrong is refused in plain words, before anything is sent."""

from pathlib import Path
from typing import Any

import pytest

from tests.harness import a_host
from tests.server.surface import client_before, structured, text_of

BAD: list[tuple[str, dict[str, Any], str]] = [
    ("generate_video", {"prompt": "a cat", "duration": 12}, "did you mean `seconds`?"),
    ("generate_video", {"prompt": "a cat", "aspect_ratio": "16:9"}, "did you mean `size`?"),
    ("generate_video", {"prompt": "a cat", "image": "a.png"}, "did you mean `input_reference`?"),
    ("generate_video", {"prompt": "a cat", "seed": 7}, "did you mean `options`?"),
    ("generate_video", {"text": "a cat"}, "did you mean `prompt`?"),
    ("get_video_status", {"id": "vid_aaaaaaaaaa"}, "did you mean `video_id`?"),
    ("get_video_status", {"videoId": "vid_aaaaaaaaaa"}, "did you mean `video_id`?"),
    ("list_videos", {"serach": "cat"}, "unknown `serach`"),
    ("get_engine", {"verbose": True}, "get_engine takes no arguments"),
    ("generate_video", {}, "needs `prompt`"),
    ("generate_video", {"prompt": None}, "needs `prompt`"),
    ("remix_video", {}, "needs `video_id` and `prompt`"),
    ("generate_video", {"prompt": ["a cat"]}, "`prompt` must be text, not a list"),
    ("generate_video", {"prompt": "a cat", "seconds": "four"}, '`seconds` must be a number, not "'),
    ("generate_video", {"prompt": "a cat", "seconds": True}, "must be a number, not true"),
    ("generate_video", {"prompt": "a cat", "seconds": 10**400}, "`seconds` must be a number"),
    ("generate_video", {"prompt": "a cat", "options": [1]}, "`options` must be an object"),
    ("generate_video", {"prompt": "a cat", "dry_run": "maybe"}, "must be true or false"),
    ("generate_video", {"prompt": "a cat", "reference_fit": "crop"}, "cover, contain, stretch"),
    ("generate_video", {"prompt": "a cat", "wait_seconds": -1}, "wait_seconds is -1"),
    ("generate_video", {"prompt": "  "}, "prompt is empty"),
    ("generate_video", {"prompt": "x" * 32_001}, "32,001 characters"),
    ("generate_video", {"prompt": "a cat", "size": "banana"}, "1280x720"),
    ("generate_video", {"prompt": "a cat", "seconds": -1}, "seconds is -1"),
    ("view_video", {"video_id": "vid_aaaaaaaaaa", "frames": 2.5}, "must be a whole number"),
    ("generate_video", {"prompt": "a cat", "model": "m" * 20_001}, "longer than 20,000"),
    ("generate_video", {"prompt": "a cat", "options": {"a": "m" * 20_001}}, "longer than 20,000"),
    ("get_video_status", {"video_id": "vid_aaaaaaaaaa"}, "list_videos"),
    ("download_video", {"video_id": "vid_aaaaaaaaaa", "variant": "gif"}, "video, thumbnail"),
    ("join_videos", {"video_ids": ["vid_aaaaaaaaaa"]}, "2 to 20"),
    ("join_videos", {"video_ids": [1, 2]}, "`video_ids` must be a list of texts"),
    ("list_videos", {"status": "running"}, "active, completed, failed, all"),
    ("list_videos", {"limit": 0}, "1 to 100"),
    ("list_videos", {"after": "../etc"}, "next_after"),
]


@pytest.mark.requirement("ERROR-ARGUMENT")
@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_wrong_call_is_a_tool_error_that_says_what_to_do(mode: str, tmp_path: Path) -> None:
    host = a_host()
    async with client_before(host, tmp_path, mode=mode) as client:
        for tool, arguments, says in BAD:
            result = await client.call_tool(tool, arguments)
            text = text_of(result)
            assert result.is_error, (tool, arguments)
            assert says in text, (tool, arguments, text)
            assert "Nothing was charged." in text
            assert "pydantic" not in text
            assert "Error executing tool" not in text
        assert host.accepted == []
        assert not (await client.call_tool("list_videos", {})).is_error


@pytest.mark.requirement("ERROR-UNKNOWN-TOOL")
async def test_an_unknown_tool_is_an_error_and_nothing_else_happens(tmp_path: Path) -> None:
    host = a_host()
    async with client_before(host, tmp_path) as client:
        result = await client.call_tool("make_movie", {"prompt": "a cat"})
        assert result.is_error
        assert "Unknown tool: make_movie" in text_of(result)


ACCEPTED: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"seconds": "4"}, {"seconds": "4"}),
    ({"seconds": 4.0}, {"seconds": "4"}),
    ({"options": '{"seed": 7}', "dry_run": "true"}, {}),
    ({"model": None, "seconds": None}, {}),
    ({"size": "64x64"}, {"size": "64x64"}),
]


@pytest.mark.parametrize(("given", "sent"), ACCEPTED)
async def test_what_is_unambiguous_is_taken(
    given: dict[str, Any], sent: dict[str, Any], tmp_path: Path
) -> None:
    async with client_before(a_host(), tmp_path) as client:
        result = await client.call_tool(
            "generate_video", {"prompt": "a cat", "dry_run": True, **given}
        )
        request = structured(result)["request"]
        assert {name: request[name] for name in sent} == sent
        assert set(request) >= {"prompt"}


async def test_a_text_that_looks_like_json_stays_a_text(tmp_path: Path) -> None:
    async with client_before(a_host(), tmp_path) as client:
        for prompt in ("[1, 2]", "null", '{"shot": "wide"}'):
            result = await client.call_tool("generate_video", {"prompt": prompt, "dry_run": True})
            assert structured(result)["prompt"] == prompt
        listed = await client.call_tool("list_videos", {"query": "null"})
        assert structured(listed) == {"videos": []}
