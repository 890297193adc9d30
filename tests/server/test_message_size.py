"""No message is larger than a mebibyte, whatever is asked for."""

from pathlib import Path
from typing import Any

import pytest
from mcp import Client, MCPError
from mcp.types import EmptyResult, Request

from sora_mcp.server.build import build_server
from sora_mcp.server.limits import LARGEST_BLOB, LARGEST_MESSAGE
from tests.fakes.videos_api import FakeHost
from tests.harness import app_in, small_mp4
from tests.http.served import served_before
from tests.http.wire import message_in, wire
from tests.server.surface import client_before, no_link, quick_host

UNLIMITED: dict[str, Any] = {"max_read_bytes": 100_000_000}


def mp4_of(size: int) -> bytes:
    """A real clip, made longer by a box that players skip."""
    clip = small_mp4()
    padding = size - len(clip)
    return clip + padding.to_bytes(4) + b"free" + bytes(padding - 8)


@pytest.mark.requirement("MESSAGE-SIZE")
@pytest.mark.parametrize("more", [0, 1])
async def test_a_whole_read_stays_below_it_whatever_the_setting(more: int, tmp_path: Path) -> None:
    host = FakeHost(mp4=mp4_of(LARGEST_BLOB + more), statuses=("completed",))
    async with served_before(host, tmp_path, **UNLIMITED) as url, wire(f"{url}/mcp") as client:
        done = await client.tool("generate_video", prompt="a cat", wait_seconds=40)
        uri = done["structuredContent"]["files"][0]["uri"]
        response = await client.post("resources/read", {"uri": uri})
        assert len(response.content) <= LARGEST_MESSAGE
        message = message_in(response)
        if more:
            assert "Read it in ranges" in message["error"]["message"]
        else:
            assert len(message["result"]["contents"][0]["blob"]) == LARGEST_BLOB // 3 * 4


@pytest.mark.requirement("MESSAGE-SIZE")
@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("tools/call", {"name": "x" * LARGEST_MESSAGE, "arguments": {}}),
        ("prompts/get", {"name": "storyboard", "arguments": {"story": "x" * LARGEST_MESSAGE}}),
        ("resources/read", {"uri": "sora://" + "x" * LARGEST_MESSAGE}),
        (
            "subscriptions/listen",
            {"notifications": {"resourceSubscriptions": ["x" * LARGEST_MESSAGE]}},
        ),
    ],
)
async def test_a_request_that_a_message_would_repeat_is_refused(
    method: str, params: dict[str, Any], tmp_path: Path
) -> None:
    async with client_before(quick_host(), tmp_path) as client:
        request = Request[Any, Any](method=method, params=params)
        with pytest.raises(MCPError, match="too large"):
            await client.session.send_request(request, EmptyResult)


async def test_a_first_frame_in_a_call_may_be_larger(tmp_path: Path) -> None:
    async with client_before(quick_host(), tmp_path) as client:
        reference = "data:image/png;base64," + "A" * LARGEST_MESSAGE
        result = await client.call_tool(
            "generate_video", {"prompt": "a cat", "input_reference": reference}
        )
        assert result.is_error


@pytest.mark.requirement("MESSAGE-SIZE")
async def test_an_answer_that_would_be_larger_is_an_error_instead(tmp_path: Path) -> None:
    async with app_in(tmp_path, engine="embedded") as app:
        server = build_server(app, share_paths=True, link=no_link)
        server.resource("test://large", name="large")(lambda: "x" * LARGEST_MESSAGE)
        async with Client(server) as client:
            with pytest.raises(MCPError, match="ask for less"):
                await client.read_resource("test://large")
