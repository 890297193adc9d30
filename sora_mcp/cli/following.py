"""From a started job to a path on standard output, or to the command that goes on with it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import click

from sora_mcp.cli.outcome import Exit, exit_of_job
from sora_mcp.cli.progress import follow
from sora_mcp.cli.session import Session, presenter, say, video_data
from sora_mcp.server.wording import sentence
from sora_mcp.videos.lifecycle import ACTIVE, FINAL
from sora_mcp.videos.models import File, Job, JobStatus, Variant
from sora_mcp.videos.service import VideoService

ANSWER_SECONDS = 20.0
"""For the host's answer to a submission, however short the time limit was."""

FETCH_SECONDS = 120.0
"""For fetching a file again that was made but is not in the library any more."""


@dataclass(frozen=True)
class _Ending:
    """How following a job ended."""

    job: Job
    place: str | None
    """Where its file or the copy of it is, if there is one."""
    data: dict[str, Any]
    """What to say of it in JSON."""


def hand_over(
    session: Session,
    find: Callable[[VideoService], Awaitable[Job]],
    *,
    variant: Variant | None = None,
    out: Path | None = None,
    timeout: float | None = None,
) -> NoReturn:
    """Follow the job that `find` starts or gets, print where its file is, and end the command.

    In JSON the answer is the Video, or with `variant` that one File.

    Raises:
        SoraError: It could not be started or found, or its file could not be had.
        click.exceptions.Exit: Otherwise, with the code for how it went.
    """
    latest: Job | None = None
    into_folder = out is not None and out.is_dir()
    if out is not None:
        session.allow(writing=out if into_folder else out.parent)

    def note(job: Job) -> None:
        nonlocal latest
        latest = job

    async def carry_out(videos: VideoService) -> _Ending:
        job = await find(videos)
        note(job)
        if job.status in ACTIVE:
            job = await follow(videos, job, timeout, note)
            # Never stop between sending a request and hearing what became of it.
            job = await videos.wait_for_answer(job, ANSWER_SECONDS)
        has_file = job.file(Variant.VIDEO) is not None
        if job.status is not JobStatus.COMPLETED or (variant is None and not has_file):
            return _Ending(job, None, await video_data(videos, job) if session.as_json else {})
        job, file = await _fetch(videos, job, variant or Variant.VIDEO)
        if out is not None:
            target = out / Path(file.location).name if into_folder else out
            job, file = await _fetch(videos, job, file.variant, str(target))
        place = str(await videos.local_path(file) or file.location)
        if not session.as_json:
            return _Ending(job, place, {})
        if variant is not None:
            return _Ending(job, place, dict(await presenter(videos).file(job, file)))
        copied = {} if out is None else {"saved_as": place}
        return _Ending(job, place, await video_data(videos, job) | copied)

    try:
        ending = session.run(carry_out)
    except KeyboardInterrupt:
        say(_interrupted(session, latest, out))
        raise click.exceptions.Exit(Exit.INTERRUPTED) from None
    job = ending.job
    say("\n".join([sentence(job), *job.notes]))
    if session.as_json:
        session.answer_json(ending.data)
    elif ending.place is not None:
        click.echo(ending.place)
    if ending.place is None and job.status is JobStatus.COMPLETED:
        say(f"To fetch it: {_download(session, job, out)}")
    if job.status in ACTIVE:
        say(f"To go on: {_resume(session, job, out)}")
        raise click.exceptions.Exit(Exit.TIMED_OUT)
    raise click.exceptions.Exit(exit_of_job(job))


async def _fetch(
    videos: VideoService, job: Job, variant: Variant, save_as: str | None = None
) -> tuple[Job, File]:
    return await videos.download(job.owner, job.id, variant, save_as, FETCH_SECONDS)


def _interrupted(session: Session, job: Job | None, out: Path | None) -> str:
    if job is None:
        return "Interrupted before anything was started."
    if job.status in FINAL:
        return f"Interrupted. {sentence(job)}"
    at_host = job.base_url is not None and job.status is not JobStatus.WAITING
    goes_on = f"goes on at {job.engine}" if at_host else "goes on when it is resumed"
    return f"Interrupted; {job.id} {goes_on}: {_resume(session, job, out)}"


def _resume(session: Session, job: Job, out: Path | None) -> str:
    if out is not None:
        return _download(session, job, out)
    return session.command("status", job.id, "--watch")


def _download(session: Session, job: Job, out: Path | None) -> str:
    return session.command("download", job.id, *(["--out", str(out)] if out else []))
