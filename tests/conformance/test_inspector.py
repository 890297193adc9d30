"""The MCP Inspector, as a client of both protocol eras and a judge of schemas."""

import json
import sys
from pathlib import Path

import pytest

from tests.conformance.programs import needs_programs, run
from tests.server.processes import environment, http_server

pytestmark = needs_programs


async def test_every_schema_is_portable(tmp_path: Path) -> None:
    variables = [
        f"{name}={value}" for name, value in environment(tmp_path).items() if "SORA_MCP" in name
    ]
    options = [word for variable in variables for word in ("-e", variable)]
    command = [sys.executable, "-m", "sora_mcp"]
    listing = ["--method", "tools/list", "--strict"]
    said = await run("mcp-inspector", "--cli", *options, *command, *listing, cwd=tmp_path)
    assert len(json.loads(said)["tools"]) == 10


@pytest.mark.parametrize("era", ["modern", "legacy"])
async def test_a_video_is_made_in_each_era(era: str, tmp_path: Path) -> None:
    async with http_server(tmp_path) as url:
        call = "--method tools/call --tool-name generate_video --tool-arg prompt=cat"
        call += " size=256x256 seconds=1 wait_seconds=40"
        options = ["--cli", url, "--protocol-era", era, *call.split()]
        said = await run("mcp-inspector", *options, cwd=tmp_path)
    assert json.loads(said)["structuredContent"]["status"] == "completed"
