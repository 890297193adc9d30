"""The end of every job is told at least once, whatever becomes of the receiver or of us."""

import signal
import sqlite3
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import httpx2
import pytest
from anyio.abc import Process
from pydantic import SecretStr

from sora_mcp.app import App, open_app
from sora_mcp.deliveries import WebReceiver
from sora_mcp.store.peek import LEDGER, has_untold_end
from sora_mcp.videos.ports import Receipt
from tests.fakes.receiver import SECRET, FakeReceiver
from tests.fakes.videos_api import error
from tests.harness import KEY, OWNER, a_host, app_in, make, settings_in, small_mp4
from tests.http.served import served
from tests.reliability.faults import SUBMIT
from tests.serving import serving, unused_port

SHARED = {
    "public_url": "https://videos.example.com",
    "secret_keys": SecretStr("k" * 32),
}


@pytest.fixture
async def receiver() -> AsyncGenerator[FakeReceiver]:
    async with FakeReceiver() as receiver:
        yield receiver


def told_at(url: str) -> dict[str, Any]:
    """Settings with which the ends of jobs are told."""
    return {"webhook_url": SecretStr(f"{url}/hook?key=4711"), "webhook_secret": SECRET}


def in_ledger(folder: Path, statement: str, *values: int) -> None:
    with closing(sqlite3.connect(folder / "home" / LEDGER, isolation_level=None)) as ledger:
        ledger.execute(statement, values)


async def all_told(folder: Path) -> None:
    """Wait until nothing is left to be told."""
    with anyio.fail_after(60):
        while await anyio.to_thread.run_sync(has_untold_end, folder / "home" / LEDGER):
            await anyio.lowlevel.checkpoint()


@asynccontextmanager
async def announcing(folder: Path, **settings: Any) -> AsyncGenerator[App]:
    """A server with its worker."""
    async with app_in(folder, **settings) as app, served(app):
        yield app


async def test_every_end_is_told_across_an_outage_of_the_receiver(
    receiver: FakeReceiver, tmp_path: Path
) -> None:
    host = a_host()
    host.fail(SUBMIT, error(400, "Bad size.", "invalid_value"))
    port = unused_port()
    receiver.answers += [500, 307, 404, 500]
    async with (
        serving(host.app()) as url,
        announcing(
            tmp_path,
            base_url=f"{url}/v1",
            api_key=KEY,
            **told_at(f"http://127.0.0.1:{port}"),
        ) as app,
    ):
        videos = await app.videos()
        failed, made = await make(videos, "a dog"), await make(videos)
        async with serving(receiver.app(), port=port):
            messages = {
                message.event["data"]["video_id"]: message for message in await receiver.taken(2)
            }
            await all_told(tmp_path)
        async with httpx2.AsyncClient() as http:
            video = messages[made.id].event["data"]["files"][0]
            content = (await http.get(video["url"])).content
    assert [messages[job.id].event["type"] for job in (failed, made)] == [
        "video.failed",
        "video.completed",
    ]
    assert messages[failed.id].event["data"]["error"]["code"] == "invalid_value"
    assert messages[failed.id].id != messages[made.id].id
    assert made.completed_at is not None
    assert messages[made.id].event["timestamp"][:18] == made.completed_at.isoformat()[:18]
    assert content == small_mp4()
    assert "path" not in video
    assert receiver.paths == {"/hook"}


@asynccontextmanager
async def working(folder: Path, **settings: Any) -> AsyncGenerator[Process]:
    """The real command that follows jobs."""
    environment = {
        f"SORA_MCP_{name.upper()}": value.get_secret_value()
        if isinstance(value, SecretStr)
        else str(value)
        for name, value in {
            "home": folder / "home",
            "library": folder / "library",
            **settings,
        }.items()
    }
    async with await anyio.open_process(
        [sys.executable, "-m", "sora_mcp", "worker"], env=environment, stdout=None, stderr=None
    ) as process:
        try:
            yield process
        finally:
            if process.returncode is None:
                process.kill()


