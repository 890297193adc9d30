"""Opening the ledger: making it, bringing it up to date, and saying what is wrong with it."""

import re
import sqlite3
from contextlib import AsyncExitStack, closing
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine

from sora_mcp.store import migrate
from sora_mcp.store.database import Database
from sora_mcp.store.opening import open_store
from sora_mcp.store.peek import LEDGER
from sora_mcp.store.tables import metadata
from sora_mcp.videos.errors import LedgerError, NotConfigured
from sora_mcp.videos.models import Job
from tests.store.children import Child
from tests.store.ledgers import BACKENDS, NO_LIMIT, OWNER, a_job, add, new_ledger
from tests.store.postgres import needs_postgres


async def test_what_was_added_is_there_when_the_ledger_is_opened_again(tmp_path: Path) -> None:
    home = tmp_path / "not" / "yet" / "there"
    async with open_store(None, home) as store:
        job = await add(store)
    async with open_store(None, home) as store:
        assert await store.get(job.id) == job


async def test_half_of_a_pair_of_surrogates_in_an_old_ledger_harms_nothing(tmp_path: Path) -> None:
    async with open_store(None, tmp_path) as store:
        job = await add(store)
    with closing(sqlite3.connect(tmp_path / LEDGER)) as file, file:
        replaced = f"replace(document, '\"{job.prompt}\"', '\"\\ud800 \\ud83d\\ude00\"')"
        file.execute(f"UPDATE jobs SET document = {replaced}")  # noqa: S608  # a test's own text
    async with open_store(None, tmp_path) as store:
        found = await store.get(job.id)
    assert found is not None
    assert ascii(found.prompt) == r"'? \U0001f600'"


@pytest.mark.parametrize("backend", BACKENDS)
async def test_a_ledger_that_was_restored_in_part_is_not_taken_for_a_whole_one(
    backend: str, tmp_path: Path
) -> None:
    async with new_ledger(backend, tmp_path, migrated=False) as ledger:
        async with ledger.open() as store:
            await add(store)
        await ledger.execute("DROP TABLE alembic_version")
        with pytest.raises(LedgerError, match="restored in part"):
            async with ledger.open():
                pass


@pytest.mark.parametrize("backend", BACKENDS)
async def test_openings_at_once_make_one_ledger(backend: str, tmp_path: Path) -> None:
    async with new_ledger(backend, tmp_path, migrated=False) as ledger:

        async def use() -> None:
            async with ledger.open() as store:
                await add(store)

        with anyio.fail_after(90):
            async with anyio.create_task_group() as tasks:
                for _ in range(8):
                    tasks.start_soon(use)
        async with ledger.open() as store:
            assert len((await store.page(OWNER)).jobs) == 8


async def test_a_home_whose_name_has_odd_characters_will_do(tmp_path: Path) -> None:
    async with open_store(None, tmp_path / "50% off? #1 été") as store:
        job = await add(store)
        assert await store.get(job.id) == job


async def test_a_ledger_that_is_up_to_date_opens_without_the_migration_library(
    tmp_path: Path,
) -> None:
    async with open_store(None, tmp_path):
        pass
    assert not await _opening_loads("alembic", tmp_path)


async def _opening_loads(module: str, home: Path) -> bool:
    child = Child()
    try:
        await child.ask("open", None, str(home))
        return await child.ask("has_loaded", module)
    finally:
        child.kill()


@pytest.mark.parametrize(
    ("backend", "elsewhere"),
    [
        (backend, {"sqlite": "SORA_MCP_HOME", "postgres": "SORA_MCP_DATABASE_URL"}[backend])
        for backend in BACKENDS
    ],
)
async def test_a_ledger_of_a_newer_program_is_left_alone(
    backend: str, elsewhere: str, tmp_path: Path
) -> None:
    async with new_ledger(backend, tmp_path, migrated=False) as ledger:
        async with ledger.open():
            pass
        await ledger.execute("UPDATE alembic_version SET version_num = '9999'")
        newer = rf"newer sora-mcp.*9999.*Update sora-mcp.*{elsewhere}"
        with pytest.raises(LedgerError, match=newer):
            async with ledger.open():
                pass
        [(found,)] = await ledger.execute("SELECT version_num FROM alembic_version")
    assert found == "9999"


