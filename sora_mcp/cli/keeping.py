"""Commands for videos that exist: list, status, download, delete."""

import shutil
import sys
from collections.abc import Sequence
from typing import Any

import click

from sora_mcp.cli.following import Delivery, hand_over
from sora_mcp.cli.options import delivery_options, open_option, shared_options
from sora_mcp.cli.outcome import exit_of_job
from sora_mcp.cli.session import Session, presenter, say, video_data
from sora_mcp.cli.table import table
from sora_mcp.cli.wording import printable
from sora_mcp.server.owners import LOCAL_OWNER
from sora_mcp.server.wording import sentence
from sora_mcp.videos.lifecycle import ACTIVE, shown_status
from sora_mcp.videos.models import Job, Page, Variant
from sora_mcp.videos.reports import Deletion
from sora_mcp.videos.service import VideoService

DELETE_SECONDS = 20.0
_WIDE = 80
"""Columns from which a list shows everything on one line."""
_PIPED = 500
"""Columns where there is no terminal: something that searches wants the words."""
_HEADING = ("VIDEO", "STATUS", "CREATED", "SIZE", "LENGTH", "PROMPT")
_NARROW_HEADING = ("VIDEO", "STATUS", "PROMPT")


@click.command("list")
@click.option(
    "--status",
    type=click.Choice(["all", "active", "completed", "failed"]),
    default="all",
    show_default=True,
    help="Which videos; failed is every bad end.",
)
@click.option("--query", help="Only videos whose prompts have these words.")
@click.option("--limit", type=click.IntRange(1, 100), default=20, show_default=True)
@click.option("--after", metavar="VIDEO_ID", help="Go on after this one.")
@shared_options
def list_command(status: str, query: str | None, limit: int, after: str | None) -> None:
    """List videos, newest first."""
    session = Session()

    async def look(videos: VideoService) -> tuple[Page, dict[str, Any]]:
        page = await videos.list(LOCAL_OWNER, status=status, query=query, limit=limit, after=after)
        if not session.as_json:
            return page, {}
        entries = [await presenter(videos).entry(job) for job in page.jobs]
        return page, {"videos": entries, "next_after": page.next_after}

    page, data = session.run(look, follow_jobs=False)
    if session.as_json:
        session.answer_json({name: value for name, value in data.items() if value is not None})
        return
    for line in _lines(page.jobs):
        click.echo(line)
    if page.next_after is not None:
        say(f"There are more: {session.command('list', '--after', page.next_after)}")
    if not page.jobs:
        say("There are no such videos.")


def _lines(jobs: Sequence[Job]) -> list[str]:
    """One line for each job, below a heading where people see it."""
    on_a_terminal = sys.stdout.isatty()
    fallback = (_PIPED, 0)
    width = shutil.get_terminal_size(fallback).columns
    wide = width >= _WIDE
    rows = [_row(job, wide=wide) for job in jobs]
    if rows and on_a_terminal:
        rows.insert(0, _HEADING if wide else _NARROW_HEADING)
    return table(rows, width, right=(3, 4)) if rows else []


def _row(job: Job, *, wide: bool) -> tuple[str, ...]:
    state = shown_status(job.status)
    if job.status in ACTIVE and job.progress:
        state = f"{job.progress:.0f} %"
    words = printable(job.title or job.prompt)
    if not wide:
        return job.id, state, words
    created = f"{job.created_at.astimezone():%Y-%m-%d %H:%M}"
    seconds = "" if job.seconds is None else f"{job.seconds:g} s"
    return job.id, state, created, job.size or "", seconds, words


@click.command("status")
@click.argument("video_id")
@click.option("--watch", is_flag=True, help="Follow it to its end, then print its path.")
@click.option(
    "--timeout", type=click.FloatRange(min=0), metavar="SECONDS", help="Watch no longer than this."
)
@open_option
@shared_options
def status_command(video_id: str, *, watch: bool, timeout: float | None, opens: bool) -> None:
    """Show where a video stands."""
    if not watch and (opens or timeout is not None):
        raise click.UsageError("--timeout and --open go with --watch.")
    session = Session()
    if watch:
        delivery = Delivery(opens=opens, timeout=timeout)
        hand_over(session, lambda videos: videos.get(LOCAL_OWNER, video_id), delivery)

    async def look(videos: VideoService) -> tuple[Job, str | None, dict[str, Any]]:
        job = await videos.get(LOCAL_OWNER, video_id)
        video = job.file(Variant.VIDEO)
        place = await videos.place_of(video) if video else None
        return job, place, await video_data(videos, job) if session.as_json else {}

    job, place, data = session.run(look, follow_jobs=False)
    if session.as_json:
        session.answer_json(data)
    else:
        click.echo("\n".join([sentence(job), *job.notes, *([place] if place else [])]))
    if job.status in ACTIVE:
        say(
            "It is followed only while a server or a worker runs. To follow it here: "
            + session.command("status", job.id, "--watch")
        )
    raise click.exceptions.Exit(exit_of_job(job))


@click.command("download")
@click.argument("video_id")
@click.option(
    "--variant",
    type=click.Choice([Variant.VIDEO.value, Variant.THUMBNAIL.value, Variant.SPRITESHEET.value]),
    default=Variant.VIDEO.value,
    show_default=True,
    help="Which of its files.",
)
@delivery_options
@shared_options
def download_command(video_id: str, variant: str, **delivery: Any) -> None:
    """Print the path of a video's file, or copy it.

    An unfinished video is followed to its end first.
    """
    hand_over(
        Session(),
        lambda videos: videos.get(LOCAL_OWNER, video_id),
        Delivery(variant=Variant(variant), **delivery),
    )


@click.command("delete")
@click.argument("video_id")
@click.option("--keep-files", is_flag=True, help="Forget the video but leave its files.")
@shared_options
def delete_command(video_id: str, *, keep_files: bool) -> None:
    """Delete a video and its files.

    One that is being made is cancelled first.
    """
    session = Session()

    async def delete(videos: VideoService) -> Deletion:
        return await videos.delete(
            LOCAL_OWNER, video_id, keep_files=keep_files, timeout=DELETE_SECONDS
        )

    deletion = session.run(delete)
    for note in deletion.notes:
        say(note)
    if session.as_json:
        session.answer_json(
            {
                "video_id": deletion.video_id,
                "deleted": deletion.finished,
                "files_kept": deletion.files_kept,
            }
        )
        return
    done = "is deleted" if deletion.finished else "will be deleted by the next server or worker"
    kept = ", its files are kept" if deletion.files_kept else ""
    click.echo(f"{deletion.video_id} {done}{kept}.")
