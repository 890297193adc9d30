"""How a job lies in the ledger's rows."""

from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from pydantic import ValidationError
from sqlalchemy import ColumnElement, Select, or_
from sqlalchemy.ext.asyncio import AsyncConnection

from sora_mcp.store.glance import Row
from sora_mcp.store.tables import jobs
from sora_mcp.videos.errors import LedgerTooNew
from sora_mcp.videos.lifecycle import BAD_ENDS, IN_FLIGHT
from sora_mcp.videos.models import Job, JobStatus, Operation

_OWN_COLUMNS = frozenset(
    {
        "id",
        "owner",
        "status",
        "engine",
        "engine_job_id",
        "idempotency_key",
        "created_at",
        "expires_at",
        "delete_requested",
        "fence",
        "home",
    }
)

JOB_COLUMNS = tuple(jobs.c[name] for name in sorted(_OWN_COLUMNS | {"document"}))
"""What `job_of` needs of a row."""

MICROUSD = 1_000_000
"""Budgets are reckoned in millionths of a dollar."""


def job_of(row: Row) -> Job:
    """The job in a row of `jobs`.

    Raises:
        LedgerTooNew: A newer program wrote what this one does not understand.
    """
    try:
        return Job.model_validate(row["document"] | {name: row[name] for name in _OWN_COLUMNS})
    except ValidationError as error:
        fields = ", ".join(str(fault["loc"][0]) for fault in error.errors())
        raise LedgerTooNew(
            f"{row['id']} was written by a newer sora-mcp, which this one does not understand "
            f"({fields}). Use the newer version."
        ) from error


def jobs_of(rows: Iterable[Row]) -> dict[str, Job]:
    """The jobs in rows of `jobs`, by their ids; those that cannot be read are left out."""
    found: dict[str, Job] = {}
    for row in rows:
        with suppress(LedgerTooNew):
            found[row["id"]] = job_of(row)
    return found


async def one_job(connection: AsyncConnection, statement: Select[Any]) -> Job | None:
    """The first job that a statement finds, or None."""
    row = (await connection.execute(statement)).mappings().first()
    return None if row is None else job_of(row)


def at_engine(name: str, base_url: str | None) -> ColumnElement[bool]:
    """Jobs of an engine: by its name, or by its host, should it have been renamed."""
    host = jobs.c.document["base_url"].as_string()
    return or_(jobs.c.engine == name, host == base_url)


def values_of(job: Job) -> dict[str, Any]:
    """The columns of `jobs` that follow from the job itself."""
    needs_engine = job.operation is not Operation.JOIN
    unwanted = job.delete_requested or job.cancel_requested
    queued = needs_engine and job.status is JobStatus.WAITING and not unwanted
    in_flight = needs_engine and job.status in IN_FLIGHT
    return {name: getattr(job, name) for name in _OWN_COLUMNS} | {
        "queue_engine": job.engine if queued else None,
        "slot_engine": job.engine if in_flight else None,
        "cost_microusd": counted_microusd(job) or None,
        "document": job.model_dump(mode="json", exclude=set(_OWN_COLUMNS)),
    }


def counted_microusd(job: Job) -> int:
    """What a job counts for in budgets: its estimate, unless it certainly cost nothing."""
    free = job.status in BAD_ENDS and job.error is not None and job.error.charged == "no"
    return 0 if free else round((job.estimated_cost_usd or 0) * MICROUSD)
