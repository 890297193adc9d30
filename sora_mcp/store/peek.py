"""A look at the ledger of this machine that costs next to nothing, for the start of a process."""

import sqlite3
from contextlib import closing
from pathlib import Path

LEDGER = "ledger.sqlite"
"""The name of the ledger in the home folder."""


def has_unfinished_job(ledger: Path) -> bool:
    """Whether an earlier process left a job that somebody has to look at again.

    Only a hint: False too when there is no ledger or it cannot be read. Opening the ledger
    properly says what is wrong with it. Never creates or changes the file.
    """
    return _has_row(ledger, "jobs WHERE run_at IS NOT NULL")


def has_untold_end(ledger: Path) -> bool:
    """Whether an earlier process left the end of a job untold; the same kind of hint."""
    return _has_row(ledger, "outbox")


def _has_row(ledger: Path, place: str) -> bool:
    if not ledger.is_file():
        return False
    try:
        with closing(sqlite3.connect(f"{ledger.absolute().as_uri()}?mode=ro", uri=True)) as file:
            return file.execute(f"SELECT 1 FROM {place} LIMIT 1").fetchone() is not None  # noqa: S608  # ours
    except sqlite3.Error:
        return False
