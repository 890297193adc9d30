"""The database behind the ledger: connections, transactions, clock, and what may go wrong."""

import json
import logging
import sqlite3
from collections.abc import AsyncGenerator, Callable, Generator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import anyio
from sqlalchemy import Connection, Select, Table, UpdateBase, event, func, select, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.sqlite import insert as insert_sqlite
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from sora_mcp.store import sqlite
from sora_mcp.store.glance import Glance, Row
from sora_mcp.store.postgres import READ_ONLY, address_of, forbids, place_of, trouble_of
from sora_mcp.videos.errors import LedgerError, LedgerForbidden, LedgerRefused, NotConfigured

BUSY_SECONDS = 10.0
"""How long one process waits for another that is writing."""

IDLE_SECONDS = 10.0
"""So long PostgreSQL lets a transaction stand still: a frozen replica keeps its locks no longer."""

COMMAND_SECONDS = 20.0
"""So long PostgreSQL has to answer."""

_SESSION = f"""
    SELECT set_config('idle_in_transaction_session_timeout', '{IDLE_SECONDS:.0f}s', false),
        set_config('tcp_keepalives_idle', '10', false),
        set_config('tcp_keepalives_interval', '5', false),
        set_config('tcp_keepalives_count', '3', false)
"""
"""Of every session at PostgreSQL; what is not there any more does not keep its locks.

https://www.postgresql.org/docs/current/runtime-config-client.html and
https://www.postgresql.org/docs/current/runtime-config-connection.html.
"""

_NO_TRANSACTION = {"isolation_level": "AUTOCOMMIT"}

log = logging.getLogger(__name__)

_DATA = "22"
"""PostgreSQL's class of errors in values (postgresql.org/docs/current/errcodes-appendix.html)."""

_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_FORBIDDEN = {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM}
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