@pytest.mark.parametrize("backend", BACKENDS)
async def test_a_process_goes_on_working_while_a_newer_one_adds_to_the_ledger(
    backend: str, tmp_path: Path
) -> None:
    async with new_ledger(backend, tmp_path, migrated=False) as ledger, ledger.open() as store:
        before = await add(store)
        await ledger.execute("ALTER TABLE jobs ADD COLUMN colour TEXT")
        await ledger.execute("CREATE INDEX jobs_colour ON jobs (colour)")
        await ledger.execute("UPDATE alembic_version SET version_num = '9999'")
        after = await add(store)
        assert {job.id for job in (await store.page(OWNER)).jobs} == {before.id, after.id}


async def test_a_damaged_ledger_is_named_and_not_overwritten(tmp_path: Path) -> None:
    damaged = b"This was a ledger once. " * 1000
    (tmp_path / LEDGER).write_bytes(damaged)
    with pytest.raises(LedgerError, match=f"{re.escape(str(tmp_path / LEDGER))} is damaged"):
        async with open_store(None, tmp_path):
            pass
    assert (tmp_path / LEDGER).read_bytes() == damaged


async def test_a_ledger_that_cannot_be_made_is_named_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / LEDGER).mkdir()
    with pytest.raises(LedgerError, match=r"cannot be opened for writing.*SORA_MCP_HOME"):
        async with open_store(None, tmp_path):
            pass


async def test_a_home_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LedgerError, match=re.escape(str(tmp_path / "file"))):
        async with open_store(None, tmp_path / "file" / "home"):
            pass


@pytest.mark.parametrize("url", ["mysql://root:secret@host/db", "nonsense", "sqlite:///x"])
async def test_an_address_that_is_no_postgres_is_refused_without_repeating_it(
    url: str, tmp_path: Path
) -> None:
    with pytest.raises(NotConfigured, match="SORA_MCP_DATABASE_URL") as refused:
        async with open_store(url, tmp_path):
            pass
    assert url not in refused.value.message


@pytest.mark.parametrize("password", ["pw@7secret", "pw@7/secret", "pw@7?secret", "p@w@secret"])
async def test_a_password_with_an_at_sign_as_it_is_is_refused_without_a_part_of_it(
    password: str, tmp_path: Path
) -> None:
    with pytest.raises(NotConfigured, match="%40") as refused:
        async with open_store(f"postgresql://anna:{password}@127.0.0.1:1/db", tmp_path):
            pass
    assert "secret" not in refused.value.message


