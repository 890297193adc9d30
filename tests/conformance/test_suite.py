"""The official conformance suite, at both revisions of the protocol that it knows."""

import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.conformance.programs import needs_programs, run
from tests.server.processes import environment, http_server, serving_process, sora_mcp

pytestmark = needs_programs

REVISIONS = ("2026-07-28", "2025-11-25")


@asynccontextmanager
async def everything_server(folder: Path) -> AsyncGenerator[str]:
    """Our server with all that the suite looks for; gives its MCP address."""
    variables = environment(folder)
    process = await sora_mcp("--port", "0", env=variables, module="tests.conformance.server")
    async with serving_process(process) as url:
        yield url


async def judged(url: str, folder: Path, *options: str) -> str:
    return await run("conformance", "server", "--url", url, *options, "-o", "out", cwd=folder)


@pytest.mark.requirement("SUITE")
@pytest.mark.parametrize("revision", REVISIONS)
async def test_the_server_meets_all_requirements_but_those_on_things_it_does_not_offer(
    revision: str, tmp_path: Path
) -> None:
    baseline = Path(__file__).parent / f"baseline-{revision}.yml"
    async with http_server(tmp_path) as url:
        options = ["--requirements", revision, "--expected-failures", str(baseline)]
        await judged(url, tmp_path, *options)


@pytest.mark.requirement("SUITE")
@pytest.mark.parametrize("revision", REVISIONS)
async def test_with_all_that_is_looked_for_it_meets_every_requirement(
    revision: str, tmp_path: Path
) -> None:
    async with everything_server(tmp_path) as url:
        said = await judged(url, tmp_path, "--requirements", revision)
    # What a revision does not score, such as extensions, is run, too, and no exit code tells of it.
    assert re.search(r"Total: \d+ passed, 0 failed", said), said
    assert len(re.findall(r"✓ tasks-", said)) == (2 * 10 if revision == "2026-07-28" else 0), said
