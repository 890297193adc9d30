"""The ledger's tables.

A column exists for what is asked for in queries; the rest of a job is one JSON document, so that
a new field of `Job` needs no migration. Some columns say again what follows from the job
(`rows.py` fills them): each makes one frequent question a short look into a small partial index,
however long the ledger grows.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Dialect,
    Index,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    literal_column,
)

EPOCH = datetime.fromtimestamp(0, UTC)


class Moment(TypeDecorator[datetime]):
    """A moment as whole microseconds since 1970 UTC: exact, sortable, the same everywhere."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """To the database."""
        return None if value is None else (value - EPOCH) // timedelta(microseconds=1)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        """From the database."""
        return None if value is None else EPOCH + timedelta(microseconds=value)


ByteOrdered = Text().with_variant(Text(collation="C"), "postgresql")
"""Text that sorts by its bytes, so that a prefix is one range of an index."""

metadata = MetaData()

jobs = Table(
    "jobs",
    metadata,
    Column("id", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("engine", Text, nullable=False),
    Column("engine_job_id", Text),
    Column("idempotency_key", Text),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment),
    Column("delete_requested", Boolean, nullable=False),
    Column("deleted_at", Moment),
    # When somebody has to look at it again; null is never.
    Column("run_at", Moment),
    Column("lease_owner", Text),
    Column("lease_until", Moment),
    Column("fence", BigInteger, nullable=False),
    # The engine that it waits for, or whose slot it takes up.
    Column("queue_engine", Text),
    Column("slot_engine", Text),
    # What it counts for in budgets, in millionths of a dollar, so that sums are exact.
    Column("cost_microusd", BigInteger),
    # Grows with every write that somebody may want to see, and who wrote.
    Column("change", BigInteger, nullable=False),
    Column("changed_by", Text, nullable=False),
    Column("document", JSON, nullable=False),
    # The home folder whose processes alone can go on with it; null: all can.
    Column("home", Text),
)
_job = jobs.c


def _index(
    name: str, *columns: Column[Any], where: ColumnElement[bool] | None = None, unique: bool = False
) -> None:
    """An index of all rows, or of those `where` something holds."""
    Index(name, *columns, unique=unique, sqlite_where=where, postgresql_where=where)


_shown = _job.deleted_at.is_(None)

completed = _job.status == literal_column("'completed'")
"""In the very words of its index: a parameter would hide from the database that it may be used."""

_index("jobs_due", _job.queue_engine, _job.run_at, where=_job.run_at.is_not(None))
_index("jobs_slots", _job.slot_engine, where=_job.slot_engine.is_not(None))
_index("jobs_engine_job_id", _job.engine_job_id, where=_job.engine_job_id.is_not(None))
_index("jobs_page", _job.owner, _job.created_at, _job.id, _job.status, where=_shown)
_index(
    "jobs_cost",
    *(_job.created_at, _job.owner, _job.cost_microusd),
    where=_job.cost_microusd.is_not(None),
)
_index(
    "jobs_idempotency_key",
    *(_job.owner, _job.idempotency_key),
    where=_job.idempotency_key.is_not(None) & _shown,
    unique=True,
)
_index("jobs_change", _job.change)
_index("jobs_latest", _job.engine, _job.created_at, where=completed)

# The words of prompts and titles (`rows.words`), by which jobs are found.
words = Table(
    "words",
    metadata,
    Column("owner", Text, primary_key=True),
    Column("word", ByteOrdered, primary_key=True),
    Column("job_id", Text, primary_key=True),
    sqlite_with_rowid=False,
)
Index("words_of_job", words.c.job_id, words.c.word)

# Requests whose caller went away before it heard of the job.
unheard = Table(
    "unheard",
    metadata,
    Column("owner", Text, primary_key=True),
    Column("fingerprint", Text, primary_key=True),
    Column("job_id", Text, nullable=False),
    Column("at", Moment, nullable=False),
)

# Messages of engines that have been heeded, so that no other replica heeds them again.
heard = Table(
    "heard", metadata, Column("id", Text, primary_key=True), Column("at", Moment, nullable=False)
)
Index("heard_at", heard.c.at)

# Ends of jobs that have yet to be told; a lease is a `run_at` in the future.
outbox = Table(
    "outbox",
    metadata,
    Column("id", Text, primary_key=True),
    Column("job", JSON, nullable=False),
    Column("ended_at", Moment, nullable=False),
    Column("run_at", Moment, nullable=False),
    Column("attempts", BigInteger, nullable=False),
    Column("fence", BigInteger, nullable=False),
)
Index("outbox_due", outbox.c.run_at)

# One row per owner, locked while a job of theirs is checked and added.
owners = Table("owners", metadata, Column("name", Text, primary_key=True))

engines = Table(
    "engines",
    metadata,
    Column("name", Text, primary_key=True),
    Column("next_submit_at", Moment, nullable=False),
)

# How many requests an owner has made in the minute that was counted last.
requests = Table(
    "requests",
    metadata,
    Column("owner", Text, primary_key=True),
    Column("minute", BigInteger, nullable=False),
    Column("count", BigInteger, nullable=False),
)
