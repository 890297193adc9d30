"""Every command of README.md and docs/ runs as it is written, on a machine where nothing is set."""

import os
import re
import shlex
import signal
import subprocess
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import httpx2
import pytest
from anyio.streams.text import TextReceiveStream
from mcp import Client

from tests.engines.hosts import KINDS
from tests.fakes.hosts.openrouter import OpenRouterHost
from tests.harness import KEY
from tests.packaging.commands import (
    FOREIGN,
    Block,
    blocks,
    foreign,
    is_ours,
    lines_elsewhere,
    sets_variables,
    start_of_server,
)
from tests.packaging.newcomer import LONGEST, ROOT, environment, run, tools_of
from tests.serving import serving

BLOCKS = list(blocks())
CLONE = "/absolute/path/to/sora-mcp"
SMALL = {"SORA_MCP_SIZE": "256x256", "SORA_MCP_SECONDS": "1"}
"""For commands that do not say what they want."""

HOSTS = {
    "https://openrouter.ai/api/v1": KINDS["openrouter"],
    "http://127.0.0.1:8091/v1": KINDS["vllm-omni"],
}
KEPT_APART = {"google/veo-3.1-fast": OpenRouterHost.model}
"""The fake of OpenRouter has two of its models."""

ASKS_WHO_IT_IS = re.compile("SORA_MCP_(AUTH|OAUTH)_")
GOES_ON = re.compile(r"sora-mcp (serve|engine|worker)\b")


def test_every_command_is_run_or_known_as_other_peoples() -> None:
    unknown = [
        f"{block}: {command}"
        for block in BLOCKS
        for command in block.commands
        if not (is_ours(command) or sets_variables(command) or foreign(command))
    ]
    assert unknown == []


def test_every_reason_for_not_running_a_command_is_needed() -> None:
    commands = [command for block in BLOCKS for command in block.commands]
    assert FOREIGN.keys() - {foreign(command) for command in commands} == set()


def test_commands_stand_only_in_blocks_that_are_marked_as_such() -> None:
    hidden = r"\s*(\$ |uv |uvx |sora-mcp |pip |npx |claude |codex |docker |export )"
    assert [told for told in lines_elsewhere() if re.match(hidden, told[1])] == []


@pytest.fixture
def newcomer(tmp_path: Path) -> dict[str, str]:
    """The variables of somebody in a clone of this project, who has its environment and keys."""
    clone = {"UV_PROJECT": str(ROOT), "UV_NO_SYNC": "1"}
    keys = {"OPENROUTER_API_KEY": KEY, "OPENAI_WEBHOOK_SECRET": f"whsec_{'c2VjcmV0' * 4}"}
    return environment(tmp_path / "home", **clone, **keys, **SMALL)


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A folder that looks like the clone, for commands that write where they are."""
    folder = tmp_path / "clone"
    folder.mkdir()
    for name in ("scripts", "docs"):
        (folder / name).symlink_to(ROOT / name)
    return folder


@pytest.mark.skipif(os.name != "posix", reason="needs a POSIX shell")
@pytest.mark.parametrize(
    "block", [block for block in BLOCKS if any(map(is_ours, block.commands))], ids=str
)
async def test_our_commands_run(
    block: Block, newcomer: dict[str, str], clone: Path, request: pytest.FixtureRequest
) -> None:
    if any(command.startswith("uvx ") for command in block.commands):
        newcomer |= request.getfixturevalue("published")
    async with hosts_of(block) as replaced:
        said: list[str] = []
        for command in block.commands:
            here = command
            for theirs, ours in replaced.items():
                here = here.replace(theirs, ours)
            if sets_variables(here):
                said.append(here)
            elif is_ours(here):
                await ends_well("\n".join(["set -e", *said, as_here(here)]), clone, newcomer)


def as_here(command: str) -> str:
    """A command with a port that is free, and with `uv tool run`, which is everywhere."""
    command = re.sub(r"--port \d+", "--port 0", command)
    return re.sub(r"^uvx ", "uv tool run ", command)


@asynccontextmanager
async def hosts_of(block: Block) -> AsyncGenerator[dict[str, str]]:
    """The words of a block that name a host, with those that name its fake here."""
    for address, kind in HOSTS.items():
        if address in block.text:
            host = kind.host()
            host.key = KEY if "API_KEY" in block.text else None
            async with serving(host.app()) as url:
                yield {address: url + host.base_path, **KEPT_APART}
            return
    yield {}


async def ends_well(script: str, folder: Path, env: dict[str, str]) -> None:
    """Run a script to its end, or what goes on until it serves; then stop it as a person does."""
    if not GOES_ON.search(script.splitlines()[-1]):
        await anyio.to_thread.run_sync(lambda: run("bash", "-c", script, cwd=folder, env=env))
        return
    with anyio.fail_after(LONGEST):
        async with await anyio.open_process(
            ["bash", "-c", script],
            cwd=folder,
            env=env,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        ) as process:
            assert process.stderr is not None
            said, served = "", None
            async for part in TextReceiveStream(process.stderr):
                said += part
                if served := re.search(r"^(Serving|Following).*\n", said, re.MULTILINE):
                    break
            assert served, said
            if url := re.search(r"http://\S+/mcp", served[0]):
                if ASKS_WHO_IT_IS.search(script):
                    async with httpx2.AsyncClient() as stranger:
                        assert (await stranger.post(url[0], json={})).status_code == 401
                else:
                    async with Client(url[0]) as client:
                        assert len((await client.list_tools()).tools) == 10
            os.killpg(process.pid, signal.SIGINT)
            assert await process.wait() in (0, 130)


@pytest.mark.parametrize(
    "command",
    sorted({c for b in BLOCKS for c in b.commands if foreign(c) and start_of_server(c)}),
)
async def test_what_other_programs_are_told_to_start_serves_tools(
    command: str, newcomer: dict[str, str], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    start = start_of_server(command)
    assert start is not None
    if start.startswith("uvx "):
        newcomer |= request.getfixturevalue("published")
    words = shlex.split(as_here(start.replace(CLONE, str(ROOT))))
    assert len(await tools_of(words, newcomer, tmp_path)) == 10
