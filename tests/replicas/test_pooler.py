"""Replicas whose database is behind PgBouncer (https://www.pgbouncer.org/config.html)."""

import os
import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from pwd import getpwuid
from tempfile import mkdtemp

import anyio
import anyio.to_thread
import pytest
from anyio.lowlevel import checkpoint
from sqlalchemy.engine import make_url

from sora_mcp.videos.errors import LedgerError
from sora_mcp.videos.models import JobStatus
from tests.harness import KEY, OWNER, a_host, app_in, make
from tests.server.processes import ROOT, environment
from tests.serving import serving, unused_port
from tests.store.postgres import Server, needs_postgres, postgres

PGBOUNCER = os.environ.get("SORA_MCP_TEST_PGBOUNCER", "")

pytestmark = [needs_postgres, pytest.mark.skipif(not PGBOUNCER, reason="no PgBouncer is named")]


@asynccontextmanager
async def pooled(database: str, mode: str) -> AsyncGenerator[str]:
    """The address of a database behind a PgBouncer with its defaults, and one connection a mode."""
    there = make_url(database)
    socket = str(there.query["host"])
    folder, port = Path(mkdtemp(prefix="pgbouncer")), unused_port()
    folder.chmod(0o755)
    (folder / "users.txt").write_text(f'"{there.username}" ""\n')
    # It refuses to be root; who owns PostgreSQL's socket may connect to it.
    user = f"user = {getpwuid(Path(socket).stat().st_uid).pw_name}\n" if os.getuid() == 0 else ""
    (folder / "pgbouncer.ini").write_text(
        f"[databases]\n{there.database} = host={socket}\n[pgbouncer]\n{user}unix_socket_dir =\n"
        f"listen_addr = 127.0.0.1\nlisten_port = {port}\n"
        f"auth_type = trust\nauth_file = {folder / 'users.txt'}\npool_mode = {mode}\n"
    )
    process = await anyio.open_process(
        [PGBOUNCER, folder / "pgbouncer.ini"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    async with process:
        try:
            await _answers(port)
            yield f"postgresql://{there.username}@127.0.0.1:{port}/{there.database}"
        finally:
            process.terminate()


async def _answers(port: int) -> None:
    with anyio.fail_after(60):
        while True:
            try:
                async with await anyio.connect_tcp("127.0.0.1", port):
                    return
            except OSError:
                await checkpoint()


async def test_replicas_behind_a_pooler_of_sessions_hear_of_each_others_videos(
    tmp_path: Path,
) -> None:
    host = a_host(statuses=("queued", "in_progress", "completed"))
    async with (
        (await postgres()).database() as database,
        pooled(database, "session") as url,
        serving(host.app()) as engine,
    ):
        settings = {"base_url": f"{engine}/v1", "api_key": KEY, "database_url": url}
        async with (
            app_in(tmp_path / "here", **settings) as here,
            app_in(tmp_path / "elsewhere", **settings) as elsewhere,
        ):
            videos, others = await here.videos(), await elsewhere.videos()
            job = await videos.start(await videos.plan.generate(OWNER, prompt="a cat"))
            assert (await others.wait(OWNER, job.id, 60)).status is JobStatus.COMPLETED
    assert len(host.accepted) == 1


async def test_a_database_that_is_away_behind_its_pooler_is_waited_for(tmp_path: Path) -> None:
    host = a_host()
    server = await anyio.to_thread.run_sync(Server)
    try:
        async with (
            server.database() as database,
            pooled(database, "session") as url,
            serving(host.app()) as engine,
            app_in(tmp_path, base_url=f"{engine}/v1", api_key=KEY, database_url=url) as app,
        ):
            videos = await app.videos()
            await anyio.to_thread.run_sync(server.stop)
            with pytest.raises(LedgerError):
                await videos.list(OWNER)
            await anyio.to_thread.run_sync(server.start)
            with anyio.fail_after(100):
                while await app.trouble() is not None:
                    await checkpoint()
                assert (await make(videos)).status is JobStatus.COMPLETED
    finally:
        server.end()


async def test_a_pooler_of_transactions_is_told_as_what_to_change(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sora_mcp", "list"]
    async with (await postgres()).database() as database, pooled(database, "transaction") as url:
        env = environment(tmp_path, SORA_MCP_DATABASE_URL=url)
        # Who comes second finds what the first one's driver has prepared.
        await anyio.run_process(command, env=env, cwd=ROOT)
        second = await anyio.run_process(command, env=env, cwd=ROOT, check=False)
    assert second.returncode != 0
    assert "pool_mode = session" in second.stderr.decode()
    assert "Try again" not in second.stderr.decode()
