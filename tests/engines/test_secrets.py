"""A host that repeats the key in its words: what becomes of them never shows it."""

import base64
import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from sora_mcp.named_engines import NamedEngine
from tests.engines.hosts import ended
from tests.fakes import videos_api as fake
from tests.harness import a_host
from tests.reliability.faults import FETCH, LOOK, SUBMIT
from tests.server.surface import client_before, structured

KEY = "correct/horse+battery.staple"
"""Of no form that gives itself away, and changed by every kind of escaping."""
OTHERS_KEY = "the-key-of-another-engine"

BASIC = base64.b64encode(f"me:{KEY}".encode()).decode()
ESCAPED = json.dumps({"headers": {"authorization": KEY}}).replace("/", "\\/")
DONE = {"id": "video_0001", "status": "completed"}
FAILED = {"id": "video_0001", "status": "failed"}


def left_in(folder: Path) -> bytes:
    """All that is on the disk: the ledger, and files of whatever kind."""
    return b"".join(file.read_bytes() for file in folder.rglob("*") if file.is_file())


def parts_in(told: bytes) -> list[str]:
    """What there is of the keys in something."""
    spelled = (KEY, quote(KEY, safe=""), KEY[:12], KEY[-12:], OTHERS_KEY, BASIC[8:])
    return [part for part in spelled if part.encode() in told]


REPEATS = [
    (SUBMIT, fake.error(401, f"Incorrect API key provided: {KEY}. Look."), "provided: [redacted]"),
    (SUBMIT, fake.error(400, f"x{KEY}", f"code-{KEY}"), "x[redacted]"),
    (SUBMIT, fake.answer(400, {"detail": f"Headers\nAuthorization: Bearer {KEY}"}), "Headers Auth"),
    (SUBMIT, fake.answer(422, {"detail": [{"msg": ESCAPED}]}), "[redacted]"),
    (SUBMIT, fake.answer(413, f"<html><title>Hi {KEY}</title></html>"), "an HTML page"),
    (SUBMIT, fake.answer(400, {"echo": KEY}), "echo"),
    (SUBMIT, fake.error(403, f"{OTHERS_KEY} is nobody's"), "[redacted] is nobody's"),
    # Cut after 500 characters, in the middle of the key.
    (SUBMIT, fake.error(400, "no " * 160 + KEY * 2), "no no no"),
    (LOOK, fake.answer(200, FAILED | {"error": f"GET /x?a={quote(KEY, safe='')}&b"}), "GET /x"),
    (LOOK, fake.answer(500, FAILED | {"error": {"message": f"{KEY[:9]}\n{KEY[9:]} end"}}), "] end"),
    (LOOK, fake.answer(200, DONE | {"notes": [f"Made for {KEY}"]}), "Made for [redacted]"),
    (LOOK, fake.answer(200, FAILED | {"error": {"message": f"Basic {BASIC} end"}}), "end"),
    (LOOK, fake.answer(200, FAILED | {"model": f"m {KEY}", "size": KEY}), "failed"),
    (FETCH, fake.error(410, f"No file for {KEY}."), "No file for [redacted]"),
]
"""Where a host repeats the key, how, and what is still told of it."""


async def test_a_key_that_a_host_repeats_reaches_neither_agent_nor_log_nor_disk(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    host = a_host()
    other = NamedEngine.model_validate(
        {"name": "other", "base_url": "http://127.0.0.1:9/v1", "api_key": OTHERS_KEY}
    )
    settings: dict[str, Any] = {"api_key": KEY, "engines_file": (other,)}
    async with client_before(host, tmp_path, settings=settings) as client:
        for route, fault, says in REPEATS:
            # A file that is gone is asked for five times.
            host.fail(route, *[fault] * (5 if route == FETCH else 1))
            told = await client.call_tool("generate_video", {"prompt": "a cat"})
            while structured(told)["status"] in ("queued", "in_progress"):
                again = {"video_id": structured(told)["video_id"], "wait_seconds": 45}
                told = await client.call_tool("get_video_status", again)
            assert says in str(told)
            assert parts_in(str(told).encode()) == []
        listed = await client.call_tool("list_videos", {"limit": 100})
    assert parts_in(f"{listed} {caplog.text} {capfd.readouterr()}".encode()) == []
    assert parts_in(left_in(tmp_path)) == []


async def test_what_a_host_calls_its_models_is_short_and_does_not_show_the_key(
    tmp_path: Path,
) -> None:
    names = ["fake-1", f"m {KEY}", "x" * 100_000, "\x1b[31m", *(f"{n:0100}" for n in range(999))]
    host = a_host()
    host.fail("GET /models", fake.answer(200, {"data": [{"id": name} for name in names]}))
    async with client_before(host, tmp_path, settings={"api_key": KEY}) as client:
        told = await client.call_tool("get_engine")
    assert structured(told)["models"][0] == "fake-1"
    assert parts_in(str(told).encode()) == []
    assert len(json.dumps(structured(told))) < 20_000


async def test_names_of_models_that_all_hold_the_key_are_said_to_be_left_out(
    tmp_path: Path,
) -> None:
    host = a_host()
    host.fail("GET /models", fake.answer(200, {"data": [{"id": KEY}]}))
    async with client_before(host, tmp_path, settings={"api_key": KEY}) as client:
        told = await client.call_tool("get_engine")
    assert "names of its models cannot be shown" in str(told)
    assert parts_in(str(told).encode()) == []


async def test_a_host_that_answers_with_the_video_itself_does_not_show_the_key_either(
    tmp_path: Path,
) -> None:
    host = a_host()
    host.fail(SUBMIT, fake.answer(200, {"status": "failed", "error": f"{KEY} has no GPU"}))
    settings: dict[str, Any] = {"api_key": KEY, "dialect": "dynamo", "model": "fake-1"}
    async with client_before(host, tmp_path, settings=settings) as client:
        data = await ended(client, "generate_video", prompt="a cat", size="1280x720", seconds=4)
        left = left_in(tmp_path)
    assert data["error"]["message"] == "[redacted] has no GPU"
    assert parts_in(left) == []
