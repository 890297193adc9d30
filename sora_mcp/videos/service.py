"""What can be done with videos, for every surface: the tools, the resources, the command line.

Nothing here talks to an engine about a job (adopting a stranger's id is the one exception): it
writes to the ledger, and a worker does the rest. Every call names the owner it acts for; a foreign
video looks exactly like one that does not exist.
"""

import re
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from contextlib import aclosing
from pathlib import Path
from typing import Literal

import anyio

from sora_mcp.videos.adoption import ENGINE_ID, found_at_hosts
from sora_mcp.videos.errors import InvalidRequest, LedgerBroke, LibraryError
from sora_mcp.videos.expectation import Experience
from sora_mcp.videos.lifecycle import ACTIVE, BAD_ENDS, FINAL, advance
from sora_mcp.videos.missing import no_file, not_found, with_missing_engine
from sora_mcp.videos.models import (
    VIDEO_ID_PATTERN,
    Change,
    File,
    Job,
    JobStatus,
    Operation,
    Page,
    Variant,
)
from sora_mcp.videos.pauses import Pauses
from sora_mcp.videos.planning import Plan, Planner
from sora_mcp.videos.ports import (
    Budget,
    ContactSheet,
    Engines,
    EventBus,
    JobStore,
    Library,
    Outputs,
)
from sora_mcp.videos.reports import Deletion, EngineReport, facts_of
from sora_mcp.videos.tracing import traceparent

RECHECK_SECONDS = 10.0
"""How long a wait trusts the event bus before it looks at the ledger again: with 330 calls
that waited at a replica, looks every 2 s took a third of its time."""

QUEUE_SECONDS = 2.0
"""How often who waits for an engine's answer asks whether it can be soon."""

_NOT_STARTED = frozenset({JobStatus.WAITING, JobStatus.SUBMITTING})
_STATUS_FILTERS = {
    "all": None,
    "active": ACTIVE,
    "completed": frozenset({JobStatus.COMPLETED}),
    "failed": BAD_ENDS,
}