class Database:
    """SQLite in a folder, or PostgreSQL shared by replicas."""

    def __init__(
        self, engine: AsyncEngine, name: str, place: str, glance: Glance | None = None
    ) -> None:
        """`name`: what messages call it, clients read them; `place`: where it is, for the log."""
        self.name = name
        self._glance = glance
        self._place = place
        self.engine = engine
        self.is_sqlite = engine.dialect.name == "sqlite"
        # Waiting in line here is fair and quick; SQLite's own wait for its one writer is neither.
        # On PostgreSQL it leaves some connections of the pool to readers.
        self._write_turns = anyio.Semaphore(1 if self.is_sqlite else 10)
        # Where none is begun, each statement on PostgreSQL is a transaction, and sees what it would
        # see in one. With `_refuse_closed` a read goes there and back once instead of six times,
        # and takes 0.33 ms of our processor instead of 0.43.
        self._single = engine if self.is_sqlite else engine.execution_options(**_NO_TRANSACTION)
        self._clock_offset = timedelta()

    @classmethod
    def in_folder(cls, ledger: Path) -> "Database":
        """The SQLite database in a file, which need not exist yet."""
        engine = create_async_engine(
            URL.create("sqlite+aiosqlite", database=str(ledger)),
            async_creator=partial(sqlite.connect, ledger, BUSY_SECONDS),
            json_deserializer=_json_of,
            pool_size=4,
            max_overflow=0,
            hide_parameters=True,
        )
        event.listen(engine.sync_engine, "connect", _prepare_sqlite)
        event.listen(engine.sync_engine, "begin", _begin)
        glance = Glance(ledger, engine.dialect)
        return cls(engine, f"The ledger {ledger}", str(ledger), glance)

    @classmethod
    def at(cls, address: str) -> "Database":
        """The PostgreSQL database at a `postgresql://…` address.

        Raises:
            NotConfigured: The address is not one, or the driver is not installed.
        """
        url = address_of(address)
        try:
            engine = create_async_engine(
                url,
                connect_args={
                    "timeout": BUSY_SECONDS,
                    "command_timeout": COMMAND_SECONDS,
                    "server_settings": {"application_name": "sora-mcp"},
                },
                json_deserializer=_json_of,
                pool_timeout=BUSY_SECONDS,
                hide_parameters=True,
            )
        except ModuleNotFoundError as error:
            raise NotConfigured(
                "SORA_MCP_DATABASE_URL needs the PostgreSQL driver: install sora-mcp with its "
                "extra `postgres` (in a clone: uv sync --inexact --extra postgres)."
            ) from error
        event.listen(engine.sync_engine, "connect", _prepare_postgres)
        event.listen(engine.sync_engine, "checkout", _refuse_closed)
        name = f"The ledger {url.database}" if url.database else "The ledger"
        return cls(engine, name, place_of(url))

    def now(self) -> datetime:
        """The database's time, as far as it is known between two transactions."""
        return datetime.now(UTC) + self._clock_offset

    async def close(self) -> None:
        """Let go of the database; the next use opens it anew."""
        # First: SQLite tidies up behind its last connection, unless that may only read.
        if self._glance is not None:
            self._glance.close()
        await self.engine.dispose()

    async def few(self, statement: Select[Any], **values: str) -> Sequence[Row]:
        """What a statement finds by an index, a few rows (`glance.py` says of which statements)."""
        found = self._glance.rows(statement, values) if self._glance else None
        if found is not None:
            return found
        async with self.reading() as connection:
            return (await connection.execute(statement, values)).mappings().all()

    @asynccontextmanager
    async def reading(self) -> AsyncGenerator[AsyncConnection]:
        """A connection to read with.

        Cancelling waits until the read is over, which is soon: a connection that was interrupted
        would have to be thrown away.
        """
        with self.failures(), anyio.CancelScope(shield=True):
            async with self._single.connect() as connection:
                yield connection

    @asynccontextmanager
    async def writing(
        self, *, urgent: bool = False
    ) -> AsyncGenerator[tuple[AsyncConnection, datetime]]:
        """One write transaction, and the database's time in it.

        `urgent`: on PostgreSQL, where writers need not wait for each other, it does not stand in
        line with ours.

        On SQLite it takes the write lock at once: what has been read in it cannot change before
        it writes. Not interrupted by cancelling, so that the caller knows what was committed.
        """
        async with nullcontext() if urgent and not self.is_sqlite else self._write_turns:
            with self.failures(), anyio.CancelScope(shield=True):
                async with self.engine.connect() as connection:
                    await connection.execution_options(begin="BEGIN IMMEDIATE")
                    yield connection, await self._begin(connection)
                    await connection.commit()

    async def _begin(self, connection: AsyncConnection) -> datetime:
        """Begin a transaction, whose time is returned.

        Nothing has been done yet when the connection turns out to be one that PostgreSQL has ended:
        then it is begun on a new one. The driver hears of the end first and calls the connection
        closed a moment later (https://github.com/MagicStack/asyncpg/issues/1069).
        """
        await connection.begin()
        try:
            return await self._read_clock(connection)
        except DBAPIError as error:
            if not error.connection_invalidated:
                raise
            await connection.rollback()
            await connection.begin()
            return await self._read_clock(connection)

    async def write_one(self, statement: UpdateBase) -> Any:
        """The one value that a statement returns which is a transaction of its own, on PostgreSQL.

        There and back once, where `writing` goes four times.
        """
        async with self._write_turns:
            with self.failures(), anyio.CancelScope(shield=True):
                async with self._single.connect() as connection:
                    return (await connection.execute(statement)).scalar_one()

    @asynccontextmanager
    async def listening(
        self, channel: str, hear: Callable[[str], None], lose: Callable[[], None]
    ) -> AsyncGenerator[AsyncConnection]:
        """A connection to PostgreSQL of its own, on which a channel's notifications are heard.

        `hear`: told their payloads. `lose`: called when the connection ends.
        """
        with self.failures():
            async with self._single.connect() as connection:
                driver: Any = (await connection.get_raw_connection()).driver_connection

                def ended(driver: Any) -> None:
                    lose()

                driver.add_termination_listener(ended)
                try:
                    await self._listen(driver, channel, hear)
                    yield connection
                finally:
                    with anyio.CancelScope(shield=True):
                        await connection.invalidate()

    async def _listen(self, driver: Any, channel: str, hear: Callable[[str], None]) -> None:
        def told(driver: Any, process: int, channel: str, payload: str) -> None:
            hear(payload)

        try:
            await driver.add_listener(channel, told)
        except Exception as error:  # the driver's own, which SQLAlchemy has not translated
            raise self._failure(error) from error

    async def check(self) -> None:
        """Raises `LedgerError` unless it answers, and says nothing against being written."""
        question = "SELECT 1" if self.is_sqlite else "SHOW transaction_read_only"
        async with self.reading() as connection:
            if (await connection.execute(text(question))).scalar_one() == "on":
                raise LedgerError(f"{self.name} {READ_ONLY}")

    async def set_clock(self) -> None:
        """Find out how the database's clock differs from ours."""
        async with self.reading() as connection:
            await self._read_clock(connection)

    async def _read_clock(self, connection: AsyncConnection) -> datetime:
        if not self.is_sqlite:
            there = (await connection.execute(select(func.clock_timestamp()))).scalar_one()
            self._clock_offset = there - datetime.now(UTC)
        return self.now()

    @contextmanager
    def failures(self) -> Generator[None]:
        """Say what is wrong with the database, and what to do about it.

        Raises:
            LedgerRefused: It does not take a value.
            LedgerError: It could not be opened, read or written.
        """
        try:
            yield
        except (DBAPIError, NoConnectionFree, sqlite3.Error, OSError) as error:
            cause = error.orig if isinstance(error, DBAPIError) else error
            if (getattr(cause, "sqlstate", None) or "").startswith(_DATA):
                raise LedgerRefused(f"{self.name} does not take this: {cause}") from error
            raise self._failure(cause) from error

    def _failure(self, cause: BaseException | None) -> LedgerError:
        trouble = _trouble(cause) if self.is_sqlite else trouble_of(cause)
        log.info("The ledger at %s %s", self._place, trouble)
        kind = LedgerForbidden if forbids(cause) else LedgerError
        return kind(f"{self.name} {trouble}")


