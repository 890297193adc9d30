"""No call takes longer than its deadline, and clients that wait hear something."""

import anyio
import pytest

from sora_mcp.server.deadline import Deadline, TookTooLong
from sora_mcp.server.progress import every
from sora_mcp.videos.errors import InvalidRequest, VideoNotFound


@pytest.mark.requirement("DEADLINE")
async def test_the_deadline_is_twenty_seconds_more_than_the_wait_up_to_forty_five() -> None:
    # The clock runs on: what is left is a little less than at the start, never more.
    for wait, whole in ((0, 20), (10, 30), (25, 45), (45, 45), (600, 45)):
        assert whole - 5 < Deadline(wait).left <= whole
    assert Deadline(45).note is None
    assert Deadline(46).note == "wait_seconds was cut to 45."
    with pytest.raises(InvalidRequest, match="wait_seconds is -1"):
        Deadline(-1)


async def test_work_beyond_the_deadline_is_cut_short_with_an_error_of_ours(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sora_mcp.server.deadline.SUBMISSION", 0.01)
    with anyio.fail_after(60), pytest.raises(TookTooLong), Deadline(0).limit():
        await anyio.sleep_forever()


async def test_something_is_told_now_and_again_until_the_block_ends() -> None:
    enough = anyio.Event()
    told: list[int] = []

    async def tell() -> None:
        told.append(len(told))
        if len(told) == 3:
            enough.set()

    with anyio.fail_after(60):
        async with every(0.01, tell):
            assert told == [0]
            await enough.wait()


async def test_an_error_in_the_block_comes_out_as_it_is() -> None:
    async def tell() -> None: ...

    with anyio.fail_after(60), pytest.raises(VideoNotFound, match="gone"):
        async with every(1, tell):
            raise VideoNotFound("gone")