class VideoService:
    """Generate, remix, extend, join, wait, view, list, delete, adopt."""

    def __init__(
        self,
        *,
        planner: Planner,
        store: JobStore,
        engines: Engines,
        library: Library,
        outputs: Outputs,
        events: EventBus,
        budget: Budget,
        adopts: bool,
    ) -> None:
        """`adopts`: whether ids that only the engine knows may be taken in."""
        self.plan = planner
        self._store = store
        self._engines = engines
        self._library = library
        self._outputs = outputs
        self._events = events
        self._budget = budget
        self._adopts = adopts
        self.expected_seconds = Experience(store.latest_completed).expected_seconds
        self._pauses = Pauses()

    @property
    def standing(self) -> int:
        """How many videos would be lost with this process: they come to its connections only.

        Each engine tells of all, because they share these connections.
        """
        return max(engine.standing for engine in self._engines.every())

    async def hear_out(self) -> None:
        """Wait until no video would be lost with this process any more."""
        for engine in self._engines.every():
            await engine.hear_out()

    def answer_now(self) -> None:
        """Whoever waits is told what is known: the process is to end."""
        self._pauses.end()

    async def check(self) -> None:
        """Raises `LedgerError` unless the ledger answers, and takes what it is told."""
        await self._store.check()

    # Starting

    async def start(self, plan: Plan) -> Job:
        """Put a planned job into the ledger.

        Gives the earlier job instead, when its `idempotency_key` was used before, or when the same
        request was made a few minutes ago and its caller went away.

        Raises:
            KeyConflict, SpendingRefused: Nothing was added.
            LibraryError, LedgerError: Nothing was added, unless it is `LedgerBroke`.
        """
        reference = plan.reference
        if reference is not None:
            await self._library.keep_reference(plan.job.id, reference.png)
        try:
            traced = plan.job.model_copy(update={"traceparent": traceparent()})
            job = await self._store.add(traced, self._budget)
        except BaseException as error:
            if not isinstance(error, LedgerBroke):  # then the job may be there, and need it
                with anyio.CancelScope(shield=True):
                    await self._library.drop_reference(plan.job.id)
            raise
        if job.id != plan.job.id and reference is not None:
            await self._library.drop_reference(plan.job.id)
        await self._announce(job)
        return job

    async def mark_unheard(self, job: Job) -> None:
        """The caller went away before it heard of a job: the same request again gets this job."""
        await self._store.mark_unheard(job)

    async def wait_for_answer(self, job: Job, timeout: float) -> Job:
        """The job once its engine has answered or put off the submission, or after `timeout` s."""
        engine = None if job.operation is Operation.JOIN else self._engines.of(job)
        with anyio.move_on_after(timeout):
            async with aclosing(self.watch(job.owner, job.id, QUEUE_SECONDS)) as states:
                async for state in states:
                    job = state
                    if job.status not in _NOT_STARTED or engine is None:
                        break
                    if job.status is JobStatus.WAITING:
                        delay = await self._store.submit_delay(engine.name, engine.limits)
                        if delay is None or delay > max(1.0, engine.limits.min_interval):
                            break
        return job

    # Looking

    async def get(self, owner: str, video_id: str) -> Job:
        """The job, adopting an engine's own id where that is allowed.

        Raises:
            VideoNotFound: Neither the ledger nor, when asked, the engine knows it.
        """
        if re.fullmatch(VIDEO_ID_PATTERN, video_id):
            job = await self._store.get(video_id, owner)
            if job is not None:
                return with_missing_engine(job, self._engines)
        elif self._adopts and ENGINE_ID.fullmatch(video_id):
            known = await self._store.find_engine_job(video_id, owner)
            return known or await self._adopt(owner, video_id)
        raise not_found(video_id)

    async def _adopt(self, owner: str, engine_job_id: str) -> Job:
        job = await found_at_hosts(self._engines, owner, engine_job_id, self._store.now())
        job = await self._store.add(job, Budget())
        await self._announce(job)
        return job

    async def watch(
        self, owner: str, video_id: str, recheck: float = RECHECK_SECONDS
    ) -> AsyncGenerator[Job]:
        """The job now, and again after each change; ends when it is final (or see `answer_now`).

        One that its engine has yet to get is also given again every `recheck` seconds.
        """
        if not re.fullmatch(VIDEO_ID_PATTERN, video_id):
            video_id = (await self.get(owner, video_id)).id
        async with self._events.subscribe({video_id}) as changes:
            job = await self.get(owner, video_id)
            yield job
            while job.status not in FINAL and not self._pauses.ended:
                await self._pauses.until_change(changes, recheck)
                seen, job = job, await self.get(owner, job.id)
                if job != seen or job.status in _NOT_STARTED:
                    yield job

    async def wait(
        self,
        owner: str,
        video_id: str,
        timeout: float,
        on_change: Callable[[Job], None] = lambda job: None,
    ) -> Job:
        """The job when it is final, or as it is after `timeout` seconds."""
        job = await self.get(owner, video_id)
        if timeout > 0:
            with anyio.move_on_after(timeout):
                async with aclosing(self.watch(owner, job.id)) as states:
                    async for state in states:
                        job = state
                        on_change(job)
        return job

    async def list(
        self,
        owner: str,
        *,
        status: str = "all",
        query: str | None = None,
        limit: int = 20,
        after: str | None = None,
    ) -> Page:
        """A page of the owner's videos, newest first."""
        if status not in _STATUS_FILTERS:
            raise InvalidRequest(
                f"Unknown status {status!r}; use one of {', '.join(_STATUS_FILTERS)}."
            )
        if not 1 <= limit <= 100:
            raise InvalidRequest(f"limit is {limit}; it must be 1 to 100.")
        if after is not None and not re.fullmatch(VIDEO_ID_PATTERN, after):
            raise InvalidRequest("after must be the next_after value of an earlier list_videos.")
        return await self._store.page(
            owner, statuses=_STATUS_FILTERS[status], query=query, limit=limit, after=after
        )

    async def wait_for_change(self, jobs: Iterable[Job], timeout: float) -> None:
        """Return when one of these jobs changes, or after `timeout` seconds."""
        before = {job.id: job for job in jobs}
        if not before:
            return
        with anyio.move_on_after(timeout):
            async with self._events.subscribe(before) as changes:
                while True:
                    for video_id, job in before.items():
                        if await self._store.get(video_id, job.owner) != job:
                            return
                    if self._pauses.ended:
                        return
                    await self._pauses.until_change(changes, RECHECK_SECONDS)

    async def hear(self, headers: Mapping[str, str], body: bytes) -> None:
        """Look at a job at once when a message of its engine says that there is news.

        The message is only a hint, and nobody is told whether the job exists.

        Raises:
            WebhookRefused: It is not a message of an engine of ours, or not a fresh one.
        """
        # They share one secret, and the ids of their jobs are random.
        heard = self._engines.every()[0].read_webhook(headers, body, self._store.now())
        if heard.engine_job_id is not None:
            for due in await self._store.nudge(heard.engine_job_id, heard.message_id):
                await self._events.publish(due)

    # Files

    async def file(self, owner: str, video_id: str, variant: Variant) -> tuple[Job, File]:
        """A finished video's file; images that are missing are made from the video.

        Raises:
            NotReady: The video is not finished, or did not end well.
            LibraryError: The file is not in the library any more.
        """
        job = await self.get(owner, video_id)
        video = job.file(Variant.VIDEO)
        if video is None:
            raise no_file(job)
        file = job.file(variant)
        if file is not None and await self._library.exists(file):
            return job, file
        if variant is not Variant.VIDEO and await self._library.exists(video):
            return job, await self._library.add_still(job, variant)
        raise LibraryError(
            f"The {variant} of {job.id} is no longer in the library. Call download_video with "
            f"this video_id to fetch it again, or make the video again.",
            job=job,
        )

    async def linked_file(self, video_id: str, variant: Variant) -> File:
        """A finished video's file, for whoever holds a link that its owner was given."""
        job = await self._store.get(video_id)
        if job is None:
            raise not_found(video_id)
        return (await self.file(job.owner, job.id, variant))[1]

    async def download(
        self, owner: str, video_id: str, variant: Variant, save_as: str | None, timeout: float
    ) -> tuple[Job, File]:
        """A finished video's file: fetched again where it is missing, copied with `save_as`."""
        destination = None if save_as is None else self._outputs.resolve(save_as, variant)
        job = await self.get(owner, video_id)
        if job.status is JobStatus.COMPLETED and not await self._has_video(job):
            job = await self._fetch_again(job, timeout)
        job, file = await self.file(owner, job.id, variant)
        if destination is not None:
            copy = await self._library.copy(file, destination)
            file = file.model_copy(update={"location": str(copy)})
        return job, file

    async def _has_video(self, job: Job) -> bool:
        video = job.file(Variant.VIDEO)
        return video is not None and await self._library.exists(video)

    async def _fetch_again(self, job: Job, timeout: float) -> Job:
        if job.operation is Operation.JOIN:
            return job
        again = advance(job, JobStatus.DOWNLOADING, error=None, files=(), attempts=0)
        if await self._store.reopen(again):
            await self._announce(again)
        return await self.wait(job.owner, job.id, timeout)

    async def read(self, file: File, offset: int, length: int) -> bytes:
        """Some bytes of a finished file that `file` gave."""
        return await self._library.read(file, offset, length)

    async def view(self, owner: str, video_id: str, frames: int) -> tuple[Job, ContactSheet]:
        """One picture of 1 to 12 moments of a finished video."""
        if not 1 <= frames <= 12:
            raise InvalidRequest(f"frames is {frames}; it must be 1 to 12.")
        job, file = await self.file(owner, video_id, Variant.VIDEO)
        return job, await self._library.contact_sheet(file, frames)

    async def local_path(self, file: File) -> Path | None:
        """Where a file is on this machine, if it is."""
        return await self._library.local_path(file)

    async def address(self, file: File, method: Literal["GET", "HEAD"]) -> str | None:
        """Where anyone can fetch a file for a short while, if it is in object storage."""
        return await self._library.address(file, method)

    async def place_of(self, file: File) -> str:
        """Where a file is, for people."""
        path = await self._library.local_path(file)
        return str(path or f"{self._library.place}/{file.location}")

    # Ending

    async def cancel(self, owner: str, video_id: str) -> None:
        """Ask for an active job to be stopped where its host can; it stays listed."""
        job = await self.get(owner, video_id)
        if await self._store.request_cancel(job.id, owner) is not None:
            await self._announce(job)

    async def delete(
        self, owner: str, video_id: str, *, keep_files: bool, timeout: float
    ) -> Deletion:
        """Cancel if active, then forget: the worker tells the host and removes the files."""
        job = await self.get(owner, video_id)
        if await self._store.request_delete(job.id, owner, keep_files=keep_files) is None:
            raise not_found(video_id)
        await self._announce(job)
        gone: Job | None = None
        with anyio.move_on_after(timeout):
            async with self._events.subscribe({job.id}) as changes:
                while await self._store.get(job.id, owner) is not None:
                    await self._pauses.until_change(changes, RECHECK_SECONDS)
                gone = await self._store.get(job.id, owner, deleted=True)
        notes = gone.notes[len(job.notes) :] if gone else ()
        return Deletion(job.id, keep_files, gone is not None, notes)

    # About

    async def engine_report(self, owner: str) -> EngineReport:
        """What the engine in use can do, and what is spent and left today."""
        (engine, facts), *others = await facts_of(self._engines)
        profile = await engine.profile()
        spent = await self._store.spent(owner)
        return EngineReport(
            facts=facts,
            others=tuple(facts for _, facts in others),
            prices_usd_per_second=self.plan.costing.prices_of(engine, profile, facts),
            spent_today_usd=round(spent.owner_today, 6),
            # What others spent is not for an owner to know.
            budget_left_usd=self._budget.left(spent.owner_today, spent.owner_today),
            library=self._library.place,
            input_dirs=self.plan.input_dirs,
            output_dirs=self._outputs.output_dirs,
        )

    async def budget_left(self, owner: str) -> float | None:
        """USD that may still be spent today, for the operator; None without a limit."""
        spent = await self._store.spent(owner)
        return self._budget.left(spent.owner_today, spent.server_today)

    async def _announce(self, job: Job) -> None:
        await self._events.publish(Change(video_id=job.id, owner=job.owner, status=job.status))
