"""The ledger against a model of it in memory, in whatever order of calls may matter."""

import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import cache
from itertools import count
from pathlib import Path
from typing import Literal

import anyio
from anyio.from_thread import start_blocking_portal
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from sora_mcp.store.opening import open_store
from sora_mcp.store.peek import LEDGER
from sora_mcp.videos.lifecycle import ACTIVE, IN_FLIGHT
from sora_mcp.videos.models import Job, JobStatus
from sora_mcp.videos.ports import EngineLimits
from tests.store.ledgers import ENGINE, NO_LIMIT, OWNER, a_job

LIMITS = {ENGINE: EngineLimits(max_active=2, min_interval=0)}
FAR = 1000.0
"""Seconds that no test lasts."""


@dataclass(frozen=True)
class Row:
    """What the model knows of a job."""

    job: Job
    due: Literal["now", "later", "never"]
    since: int
    """Grows with every time that a job is made due: the first one that waits is the first sent."""
    lease: Literal["none", "over", "held"] = "none"
    deleted: bool = False

    @property
    def is_queued(self) -> bool:
        unwanted = self.job.delete_requested or self.job.cancel_requested
        return self.job.status is JobStatus.WAITING and not unwanted

    @property
    def is_claimable(self) -> bool:
        return self.due == "now" and self.lease != "held" and not self.deleted

    @property
    def takes_slot(self) -> bool:
        return self.job.status in IN_FLIGHT and not self.deleted


def timeless(job: Job) -> Job:
    """The model keeps no time."""
    return job.model_copy(update={"updated_at": None})


@cache
def _empty_ledger() -> bytes:
    async def make(home: Path) -> bytes:
        async with open_store(None, home):
            pass
        return (home / LEDGER).read_bytes()

    with tempfile.TemporaryDirectory() as home:
        return anyio.run(make, Path(home))


