"""The ledger, on SQLite and PostgreSQL alike."""

import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, bindparam, select, true, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from sora_mcp.store.adding import add_job
from sora_mcp.store.budgets import spent_microusd
from sora_mcp.store.census import take_census
from sora_mcp.store.changes import changed, notices, read_changes
from sora_mcp.store.claiming import Claiming
from sora_mcp.store.database import Database
from sora_mcp.store.messages import heed
from sora_mcp.store.moving import Moving
from sora_mcp.store.outbox import SqlOutbox, put_out
from sora_mcp.store.requests import count_request
from sora_mcp.store.rows import (
    JOB_COLUMNS,
    MICROUSD,
    at_engine,
    job_of,
    jobs_of,
    one_job,
    values_of,
)
from sora_mcp.store.scheduling import free, hold_until, next_moment, submit_time
from sora_mcp.store.search import has_words, write_words
from sora_mcp.store.statistics import count_unfinished, newest_completed
from sora_mcp.store.tables import jobs
from sora_mcp.store.unheard import note_unheard
from sora_mcp.videos.errors import InvalidRequest, LedgerBroke, LedgerError
from sora_mcp.videos.lifecycle import ACTIVE, ends
from sora_mcp.videos.models import Change, Job, JobStatus, Page
from sora_mcp.videos.ports import Budget, Engine, EngineLimits, Spent

_NO_LEASE = {"lease_owner": None, "lease_until": None}

_UNKNOWN_TO_US = (JobStatus.SUBMITTING, JobStatus.UNKNOWN)

_WISHES = ("delete_requested", "keep_files", "cancel_requested")

_shown = jobs.c.deleted_at.is_(None)
_WITH_ID = select(*JOB_COLUMNS, jobs.c.deleted_at).where(jobs.c.id == bindparam("id"))


