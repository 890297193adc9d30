"""The .mcpb bundle: what it asks, and that it starts on a machine that has only uv."""

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import anyio
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client

from sora_mcp.settings import Settings, load_settings
from tests.packaging.newcomer import LONGEST, ROOT, environment, run
from tests.server.surface import structured

OFFICIAL = os.environ.get("SORA_MCP_TEST_MCPB", "")
MANIFEST: dict[str, Any] = json.loads(
    (ROOT / "packaging" / "mcpb" / "manifest.json").read_text(encoding="utf-8")
)
SERVER: dict[str, Any] = MANIFEST["server"]["mcp_config"]

needs_official_tool = pytest.mark.skipif(
    not OFFICIAL,
    reason="needs the npm package @anthropic-ai/mcpb, its program in SORA_MCP_TEST_MCPB",
)


def pack(target: Path) -> Path:
    run(sys.executable, ROOT / "scripts" / "bundle.py", target, cwd=target.parent)
    return target


def answered(text: str, folder: Path, answers: dict[str, str]) -> str:
    """What a host makes of a text of the manifest; what has no answer stays as it is."""
    known = {"__dirname": str(folder)} | {f"user_config.{k}": v for k, v in answers.items()}
    return re.sub(r"\$\{([^}]+)\}", lambda found: known.get(found[1], found[0]), text)


def started(folder: Path, home: Path, answers: dict[str, str]) -> StdioServerParameters:
    """How a host starts the bundle that it has unpacked here."""
    variables = {name: answered(value, folder, answers) for name, value in SERVER["env"].items()}
    return StdioServerParameters(
        command=SERVER["command"],
        args=[answered(word, folder, answers) for word in SERVER["args"]],
        env=environment(home, **variables),
        cwd=home,
    )


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundle")
    with ZipFile(pack(folder / "sora-mcp.mcpb")) as archive:
        archive.extractall(folder / "unpacked")
    return folder / "unpacked"


@needs_official_tool
def test_the_official_tool_accepts_the_manifest_and_unpacks_the_bundle(
    unpacked: Path, tmp_path: Path
) -> None:
    run(OFFICIAL, "validate", ROOT / "packaging" / "mcpb" / "manifest.json", cwd=tmp_path)
    run(OFFICIAL, "unpack", pack(tmp_path / "sora-mcp.mcpb"), tmp_path / "theirs", cwd=tmp_path)
    theirs = {
        path.relative_to(tmp_path / "theirs"): path.read_bytes()
        for path in (tmp_path / "theirs").rglob("*")
        if path.is_file()
    }
    assert theirs
    assert theirs == {name: (unpacked / name).read_bytes() for name in theirs}


def test_the_same_sources_give_the_same_bytes(tmp_path: Path) -> None:
    first, second = pack(tmp_path / "first.mcpb"), pack(tmp_path / "second.mcpb")
    assert first.read_bytes() == second.read_bytes()


def test_what_only_development_needs_is_not_looked_up_at_the_start(unpacked: Path) -> None:
    ours = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    theirs = tomllib.loads((unpacked / "pyproject.toml").read_text(encoding="utf-8"))
    assert ours.pop("dependency-groups")
    assert theirs == ours


def test_the_script_wants_to_know_where_to(tmp_path: Path) -> None:
    script = [sys.executable, str(ROOT / "scripts" / "bundle.py")]
    done = subprocess.run(script, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "usage: bundle.py FILE.mcpb\n")
    assert list(tmp_path.iterdir()) == []


def test_every_question_is_about_a_setting_and_keys_are_kept_secret() -> None:
    asked = MANIFEST["user_config"]
    assert SERVER["env"] == {f"SORA_MCP_{k.upper()}": f"${{user_config.{k}}}" for k in asked}
    assert asked.keys() <= Settings.model_fields.keys()
    assert [name for name in asked if asked[name].get("sensitive")] == ["api_key"]
    assert not any(question["required"] for question in asked.values())


def test_questions_that_nobody_answered_leave_the_settings_as_they_are(tmp_path: Path) -> None:
    home = {"SORA_MCP_HOME": str(tmp_path)}
    assert load_settings(SERVER["env"] | home) == load_settings(home)


async def test_the_bundle_serves_its_tools_without_any_answer(
    unpacked: Path, tmp_path: Path
) -> None:
    server = started(unpacked, tmp_path / "newcomer", {})
    with anyio.fail_after(LONGEST):
        async with Client(stdio_client(server)) as client:
            tools = (await client.list_tools()).tools
            engine = structured(await client.call_tool("get_engine", {}))
    told = {tool["name"]: tool["description"] for tool in MANIFEST["tools"]}
    assert {tool.name: tool.description for tool in tools} == told
    assert len(told) == 10
    assert engine["name"] == "embedded"


async def test_the_bundle_does_what_was_answered(unpacked: Path, tmp_path: Path) -> None:
    answers = {"library": str(tmp_path / "films"), "daily_budget_usd": "2.5"}
    server = started(unpacked, tmp_path / "newcomer", answers)
    with anyio.fail_after(LONGEST):
        async with Client(stdio_client(server)) as client:
            engine = structured(await client.call_tool("get_engine", {}))
    assert engine["library"] == answers["library"]
    assert engine["budget_left_usd"] == 2.5
