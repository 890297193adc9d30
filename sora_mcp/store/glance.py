"""Short reads of a SQLite ledger that never leave the event loop.

Through the pool each is handed to a thread and back five times, which takes 400 µs and more; SQLite
itself needs 15. A glance is for what an index finds: a few rows. In WAL mode it waits for no writer
and sees every commit, whichever process made it.
"""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Dialect, RowMapping, Select
from sqlalchemy.dialects import sqlite

Row = RowMapping | Mapping[str, Any]
"""Values by the names of columns; the one is SQLAlchemy's, the other ours."""
_Query = tuple[str, Mapping[str, Any], Sequence[tuple[str, Callable[[Any], Any] | None]]]
"""SQL, the values that it always has, and its columns, each with what makes our value of it."""


class Glance:
    """A connection of its own, to read with."""

    def __init__(self, ledger: Path, dialect: Dialect) -> None:
        self._address = f"{ledger.absolute().as_uri()}?mode=ro"
        self._dialect = dialect
        self._connection: sqlite3.Connection | None = None
        self._queries: dict[Select[Any], _Query] = {}

    def rows(self, statement: Select[Any], values: Mapping[str, str]) -> Sequence[Row] | None:
        """What a statement finds; None where that cannot be told at once, for whatever reason.

        `statement`: one of few, each with `values` of its own (`bindparam`): it is kept.
        """
        sql, always, columns = self._query(statement)
        try:
            if self._connection is None:
                self._connection = sqlite3.connect(self._address, uri=True, timeout=0)
            # All of them: what is left unread would keep its state of the ledger alive.
            found = self._connection.execute(sql, {**always, **values}).fetchall()
        except sqlite3.Error:
            self.close()
            return None
        return [
            {
                name: value if read is None else read(value)
                for (name, read), value in zip(columns, row, strict=True)
            }
            for row in found
        ]

    def close(self) -> None:
        """End the connection; the next look makes another one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _query(self, statement: Select[Any]) -> _Query:
        known = self._queries.get(statement)
        if known is None:
            compiled = statement.compile(dialect=sqlite.dialect(paramstyle="named"))
            columns = [
                (
                    column.name,
                    column.type.dialect_impl(self._dialect).result_processor(self._dialect, None),
                )
                for column in statement.selected_columns
            ]
            known = self._queries[statement] = compiled.string, compiled.params, columns
        return known
