"""Commands that go on until they are stopped, and what they show on a terminal."""

import json
import re
from collections.abc import Awaitable, Callable

import anyio
import httpx2
import pytest
from openai import AsyncOpenAI
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sora_mcp.cli.outcome import Exit
from tests.cli.terminal import END_OF_INPUT, Running, Terminal, on_a_terminal
from tests.harness import a_host
from tests.serving import serving

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105  # of tests


async def url_of(command: Running) -> str:
    text = await command.wait_for("/")
    while not (found := re.search(r"http://[\d.:]+/\w+\n", text)):
        text = await command.more()
    return found[0].strip()


async def test_the_http_server_tells_its_address_and_stops_quietly(terminal: Terminal) -> None:
    async with terminal.started("serve", "--transport", "http", "--port", "0") as command:
        url = await url_of(command)
        assert url.endswith("/mcp")
        async with httpx2.AsyncClient() as client:
            health = await client.get(url.replace("/mcp", "/healthz"))
        assert health.status_code == 200
        await command.wait_for("host names 127.0.0.1, localhost, [::1];")
        command.press_ctrl_c()
        result = await command.ended()
    assert result.out == ""
    assert "Traceback" not in result.err


async def test_a_public_name_without_a_token_is_told_aloud(terminal: Terminal) -> None:
    public = terminal.with_variables(SORA_MCP_PUBLIC_URL="https://videos.example.com")
    async with public.started("serve", "--transport", "http", "--port", "0") as command:
        await command.wait_for("it asks for no token")
    guarded = public.with_variables(SORA_MCP_AUTH_TOKEN="t" * 32)
    async with guarded.started("serve", "--transport", "http", "--port", "0") as command:
        await command.wait_for("host names")
        command.press_ctrl_c()
        assert "no token" not in (await command.ended()).err


async def test_an_address_for_others_needs_access_control(terminal: Terminal) -> None:
    result = await terminal.run("serve", "--transport", "http", "--host", "0.0.0.0")  # noqa: S104  # what is refused
    assert result.code == Exit.NOT_CONFIGURED
    assert "SORA_MCP_AUTH_TOKEN" in result.err


@pytest.mark.parametrize("command", [["serve", "--transport", "http"], ["engine"]])
async def test_a_port_that_is_taken_ends_with_code_3(
    terminal: Terminal, command: list[str]
) -> None:
    async with serving(a_host().app()) as url:
        port = url.rpartition(":")[2]
        result = await terminal.run(*command, "--port", port)
    assert result.code == Exit.NOT_CONFIGURED
    assert port in result.err


async def test_the_embedded_engine_serves_any_client_of_the_videos_api(
    terminal: Terminal,
) -> None:
    async with terminal.started("engine", "--port", "0") as command:
        url = await url_of(command)
        async with AsyncOpenAI(base_url=url, api_key="any") as client:
            models = await client.models.list()
        assert [model.id for model in models.data] == ["preview-animatic"]
        async with httpx2.AsyncClient() as browser:
            page = await browser.get(f"{url}/models", headers={"Origin": "https://evil.example"})
        assert page.status_code == 403
        command.press_ctrl_c()
        result = await command.ended()
    assert "Traceback" not in result.err


async def test_a_worker_follows_the_jobs_that_others_left(terminal: Terminal) -> None:
    host = a_host(statuses=("queued", "completed"))
    fetched = anyio.Event()

    async def notice(_: Request, carry_out: Callable[[], Awaitable[Response]]) -> Response:
        fetched.set()
        return await carry_out()

    async with serving(host.app()) as url:
        shell = terminal.before(url)
        left = await shell.run("generate", "A cat", "--timeout", "0", "--json")
        assert left.code == Exit.TIMED_OUT
        host.fail("GET /videos/{id}/content", notice)
        async with shell.started("worker") as worker:
            await worker.wait_for("Following jobs")
            await fetched.wait()
            worker.press_ctrl_c()
            stopped = await worker.ended()
    assert (stopped.code, stopped.out) == (Exit.INTERRUPTED, "")
    assert "Traceback" not in stopped.err


