"""`batch`: many videos from a file, one request a line."""

import math
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import anyio
import click

from sora_mcp.cli.following import Delivery, deliver, told
from sora_mcp.cli.lines import BrokenLine, Request, folders_of, read_lines
from sora_mcp.cli.making import ask, start
from sora_mcp.cli.options import shared_options
from sora_mcp.cli.outcome import Exit, exit_of_job, refuses_content
from sora_mcp.cli.progress import redrawn
from sora_mcp.cli.session import Session, say
from sora_mcp.cli.tally import Tally
from sora_mcp.server.owners import LOCAL_OWNER
from sora_mcp.server.wording import cost, sentence
from sora_mcp.settings import Settings
from sora_mcp.videos.errors import InvalidRequest, SoraError
from sora_mcp.videos.lifecycle import BAD_ENDS
from sora_mcp.videos.models import Job
from sora_mcp.videos.planning import Plan
from sora_mcp.videos.service import VideoService
from sora_mcp.videos.spending import EMBEDDED, Estimate

STDIN = Path("-")

_ATTEMPTS = 100
"""So many runs of the same batch may try a line again that failed and cost nothing."""


@click.command("batch")
@click.argument(
    "file", type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path)
)
@click.option("--dry-run", is_flag=True, help="Only show what would be sent, and sum the cost.")
@click.option("--yes", is_flag=True, help="Do not ask about the cost.")
@shared_options
def batch_command(file: Path, *, dry_run: bool, yes: bool) -> None:
    """Make the videos that the lines of FILE ask for.

    A line is a JSON object with the arguments of the tool generate_video, such as {"prompt": "A
    cat", "seconds": 4}, and perhaps save_as, a place for a copy. Relative paths begin at FILE's
    folder. With - the lines come from standard input.

    Results come as the videos are finished, in JSON with the number of their line. The same FILE
    again goes on where it was left: no line is made or paid for twice. What failed and cost nothing
    is tried again. The exit code is the highest of all lines.
    """
    session = Session()
    from_stdin = file == STDIN
    folder = Path.cwd() if from_stdin else file.resolve().parent
    lines = list(read_lines(sys.stdin.buffer.read() if from_stdin else file.read_bytes(), folder))
    requests = [line for line in lines if isinstance(line, Request)]
    reading, writing = folders_of(requests, folder)
    session.allow(reading=reading, writing=writing)
    for note in session.stray_key_note:
        say(note)
    tally = Tally(len(lines))
    for line in lines:
        if isinstance(line, BrokenLine):
            tally.failed(line.number, line.error)
    try:
        if dry_run:
            say(session.run(lambda videos: _dry_run(videos, requests, tally), follow_jobs=False))
        else:
            if session.settings.confirm_above_usd is not None and not yes:
                question = session.run(
                    lambda videos: _question(videos, requests), follow_jobs=False
                )
                if question is not None:
                    ask(question)
            session.run(lambda videos: _make_all(videos, requests, tally, session.settings))
            say(tally.summary())
    except KeyboardInterrupt:
        again = session.command("batch", "-" if from_stdin else str(file.resolve()))
        say(
            f"Interrupted; {tally.summary()} The others go on at their hosts, or when they are "
            f"asked for again: {again}{' < the same lines' if from_stdin else ''}"
        )
        raise click.exceptions.Exit(Exit.INTERRUPTED) from None
    raise click.exceptions.Exit(tally.worst)


async def _dry_run(videos: VideoService, requests: Sequence[Request], tally: Tally) -> str:
    from sora_mcp.server.present import planned  # brings the MCP SDK: slow to import

    plans: list[Plan] = []
    for request in requests:
        try:
            plan = await _plan(videos, request)
        except SoraError as error:
            tally.failed(request.number, error)
        else:
            plans.append(replace(plan, reference=None))
            tally.ended(request.number, planned(plan), Exit.OK, cost(plan.estimate))
    estimates = [plan.estimate for plan in plans]
    left = await videos.budget_left(LOCAL_OWNER)
    if left is None or left >= sum(estimate.usd or 0 for estimate in estimates):
        return _sum(estimates)
    return f"{_sum(estimates)} Only {left:.2f} USD of today's budget is left: the rest would fail."