def make_file(ledger: Path) -> None:
    """Make an empty ledger in its folder, unless there is one. Raises what the system raises."""
    ledger.parent.mkdir(parents=True, exist_ok=True)
    # aiosqlite leaves its thread in disorder when a file cannot be opened: not left to it.
    sqlite3.connect(ledger).close()


def insert_new(connection: AsyncConnection, table: Table, values: Mapping[str, Any]) -> Any:
    """A statement that inserts a row, unless there is one with its key."""
    return _insert(connection)(table).values(values).on_conflict_do_nothing()


def put(connection: AsyncConnection, table: Table, values: Mapping[str, Any]) -> Any:
    """A statement that inserts a row, in place of the one with its key."""
    inserted = _insert(connection)(table).values(values)
    return inserted.on_conflict_do_update(index_elements=table.primary_key.columns, set_=values)


def _insert(connection: AsyncConnection) -> Any:
    return insert_sqlite if connection.dialect.name == "sqlite" else postgresql.insert


async def lock_row(connection: AsyncConnection, table: Table, **values: Any) -> None:
    """Hold one row of a table that is keyed by `name` until the transaction ends.

    `values`: what it holds when it has to be made first. On SQLite the transaction holds them all.
    """
    await connection.execute(insert_new(connection, table, values))
    if connection.dialect.name == "sqlite":
        return
    row = table.c.name == values["name"]
    await connection.execute(select(table.c.name).where(row).with_for_update())


def _refuse_closed(connection: Any, _: object, __: object) -> None:
    """Have the pool make another connection in place of one that PostgreSQL has closed.

    The driver has noticed that by itself. The pool's own way (`pool_pre_ping`) is to ask, in a
    transaction: three times there and back.
    """
    if connection.driver_connection.is_closed():
        raise DisconnectionError


def _trouble(cause: BaseException | None) -> str:
    # The upper bits of SQLite's code say which kind of the same thing it was.
    code = getattr(cause, "sqlite_errorcode", 0) & 0xFF
    if code in _BUSY:
        return f"was in use by another process for {BUSY_SECONDS:.0f} s. Try again."
    if code in _DAMAGED:
        return (
            f"is damaged ({cause}). Stop every sora-mcp, then move the file away or put a copy "
            "back; without one a new ledger begins, and the finished videos stay in the library."
        )
    if code in _FORBIDDEN:
        return (
            f"cannot be opened for writing ({cause}). Make the folder and the file writable, or "
            "choose another folder with SORA_MCP_HOME."
        )
    if code == sqlite3.SQLITE_FULL:
        return "cannot grow: the disk is full. Make room, then try again."
    if isinstance(
        cause, FileExistsError | NotADirectoryError | FileNotFoundError | PermissionError
    ):
        return f"cannot be made ({cause}). Choose another folder with SORA_MCP_HOME."
    return f"cannot be used just now: {cause or 'no answer'}. Try again."


def _json_of(text: str) -> Any:
    """What a column of JSON holds; halves of UTF-16 pairs, which nobody could be sent, as `?`."""
    read = json.loads(text)
    if "\\ud" not in text.lower():
        return read
    return json.loads(json.dumps(read, ensure_ascii=False).encode(errors="replace"))


def _prepare_sqlite(connection: Any, _: object) -> None:
    # Transactions begin where we say (`_begin`), not where the driver thinks best.
    connection.isolation_level = None
    cursor = connection.cursor()
    # A request that costs money is sent only after `submitting` was committed: the commit has to
    # survive a power cut, which in WAL mode only FULL guarantees.
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.close()


def _prepare_postgres(connection: Any, _: object) -> None:
    # Not among the parameters of the start: PgBouncer refuses those that it does not know. Its
    # first statement may be what tells that PostgreSQL is away: by the cursor, so that the error is
    # one that SQLAlchemy knows.
    connection.autocommit = True
    cursor = connection.cursor()
    cursor.execute(_SESSION)
    cursor.close()
    connection.autocommit = False


def _begin(connection: Connection) -> None:
    statement = connection.get_execution_options().get("begin")
    if statement is not None:
        connection.exec_driver_sql(statement)