async def test_on_a_narrow_terminal_progress_is_one_line_that_is_drawn_again(
    terminal: Terminal,
) -> None:
    host = a_host(statuses=("queued", "in_progress", "completed"))
    async with serving(host.app()) as url:
        shown = await on_a_terminal(terminal.before(url), "generate", "A cat", columns=40)
    bar, _, rest = shown.partition("\r\n")
    drawn = bar.split("\r")[1:]
    assert len(drawn) >= 4
    assert all(len(line) <= 39 for line in drawn)
    assert any(re.match(r"rendering \[#+-+\]  50 % \d:\d\d", line) for line in drawn)
    assert "is finished" in rest


async def test_the_time_that_others_like_it_took_is_told_with_the_time_that_has_passed(
    terminal: Terminal,
) -> None:
    host = a_host(statuses=("queued", "in_progress", "completed"))
    async with serving(host.app()) as url:
        shell = terminal.before(url)
        first = await shell.run("generate", "A cat")
        plain = await shell.run("generate", "A dog")
        shown = await on_a_terminal(shell, "generate", "A boat", columns=40)
    assert "expected" not in first.err
    assert re.search(r"rendering 50 % \(\d:\d\d elapsed, about \d:\d\d expected\)", plain.err)
    drawn = shown.partition("\r\n")[0].split("\r")[1:]
    assert any(re.match(r"rendering \[#+-+\]  50 % \d:\d\d of ~\d:\d\d", line) for line in drawn)
    assert all(len(line) <= 39 for line in drawn)


async def test_a_person_who_starts_the_server_is_told_what_it_waits_for(
    terminal: Terminal,
) -> None:
    shown = await on_a_terminal(terminal, typed=END_OF_INPUT)
    assert "waits for an MCP client" in shown
    assert "sora-mcp --help" in shown


async def test_the_embedded_engine_tells_a_receiver_of_the_videos_that_it_has_made(
    terminal: Terminal,
) -> None:
    calls, calls_seen = anyio.create_memory_object_stream[tuple[Headers, bytes]](8)
    answers = iter([500, 200, 204])

    async def receive(request: Request) -> Response:
        await calls.send((request.headers, await request.body()))
        return Response(status_code=next(answers))

    app = Starlette(routes=[Route("/hook/4711", receive, methods=["POST"])])
    async with (
        calls,
        calls_seen,
        serving(app) as receiver,
        terminal.started(
            *("engine", "--port", "0", "--webhook-url", f"{receiver}/hook/4711"),
            *("--webhook-secret", SECRET),
        ) as command,
    ):
        url = await url_of(command)
        async with httpx2.AsyncClient() as http, AsyncOpenAI(api_key="any") as sdk:
            small = {"size": "256x256", "seconds": "1"}
            made = await http.post(f"{url}/videos", json={"prompt": "a kite", **small})
            with anyio.fail_after(60):
                told = [await calls_seen.receive() for _ in range(2)]
            refused = await http.post(f"{url}/videos", json={"prompt": "torture", **small})
            with anyio.fail_after(60):
                told.append(await calls_seen.receive())
            for headers, body in told:
                sdk.webhooks.verify_signature(body, headers, secret=SECRET)
        events = [json.loads(body) for _, body in told]
        assert events[0] == events[1]
        assert told[0][0]["webhook-id"] == told[1][0]["webhook-id"] == events[0]["id"]
        assert [(event["type"], event["data"]) for event in events[1:]] == [
            ("video.completed", {"id": made.json()["id"]}),
            ("video.failed", {"id": refused.json()["id"]}),
        ]
        command.press_ctrl_c()
        shown = (await command.ended()).err
    assert SECRET not in shown
    assert "4711" not in shown


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--webhook-url", "https://example.com/hook"], "openssl rand"),
        (["--webhook-secret", "whsec_do-not-show"], "openssl rand"),
        (["--webhook-url", "http://example.com/hook", "--webhook-secret", SECRET], "https://"),
        (["--webhook-url", "https://a:b@example.com/", "--webhook-secret", SECRET], "https://"),
    ],
)
async def test_a_receiver_that_will_not_do_is_refused_with_what_would(
    terminal: Terminal, options: list[str], said: str
) -> None:
    result = await terminal.run("engine", "--port", "0", *options)
    assert result.code == Exit.NOT_CONFIGURED
    assert said in result.err
    assert "do-not-show" not in result.err


async def test_a_server_on_standard_input_always_follows_its_jobs(terminal: Terminal) -> None:
    result = await terminal.run("serve", "--no-worker")
    assert result.code == Exit.USAGE
    assert "--transport http" in result.err
