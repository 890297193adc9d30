"""What clients load before their first call: the same until we mean to change it, and small."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from tests.harness import app_in
from tests.server.surface import TOOLS, client_of

SNAPSHOTS = Path(__file__).parent / "snapshots"
BUDGET = 16_000


async def definitions(folder: Path, mode: str = "auto") -> list[dict[str, Any]]:
    async with app_in(folder, engine="embedded") as app, client_of(app, mode=mode) as client:
        listed = await client.list_tools()
        return [
            tool.model_dump(mode="json", by_alias=True, exclude_none=True) for tool in listed.tools
        ]


def schemas_within(schema: object) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        yield cast("dict[str, Any]", schema)
        for part in cast("dict[str, Any]", schema).values():
            yield from schemas_within(part)
    elif isinstance(schema, list):
        for part in cast("list[object]", schema):
            yield from schemas_within(part)


async def test_every_tool_definition_is_the_committed_one(tmp_path: Path) -> None:
    """To change them on purpose: delete the file, run this once, and look at the difference."""
    found = await definitions(tmp_path)
    snapshot = SNAPSHOTS / "tools.json"
    if not snapshot.exists():
        snapshot.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")
        pytest.fail(f"{snapshot.name} was missing and has been written: look at it, commit it")
    assert found == json.loads(snapshot.read_text())


@pytest.mark.requirement("TOOLS-LIST")
async def test_both_protocol_eras_see_the_same_ten_tools(tmp_path: Path) -> None:
    modern = await definitions(tmp_path / "modern")
    assert tuple(tool["name"] for tool in modern) == TOOLS
    assert await definitions(tmp_path / "legacy", "legacy") == modern


@pytest.mark.requirement("TOOLS-LIST")
async def test_all_definitions_together_stay_within_the_budget(tmp_path: Path) -> None:
    assert len(json.dumps({"tools": await definitions(tmp_path)})) <= BUDGET


@pytest.mark.requirement("TOOLS-LIST")
async def test_schemas_use_only_what_every_client_understands(tmp_path: Path) -> None:
    for tool in await definitions(tmp_path):
        for schema in (tool["inputSchema"], tool["outputSchema"]):
            assert schema["type"] == "object"
            keywords = {key for part in schemas_within(schema) for key in part}
            assert not keywords & {"$ref", "$defs", "oneOf", "anyOf", "allOf", "not"}, tool["name"]
            assert {"type": "null"} not in list(schemas_within(schema))


@pytest.mark.requirement("TOOLS-LIST")
async def test_every_tool_has_a_title_and_truthful_hints(tmp_path: Path) -> None:
    by_name = {tool["name"]: tool for tool in await definitions(tmp_path)}
    for tool in by_name.values():
        assert tool["title"]
        assert set(tool["annotations"]) == {
            "readOnlyHint",
            "destructiveHint",
            "idempotentHint",
            "openWorldHint",
        }
    reads = {name for name, tool in by_name.items() if tool["annotations"]["readOnlyHint"]}
    assert reads == {"get_video_status", "view_video", "list_videos", "get_engine"}
    destroys = {name for name, tool in by_name.items() if tool["annotations"]["destructiveHint"]}
    assert destroys == {"delete_video"}


@pytest.mark.requirement("TOOLS-LIST")
async def test_every_parameter_is_described_and_free_ones_have_an_example(tmp_path: Path) -> None:
    for tool in await definitions(tmp_path):
        for name, parameter in tool["inputSchema"]["properties"].items():
            description = parameter.get("description", "")
            assert description, (tool["name"], name)
            fixed = "enum" in parameter or parameter["type"] == "boolean"
            assert fixed or "Example: " in description, (tool["name"], name)
