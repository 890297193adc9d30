"""Opening a ledger, brought up to date."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import anyio.to_thread

from sora_mcp.folders import home_id
from sora_mcp.store.database import Database, make_file
from sora_mcp.store.migrate import migrate
from sora_mcp.store.peek import LEDGER
from sora_mcp.store.sql import SqlJobStore
from sora_mcp.videos.errors import NotConfigured


@asynccontextmanager
async def open_store(
    url: str | None, home: Path, *, announces: bool = False
) -> AsyncGenerator[SqlJobStore]:
    """The ledger: the PostgreSQL database at `url`, else a SQLite file in the home folder.

    Processes of several home folders may share the former.

    `announces`: whether the end of a job is put into its outbox.

    Raises:
        NotConfigured: `url` is no `postgresql://…` address, its driver is missing, or the home
            folder cannot be written.
        LedgerError: It cannot be opened, is damaged, or is newer than this program.
    """
    database = Database.in_folder(home / LEDGER) if url is None else Database.at(url)
    try:
        if url is None:
            with database.failures():
                await anyio.to_thread.run_sync(make_file, home / LEDGER)
        await migrate(database)
        await database.set_clock()
        known_by = None if url is None else await anyio.to_thread.run_sync(_id_of, home)
        yield SqlJobStore(database, home=known_by, announces=announces)
    finally:
        with anyio.CancelScope(shield=True):
            await database.close()


def _id_of(home: Path) -> str:
    try:
        return home_id(home)
    except OSError as error:
        raise NotConfigured(
            f"{home} cannot be written ({error.strerror}). Make it writable, or choose another "
            "folder with SORA_MCP_HOME."
        ) from error
