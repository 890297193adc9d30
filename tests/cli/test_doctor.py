"""`doctor`: what is wrong, and what to do about it."""

import json
import os
import re
import sys
from typing import Any

import anyio
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import (
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
)
from starlette.routing import Route

from sora_mcp.cli.outcome import Exit
from tests.cli.terminal import Result, Terminal
from tests.fakes.storage import SECRET, Fault, Storage, keeps_half, says
from tests.fakes.videos_api import error
from tests.harness import KEY, a_host
from tests.serving import serving

linux = pytest.mark.skipif(
    sys.platform != "linux", reason="other systems keep these files elsewhere"
)


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


async def test_a_key_that_only_making_videos_wants_is_checked_too(terminal: Terminal) -> None:
    host = a_host()
    host.fail("GET /videos/{id}", error(401, "Incorrect API key provided."))
    async with serving(host.app()) as url:
        result = await terminal.before(url).run("doctor", "--json")
    assert result.code == Exit.NOT_CONFIGURED
    assert "does not accept the key" in check(result, "engine")["found"]


async def test_a_host_that_wants_a_key_where_none_is_set_is_a_failure(terminal: Terminal) -> None:
    async with serving(a_host(key=KEY).app()) as url:
        shell = terminal.with_variables(SORA_MCP_BASE_URL=f"{url}/v1")
        result = await shell.run("doctor", "--json")
    assert "wants a key" in check(result, "engine")["found"]
    assert check(result, "engine")["fix"] == "Set SORA_MCP_API_KEY."


async def test_a_host_without_a_list_of_models_is_well(terminal: Terminal) -> None:
    host = a_host()
    host.fail("GET /models", *[error(404, "Not found.")] * 5)
    async with serving(host.app()) as url:
        result = await terminal.before(url).run("doctor", "--json")
    assert check(result, "engine")["state"] == "ok"


async def nothing_here(request: Request) -> Response:
    return PlainTextResponse("404 page not found", 404)


async def a_page(request: Request) -> Response:
    return HTMLResponse("<html><title>Welcome</title></html>")


async def elsewhere(request: Request) -> Response:
    return RedirectResponse(f"https://other.example{request.url.path}?token=s3cret")


async def elsewhere_with_the_key(request: Request) -> Response:
    key = request.headers["authorization"].split()[-1]
    return RedirectResponse(f"https://other.example/{key}/x")


async def litellm_without_a_database(request: Request) -> Response:
    kind = {"message": "No connected db.", "type": "no_db_connection", "code": "400"}
    return JSONResponse({"error": kind}, 400)


@pytest.mark.parametrize(
    ("answer", "found", "fix"),
    [
        (nothing_here, "answers HTTP 404, “404 page not found”", "Correct SORA_MCP_BASE_URL"),
        (a_page, "answers HTTP 200, “an HTML page titled 'Welcome'”", "Correct SORA_MCP_BASE_URL"),
        (elsewhere, "sends elsewhere (HTTP 307)", "leads to https://other.example/v1; set"),
        (elsewhere_with_the_key, "sends elsewhere (HTTP 307)", "other.example/[redacted]/x; set"),
        (litellm_without_a_database, "does not accept the key (HTTP 400)", "SORA_MCP_API_KEY"),
    ],
)
async def test_a_host_that_is_no_videos_api_is_a_failure_that_says_what_it_answers(
    terminal: Terminal, answer: Any, found: str, fix: str
) -> None:
    async with serving(Starlette(routes=[Route("/{path:path}", answer)])) as url:
        result = await terminal.before(url).run("doctor", "--json")
    assert result.code == Exit.NOT_CONFIGURED
    assert check(result, "engine")["state"] == "failure"
    assert found in check(result, "engine")["found"]
    assert fix in check(result, "engine")["fix"]
    assert "s3cret" not in result.out
    assert KEY not in result.out


async def test_hosts_are_asked_at_once(terminal: Terminal) -> None:
    asked: set[int] = set()
    all_are_asked = anyio.Event()

    def host(number: int) -> Starlette:
        async def video(request: Request) -> Response:
            asked.add(number)
            if len(asked) == 3:
                all_are_asked.set()
            await all_are_asked.wait()
            return JSONResponse({"detail": "No such video"}, 404)

        return Starlette(routes=[Route("/v1/videos/{video_id}", video)])

    async with serving(host(1)) as one, serving(host(2)) as two, serving(host(3)) as three:
        urls = f"{one}/v1 {two}/v1 {three}/v1"
        result = await terminal.with_variables(SORA_MCP_BASE_URL=urls).run("doctor", "--json")
    assert result.code == Exit.OK, result.out
    assert len([check for check in result.json["checks"] if check["name"] == "engine"]) == 3


async def test_a_password_in_a_base_url_is_not_shown(terminal: Terminal) -> None:
    async with serving(a_host().app()) as url:
        urls = " ".join(
            f"{base}/v1".replace("://", "://me:hunter2@") for base in (url, "http://127.0.0.1:9")
        )
        result = await terminal.with_variables(SORA_MCP_BASE_URL=urls).run("doctor")
    assert f"{url}/v1 answers and speaks the dialect" in result.out
    assert "http://127.0.0.1:9/v1 cannot be reached" in result.out
    assert "hunter2" not in result.out + result.err


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