class LedgerAndModel(RuleBasedStateMachine):
    """Does the same to both."""

    def __init__(self) -> None:
        super().__init__()
        self._stack = ExitStack()
        home = Path(self._stack.enter_context(tempfile.TemporaryDirectory()))
        (home / LEDGER).write_bytes(_empty_ledger())
        self.portal = self._stack.enter_context(start_blocking_portal())
        opened = self.portal.wrap_async_context_manager(open_store(None, home))
        self.store = self._stack.enter_context(opened)
        self.rows: dict[str, Row] = {}
        self.copies: list[Job] = []
        """Jobs as they were given out at some time: what calls are made with."""
        self.clock = count()

    def teardown(self) -> None:
        self._stack.close()

    def put(self, row: Row) -> None:
        self.rows[row.job.id] = row

    @rule(status=st.sampled_from([JobStatus.WAITING, JobStatus.WAITING, JobStatus.QUEUED]))
    def add(self, status: JobStatus) -> None:
        job = self.portal.call(self.store.add, a_job(self.store, status=status), NO_LIMIT)
        self.put(Row(job, "now", next(self.clock)))
        self.copies.append(job)

    @rule(holds=st.booleans())
    def claim(self, holds: bool) -> None:
        room = LIMITS[ENGINE].max_active - sum(row.takes_slot for row in self.rows.values())
        claimable = [row for row in self.rows.values() if row.is_claimable]
        queue = sorted((row for row in claimable if row.is_queued), key=lambda row: row.since)
        expected = [row for row in claimable if not row.is_queued] + queue[: max(room, 0)]
        for row in expected:
            status = JobStatus.SUBMITTING if row.is_queued else row.job.status
            job = row.job.model_copy(update={"status": status, "fence": row.job.fence + 1})
            self.put(replace(row, job=job, lease="held" if holds else "over"))

        async def claim() -> list[Job]:
            claims = await self.store.claim(
                "worker",
                limit=1000,
                submissions=1000,
                lease_seconds=FAR if holds else 0,
                limits=LIMITS,
            )
            return [found.job for found in claims]

        claimed = self.portal.call(claim)
        self.copies += claimed
        assert {job.id: timeless(job) for job in claimed} == {
            row.job.id: timeless(self.rows[row.job.id].job) for row in expected
        }

    @precondition(lambda self: self.copies)
    @rule(
        data=st.data(),
        status=st.sampled_from(JobStatus),
        run_in=st.sampled_from([None, 0, FAR]),
        keeps=st.booleans(),
    )
    def save(
        self, data: st.DataObject, status: JobStatus, run_in: float | None, keeps: bool
    ) -> None:
        copy = data.draw(st.sampled_from(self.copies[-8:]))
        row = self.rows[copy.id]
        job = copy.model_copy(update={"status": status})
        allowed = row.lease != "none" and row.job.fence == copy.fence and not row.deleted
        if allowed:
            due = "never" if run_in is None else "later" if run_in else "now"
            if row.job.delete_requested and (due == "never" or not copy.delete_requested):
                due = "now"
            if row.job.cancel_requested and not copy.cancel_requested and status in ACTIVE:
                due = "now"
            wishes = ("delete_requested", "keep_files", "cancel_requested")
            wish = {name: getattr(row.job, name) for name in wishes}
            lease = row.lease if keeps else "none"
            kept = job.model_copy(update=wish)
            self.put(replace(row, job=kept, due=due, since=next(self.clock), lease=lease))

        async def save() -> bool:
            return await self.store.save(job, run_in=run_in, keep_lease=keeps)

        assert self.portal.call(save) == allowed

    @precondition(lambda self: self.copies)
    @rule(data=st.data())
    def reopen(self, data: st.DataObject) -> None:
        copy = data.draw(st.sampled_from(self.copies[-8:]))
        row = self.rows[copy.id]
        again = copy.model_copy(update={"status": JobStatus.DOWNLOADING})
        allowed = (
            row.job.fence == copy.fence
            and row.lease != "held"
            and not row.job.delete_requested
            and not row.deleted
        )
        if allowed:
            job = again.model_copy(update={"fence": copy.fence + 1})
            self.put(replace(row, job=job, due="now", since=next(self.clock), lease="none"))
        assert self.portal.call(self.store.reopen, again) == allowed

    @precondition(lambda self: self.copies)
    @rule(data=st.data(), keep_files=st.booleans())
    def request_delete(self, data: st.DataObject, keep_files: bool) -> None:
        row = self.rows[data.draw(st.sampled_from(self.copies[-8:])).id]
        wish = {"delete_requested": True, "keep_files": keep_files}
        job = row.job.model_copy(update=wish)
        if not row.deleted:
            self.put(replace(row, job=job, due="now", since=next(self.clock)))

        async def request_delete() -> Job | None:
            return await self.store.request_delete(job.id, OWNER, keep_files=keep_files)

        asked = self.portal.call(request_delete)
        assert (asked and timeless(asked)) == (None if row.deleted else timeless(job))

    @precondition(lambda self: self.copies)
    @rule(data=st.data())
    def request_cancel(self, data: st.DataObject) -> None:
        row = self.rows[data.draw(st.sampled_from(self.copies[-8:])).id]
        job = row.job.model_copy(update={"cancel_requested": True})
        allowed = row.job.status in ACTIVE and not row.deleted
        if allowed:
            self.put(replace(row, job=job, due="now", since=next(self.clock)))
        asked = self.portal.call(self.store.request_cancel, job.id, OWNER)
        assert (asked and timeless(asked)) == (timeless(job) if allowed else None)

    @precondition(lambda self: self.copies)
    @rule(data=st.data())
    def mark_deleted(self, data: st.DataObject) -> None:
        copy = data.draw(st.sampled_from(self.copies[-8:]))
        self.put(replace(self.rows[copy.id], deleted=True))
        self.portal.call(self.store.mark_deleted, copy)

    @invariant()
    def the_same_jobs_are_there(self) -> None:
        async def look() -> tuple[dict[str, Job], bool]:
            page = await self.store.page(OWNER, limit=1000)
            return {job.id: timeless(job) for job in page.jobs}, bool(await self.store.load())

        there = {row.job.id: row for row in self.rows.values() if not row.deleted}
        # What is about to be deleted is listed no more, although somebody still works on it.
        listed = {id_: row for id_, row in there.items() if not row.job.delete_requested}
        jobs, active = self.portal.call(look)
        assert jobs == {video_id: timeless(row.job) for video_id, row in listed.items()}
        assert active == any(row.due != "never" for row in there.values())


LedgerAndModel.TestCase.settings = settings(max_examples=15, stateful_step_count=25, deadline=None)
TestLedgerAndModel = LedgerAndModel.TestCase
