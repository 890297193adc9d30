"""Ledgers with many jobs in them, which nobody had to make one by one."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy import insert

from sora_mcp.store.database import Database
from sora_mcp.store.opening import open_store
from sora_mcp.store.peek import LEDGER
from sora_mcp.store.rows import values_of
from sora_mcp.store.search import words_in
from sora_mcp.store.tables import jobs, words
from sora_mcp.videos.lifecycle import SLOWEST_POLL_SECONDS
from sora_mcp.videos.models import Job, JobStatus, Operation, new_video_id

OWNER = "local"


async def fill(url: str | None, home: Path, made: Sequence[Job], *, spread: float = 0) -> None:
    """Make a ledger of these jobs; unfinished ones are due one by one within `spread` seconds."""
    async with open_store(url, home):
        pass
    database = Database.in_folder(home / LEDGER) if url is None else Database.at(url)
    try:
        async with database.writing() as (connection, now):
            rows = [values_of(job) | {"change": 0, "changed_by": "nobody"} for job in made]
            for number, row in enumerate(rows):
                active = row["status"] == JobStatus.IN_PROGRESS
                due = now + timedelta(seconds=spread * number / len(made))
                row |= {"run_at": due if active else None}
            await connection.execute(insert(jobs), rows)
            found = [
                {"owner": job.owner, "word": word, "job_id": job.id}
                for job in made
                for word in words_in(job.prompt)
            ]
            await connection.execute(insert(words), found)
    finally:
        await database.close()


def at_host(names: Sequence[str], host: str) -> list[Job]:
    """Jobs that a host has had for a while, so that they are looked at as seldom as can be."""
    now = datetime.now(UTC)
    return [
        Job(
            id=new_video_id(),
            owner=OWNER,
            operation=Operation.GENERATE,
            status=JobStatus.IN_PROGRESS,
            progress=10,
            prompt=f"A calico cat playing a piano, number {number}",
            engine=urlsplit(host).netloc,
            base_url=f"{host}/v1",
            engine_job_id=name,
            created_at=now,
            submitted_at=now,
            poll_after=SLOWEST_POLL_SECONDS,
        )
        for number, name in enumerate(names)
    ]
