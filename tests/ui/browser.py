"""The player in a real browser: a chat built on the official bridge, driven by a script for Node.

`SORA_MCP_TEST_BROWSER` names a Chromium; `.ci/browser` provides one, with what npm has to give.
"""

import json
import os
import subprocess
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest

from tests.fakes.videos_api import FakeHost
from tests.harness import KEY
from tests.server.processes import http_server
from tests.serving import serving

VARIABLE = "SORA_MCP_TEST_BROWSER"
LONGEST = 240
"""Seconds that a scenario may take."""

needs_browser = pytest.mark.skipif(
    VARIABLE not in os.environ, reason=f"needs {VARIABLE}, which .ci/browser provides"
)


@asynccontextmanager
async def server_before(host: FakeHost, folder: Path) -> AsyncGenerator[str]:
    """The same in front of a fake host."""
    async with (
        serving(host.app()) as url,
        http_server(
            folder,
            SORA_MCP_ENGINE="auto",
            SORA_MCP_BASE_URL=f"{url}/v1",
            SORA_MCP_API_KEY=KEY,
            SORA_MCP_MIN_SUBMIT_INTERVAL="0",
        ) as own,
    ):
        yield own


async def played(
    scenario: str, url: str, *, tool: str = "generate_video", era: str = "auto", **how: Any
) -> dict[str, Any]:
    """What was seen of a scenario in `host/scenarios.mjs`; `arguments` are those of the call."""
    asked = {
        "scenario": scenario,
        "server": url,
        "chromium": os.environ[VARIABLE],
        "tool": tool,
        "era": era,
        **how,
    }
    script = Path(__file__).parent / "host" / "run.mjs"
    with anyio.fail_after(LONGEST):
        done = await anyio.run_process(
            ["node", str(script), json.dumps(asked)], check=False, stderr=subprocess.STDOUT
        )
    assert done.returncode == 0, done.stdout.decode()
    return json.loads(done.stdout)
