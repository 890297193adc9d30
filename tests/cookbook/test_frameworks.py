"""Agent frameworks as MCP clients: the cookbook's examples, with a scripted model in each.

The frameworks are no dependencies of this project. `SORA_MCP_TEST_FRAMEWORKS` names a folder with
an environment for each; `.ci/frameworks FOLDER` makes it.
"""

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.cookbook.examples import EXAMPLES, put, run, small
from tests.harness import a_host, app_in
from tests.http.served import served
from tests.serving import serving

VARIABLE = "SORA_MCP_TEST_FRAMEWORKS"
DRIVERS = Path(__file__).parent / "frameworks"
TASK = "A calico cat plays a piano"

pytestmark = pytest.mark.skipif(
    not os.environ.get(VARIABLE), reason=f"{VARIABLE} names no folder of environments"
)


async def driven(
    folder: Path,
    example: str,
    changes: Mapping[str, str] | None = None,
    *,
    wait: float = 25,
    looks: int = 9,
    variables: Mapping[str, str] | None = None,
) -> str:
    """What an example's agent says at the end, or what its failure looks like."""
    name = put(folder, example, changes).stem
    python = Path(os.environ[VARIABLE]) / name / "bin" / "python"
    ours = {"PYTHONPATH": str(folder), "OPENAI_AGENTS_DISABLE_TRACING": "1"}
    env = small(folder, **(ours | dict(variables or {})))
    command = [python, DRIVERS / f"drive_{example}", name, TASK, str(wait), str(looks)]
    done = await run(*command, env=env, folder=folder)
    return done.printed or done.said


def the_clip(folder: Path) -> Path:
    """The one clip in the library."""
    (clip,) = (folder / "library").glob("*.mp4")
    return clip


@pytest.mark.parametrize("example", ["openai_agents.py", "pydantic_agent.py"])
async def test_an_agent_makes_a_video_with_a_server_of_its_own(
    example: str, tmp_path: Path
) -> None:
    said = await driven(tmp_path, example)
    assert str(the_clip(tmp_path)) in said
    assert "completed" in said


async def test_an_agent_makes_a_video_with_a_server_that_runs_already(tmp_path: Path) -> None:
    async with app_in(tmp_path, size="256x256", seconds=1) as app, served(app) as url:
        changes = {"127.0.0.1:8000": url.removeprefix("http://")}
        said = await driven(tmp_path, "langchain_agent.py", changes)
        assert str(the_clip(tmp_path)) in said
        assert "completed" in said


LONG = 7
"""Seconds of waiting: more than a client grants that gives up after five."""


def without(example: str, setting: str) -> dict[str, str]:
    """The change that leaves a setting at the framework's default."""
    lines = (EXAMPLES / example).read_text(encoding="utf-8").splitlines(keepends=True)
    (line,) = [line for line in lines if setting in line]
    return {line: ""}


async def test_the_agents_sdk_gives_up_on_a_long_wait_unless_the_example_sets_its_limit(
    tmp_path: Path,
) -> None:
    example = "openai_agents.py"
    async with serving(a_host(statuses=("in_progress",)).app()) as url:
        host = {"SORA_MCP_ENGINE": "auto", "SORA_MCP_BASE_URL": f"{url}/v1"}

        async def waited(changes: Mapping[str, str]) -> str:
            return await driven(tmp_path, example, changes, wait=LONG, looks=1, variables=host)

        assert "in_progress" in await waited({})
        impatient = await waited(without(example, "client_session_timeout_seconds"))
    assert impatient == "An error occurred while running the tool. Please try again."


async def test_langchain_waits_long_without_any_setting(tmp_path: Path) -> None:
    async with (
        serving(a_host(statuses=("in_progress",)).app()) as url,
        app_in(tmp_path, base_url=f"{url}/v1") as app,
        served(app) as own_url,
    ):
        changes = {"127.0.0.1:8000": own_url.removeprefix("http://")}
        said = await driven(tmp_path, "langchain_agent.py", changes, wait=LONG, looks=1)
    assert "in_progress" in said


async def test_pydantic_ai_gives_up_on_a_slow_start_unless_the_example_sets_its_limit(
    tmp_path: Path,
) -> None:
    example = "pydantic_agent.py"
    slow = tmp_path / "slow"
    slow.mkdir()
    program = slow / "sora-mcp"
    program.write_text(
        f'#!/bin/sh\nsleep {LONG}\nPATH=$REST exec sora-mcp "$@"\n', encoding="utf-8"
    )
    program.chmod(0o755)
    rest = small(tmp_path)["PATH"]
    variables = {"PATH": f"{slow}{os.pathsep}{rest}", "REST": rest}
    patient = await driven(tmp_path, example, variables=variables)
    assert "completed" in patient
    impatient = await driven(
        tmp_path, example, without(example, "init_timeout"), variables=variables
    )
    assert "failed to connect" in impatient
