"""Starting and stopping the HTTP server."""

import signal
import socket
from pathlib import Path

import anyio
import pytest
from anyio.streams.text import TextReceiveStream

from sora_mcp.http.serve import serve_http
from sora_mcp.videos.errors import NotConfigured
from sora_mcp.videos.models import JobStatus
from tests.fakes.hosts.dynamo import DynamoHost
from tests.harness import OWNER, app_in, small_mp4
from tests.http.served import client_at, served
from tests.server.processes import environment, sora_mcp
from tests.server.surface import structured
from tests.serving import serving


@pytest.mark.parametrize("address", ["0.0.0.0", "192.0.2.1", "::", "example.org"])  # noqa: S104  # what must be refused
async def test_an_address_that_others_can_reach_needs_a_token(address: str, tmp_path: Path) -> None:
    async with app_in(tmp_path, engine="embedded") as app:
        with anyio.fail_after(60), pytest.raises(NotConfigured, match="a token is needed"):
            await serve_http(app, host=address, port=0)


async def started(log: TextReceiveStream) -> str:
    """What a server says until it listens."""
    said = ""
    while "/mcp" not in said:
        said += await log.receive()
    return said


def address_in(said: str) -> str:
    """Its root URL."""
    return "http://" + said.partition("http://")[2].partition("/mcp")[0]


async def test_a_port_in_use_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        async with app_in(tmp_path, engine="embedded") as app:
            with anyio.fail_after(60), pytest.raises(NotConfigured, match=f"port {port} cannot"):
                await serve_http(app, port=port)


async def test_it_listens_on_ipv6_loopback_too(tmp_path: Path) -> None:
    if not socket.has_ipv6:
        pytest.skip("this machine has no IPv6")
    ready = anyio.Event()
    urls: list[str] = []

    def started(url: str) -> None:
        urls.append(url)
        ready.set()

    async def serve() -> None:
        await serve_http(app, host="::1", port=0, started=started)

    async with app_in(tmp_path, engine="embedded") as app, anyio.create_task_group() as tasks:
        tasks.start_soon(serve)
        await ready.wait()
        async with client_at(urls[0], "http-auto") as client:
            assert len((await client.list_tools()).tools) == 10
        tasks.cancel_scope.cancel()


async def test_serving_ends_when_it_is_cancelled_and_frees_its_port(tmp_path: Path) -> None:
    async with app_in(tmp_path, engine="embedded") as app:
        async with served(app) as url:
            port = int(url.rpartition(":")[2])
        socket.create_server(("127.0.0.1", port)).close()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_ends_the_server_without_a_traceback_though_clients_listen(
    number: signal.Signals, tmp_path: Path
) -> None:
    arguments = ("serve", "--transport", "http", "--port", "0")
    with anyio.fail_after(60):
        async with await sora_mcp(*arguments, env=environment(tmp_path)) as process:
            assert process.stderr is not None
            log = TextReceiveStream(process.stderr)
            said = await started(log)
            url = address_in(said)
            async with (
                client_at(url, "sse-legacy") as older,
                client_at(url, "http-auto") as newer,
                newer.listen(resources_list_changed=True),
            ):
                await older.list_tools()
                process.send_signal(number)
                assert await process.wait() == 0
            async for text in log:
                said += text
    assert "Traceback" not in said
    assert "exceeded" not in said


@pytest.mark.parametrize("patient", [True, False])
async def test_a_video_that_comes_to_this_server_only_is_waited_for_unless_it_is_told_again(
    patient: bool, tmp_path: Path
) -> None:
    host = DynamoHost(mp4=small_mp4(), gate=anyio.Event())
    assert host.gate is not None
    arguments = ("serve", "--transport", "http", "--port", "0")
    cat = {"prompt": "A cat", "seconds": 4, "size": "1280x720"}
    with anyio.fail_after(100):
        async with serving(host.app()) as url:
            host_settings = {"base_url": f"{url}/v1", "model": host.model}
            variables = {f"SORA_MCP_{name.upper()}": value for name, value in host_settings.items()}
            env = environment(tmp_path, SORA_MCP_ENGINE="auto", **variables)
            async with await sora_mcp(*arguments, env=env) as process:
                assert process.stderr is not None
                log = TextReceiveStream(process.stderr)
                said = await started(log)
                address = address_in(said)
                async with client_at(address, "http-auto") as client:
                    made = structured(await client.call_tool("generate_video", cat))
                process.send_signal(signal.SIGTERM)
                while "once more" not in said:
                    said += await log.receive()
                if patient:
                    host.gate.set()
                else:
                    process.send_signal(signal.SIGTERM)
                assert await process.wait() == (0 if patient else -signal.SIGTERM)
            host.gate.set()
            async with app_in(tmp_path, **host_settings) as app:
                videos = await app.videos()
                ended = await videos.wait(OWNER, made["video_id"], 60)
    assert ended.status is (JobStatus.COMPLETED if patient else JobStatus.LOST)
    assert len(host.accepted) == 1
