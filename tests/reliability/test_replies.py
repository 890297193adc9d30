"""A client that gives up on a call and repeats it does not pay twice."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import anyio
import pytest
from mcp import Client
from starlette.requests import Request
from starlette.responses import Response

from tests.fakes.videos_api import FakeHost
from tests.harness import a_host
from tests.http.served import WAYS, client_at, served_before
from tests.reliability.faults import SUBMIT
from tests.server.surface import ERAS, client_before, structured, texts_of

CALL = {"prompt": "a cat", "size": "64x64", "seconds": 1}


class SlowHost:
    """Takes the first submission at once and answers it when it may."""

    def __init__(self) -> None:
        self.host: FakeHost = a_host()
        self.taken = anyio.Event()
        self.may_answer = anyio.Event()
        self.host.fail(SUBMIT, self._take)

    async def _take(
        self, request: Request, carry_out: Callable[[], Awaitable[Response]]
    ) -> Response:
        response = await carry_out()
        self.taken.set()
        await self.may_answer.wait()
        return response


async def give_up_once_taken(client: Client, slow: SlowHost) -> None:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(client.call_tool, "generate_video", CALL)
        await slow.taken.wait()
        tasks.cancel_scope.cancel()


async def video_of(client: Client, **changes: object) -> str:
    result = await client.call_tool("generate_video", {**CALL, **changes, "wait_seconds": 45})
    return structured(result)["video_id"]


@pytest.mark.parametrize("mode", ERAS)
async def test_the_same_call_after_a_lost_answer_gets_the_first_video(
    mode: str, tmp_path: Path
) -> None:
    slow = SlowHost()
    async with client_before(slow.host, tmp_path, mode=mode) as client:
        await give_up_once_taken(client, slow)
        slow.may_answer.set()
        repeated = await client.call_tool("generate_video", {**CALL, "wait_seconds": 45})
        assert structured(repeated)["status"] == "completed"
        assert "nothing new was started" in " ".join(texts_of(repeated))
        assert len(slow.host.accepted) == 1
        assert await video_of(client) != structured(repeated)["video_id"]
        assert len(slow.host.accepted) == 2


@pytest.mark.parametrize("way", WAYS)
async def test_a_client_that_disconnects_finds_its_video_when_it_comes_back(
    way: str, tmp_path: Path
) -> None:
    slow = SlowHost()
    async with served_before(slow.host, tmp_path) as url:
        async with client_at(url, way) as client:
            await give_up_once_taken(client, slow)
        slow.may_answer.set()
        async with client_at(url, way) as client:
            await video_of(client)
    assert len(slow.host.accepted) == 1


async def test_another_call_after_a_lost_answer_makes_another_video(tmp_path: Path) -> None:
    slow = SlowHost()
    async with client_before(slow.host, tmp_path) as client:
        await give_up_once_taken(client, slow)
        slow.may_answer.set()
        await video_of(client, prompt="a dog")
    assert [fields["prompt"] for fields in slow.host.accepted] == ["a cat", "a dog"]


async def test_two_deliberate_identical_calls_make_two_videos(tmp_path: Path) -> None:
    host = a_host()
    async with client_before(host, tmp_path) as client:
        assert await video_of(client) != await video_of(client)
    assert len(host.accepted) == 2
