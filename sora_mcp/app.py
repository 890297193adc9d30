"""The composition root: the only place that knows every part.

Opening the app costs next to nothing. The ledger, the engine and the worker, with the heavy
libraries behind them, are opened by the first call that needs them, or by `resume` when an
earlier process left unfinished jobs.
"""

import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import anyio
import anyio.to_thread
from anyio.abc import TaskGroup, TaskStatus

from sora_mcp.addresses import authority
from sora_mcp.folders import allowed_folders
from sora_mcp.imports import import_for_good
from sora_mcp.settings import Settings
from sora_mcp.store.peek import LEDGER, has_unfinished_job, has_untold_end
from sora_mcp.videos.announcing import Announcer
from sora_mcp.videos.costing import Costing, SpendingRules
from sora_mcp.videos.errors import LedgerError, LedgerForbidden, NotConfigured, SoraError
from sora_mcp.videos.measuring import Census, Measures
from sora_mcp.videos.models import Change, Job
from sora_mcp.videos.planning import Planner
from sora_mcp.videos.ports import Budget, EventBus
from sora_mcp.videos.service import VideoService
from sora_mcp.videos.spending import Prices
from sora_mcp.videos.worker import Worker

if TYPE_CHECKING:
    from sora_mcp.library.bucket import BucketLibrary
    from sora_mcp.library.folder import FolderLibrary

LEDGER_SECONDS = 2.0
"""Between two tries to open a ledger on PostgreSQL that does not answer."""

log = logging.getLogger(__name__)

_HEAVY = (
    "sora_mcp.store.opening",
    "sora_mcp.engines.configuration",
    "sora_mcp.events.local",
    "sora_mcp.events.postgres",
    "sora_mcp.library.bucket",
)

_Run = Callable[[], Coroutine[Any, Any, None]]
"""What runs beside the surface."""


@dataclass(frozen=True)
class _Parts:
    videos: VideoService
    events: EventBus
    census: Callable[[], Awaitable[Census]]
    count_request: Callable[[str], Awaitable[tuple[int, float]]]


