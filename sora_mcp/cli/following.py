"""From a started job to a path on standard output, or to the command that goes on with it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from threading import Thread
from typing import Any, NoReturn

import click
from anyio import to_thread

from sora_mcp.cli.opening import open_file
from sora_mcp.cli.outcome import Exit, exit_of_job
from sora_mcp.cli.progress import follow
from sora_mcp.cli.session import Session, presenter, say, video_data
from sora_mcp.library.disk import sha256_of
from sora_mcp.server.wording import sentence
from sora_mcp.videos.lifecycle import ACTIVE, FINAL, shown_status
from sora_mcp.videos.models import File, Job, JobStatus, Variant
from sora_mcp.videos.service import VideoService

ANSWER_SECONDS = 20.0
"""For the host's answer to a submission, however short the time limit was."""

FETCH_SECONDS = 120.0
"""For fetching a file again that was made but is not in the library any more."""


@dataclass(frozen=True)
class Delivery:
    """How a finished video is handed over."""

    out: Path | None = None
    """A file or folder that it is copied to."""
    opens: bool = False
    timeout: float | None = None
    """Seconds to wait for it; None is no limit."""
    variant: Variant | None = None
    """The one file that is wanted; None is the video with all that belongs to it."""
    repeats: bool = False
    """Whether it may have been handed over before: then the copy that is there will do."""

    @property
    def into_folder(self) -> bool:
        """Whether `out` is a folder, in which the copy gets the library's name."""
        return self.out is not None and self.out.is_dir()


@dataclass(frozen=True)
class Ending:
    """How following a job ended."""

    job: Job
    file: File | None = None
    """Its file, or the copy of it that was asked for."""
    place: str | None = None
    """Where that is."""


def hand_over(
    session: Session,
    find: Callable[[VideoService], Awaitable[Job]],
    delivery: Delivery,
) -> NoReturn:
    """Follow the job that `find` starts or gets, print where its file is, and end the command.

    In JSON the answer is the Video, or that one File when the delivery names a variant.

    Raises:
        SoraError: It could not be started or found, or its file could not be had.
        click.exceptions.Exit: Otherwise, with the code for how it went.
    """
    latest: Job | None = None
    loader = Thread(target=_load_media)
    if delivery.out is not None:
        session.allow(writing=[delivery.out if delivery.into_folder else delivery.out.parent])

    def note(job: Job) -> None:
        nonlocal latest
        latest = job
        # Not earlier: until the engine has it, there is better to do.
        if loader.ident is None and job.status is JobStatus.IN_PROGRESS:
            loader.start()

    async def carry_out(videos: VideoService) -> tuple[Ending, dict[str, Any]]:
        job = await find(videos)
        note(job)
        if job.status in ACTIVE:
            job = await follow(videos, job, delivery.timeout, note)
            # Never stop between sending a request and hearing what became of it.
            job = await videos.wait_for_answer(job, ANSWER_SECONDS)
        ending = await deliver(videos, job, delivery)
        return ending, await told(videos, ending, delivery) if session.as_json else {}

    try:
        ending, data = session.run(carry_out)
    except KeyboardInterrupt:
        if latest is None:
            raise KeyboardInterrupt("Interrupted before anything was started.") from None
        _tell_interrupted(session, latest, delivery)
        raise click.exceptions.Exit(Exit.INTERRUPTED) from None
    job = ending.job
    unfinished = job.status in ACTIVE
    say("\n".join([sentence(job), *job.notes]))
    if session.as_json:
        resume = {"resume": _resume(session, job, delivery)} if unfinished else {}
        session.answer_json(data | resume)
    elif ending.place is not None:
        click.echo(ending.place)
    if ending.place is not None and delivery.opens and (problem := open_file(ending.place)):
        say(f"It was not opened, because {problem}.")
    if ending.place is None and job.status is JobStatus.COMPLETED:
        say(f"To fetch it: {_download(session, job, delivery)}")
    if unfinished:
        say(f"To go on: {_resume(session, job, delivery)}")
        raise click.exceptions.Exit(Exit.TIMED_OUT)
    raise click.exceptions.Exit(exit_of_job(job))


def _load_media() -> None:
    """Load what the end of a job needs, which takes 0.1 s, while there is nothing else to do."""
    for module in ("sora_mcp.media.stills", "sora_mcp.media.images"):
        import_module(module)


async def deliver(videos: VideoService, job: Job, delivery: Delivery) -> Ending:
    """Bring a job's file to where it is wanted, if there is one.

    Raises:
        SoraError: It could not be had, or not be copied.
    """
    variant, out = delivery.variant, delivery.out
    has_file = job.file(Variant.VIDEO) is not None
    if job.status is not JobStatus.COMPLETED or (variant is None and not has_file):
        return Ending(job)
    job, file = await _fetch(videos, job, variant or Variant.VIDEO)
    if out is not None:
        target = out / Path(file.location).name if delivery.into_folder else out
        copy = await to_thread.run_sync(_copy_there, target, file) if delivery.repeats else None
        if copy is not None:
            return Ending(job, file, str(copy))
        job, file = await _fetch(videos, job, file.variant, str(target))
    return Ending(job, file, await videos.place_of(file))


async def told(videos: VideoService, ending: Ending, delivery: Delivery) -> dict[str, Any]:
    """An ending in JSON, in the shape that the tools give it."""
    job, file = ending.job, ending.file
    if delivery.variant is not None and file is not None:
        return dict(await presenter(videos).file(job, file))
    saved = {"saved_as": ending.place} if delivery.out is not None and file is not None else {}
    return await video_data(videos, job) | saved


async def _fetch(
    videos: VideoService, job: Job, variant: Variant, save_as: str | None = None
) -> tuple[Job, File]:
    return await videos.download(job.owner, job.id, variant, save_as, FETCH_SECONDS)


def _copy_there(target: Path, file: File) -> Path | None:
    """The copy of a file that is there already, under its name or a numbered one."""
    name, number = target, 1
    while name.is_file():
        if name.stat().st_size == file.bytes and sha256_of(name) == file.sha256:
            return name
        number += 1
        name = target.with_name(f"{target.stem} ({number}){target.suffix}")
    return None


def _tell_interrupted(session: Session, job: Job, delivery: Delivery) -> None:
    said, resume = f"Interrupted. {sentence(job)}", {}
    if job.status not in FINAL:
        at_host = job.base_url is not None and job.status is not JobStatus.WAITING
        goes_on = f"goes on at {job.engine}" if at_host else "goes on when it is resumed"
        command = _resume(session, job, delivery)
        said, resume = f"Interrupted; {job.id} {goes_on}: {command}", {"resume": command}
    say(said)
    if session.as_json:
        stands = {"status": shown_status(job.status), "progress": int(job.progress)}
        session.answer_json({"video_id": job.id, **stands, **resume})


def _resume(session: Session, job: Job, delivery: Delivery) -> str:
    """The command that goes on with a job, and hands it over in the same way."""
    if delivery.out is not None or delivery.variant is not None:
        return _download(session, job, delivery)
    return session.command("status", job.id, "--watch", *_open(delivery))


def _download(session: Session, job: Job, delivery: Delivery) -> str:
    variant, out = delivery.variant or Variant.VIDEO, delivery.out
    arguments = ["--variant", variant] if variant is not Variant.VIDEO else []
    arguments += ["--out", str(out)] if out else []
    return session.command("download", job.id, *arguments, *_open(delivery))


def _open(delivery: Delivery) -> list[str]:
    return ["--open"] if delivery.opens else []
