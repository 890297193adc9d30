"""`doctor`: what is wrong, and what to do about it."""

import os
from typing import Any

import pytest

from sora_mcp.cli.outcome import Exit
from tests.cli.terminal import Result, Terminal
from tests.fakes.videos_api import error
from tests.harness import KEY, a_host
from tests.serving import serving


def check(result: Result, name: str) -> dict[str, Any]:
    return next(check for check in result.json["checks"] if check["name"] == name)


async def test_everything_is_well_on_a_fresh_machine_without_configuration(
    terminal: Terminal,
) -> None:
    told = await terminal.run("doctor")
    assert told.code == Exit.OK, told.out
    assert "FAILURE" not in told.out.upper()
    result = await terminal.run("doctor", "--json")
    assert result.json["ok"] is True
    names = [check["name"] for check in result.json["checks"]]
    assert names == [
        "configuration",
        "home folder",
        "library",
        "free space",
        "codecs",
        "ledger",
        "engine",
    ]
    assert "embedded" in check(result, "engine")["found"]


async def test_a_host_that_answers_is_well_and_a_model_it_lacks_is_a_warning(
    terminal: Terminal,
) -> None:
    async with serving(a_host(key=KEY).app()) as url:
        shell = terminal.before(url).with_variables(SORA_MCP_MODEL="no-such-model")
        result = await shell.run("doctor", "--json")
    assert result.code == Exit.OK
    assert check(result, "engine")["state"] == "ok"
    assert check(result, "model")["state"] == "warning"
    assert "fake-1" in check(result, "model")["fix"]


async def test_a_rejected_key_is_a_failure_that_names_the_setting(terminal: Terminal) -> None:
    async with serving(a_host(key="another").app()) as url:
        result = await terminal.before(url).run("doctor", "--json")
    assert result.code == Exit.NOT_CONFIGURED
    assert check(result, "engine")["state"] == "failure"
    assert "SORA_MCP_API_KEY" in check(result, "engine")["fix"]
    assert KEY not in result.out + result.err


async def test_a_host_without_a_list_of_models_is_well(terminal: Terminal) -> None:
    host = a_host()
    host.fail("GET /models", *[error(404, "Not found.")] * 5)
    async with serving(host.app()) as url:
        result = await terminal.before(url).run("doctor", "--json")
    assert check(result, "engine")["state"] == "ok"


@pytest.mark.parametrize(
    ("base_url", "word"),
    [("http://127.0.0.1:9/v1", "cannot be reached"), ("https://api.openai.com/v1", "2026-09-24")],
)
async def test_a_host_that_is_not_there_is_a_failure(
    terminal: Terminal, base_url: str, word: str
) -> None:
    result = await terminal.with_variables(SORA_MCP_BASE_URL=base_url).run("doctor", "--json")
    assert result.code == Exit.NOT_CONFIGURED
    assert word in check(result, "engine")["found"]
    assert "SORA_MCP_BASE_URL" in check(result, "engine")["fix"]


async def test_a_stray_openai_key_and_an_unknown_setting_are_warnings(terminal: Terminal) -> None:
    shell = terminal.with_variables(OPENAI_API_KEY="sk-left-over-0123", SORA_MCP_BASEURL="x")
    result = await shell.run("doctor", "--json")
    assert result.code == Exit.OK
    assert "SORA_MCP_BASE_URL" in check(result, "configuration")["found"]
    assert check(result, "engine")["state"] == "warning"
    assert "sk-left-over" not in result.out + result.err


async def test_a_setting_that_will_not_do_is_a_failure(terminal: Terminal) -> None:
    result = await terminal.with_variables(SORA_MCP_SECONDS="many").run("doctor", "--json")
    assert result.code == Exit.NOT_CONFIGURED
    assert result.json["ok"] is False
    assert "SORA_MCP_SECONDS" in check(result, "configuration")["found"]


async def test_folders_that_cannot_be_used_are_failures(terminal: Terminal) -> None:
    terminal.library.write_text("a file in the way")
    inside = os.fspath(terminal.library / "films")
    result = await terminal.with_variables(SORA_MCP_LIBRARY=inside).run("doctor", "--json")
    assert result.code == Exit.NOT_CONFIGURED
    assert check(result, "library")["state"] == "failure"
    assert "SORA_MCP_LIBRARY" in check(result, "library")["fix"]
    words = await terminal.with_variables(SORA_MCP_LIBRARY=inside).run("doctor")
    assert "failure  library" in words.out
    assert "-> Make it writable" in words.out