class SqlJobStore:
    """Implements the `JobStore` port."""

    def __init__(
        self, database: Database, *, home: str | None = None, announces: bool = False
    ) -> None:
        """`home`: see the port. `announces`: whether the end of a job is put into the outbox."""
        self.home = home
        self.outbox = SqlOutbox(database)
        self.census = partial(take_census, database)
        self._announces = announces
        self._database = database
        self.claim = Claiming(database, home).claim
        self.move_waiting = Moving(database, self._rewrite).move_waiting
        self._name = uuid.uuid4().hex

    def now(self) -> datetime:
        """The ledger's time, UTC."""
        return self._database.now()

    # Adding

    async def add(self, job: Job, budget: Budget) -> Job:
        """Add a job, due at once and created now; or give the one that is there (see the port).

        Raises:
            KeyConflict: The key was used with another fingerprint.
            SpendingRefused: It does not fit the budget; nothing was added.
            LedgerError: Nothing was added, unless it is `LedgerBroke`: then nobody knows.
        """
        written = False
        try:
            async with self._database.writing() as (connection, now):
                added = await add_job(connection, job, budget, now, self._name)
                written = True
        except LedgerError:
            if not written:
                raise
            # A connection that breaks at the commit leaves open whether there was one.
            stored = await self._look_again(job)
            if stored is None:
                raise
            return stored
        return added

    async def _look_again(self, job: Job) -> Job | None:
        try:
            return await self.get(job.id)
        except LedgerError as error:
            raise LedgerBroke(job.id) from error

    async def mark_unheard(self, job: Job) -> None:
        """Remember for `UNHEARD_FOR` that the caller of a job went away before it heard of it."""
        async with self._database.writing() as (connection, now):
            await note_unheard(connection, job, now)

    async def load(self) -> Mapping[str, int]:
        """How many unfinished jobs each engine has, queued ones included."""
        async with self._database.reading() as connection:
            return await count_unfinished(connection)

    async def latest_completed(self, engine: str) -> Sequence[Job]:
        """The newest finished jobs of an engine, whoever's they are; at most 50."""
        return await newest_completed(self._database, engine)

    async def spent(self, owner: str) -> Spent:
        """What has been spent today, UTC."""
        async with self._database.reading() as connection:
            by_owner, by_everyone = await spent_microusd(connection, owner, self.now())
        return Spent(by_owner / MICROUSD, by_everyone / MICROUSD)

    async def count_request(self, owner: str) -> tuple[int, float]:
        """One more of an owner, on PostgreSQL; how many in this minute, and how long it lasts."""
        return await count_request(self._database, owner)

    # Looking

    async def get(
        self, video_id: str, owner: str | None = None, *, deleted: bool = False
    ) -> Job | None:
        """The job, unless it is another owner's or (without `deleted`) deleted."""
        for row in await self._database.few(_WITH_ID, id=video_id):
            is_shown = deleted or row["deleted_at"] is None
            return job_of(row) if is_shown and owner in (None, row["owner"]) else None
        return None

    async def find_engine_job(
        self, engine_job_id: str, owner: str | None = None, *, engine: Engine | None = None
    ) -> Job | None:
        """The job that has this id at its engine; the newest, should two engines use the same.

        Of an `engine` that is given, deleted ones count: they may still be there.
        """
        same_id = (jobs.c.engine_job_id == engine_job_id) & _of(owner)
        there = _shown if engine is None else at_engine(engine.name, engine.base_url)
        named = select(jobs).where(same_id, there)
        async with self._database.reading() as connection:
            return await one_job(connection, named.order_by(jobs.c.created_at.desc()).limit(1))

    async def in_doubt(self, engine: Engine) -> Sequence[Job]:
        """Jobs that are being sent to an engine, or may have been; deleted ones count."""
        doubtful = jobs.c.status.in_(_UNKNOWN_TO_US) & jobs.c.engine_job_id.is_(None)
        found = select(jobs).where(doubtful, at_engine(engine.name, engine.base_url))
        async with self._database.reading() as connection:
            return list(jobs_of((await connection.execute(found)).mappings()).values())

    async def page(
        self,
        owner: str,
        *,
        statuses: frozenset[JobStatus] | None = None,
        query: str | None = None,
        limit: int = 20,
        after: str | None = None,
    ) -> Page:
        """Jobs newest first, without those that are to be deleted.

        `query`: every word must begin a word of the prompt or title.

        Raises:
            InvalidRequest: The owner has no job `after`, or the query has too many words.
        """
        listed = _shown & ~jobs.c.delete_requested
        async with self._database.reading() as connection:
            found = select(jobs).where(listed, *await has_words(connection, owner, query or ""))
            if statuses is not None:
                found = found.where(jobs.c.status.in_(sorted(statuses)))
            if after is not None:
                # A deleted job still marks a place, so that paging survives a deletion.
                last = await one_job(connection, select(jobs).where(_of(owner), jobs.c.id == after))
                if last is None:
                    raise InvalidRequest(
                        f"after names no video of yours ({after!r}). Use the next_after value of "
                        "an earlier list_videos, or leave it out to begin with the newest."
                    )
                place = tuple_(jobs.c.created_at, jobs.c.id)
                found = found.where(place < (last.created_at, last.id))
            newest_first = found.order_by(jobs.c.created_at.desc(), jobs.c.id.desc())
            rows = (await connection.execute(newest_first.limit(limit + 1))).mappings().all()
        some = tuple(job_of(row) for row in rows[:limit])
        return Page(jobs=some, next_after=some[-1].id if len(rows) > limit else None)

    async def check(self) -> None:
        """Raises `LedgerError` unless it can be read, and written as far as PostgreSQL tells."""
        await self._database.check()

    async def changes_since(self, number: int | None) -> tuple[int, list[Change]]:
        """The newest change's number, and what other processes changed after change `number`.

        None stands for now.
        """
        async with self._database.reading() as connection:
            return await read_changes(connection, number, self._name)

    def news(self) -> AbstractAsyncContextManager[AsyncIterator[tuple[int, Change | None]]]:
        """On PostgreSQL: the numbers of changes from now on, with what other processes changed.

        Raises, also while iterating:
            LedgerError: The connection is lost, or cannot be made.
        """
        return notices(self._database, self._name)

    # Working

    async def renew(self, worker: str, held: Sequence[Job], lease_seconds: float) -> frozenset[str]:
        """Lengthen leases still held; the ids that were."""
        fences = [(job.id, job.fence) for job in held]
        # The ids say where to look; SQLite finds no index for the pairs.
        ids = jobs.c.id.in_([job.id for job in held])
        still_held = tuple_(jobs.c.id, jobs.c.fence).in_(fences) & (jobs.c.lease_owner == worker)
        async with self._database.writing(urgent=True) as (connection, now):
            renewed = await connection.execute(
                update(jobs)
                .where(ids, still_held)
                .values(lease_until=now + timedelta(seconds=lease_seconds))
                .returning(jobs.c.id)
            )
            return frozenset(renewed.scalars())

    async def release(self, worker: str) -> None:
        """End a worker's leases early, so that the next one need not wait them out."""
        async with self._database.writing() as (connection, now):
            # The second says where to look: among the few that are unfinished.
            held = (jobs.c.lease_owner == worker) & jobs.c.run_at.is_not(None)
            await connection.execute(update(jobs).where(held).values(lease_until=now))

    async def save(
        self, job: Job, *, run_in: float | None = None, keep_lease: bool = False
    ) -> bool:
        """Write a leased job, due again in `run_in` seconds (never: None), and end the lease.

        False, and nothing written, when the job's fence is old: another worker has it.
        What was asked for meanwhile is kept, and makes the job due; one to be deleted stays due.
        """
        held = (jobs.c.id == job.id) & (jobs.c.fence == job.fence) & jobs.c.lease_owner.is_not(None)
        async with self._database.writing() as (connection, now):
            stored = await one_job(connection, select(jobs).where(held).with_for_update())
            if stored is None:
                return False
            run_at = None if run_in is None else now + timedelta(seconds=run_in)
            if stored.delete_requested:
                if run_at is None or not job.delete_requested:
                    run_at = now
                asked = {"delete_requested": True, "keep_files": stored.keep_files}
                job = job.model_copy(update=asked)
            if stored.cancel_requested and not job.cancel_requested:
                run_at = now if job.status in ACTIVE else run_at
                job = job.model_copy(update={"cancel_requested": True})
            columns = {"run_at": run_at} | ({} if keep_lease else _NO_LEASE)
            await self._rewrite(connection, stored, job, **columns)
        return True

    async def submit_delay(self, engine: str, limits: EngineLimits) -> float | None:
        """Seconds until an engine may be sent a new submission; None when its slots are full."""
        async with self._database.reading() as connection:
            return self._seconds_until(await submit_time(connection, engine, limits))

    async def hold(self, engine: str, seconds: float) -> None:
        """Submit nothing to an engine for so long."""
        async with self._database.writing() as (connection, now):
            await hold_until(connection, engine, now + timedelta(seconds=seconds))

    async def nudge(self, engine_job_id: str, message_id: str) -> list[Change]:
        """Make an engine's job due at once, when a message asks for it for the first time."""
        async with self._database.writing() as (connection, now):
            return await heed(connection, engine_job_id, message_id, now, self._name)

    async def next_due(self, limits: Mapping[str, EngineLimits]) -> float | None:
        """Seconds until some job is due or a lease ends; None when there is nothing to wait for.

        Jobs waiting for a full engine are left out: the write that frees a slot is the signal.
        """
        async with self._database.reading() as connection:
            return self._seconds_until(await next_moment(connection, limits, self.now(), self.home))

    def _seconds_until(self, moment: datetime | None) -> float | None:
        return None if moment is None else max(0.0, (moment - self.now()).total_seconds())

    # Taking up again and ending

    async def reopen(self, job: Job) -> bool:
        """Write an idle job back as active and due at once. False when it changed meanwhile."""
        async with self._database.writing() as (connection, now):
            same = (jobs.c.id == job.id) & (jobs.c.fence == job.fence)
            idle = _shown & ~jobs.c.delete_requested & free(now)
            stored = await one_job(connection, select(jobs).where(same, idle).with_for_update())
            if stored is None:
                return False
            # The fence goes up, so that of two callers only the first one finds it unchanged.
            again = job.model_copy(update={"fence": job.fence + 1})
            await self._rewrite(connection, stored, again, run_at=now, **_NO_LEASE)
        return True

    async def recover(self, job: Job) -> bool:
        """Write what a host answered to a submission that another worker has taken over meanwhile.

        False, and nothing written, unless the ledger does not know what became of it.
        """
        unheard = jobs.c.engine_job_id.is_(None) & jobs.c.status.in_(_UNKNOWN_TO_US)
        open_question = select(jobs).where(jobs.c.id == job.id, unheard, _shown)
        async with self._database.writing() as (connection, now):
            stored = await one_job(connection, open_question.with_for_update())
            if stored is None:
                return False
            wishes = {wish: getattr(stored, wish) for wish in _WISHES}
            answered = job.model_copy(update=wishes | {"fence": stored.fence + 1})
            await self._rewrite(connection, stored, answered, run_at=now, **_NO_LEASE)
        return True

    async def request_delete(self, video_id: str, owner: str, *, keep_files: bool) -> Job | None:
        """Mark a job for deletion and make it due at once; None when there is none."""
        return await self._request(video_id, owner, delete_requested=True, keep_files=keep_files)

    async def request_cancel(self, video_id: str, owner: str) -> Job | None:
        """Mark an active job for cancelling and make it due at once; None when there is none."""
        return await self._request(video_id, owner, ACTIVE, cancel_requested=True)

    async def _request(
        self, video_id: str, owner: str, among: frozenset[JobStatus] | None = None, **asked: bool
    ) -> Job | None:
        found = select(jobs).where(jobs.c.id == video_id, _of(owner), _shown).with_for_update()
        async with self._database.writing() as (connection, now):
            stored = await one_job(connection, found)
            if stored is None or (among is not None and stored.status not in among):
                return None
            job = stored.model_copy(update=asked)
            await self._rewrite(connection, stored, job, run_at=now)
        return job

    async def mark_deleted(self, job: Job) -> None:
        """Hide a job for ever; its cost still counts. Needs no lease."""
        found = select(jobs).where(jobs.c.id == job.id, _shown).with_for_update()
        async with self._database.writing() as (connection, now):
            stored = await one_job(connection, found)
            if stored is None:
                return
            gone = job.model_copy(update={"fence": stored.fence + 1})
            nothing_to_do = {"run_at": None, "queue_engine": None, "slot_engine": None, **_NO_LEASE}
            await self._rewrite(connection, stored, gone, deleted_at=now, **nothing_to_do)

    async def _rewrite(
        self, connection: AsyncConnection, stored: Job, job: Job, **columns: Any
    ) -> None:
        moved = (job.status, job.progress) != (stored.status, stored.progress)
        # An unheard job may have been given a key since the writer saw it.
        kept = {"idempotency_key": stored.idempotency_key}
        updated_at = self.now() if moved else stored.updated_at
        job = job.model_copy(update=kept | {"updated_at": updated_at})
        if self._announces and ends(stored, job):
            await put_out(connection, job, self.now())
        gone = "deleted_at" in columns
        change = await changed(connection, job, self.now(), self._name, deleted=gone)
        row = values_of(job) | change | columns
        await connection.execute(update(jobs).where(jobs.c.id == job.id).values(row))
        if (job.prompt, job.title) != (stored.prompt, stored.title):
            await write_words(connection, job, before=stored)


def _of(owner: str | None) -> ColumnElement[bool]:
    return true() if owner is None else jobs.c.owner == owner
