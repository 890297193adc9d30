"""The database goes away and comes back: nothing is lost, and nothing is sent twice."""

import re
import signal
from collections.abc import Awaitable, Callable, Generator
from pathlib import Path

import anyio
import anyio.to_thread
import httpx2
import pytest
from anyio.streams.text import TextReceiveStream
from pydantic import SecretStr
from sqlalchemy import make_url
from starlette.requests import Request
from starlette.responses import Response

from sora_mcp.app import open_app
from sora_mcp.cli.outcome import Exit
from sora_mcp.http.files import LINKS, Links
from sora_mcp.server.keys import derived_keys
from sora_mcp.videos.models import JobStatus, Variant
from tests.fakes.videos_api import Fault, error
from tests.harness import KEY, OWNER, a_host, app_in, settings_in
from tests.http.served import client_at, served
from tests.reliability.faults import FETCH, LIST, LOOK, SUBMIT
from tests.replicas.cluster import cluster
from tests.server.surface import text_of
from tests.serving import serving
from tests.store.postgres import Server, needs_postgres

pytestmark = needs_postgres

KEYS = SecretStr("k" * 32)


@pytest.fixture(scope="module")
def server() -> Generator[Server]:
    """A server of our own, to stop and start."""
    server = Server()
    yield server
    server.end()


def stopping(server: Server, away: anyio.Event) -> Fault:
    """Carry the request out, stop the database, say so, and answer."""

    async def fault(request: Request, carry_out: Callable[[], Awaitable[Response]]) -> Response:
        response = await carry_out()
        await anyio.to_thread.run_sync(server.stop)
        away.set()
        return response

    return fault


@pytest.mark.parametrize("route", [SUBMIT, LOOK])
async def test_what_a_host_answers_while_the_database_is_away_is_written_when_it_is_back(
    route: str, server: Server, tmp_path: Path
) -> None:
    host = a_host()
    # Nobody can ask what became of a request: only its own answer tells.
    host.fail(LIST, *[error(500, "No list today.")] * 99)
    away = anyio.Event()

    host.fail(route, stopping(server, away))
    with anyio.fail_after(110):
        async with (
            server.database() as database,
            serving(host.app()) as host_url,
            app_in(
                tmp_path,
                base_url=f"{host_url}/v1",
                api_key=KEY,
                database_url=database,
                secret_keys=KEYS,
            ) as app,
            served(app) as url,
            httpx2.AsyncClient() as http,
            client_at(url, "http-auto") as client,
        ):
            videos = await app.videos()
            assert (await http.get(f"{url}/readyz")).status_code == 200
            job = await videos.start(await videos.plan.generate(OWNER, prompt="a cat"))
            await away.wait()
            unready = await http.get(f"{url}/readyz")
            link = Links(derived_keys(app.settings, LINKS), url)(job.id, Variant.VIDEO)
            unserved = await http.get(link)
            refused = await client.call_tool("generate_video", {"prompt": "a dog"})
            await anyio.to_thread.run_sync(server.start)
            ended = await videos.wait(OWNER, job.id, 60)
            listed = await videos.list(OWNER)
    assert (unready.status_code, unready.json()) == (503, {"status": "ledger"})
    assert (unserved.status_code, unserved.headers["retry-after"]) == (503, "5")
    assert refused.is_error
    assert "ledger" in str(refused.content)
    assert "Traceback" not in str(refused.content)
    assert ended.status is JobStatus.COMPLETED
    assert [found.id for found in listed.jobs] == [job.id]
    assert len(host.accepted) == 1


async def test_a_call_whose_ledger_breaks_off_tells_the_id_and_not_to_call_again(
    server: Server, tmp_path: Path
) -> None:
    host = a_host()

    host.fail(SUBMIT, stopping(server, anyio.Event()))
    with anyio.fail_after(110):
        async with (
            server.database() as database,
            serving(host.app()) as host_url,
            app_in(tmp_path, base_url=f"{host_url}/v1", api_key=KEY, database_url=database) as app,
            served(app) as url,
            client_at(url, "http-auto") as client,
        ):
            broken = await client.call_tool("generate_video", {"prompt": "a cat"})
            told = text_of(broken)
            await anyio.to_thread.run_sync(server.start)
            (video_id,) = re.findall(r"vid_[a-z2-7]{10}", told)
            ended = await (await app.videos()).wait(OWNER, video_id, 60)
    assert broken.is_error
    assert "It may have been charged. Do not repeat the same call." in told
    assert ended.status is JobStatus.COMPLETED
    assert len(host.accepted) == 1


@pytest.mark.parametrize("command", [("worker",), ("serve", "--transport", "http", "--port", "0")])
async def test_who_is_started_while_the_database_is_away_follows_jobs_when_it_is_back(
    command: tuple[str, ...], server: Server, tmp_path: Path
) -> None:
    host, fetched = a_host(statuses=("queued", "completed")), anyio.Event()

    async def notice(request: Request, carry_out: Callable[[], Awaitable[Response]]) -> Response:
        fetched.set()
        return await carry_out()

    with anyio.fail_after(110):
        async with serving(host.app()) as url, server.database() as database:
            settings = {"base_url": f"{url}/v1", "api_key": KEY, "database_url": database}
            async with open_app(settings_in(tmp_path, **settings), follow_jobs=False) as app:
                videos = await app.videos()
                await videos.start(await videos.plan.generate(OWNER, prompt="a cat"))
            await anyio.to_thread.run_sync(server.stop)
            host.fail(FETCH, notice)
            async with cluster(tmp_path, database, url) as replicas:
                process = await replicas.start("late", *command)
                assert process.stderr is not None
                said = TextReceiveStream(process.stderr)
                while "followed" not in await said.receive():
                    pass
                await anyio.to_thread.run_sync(server.start)
                await fetched.wait()
                await replicas.end("late", signal.SIGKILL)


@pytest.mark.parametrize(
    ("user", "name", "told"),
    [("nobody", None, "does not let us in"), (None, "none", "does not exist")],
)
async def test_a_database_that_lets_nobody_in_is_not_waited_for(
    user: str | None, name: str | None, told: str, server: Server, tmp_path: Path
) -> None:
    with anyio.fail_after(110):
        async with server.database() as database:
            wrong = make_url(database).set(username=user, database=name)
            async with (
                cluster(
                    tmp_path, wrong.render_as_string(hide_password=False), "http://127.0.0.1:9"
                ) as replicas,
                httpx2.AsyncClient() as http,
            ):
                worker = await replicas.start("worker", "worker")
                assert worker.stderr is not None
                said = "".join([piece async for piece in TextReceiveStream(worker.stderr)])
                assert await worker.wait() == Exit.NOT_CONFIGURED
                assert told in said.splitlines()[-1]
                # A server stays, so that whoever asks is told what is wrong.
                url = await replicas.serve("server")
                unready = await http.get(f"{url}/readyz")
    assert (unready.status_code, unready.json()) == (503, {"status": "ledger"})