class App:
    """A running sora-mcp, whatever surface is in front of it."""

    def __init__(
        self,
        settings: Settings,
        tasks: TaskGroup,
        *,
        working_folder: Path | None,
        follow_jobs: bool,
        first_notes: tuple[str, ...],
        hurry: float,
        problem: NotConfigured | None,
        before_hearing_out: Callable[[int], None] | None,
        grace: float,
    ) -> None:
        self.settings = settings
        self.measures = Measures()
        self.describe: Callable[[VideoService, Job], Awaitable[Mapping[str, Any]]] | None = None
        """How the surface shows a video; without one nobody is told of the ends of jobs."""
        self._tasks = tasks
        self._working_folder = working_folder
        self._follow_jobs = follow_jobs
        self._first_notes = first_notes
        self._hurry = hurry
        self._problem = problem
        self._before_hearing_out = before_hearing_out
        self._grace = grace
        self._stopping = anyio.Event()
        self._followed = anyio.Event()
        self._opening = anyio.Lock()
        self._opened = anyio.Event()
        self._parts: _Parts | None = None

    def take_first_notes(self) -> tuple[str, ...]:
        """What the first result has to say once."""
        notes, self._first_notes = self._first_notes, ()
        return notes

    async def videos(self) -> VideoService:
        """The service, opening ledger, engine and worker on first use.

        Raises:
            LedgerError, NotConfigured: They could not be opened; the next call tries again.
        """
        return (await self._open_parts()).videos

    async def _open_parts(self) -> _Parts:
        if self._problem is not None:
            raise NotConfigured(self._problem.message)
        if self._parts is not None:
            return self._parts
        async with self._opening:
            parts = self._parts
            if parts is None:
                # Importing takes about a second: not in the event loop, which has to answer pings.
                await anyio.to_thread.run_sync(import_for_good, *_HEAVY)
                # Opened in a task of their own, which closes them too: a cancel scope may not
                # outlive the task of a request.
                self._parts = parts = await self._tasks.start(self._run)
                self._opened.set()
        return parts

    async def count_request(self, owner: str) -> tuple[int, float] | None:
        """Count a request of an owner: how many there are at all replicas in this minute, and how
        many seconds of it are left.

        None where there is nothing to share, or the ledger does not answer just now.
        """
        if self.settings.database_url is None:
            return None
        try:
            return await (await self._open_parts()).count_request(owner)
        except SoraError as error:
            log.info("A request was not counted: %s", error.message)
            return None

    async def has_ledger(self) -> bool:
        """Whether there is a ledger; without one there are no videos, and nothing to open."""
        if self._problem is not None:
            return False
        if self._parts is not None or self.settings.database_url is not None:
            return True
        return await anyio.Path(self.settings.home / LEDGER).exists()

    async def census(self) -> Census:
        """How the ledger stands; a ledger that does not exist yet is not made for it.

        Raises:
            LedgerError, NotConfigured: It could not be opened.
        """
        if not await self.has_ledger():
            return Census()
        await self.videos()
        assert self._parts is not None  # noqa: S101  # just opened
        return await self._parts.census()

    async def resume(self) -> None:
        """Go on with what an earlier process left, if it left anything. Raises as `follow` does."""
        if self._problem is not None:
            return
        if self.settings.database_url is None:
            ledger = self.settings.home / LEDGER
            if not await anyio.to_thread.run_sync(self._left_something, ledger):
                return
        await self.follow()

    async def follow(self) -> VideoService:
        """The service, as `videos` gives it; a PostgreSQL that is away is waited for, but none that
        does not let us in.

        Raises:
            LedgerError, NotConfigured: They cannot be opened, and waiting does not help.
        """
        while True:
            try:
                return await self.videos()
            except LedgerForbidden:
                raise
            except LedgerError as error:
                if self.settings.database_url is None or not error.retry:
                    raise
                log.warning("No jobs are followed yet: %s", error.message)
            await anyio.sleep(LEDGER_SECONDS / self._hurry)

    def _left_something(self, ledger: Path) -> bool:
        announces = self.settings.webhook_url is not None
        return has_unfinished_job(ledger) or (announces and has_untold_end(ledger))

    async def trouble(self) -> Literal["stopping", "ledger"] | None:
        """What keeps this process from taking work; None is nothing. Opens no ledger of SQLite."""
        if self._stopping.is_set():
            return "stopping"
        if self._parts is None and self.settings.database_url is None:
            return None
        try:
            await (await self.videos()).check()
        except SoraError as error:
            log.warning("Not ready: %s", error.message)
            return "ledger"
        return None

    async def stop_following(self) -> None:
        """Begin no more steps, and return when those that have begun have ended, or been given up.

        What is asked for meanwhile is still answered, and whoever waits, soon.
        """
        self._stopping.set()
        if self._parts is not None:
            self._parts.videos.answer_now()
            await self._followed.wait()

    async def changes(self) -> AsyncGenerator[Change]:
        """Every change to a job from now on; quiet until something has opened the ledger."""
        await self._opened.wait()
        assert self._parts is not None  # noqa: S101  # the event is set after the parts
        async with self._parts.events.subscribe() as changes:
            async for change in changes:
                yield change

    async def _run(self, *, task_status: TaskStatus[_Parts]) -> None:
        async with AsyncExitStack() as stack:
            parts, work = await self._open(stack)
            task_status.started(parts)
            try:
                await self._follow(work)
                await anyio.sleep_forever()
            finally:
                self._followed.set()
                await self._hear_out(parts.videos)

    async def _follow(self, work: Sequence[_Run]) -> None:
        async with anyio.create_task_group() as tasks:
            if self._follow_jobs:
                for run in work:
                    tasks.start_soon(run)
            await self._stopping.wait()
            tasks.cancel_scope.cancel()
        self._followed.set()

    async def _hear_out(self, videos: VideoService) -> None:
        if not videos.standing:
            return
        if self._before_hearing_out is None:
            log.warning(
                "Lost with this process, which cannot wait: %d unfinished, which the host gives "
                "only to the connection that asked.",
                videos.standing,
            )
            return
        self._before_hearing_out(videos.standing)
        with anyio.CancelScope(shield=True):
            await videos.hear_out()

    async def _open(self, stack: AsyncExitStack) -> tuple[_Parts, Sequence[_Run]]:
        from sora_mcp.deliveries import WebReceiver
        from sora_mcp.engines.configuration import named_dialects, open_engines, stated_prices
        from sora_mcp.events.local import LocalEvents
        from sora_mcp.events.postgres import PostgresEvents
        from sora_mcp.library.outputs import FolderOutputs
        from sora_mcp.library.references import FolderReferences
        from sora_mcp.store.opening import open_store

        settings = self.settings
        url = settings.database_url.get_secret_value() if settings.database_url else None
        # What may fail comes before what has tasks of its own, which would wrap the error.
        dialects = named_dialects(settings)
        store = await stack.enter_async_context(
            open_store(url, settings.home, announces=settings.webhook_url is not None)
        )
        events: EventBus = await stack.enter_async_context(
            LocalEvents.open(settings.home / LEDGER, store.changes_since)
            if url is None
            else PostgresEvents.open(store.news, store.changes_since)
        )
        engines = await stack.enter_async_context(open_engines(settings, dialects, self.measures))
        library = _library(settings)
        shared = has_access_control(settings)
        # The library holds everybody's files: a path in it would be a way around the owner.
        folders = () if shared else allowed_folders(settings.library, self._working_folder)
        costing = Costing(
            Prices(settings.prices), stated_prices(settings), _spending_rules(settings)
        )
        videos = VideoService(
            planner=Planner(
                store=store,
                engines=engines,
                library=library,
                references=FolderReferences(settings.input_dirs or folders),
                costing=costing,
            ),
            store=store,
            engines=engines,
            library=library,
            outputs=FolderOutputs(settings.output_dirs or folders),
            events=events,
            budget=Budget(settings.daily_budget_usd, settings.server_daily_budget_usd),
            adopts=not shared,
        )
        worker = Worker(
            store=store,
            engines=engines,
            library=library,
            costing=costing,
            events=events,
            measures=self.measures,
            job_timeout=timedelta(seconds=settings.job_timeout_seconds),
            hurry=self._hurry,
        )
        work: list[_Run] = [partial(worker.run, grace=self._grace)]
        if self.describe and settings.webhook_url and settings.webhook_secret:
            announcer = Announcer(
                outbox=store.outbox,
                receiver=WebReceiver(settings.webhook_url, settings.webhook_secret),
                describe=partial(self.describe, videos),
                events=events,
                measures=self.measures,
                hurry=self._hurry,
            )
            work.append(announcer.run)
        await library.sweep()
        return _Parts(videos, events, store.census, store.count_request), work


