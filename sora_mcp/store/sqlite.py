"""Connections to SQLite that go to their thread and back once for a statement.

aiosqlite's own go there four times: for a cursor, the statement, its rows, and the cursor's end.
That made up half of the time from a tool call to the request at the engine (12 ms, of which
SQLite needed 1).
"""

import sqlite3
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Self

import aiosqlite


async def connect(database: Path, busy_seconds: float) -> aiosqlite.Connection:
    """A connection to the SQLite database in a file.

    `busy_seconds`: how long it waits for another that is writing.
    """
    return await Connection(partial(sqlite3.connect, database, busy_seconds))


class Connection(aiosqlite.Connection):
    """As SQLAlchemy uses one, which reads every row of a statement anyway."""

    def __init__(self, connect: Callable[[], sqlite3.Connection]) -> None:
        super().__init__(connect, iter_chunk_size=64)
        # A process may end without it, as with the connections that SQLAlchemy makes itself.
        self._thread.daemon = True

    def cursor(self) -> Any:
        """What runs one statement."""
        return _Cursor(self)

    async def rollback(self) -> None:
        """Undo what has not been committed; reading leaves nothing to undo."""
        if self.in_transaction:
            await super().rollback()

    async def run(self, work: Callable[[sqlite3.Connection], None]) -> None:
        """Do some work in the connection's thread."""
        await self._execute(work, self._conn)  # pyright: ignore[reportUnknownMemberType]  # aiosqlite says no types of it


class _Cursor:
    """A statement, and all that it found."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._rows: Sequence[Any] = ()
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None
        self.arraysize = 1

    async def __aenter__(self) -> Self:
        return self

    async def execute(self, statement: str, values: Sequence[Any] = ()) -> None:
        """Run a statement."""
        await self._connection.run(partial(self._run, sqlite3.Cursor.execute, statement, values))

    async def executemany(self, statement: str, values: Sequence[Sequence[Any]]) -> None:
        """Run a statement with one row of values after the other."""
        await self._connection.run(
            partial(self._run, sqlite3.Cursor.executemany, statement, values)
        )

    async def fetchall(self) -> Sequence[Any]:
        """The rows that it found."""
        return self._rows

    async def close(self) -> None:
        """Nothing is left open."""

    def _run(
        self,
        run: Callable[..., object],
        statement: str,
        values: Sequence[Any],
        connection: sqlite3.Connection,
    ) -> None:
        cursor = connection.cursor()
        try:
            run(cursor, statement, values)
            self._rows = cursor.fetchall() if cursor.description else ()
            self.description = cursor.description
            self.rowcount, self.lastrowid = cursor.rowcount, cursor.lastrowid
        finally:
            cursor.close()
