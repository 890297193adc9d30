"""Brings a ledger to the shape that this program knows.

A new ledger is made in its final shape, and the usual start finds it so already: neither loads
Alembic, which takes 0.05 s, and 0.3 s the very first time, when its modules have to be compiled.
Migrations only ever add (expand), so that an older process beside us goes on working while we
change the ledger.
"""

import importlib
from contextlib import AbstractAsyncContextManager, nullcontext
from pathlib import Path
from typing import Any

import anyio.to_thread
from filelock import AsyncFileLock, Timeout
from sqlalchemy import (
    Column,
    Connection,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    func,
    insert,
    inspect,
    select,
    text,
)

from sora_mcp.store.database import Database
from sora_mcp.store.tables import jobs, metadata
from sora_mcp.videos.errors import LedgerError, LedgerTooNew

HEAD = "0006"
"""The newest revision in `migrations/versions`."""

_VERSION = Table(
    "alembic_version",
    MetaData(),
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)
"""Alembic's own table, as it makes it."""

_MIGRATIONS = Path(__file__).parent / "migrations"
_LOCK_SECONDS = 30.0
_ADVISORY_LOCK = int.from_bytes(b"sora-mcp")


async def migrate(database: Database) -> None:
    """Make a ledger's tables, or bring them up to date; several processes may try at once.

    Raises:
        LedgerTooNew: It is newer than this program.
        LedgerError: It cannot be read or written.
    """
    async with database.reading() as connection:
        new = await connection.run_sync(_is_new)
        if not new and await connection.run_sync(_revision) == HEAD:
            return
    if not new:
        await anyio.to_thread.run_sync(importlib.import_module, "alembic.command")
    try:
        async with _alone(database):
            await _upgrade(database)
    except Timeout as error:
        raise LedgerError(
            f"{database.name} is being changed by another process, and has been for "
            f"{_LOCK_SECONDS:.0f} s. Try again."
        ) from error


def _alone(database: Database) -> AbstractAsyncContextManager[Any]:
    """A lock round the first steps of a new SQLite file, which do not wait for each other."""
    if database.is_sqlite:
        return AsyncFileLock(f"{database.engine.url.database}.lock", timeout=_LOCK_SECONDS)
    return nullcontext()


async def _upgrade(database: Database) -> None:
    if database.is_sqlite:
        async with database.reading() as connection:
            # Kept in the file: readers and the one writer do not hinder each other.
            await connection.execute(text("PRAGMA journal_mode = WAL"))
    async with database.writing() as (connection, _):
        if not database.is_sqlite:
            await connection.execute(select(func.pg_advisory_xact_lock(_ADVISORY_LOCK)))
        await connection.run_sync(_make_or_migrate, database)


def _is_new(connection: Connection) -> bool:
    return not inspect(connection).has_table(_VERSION.name)


def _revision(connection: Connection) -> str | None:
    return connection.execute(select(_VERSION.c.version_num)).scalar()


def _make_or_migrate(connection: Connection, database: Database) -> None:
    if _is_new(connection):
        if inspect(connection).has_table(jobs.name):
            raise LedgerError(
                f"{database.name} has tables, but not the one that tells their version "
                f"({_VERSION.name}): it was restored in part. Restore all of it."
            )
        metadata.create_all(connection)
        _VERSION.create(connection)
        connection.execute(insert(_VERSION).values(version_num=HEAD))
    elif _revision(connection) != HEAD:  # which another process may have brought it to meanwhile
        _run_migrations(connection, database)


def _run_migrations(connection: Connection, database: Database) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    revision = _revision(connection)
    if revision is not None and revision not in known:
        another = (
            "folder with SORA_MCP_HOME"
            if database.is_sqlite
            else "database with SORA_MCP_DATABASE_URL"
        )
        raise LedgerTooNew(
            f"{database.name} was written by a newer sora-mcp (its revision is "
            f"{revision}, this program knows {HEAD}). Update sora-mcp, or choose another {another}."
        )
    command.upgrade(config, "head")