async def test_an_end_that_a_killed_process_did_not_tell_is_told_by_the_next_one(
    receiver: FakeReceiver, tmp_path: Path
) -> None:
    victim: list[Process] = []
    receiver.before_answer = lambda: victim.pop().kill() if victim else None
    async with serving(a_host().app()) as url, serving(receiver.app()) as hook:
        settings = {"base_url": f"{url}/v1", "api_key": KEY, **told_at(hook), **SHARED}
        async with open_app(settings_in(tmp_path, **settings), follow_jobs=False) as app:
            videos = await app.videos()
            job = await videos.start(await videos.plan.generate(OWNER, prompt="a cat"))
        async with working(tmp_path, **settings) as process:
            victim.append(process)
            first = await receiver.next()
            assert await process.wait() == -signal.SIGKILL
        in_ledger(tmp_path, "UPDATE outbox SET run_at = 0")  # as if its lease had ended
        async with announcing(tmp_path, **settings):
            second = await receiver.next()
            await all_told(tmp_path)
    assert first.id == second.id
    assert first.event["data"]["video_id"] == second.event["data"]["video_id"] == job.id
    for message in (first, second):
        link = message.event["data"]["files"][0]["url"]
        assert link.startswith(f"https://videos.example.com/files/{job.id}/video.mp4?expires=")


async def test_a_message_is_signed_with_the_time_that_it_is_given(receiver: FakeReceiver) -> None:
    now = datetime.now(UTC)
    async with serving(receiver.app()) as hook:
        sender = WebReceiver(SecretStr(hook), SECRET)
        receipts = [
            await sender.send(f"msg_{at}", b"{}", at) for at in (now - timedelta(hours=1), now)
        ]
    assert receipts == [Receipt.NOT_NOW, Receipt.TAKEN]


async def test_a_receiver_that_wants_no_more_is_left_alone(
    receiver: FakeReceiver, tmp_path: Path
) -> None:
    receiver.answers += [410]
    async with serving(a_host().app()) as url, serving(receiver.app()) as hook:
        settings = {"base_url": f"{url}/v1", "api_key": KEY, **told_at(hook)}
        async with announcing(tmp_path, **settings) as app:
            await make(await app.videos())
            assert (await receiver.next()).status == 410
            await all_told(tmp_path)
            assert receiver.unread == 0


@pytest.mark.parametrize(("hours", "tries"), [(71, 2), (73, 1)])
async def test_an_end_is_told_for_three_days_and_then_given_up(
    receiver: FakeReceiver, tmp_path: Path, hours: int, tries: int
) -> None:
    ended = await ended_without_being_told(tmp_path)
    in_ledger(tmp_path, "UPDATE outbox SET ended_at = ended_at - ?", hours * 3600 * 1_000_000)
    receiver.answers += [500]
    async with serving(receiver.app()) as hook, announcing(tmp_path, **told_at(hook)):
        messages = [await receiver.next() for _ in range(tries)]
        await all_told(tmp_path)
        assert receiver.unread == 0
    assert {message.event["data"]["video_id"] for message in messages} == {ended}
    assert len({message.id for message in messages}) == 1


async def test_an_end_whose_row_cannot_be_read_holds_up_no_other_and_is_told_later(
    receiver: FakeReceiver, tmp_path: Path
) -> None:
    unreadable = await ended_without_being_told(tmp_path)
    in_ledger(tmp_path, "UPDATE outbox SET job = json_remove(job, '$.prompt')")
    other = await ended_without_being_told(tmp_path)
    async with (
        serving(a_host().app()) as url,
        serving(receiver.app()) as hook,
        announcing(tmp_path, base_url=f"{url}/v1", api_key=KEY, **told_at(hook)) as app,
    ):
        first = await receiver.next()
        readable = "UPDATE outbox SET job = json_set(job, '$.prompt', 'x'), run_at = 0"
        in_ledger(tmp_path, readable)
        await make(await app.videos())
        told = {(await receiver.next()).event["data"]["video_id"] for _ in range(2)}
    assert first.event["data"]["video_id"] == other
    assert unreadable in told


async def ended_without_being_told(folder: Path) -> str:
    """The id of a video that was refused while no surface ran that could tell of it."""
    host = a_host()
    host.fail(SUBMIT, error(400, "Bad size.", "invalid_value"))
    nobody = told_at(f"http://127.0.0.1:{unused_port()}")
    async with serving(host.app()) as url:
        settings = {"base_url": f"{url}/v1", "api_key": KEY}
        async with app_in(folder, **settings, **nobody) as app:
            return (await make(await app.videos())).id
