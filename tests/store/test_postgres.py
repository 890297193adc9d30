"""What only a ledger on PostgreSQL has to stand."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import anyio
import anyio.lowlevel
import pytest
from anyio.abc import SocketAttribute, SocketStream
from sqlalchemy import select
from sqlalchemy.engine import make_url

from sora_mcp.store.database import Database
from sora_mcp.store.migrate import HEAD
from sora_mcp.store.opening import open_store
from sora_mcp.store.sql import SqlJobStore
from sora_mcp.store.tables import jobs
from sora_mcp.videos.errors import LedgerBroke, LedgerError, LedgerRefused, NotConfigured
from sora_mcp.videos.models import JobStatus
from tests.store.ledgers import NO_LIMIT, OWNER, Ledger, a_job, add, claim, claim_one, new_ledger
from tests.store.postgres import END_OTHERS, needs_postgres

pytestmark = needs_postgres


async def test_a_replica_that_freezes_in_a_transaction_does_not_stop_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with new_ledger("postgres", tmp_path) as ledger, ledger.open() as store:
        await add(store, status=JobStatus.QUEUED)
        job = await claim_one(store)
        assert ledger.url is not None
        monkeypatch.setattr("sora_mcp.store.database.IDLE_SECONDS", 0.2)
        frozen = Database.at(ledger.url)
        saved = False

        async def freeze_with_a_lock() -> None:
            nonlocal saved
            async with frozen.writing() as (connection, _):
                row = select(jobs).where(jobs.c.id == job.id).with_for_update()
                await connection.execute(row)
                saved = await store.save(job)
                await connection.execute(row)

        try:
            with anyio.fail_after(60), pytest.raises(LedgerError):
                await freeze_with_a_lock()
        finally:
            await frozen.engine.dispose()
        assert saved


async def test_a_ledger_of_the_first_version_gets_what_is_new(tmp_path: Path) -> None:
    async with new_ledger("postgres", tmp_path, migrated=False) as ledger:
        async with ledger.open() as store:
            job = await add(store)
        for statement in (
            "DROP INDEX jobs_latest, words_of_job",
            "ALTER TABLE jobs DROP COLUMN home",
            "DROP TABLE requests, heard, outbox",
            "UPDATE alembic_version SET version_num = '0001'",
        ):
            await ledger.execute(statement)
        async with ledger.open() as store:
            assert await store.get(job.id) == job
        assert await ledger.execute("SELECT version_num FROM alembic_version") == [(HEAD,)]
        assert await ledger.execute("SELECT * FROM requests, heard, outbox") == []


class Between:
    """Stands before a database and passes everything on."""

    def __init__(self, url: str) -> None:
        self._address = make_url(url)
        self._there = f"{self._address.query['host']}/.s.PGSQL.5432"

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[str]:
        """The address of the database behind it."""
        # The path of a socket must be short.
        with TemporaryDirectory(prefix="pg") as folder:
            listener = await anyio.create_unix_listener(Path(folder) / ".s.PGSQL.5432")
            async with listener, anyio.create_task_group() as tasks:
                tasks.start_soon(listener.serve, self._serve)
                url = self._address.set(query={"host": folder})
                yield url.render_as_string(hide_password=False)
                tasks.cancel_scope.cancel()

    async def _serve(self, near: SocketStream) -> None:
        async with (
            near,
            await anyio.connect_unix(self._there) as far,
            anyio.create_task_group() as ways,
        ):
            ways.start_soon(self._ask, near, far)
            await self._answer(far, near)
            ways.cancel_scope.cancel()

    async def _ask(self, near: SocketStream, far: SocketStream) -> None:
        with suppress(anyio.BrokenResourceError):  # that the database has gone, `_answer` sees
            async for piece in near:
                await far.send(piece)

    async def _answer(self, far: SocketStream, near: SocketStream) -> None:
        async for piece in far:
            await near.send(piece)


class Cutter(Between):
    """Cuts the first connection that commits before it is answered."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self._committed = False
        self.refuses = False
        """Whether nobody gets through after the cut."""

    async def _ask(self, near: SocketStream, far: SocketStream) -> None:
        async for piece in near:
            await far.send(piece)
            self._committed = self._committed or b"COMMIT;" in piece

    async def _answer(self, far: SocketStream, near: SocketStream) -> None:
        cut = self._committed
        if cut and self.refuses:
            return
        async for piece in far:
            if self._committed and not cut:
                break
            await near.send(piece)


