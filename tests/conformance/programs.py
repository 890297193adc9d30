"""The programs of others that judge us: the official conformance suite and the MCP Inspector.

They are no dependencies of this project: `SORA_MCP_TEST_CONFORMANCE` names a folder with
`conformance`, `mcp-inspector` and the `node` that they need; `.ci/conformance` provides one.
"""

import os
from pathlib import Path

import anyio
import pytest

VARIABLE = "SORA_MCP_TEST_CONFORMANCE"

LONGEST = 240
"""Seconds for one run of a program; the suite takes 8 s where nothing else is going on."""

needs_programs = pytest.mark.skipif(
    VARIABLE not in os.environ, reason=f"needs {VARIABLE}, which .ci/conformance provides"
)


async def run(program: str, *arguments: str, cwd: Path) -> str:
    """What a program prints, once it has ended well."""
    folder = os.environ[VARIABLE]
    environment = os.environ | {"PATH": os.pathsep.join([folder, os.environ["PATH"]])}
    with anyio.fail_after(LONGEST):
        done = await anyio.run_process(
            [str(Path(folder) / program), *arguments],
            check=False,
            cwd=cwd,
            env=environment,
        )
    assert done.returncode == 0, (done.stdout + done.stderr).decode()
    return done.stdout.decode()