@needs_postgres
@pytest.mark.parametrize("at", ["127.0.0.1:1/db", "/db?host=127.0.0.1:1", "/db?host=/nowhere"])
async def test_a_postgres_that_does_not_answer_is_placed_in_the_log_alone_and_its_user_nowhere(
    at: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    with pytest.raises(LedgerError, match="The ledger db cannot be used just now") as refused:
        async with open_store(f"postgresql://anna:secret@{at}", tmp_path):
            pass
    host = "nowhere" if "nowhere" in at else "127.0.0.1"
    assert host in caplog.text
    assert [word for word in (host, ":1", "anna", "secret") if word in refused.value.message] == []
    assert [word for word in ("anna", "secret") if word in caplog.text] == []


async def test_a_write_waits_while_another_process_writes_and_a_read_does_not(
    tmp_path: Path,
) -> None:
    async with open_store(None, tmp_path) as store:
        seen = await add(store)
        job = a_job(store)
        with closing(sqlite3.connect(tmp_path / LEDGER, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with anyio.fail_after(8):
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(store.add, job, NO_LIMIT)
                    assert await store.get(seen.id) == seen
                    assert (await store.page(OWNER)).jobs == (seen,)
                    other.execute("COMMIT")
        assert await store.get(job.id) is not None


async def test_a_write_that_has_begun_is_not_cut_short_by_cancelling(tmp_path: Path) -> None:
    added: list[Job] = []

    async with open_store(None, tmp_path) as store:

        async def write() -> None:
            added.append(await add(store))

        with closing(sqlite3.connect(tmp_path / LEDGER, timeout=0)) as other, anyio.fail_after(90):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(write)
                while not _is_being_written(other):
                    await anyio.lowlevel.checkpoint()
                tasks.cancel_scope.cancel()
        assert len(added) == 1
        assert list((await store.page(OWNER)).jobs) == added


def _is_being_written(connection: sqlite3.Connection) -> bool:
    try:
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError:
        return True
    connection.rollback()
    return False


# Migrations


def test_the_newest_migration_is_the_one_that_the_program_expects() -> None:
    config = Config()
    folder = Path(migrate.__file__).with_name("migrations")
    config.set_main_option("script_location", str(folder))
    assert ScriptDirectory.from_config(config).get_heads() == [migrate.HEAD]


BEFORE_THE_FIRST = (
    "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL,"
    " CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
)
"""What makes an empty database one to be migrated, from the first migration on."""


@pytest.mark.parametrize("from_the_first", [False, True])
@pytest.mark.parametrize("backend", BACKENDS)
async def test_a_ledger_has_the_tables_that_the_program_knows_whether_new_or_migrated(
    backend: str, from_the_first: bool, tmp_path: Path
) -> None:
    def differences(connection: Connection) -> object:
        return compare_metadata(MigrationContext.configure(connection), metadata)

    async with AsyncExitStack() as stack:
        ledger = await stack.enter_async_context(new_ledger(backend, tmp_path, migrated=False))
        if from_the_first:
            await ledger.execute(BEFORE_THE_FIRST)
        store = await stack.enter_async_context(ledger.open())
        job = await add(store)
        assert await store.get(job.id) == job
        assert await ledger.execute("SELECT version_num FROM alembic_version") == [(migrate.HEAD,)]
        url = ledger.url or f"sqlite:///{tmp_path / LEDGER}"
        driver = "sqlite+aiosqlite" if ledger.url is None else "postgresql+asyncpg"
        engine = create_async_engine(make_url(url).set(drivername=driver))
        try:
            async with engine.connect() as connection:
                assert await connection.run_sync(differences) == []
        finally:
            await engine.dispose()


async def test_the_migrations_make_what_a_new_ledger_has(tmp_path: Path) -> None:
    new, migrated = tmp_path / "new", tmp_path / "migrated"
    migrated.mkdir()
    with closing(sqlite3.connect(migrated / LEDGER)) as file, file:
        file.execute(BEFORE_THE_FIRST)
    for home in (new, migrated):
        async with open_store(None, home):
            pass
    assert _schema(migrated / LEDGER) == _schema(new / LEDGER)


def _schema(file: Path) -> dict[str, str]:
    with closing(sqlite3.connect(file)) as connection:
        rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
        return {name: re.sub(r"\s+", "", sql) for name, sql in rows}


async def test_a_new_ledger_is_made_without_the_migration_library(tmp_path: Path) -> None:
    assert not await _opening_loads("alembic", tmp_path)


async def test_writes_survive_a_power_cut_and_do_not_hinder_readers(tmp_path: Path) -> None:
    database = Database.in_folder(tmp_path / LEDGER)
    try:
        await migrate.migrate(database)
        async with database.reading() as connection:
            modes = [
                (await connection.exec_driver_sql(f"PRAGMA {name}")).scalar()
                for name in ("journal_mode", "synchronous")
            ]
    finally:
        await database.engine.dispose()
    assert modes == ["wal", 2]