async def _question(videos: VideoService, requests: Sequence[Request]) -> str | None:
    """What to ask the person about all of it, once, if the operator wants that for any of it."""
    must_ask = False
    estimates: list[Estimate] = []
    for request in requests:
        try:
            plan = await _plan(videos, request)
        except SoraError:  # reported when its turn comes
            continue
        estimates.append(plan.estimate)
        must_ask = must_ask or plan.must_confirm
    return f"{_sum(estimates)} What was made before is not paid for again." if must_ask else None


def _sum(estimates: Sequence[Estimate]) -> str:
    known = [estimate.usd for estimate in estimates if estimate.usd is not None]
    total = f"about {sum(known):.2f} USD" if any(known) else "nothing"
    unknown = len(estimates) - len(known)
    rest = f", and {unknown} of them what is not known" if unknown else ""
    return f"{len(estimates)} video{_s(estimates)} would cost {total}{rest}."


def _s(things: Sequence[object]) -> str:
    return "" if len(things) == 1 else "s"


async def _make_all(
    videos: VideoService, requests: Sequence[Request], tally: Tally, settings: Settings
) -> None:
    """Make all of them, as many at once as the engines take."""
    pending = iter(requests)

    async def work() -> None:
        for request in pending:
            await _make(videos, request, tally)

    async with redrawn(tally.line, tally.redraw), anyio.create_task_group() as tasks:
        for _ in range(min(len(requests), _at_once(settings))):
            tasks.start_soon(work)


def _at_once(settings: Settings) -> int:
    """Twice what the engines work on, so that they never wait for us."""
    ours = settings.max_active_jobs
    return 2 * (ours + sum(engine.max_active_jobs or ours for engine in settings.engines_file))


async def _make(videos: VideoService, request: Request, tally: Tally) -> None:
    """See one request through to its result."""
    number, delivery = request.number, Delivery(out=request.out, repeats=True)
    job: Job | None = None
    try:
        job = await _start(videos, request)
        job = await videos.wait(
            job.owner, job.id, math.inf, lambda state: tally.stands(number, state)
        )
        ending = await deliver(videos, job, delivery)
        data = await told(videos, ending, delivery)
    except SoraError as error:
        tally.failed(number, error, job)
    else:
        tally.ended(number, data, exit_of_job(ending.job), sentence(ending.job, ending.place))


async def _plan(videos: VideoService, request: Request) -> Plan:
    return await videos.plan.generate(LOCAL_OWNER, **request.arguments)


async def _start(videos: VideoService, request: Request) -> Job:
    """The request's job: a new one, or that of an earlier run."""
    plan = await _plan(videos, request)
    if plan.job.idempotency_key is not None:
        return await start(videos, plan)
    # A preview does not stand for the video that a host is asked for later.
    kind = "preview" if plan.job.engine == EMBEDDED else "video"
    for attempt in range(1, _ATTEMPTS + 1):
        changes = {
            "idempotency_key": f"batch-{kind}-{request.mark}-{attempt}",
            "fingerprint": request.mark,
        }
        job = await start(videos, replace(plan, job=plan.job.model_copy(update=changes)))
        if job.id == plan.job.id or not _may_be_tried_again(job):
            return job
    raise InvalidRequest(f"This line has come to nothing {_ATTEMPTS} times; change it.")


def _may_be_tried_again(job: Job) -> bool:
    """Whether a job came to nothing, cost nothing, and may fare better another time."""
    error = job.error
    if job.status not in BAD_ENDS or error is None or error.charged != "no":
        return False
    return not refuses_content(error)