@asynccontextmanager
async def open_app(
    settings: Settings,
    *,
    working_folder: Path | None = None,
    follow_jobs: bool = True,
    first_notes: tuple[str, ...] = (),
    hurry: float = 1,
    problem: NotConfigured | None = None,
    before_hearing_out: Callable[[int], None] | None = None,
    grace: float = 0,
) -> AsyncGenerator[App]:
    """Run sora-mcp for as long as the context is open.

    `working_folder`: where a person works beside us (stdio), offered to tools if it is safe to.
    `follow_jobs`: whether a worker runs in this process.
    `first_notes`: sentences that the first result carries.
    `hurry`: divides the worker's pauses between tries; tests have no patience.
    `problem`: what is wrong with the settings; then every call says so and nothing is opened.
    `before_hearing_out`: for a process that can take its time to end. Told how many videos would be
    lost with it, before it waits for them (`engines/standing.py`); None ends without them.
    `grace`: seconds that the steps of jobs which have begun are given to end.
    """
    async with anyio.create_task_group() as tasks:
        yield App(
            settings,
            tasks,
            working_folder=working_folder,
            follow_jobs=follow_jobs,
            first_notes=first_notes,
            hurry=hurry,
            problem=problem,
            before_hearing_out=before_hearing_out,
            grace=grace,
        )
        tasks.cancel_scope.cancel()


def has_access_control(settings: Settings) -> bool:
    """Whether HTTP clients have to show who they are."""
    return bool(settings.auth_token or settings.auth_tokens_file or settings.oauth_issuer)


def engine_names(settings: Settings) -> tuple[str, ...]:
    """The engines that new videos can go to, without opening anything; the default one first."""
    hosts = list(map(authority, settings.base_urls[:1]))
    named = [engine.name for engine in settings.named_engines]
    return (*hosts, *named) or ("embedded",)


def _library(settings: Settings) -> "FolderLibrary | BucketLibrary":
    from sora_mcp.library.bucket import open_bucket
    from sora_mcp.library.folder import FolderLibrary

    work, most = settings.home / "work", settings.max_file_bytes
    if settings.storage_url is None:
        return FolderLibrary(settings.library, work, max_file_bytes=most)
    return open_bucket(settings.storage_url, work, max_file_bytes=most)


def _spending_rules(settings: Settings) -> SpendingRules:
    return SpendingRules(
        max_per_call=settings.max_cost_usd,
        confirm_above=settings.confirm_above_usd,
        any_limit=settings.any_limit,
    )