class Keeper(Between):
    """Keeps the first connection open that the database ends."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.ended = anyio.Event()

    async def _answer(self, far: SocketStream, near: SocketStream) -> None:
        await super()._answer(far, near)
        if not self.ended.is_set():
            self.ended.set()
            await anyio.sleep_forever()


async def test_what_is_begun_on_a_connection_that_was_just_ended_is_begun_on_another(
    tmp_path: Path,
) -> None:
    async with new_ledger("postgres", tmp_path) as ledger:
        assert ledger.url is not None
        keeper = Keeper(ledger.url)
        async with keeper.open() as url, open_store(url, tmp_path) as store:
            first = await add(store)
            await ledger.execute(END_OTHERS)
            with anyio.fail_after(60):
                await keeper.ended.wait()
                second = await add(store)
        async with ledger.open() as store:
            assert {found.id for found in (await store.page(OWNER)).jobs} == {first.id, second.id}


async def test_a_read_does_not_meet_a_connection_that_is_known_to_have_ended(
    tmp_path: Path,
) -> None:
    async with new_ledger("postgres", tmp_path) as ledger:
        assert ledger.url is not None
        database = Database.at(ledger.url)
        try:
            async with database.reading() as connection:
                driver = (await connection.get_raw_connection()).driver_connection
            assert driver is not None
            await ledger.execute(END_OTHERS)
            with anyio.fail_after(60):
                while not driver.is_closed():
                    await anyio.lowlevel.checkpoint()
                async with database.reading() as connection:
                    assert (await connection.execute(select(1))).scalar() == 1
        finally:
            await database.close()


async def test_a_change_that_becomes_visible_after_a_later_one_is_told(tmp_path: Path) -> None:
    async with (
        new_ledger("postgres", tmp_path) as ledger,
        ledger.open() as store,
        ledger.open() as other,
    ):
        slow, quick = await add(other), await add(other)
        newest, _ = await store.changes_since(None)
        await ledger.execute(f"UPDATE jobs SET change = {newest} - 20000000 WHERE id = '{slow.id}'")  # noqa: S608  # ours
        _, told = await store.changes_since(newest)
        assert [change.video_id for change in told] == [slow.id, quick.id]


async def test_a_reader_of_changes_that_is_too_slow_is_told_that_it_missed_some(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("sora_mcp.store.changes.BUFFER", 1)
    async with new_ledger("postgres", tmp_path) as ledger, ledger.open() as store:
        with anyio.fail_after(60):
            async with store.news() as changes:
                await ledger.execute(
                    "SELECT pg_notify('sora_mcp_changes', json_build_array("
                    "number, 'x', 'vid_1', 'anna', 'queued', false)::text) "
                    "FROM generate_series(1, 50) AS number"
                )
                with pytest.raises(LedgerError):
                    async for _ in changes:
                        pass
    assert [record for record in caplog.records if record.name == "asyncio"] == []


@pytest.mark.parametrize("refuses", [False, True])
async def test_a_connection_that_breaks_at_the_commit_makes_no_second_job_of_a_request(
    refuses: bool, tmp_path: Path
) -> None:
    async with new_ledger("postgres", tmp_path) as ledger:
        assert ledger.url is not None
        cutter = Cutter(ledger.url)
        async with cutter.open() as url, open_store(url, tmp_path) as store:
            job = a_job(store)
            cutter.refuses = refuses
            if refuses:
                with anyio.fail_after(60), pytest.raises(LedgerBroke, match=job.id):
                    await store.add(job, NO_LIMIT)
            else:
                with anyio.fail_after(60):
                    assert (await store.add(job, NO_LIMIT)).id == job.id
        async with ledger.open() as store:
            assert [found.id for found in (await store.page(OWNER)).jobs] == [job.id]


@asynccontextmanager
async def claimed_in_doubt(ledger: Ledger) -> AsyncGenerator[SqlJobStore]:
    """A store whose connection broke at the commit of its claim of a job for sending."""
    assert ledger.url is not None
    with anyio.fail_after(60):
        async with (
            Cutter(ledger.url).open() as url,
            open_store(url, ledger.home) as store,
        ):
            with pytest.raises(LedgerError):
                await claim(store)
            yield store


async def test_a_connection_that_breaks_at_the_commit_of_a_claim_leaves_nothing_maybe_sent(
    tmp_path: Path,
) -> None:
    async with new_ledger("postgres", tmp_path) as ledger, ledger.open() as other:
        job = await add(other)
        async with claimed_in_doubt(ledger) as store:
            stored = await other.get(job.id)
            assert stored is not None
            assert stored.status is JobStatus.SUBMITTING
            await other.request_cancel(job.id, OWNER)
            [found] = await claim(store)
        assert (found.job.status, found.was_sending) == (JobStatus.WAITING, False)
        assert found.job.cancel_requested


@pytest.mark.parametrize(
    "then",
    [
        "UPDATE jobs SET lease_until = NULL",
        "UPDATE jobs SET lease_until = NULL, fence = fence - 1",  # as if it was not committed
    ],
)
async def test_a_claim_in_doubt_takes_nothing_away_from_who_has_the_job_now(
    then: str, tmp_path: Path
) -> None:
    async with new_ledger("postgres", tmp_path) as ledger, ledger.open() as other:
        await add(other)
        async with claimed_in_doubt(ledger) as store:
            await ledger.execute(then)
            theirs = await claim_one(other, "other")
            assert await claim(store) == []
            assert await other.save(theirs)


async def test_a_claim_in_doubt_of_what_a_restored_database_does_not_have_is_forgotten(
    tmp_path: Path,
) -> None:
    async with new_ledger("postgres", tmp_path) as ledger, ledger.open() as other:
        await add(other)
        async with claimed_in_doubt(ledger) as store:
            await ledger.execute("DELETE FROM jobs")
            job = await add(other)
            assert (await claim_one(store)).id == job.id


async def test_a_value_that_no_database_takes_is_not_worth_another_try(tmp_path: Path) -> None:
    async with new_ledger("postgres", tmp_path) as ledger, ledger.open() as store:
        await add(store, status=JobStatus.QUEUED)
        job = await claim_one(store)
        with pytest.raises(LedgerRefused) as refused:
            await store.save(job.model_copy(update={"engine_job_id": "video_\0"}))
        assert not refused.value.retry
        assert await store.save(job)


async def test_a_database_that_takes_no_writes_is_told_before_one_is_tried(tmp_path: Path) -> None:
    async with new_ledger("postgres", tmp_path, migrated=False) as ledger:
        async with ledger.open() as store:
            await store.check()
        name = make_url(ledger.url or "").database
        await ledger.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
        async with ledger.open() as store:
            for attempt in (store.check, lambda: add(store)):
                with pytest.raises(LedgerError, match=r"no writes.*lead to the primary"):
                    await attempt()


@pytest.mark.parametrize("name", ["ssl", "sslmode"])
async def test_a_way_of_tls_that_there_is_not_is_named_with_those_that_there_are(
    name: str, tmp_path: Path
) -> None:
    with pytest.raises(NotConfigured, match=r"`ssl` is one of disable, .*verify-full"):
        async with open_store(f"postgresql://anna:pw@127.0.0.1/db?{name}=requre", tmp_path):
            pass


async def test_a_parameter_that_the_driver_does_not_know_is_named(tmp_path: Path) -> None:
    address = "postgresql://anna:secret@127.0.0.1/db?sslmode=require&channel_binding=require"
    with pytest.raises(NotConfigured, match=r"no channel_binding.*sslmode") as refused:
        async with open_store(address, tmp_path):
            pass
    assert "secret" not in refused.value.message


@pytest.mark.parametrize("port", ["secret", "", "99999", "-1", "1?port=secret"])
async def test_a_port_that_is_none_is_refused_without_repeating_it(
    port: str, tmp_path: Path
) -> None:
    query = "" if "?" in port else "/db"
    with pytest.raises(NotConfigured, match=r"SORA_MCP_DATABASE_URL.* port.* number") as refused:
        async with open_store(f"postgresql://anna:pw@127.0.0.1:{port}{query}", tmp_path):
            pass
    assert "secret" not in refused.value.message


async def trouble_at(url: str, home: Path) -> str:
    """What is said of a ledger that cannot be opened."""
    with anyio.fail_after(60), pytest.raises(LedgerError) as failed:
        async with open_store(url, home):
            pass
    return failed.value.message


async def test_settings_that_a_database_refuses_are_named_with_what_to_do(tmp_path: Path) -> None:
    async with new_ledger("postgres", tmp_path) as ledger:
        assert ledger.url is not None
        there = make_url(ledger.url)

        async def trouble(**changes: str) -> str:
            url = there.set(**changes)  # pyright: ignore[reportArgumentType]  # all of them text
            return await trouble_at(url.render_as_string(hide_password=False), tmp_path)

        await ledger.execute("CREATE ROLE stranger LOGIN")
        try:
            told = {
                "user and password": await trouble(username="nobody"),
                "CREATE DATABASE": await trouble(database="nowhere"),
                "grant all rights": await trouble(username="stranger"),
            }
            await ledger.execute("ALTER ROLE stranger CONNECTION LIMIT 0")
            told["max_connections"] = await trouble(username="stranger")
        finally:
            await ledger.execute("DROP ROLE stranger")
    for advice, message in told.items():
        assert advice in message
        assert "SORA_MCP_DATABASE_URL" in message
        assert [word for word in ("Try again", "nobody", "stranger") if word in message] == []


async def test_a_host_that_nobody_knows_is_told_as_a_setting_to_correct(tmp_path: Path) -> None:
    message = await trouble_at("postgresql://anna:pw@db.invalid/db", tmp_path)
    assert "host of SORA_MCP_DATABASE_URL" in message
    assert "db.invalid" not in message


@pytest.mark.parametrize(
    ("reply", "told"), [(b"N", "Set `ssl` in SORA_MCP_DATABASE_URL"), (b"", "no answer. Try again")]
)
async def test_a_server_without_tls_and_one_that_is_silent_are_told_apart(
    reply: bytes, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not reply:
        monkeypatch.setattr("sora_mcp.store.database.BUSY_SECONDS", 0.2)

    async def answer(stream: SocketStream) -> None:
        async with stream:
            await stream.receive()
            await stream.send(reply)
            async for _ in stream:
                pass

    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    port = listener.extra(SocketAttribute.local_port)  # noqa: S610  # no Django
    async with listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, answer)
        assert told in await trouble_at(
            f"postgresql://anna:pw@127.0.0.1:{port}/db?sslmode=require", tmp_path
        )
        tasks.cancel_scope.cancel()
