"""Every fault of the table ends as promised, seen through the tools."""

from pathlib import Path
from typing import Any

import pytest
from mcp import Client

from tests.harness import a_host, small_mp4
from tests.reliability.faults import CASES, SUBMIT, Case, table
from tests.server.surface import client_before, structured, texts_of

PATHS = {SUBMIT: ("POST", "/v1/videos")}


async def outcome(client: Client) -> tuple[dict[str, Any], str]:
    """The final structured content and text of a video asked for with wait_seconds=0."""
    result = await client.call_tool("generate_video", {"prompt": "a cat"})
    data = structured(result)
    while data["status"] in ("queued", "in_progress"):
        arguments = {"video_id": data["video_id"], "wait_seconds": 20}
        result = await client.call_tool("get_video_status", arguments)
        data = structured(result)
    return data, " ".join(texts_of(result))


@pytest.mark.requirement("ERROR-ENDS")
@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
async def test_a_fault_ends_as_promised(case: Case, tmp_path: Path) -> None:
    host = a_host(**case.host)
    for route, faults in case.faults.items():
        host.fail(route, *faults)
    async with client_before(host, tmp_path) as client:
        data, text = await outcome(client)
    assert data["status"] == case.status, text
    assert case.says in text
    assert data["video_id"] in text
    assert len(host.accepted) == case.accepted
    assert host.requests.count(PATHS[SUBMIT]) == case.posts
    error: dict[str, Any] = data.get("error") or {}
    if case.code is not None:
        assert error.get("code") == case.code
    if case.charged is not None:
        assert error.get("charged") == case.charged
    assert "sk-test" not in text
    finals = [file for file in (tmp_path / "library").rglob("*.mp4") if file.name[0] != "."]
    expected = [small_mp4()] if case.status == "completed" and not error else []
    assert [file.read_bytes() for file in finals] == expected


def test_the_page_on_reliability_shows_every_fault_as_it_is_tested() -> None:
    page = Path(__file__).parents[2] / "docs" / "reliability.md"
    assert page.read_text(encoding="utf-8").endswith("\n" + table())