@pytest.mark.parametrize(
    ("name", "value"), [("SORA_MCP_SECONDS", "many"), ("SORA_MCP_DIALECT", "klingon")]
)
async def test_a_setting_that_will_not_do_is_a_failure(
    terminal: Terminal, name: str, value: str
) -> None:
    result = await terminal.with_variables(**{name: value}).run("doctor", "--json")
    assert result.code == Exit.NOT_CONFIGURED
    assert result.json["ok"] is False
    assert name in check(result, "configuration")["found"]


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


def entered(shell: Terminal, place: str, section: str, entry: dict[str, Any]) -> None:
    file = shell.folder / place
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({section: {"sora": entry}}), encoding="utf-8")


@linux
async def test_the_entry_of_a_client_is_started_as_the_client_would(terminal: Terminal) -> None:
    await terminal.run("install", "cursor")
    result = await terminal.run("doctor", "--json")
    assert result.code == Exit.OK
    assert "offers 10 tools" in check(result, "Cursor")["found"]
    clients = {check["name"] for check in result.json["checks"]} & {"Claude Desktop", "VS Code"}
    assert clients == set()


@linux
@pytest.mark.parametrize(
    ("entry", "word"),
    [
        ({"command": "/no/such/python"}, "No such file"),
        ({"command": sys.executable, "args": ["-c", "exit('no module sora')"]}, "no module sora"),
        ({"command": sys.executable, "args": "-m"}, "not what they should be"),
        ({"args": ["-m", "sora_mcp"]}, "does not start"),
    ],
)
async def test_an_entry_that_does_not_start_is_a_failure_with_the_command_that_mends_it(
    terminal: Terminal, entry: dict[str, Any], word: str
) -> None:
    entered(terminal, ".config/Code/User/mcp.json", "servers", entry)
    result = await terminal.run("doctor", "--json")
    assert result.code == Exit.NOT_CONFIGURED
    found = check(result, "VS Code")
    assert (found["state"], word in found["found"]) == ("failure", True), found
    assert "sora-mcp install vscode" in found["fix"]


@linux
async def test_clients_without_an_entry_or_with_a_file_that_is_broken_are_told(
    terminal: Terminal,
) -> None:
    (terminal.folder / ".claude.json").write_text("{ broken")
    (terminal.folder / ".cursor").mkdir()
    (terminal.folder / ".cursor" / "mcp.json").write_text('{"mcpServers": {}}')
    url = "http://127.0.0.1:8000/mcp"
    entered(terminal, ".config/Code/User/mcp.json", "servers", {"type": "http", "url": url})
    result = await terminal.run("doctor", "--json")
    assert result.code == Exit.OK
    assert check(result, "Claude Code")["state"] == "warning"
    assert "sora-mcp install cursor" in check(result, "Cursor")["found"]
    assert url in check(result, "VS Code")["found"]


async def test_a_bucket_that_takes_and_gives_is_well(
    terminal: Terminal, s3: str, place: str, storage: Storage
) -> None:
    shell = terminal.with_variables(SORA_MCP_STORAGE_URL=place)
    result = await shell.run("doctor", "--json")
    assert result.code == Exit.OK, result.out
    assert check(result, "object storage")["state"] == "ok"
    assert "library" not in [check["name"] for check in result.json["checks"]]
    put, *_, removed = storage.asked("/doctor/|POST")
    assert put.startswith("PUT")
    assert removed.startswith(("POST", "DELETE"))


@pytest.mark.parametrize(
    ("fault", "found", "fix"),
    [
        (says(403, "AccessDenied"), "may not do this", "Allow it to list"),
        (says(403, "AccessDenied", only="POST|DELETE"), "may not do this", "Allow it to list"),
        (says(403, "InvalidAccessKeyId"), "not known there", "AWS_ACCESS_KEY_ID"),
        (says(404, "NoSuchBucket"), "no such bucket", "SORA_MCP_STORAGE_URL"),
        (says(507, "Full", only="PUT"), "it is full", "Make room there"),
        (keeps_half("doctor"), "of 64 bytes|error", "log"),
    ],
)
async def test_what_is_wrong_with_a_bucket_is_a_failure_with_what_to_do(
    terminal: Terminal, place: str, storage: Storage, fault: Fault, found: str, fix: str
) -> None:
    storage.fault = fault
    result = await terminal.with_variables(SORA_MCP_STORAGE_URL=place).run("doctor", "--json")
    assert result.code == Exit.NOT_CONFIGURED
    told = check(result, "object storage")
    assert told["state"] == "failure"
    assert re.search(found, told["found"])
    assert fix in told["fix"]
    assert SECRET not in result.out + result.err


async def test_a_server_does_not_start_with_an_address_that_is_no_buckets(
    terminal: Terminal,
) -> None:
    shell = terminal.with_variables(
        SORA_MCP_STORAGE_URL="https://s3.example/bucket?key=do-not-show"
    )
    result = await shell.run("serve", "--transport", "http", "--port", "0")
    assert result.code == Exit.NOT_CONFIGURED
    assert "SORA_MCP_STORAGE_URL must be the address of a bucket" in result.err
    assert "do-not-show" not in result.err
