"""What every command shares: its options, the settings, the app, and how it speaks.

Standard output carries results only; everything said along the way goes to standard error.
"""

import json
import os
import re
import shlex
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import click

from sora_mcp.app import open_app
from sora_mcp.cli.interrupts import run
from sora_mcp.cli.options import AS_JSON, ENV_FILE
from sora_mcp.logs import configure_logging
from sora_mcp.settings import Loaded, Settings, load_settings
from sora_mcp.videos.errors import NotConfigured, SoraError
from sora_mcp.videos.models import Job, Variant
from sora_mcp.videos.service import VideoService

if TYPE_CHECKING:
    from sora_mcp.server.present import Presenter

Result = TypeVar("Result")

_URL = re.compile(r"[a-z][a-z0-9+.-]+:", re.IGNORECASE)
"""At least two letters before the colon: `C:` is a drive."""


class Session:
    """One run of a command at a terminal or in a script."""

    def __init__(
        self,
        log_format: Literal["json"] | None = None,
        *,
        start_anyway: bool = False,
        openai_webhook_secret: str | None = None,
    ) -> None:
        """Load the settings and pass their warnings on.

        `start_anyway`: with settings that will not do, go on with the defaults and keep the reason
        in `problem`: a server that does not start tells its client nothing.

        Raises:
            NotConfigured: A setting will not do.
        """
        meta = click.get_current_context().meta
        self.env_file: Path | None = meta.get(ENV_FILE)
        self.as_json: bool = meta.get(AS_JSON, False)
        self.problem: NotConfigured | None = None
        try:
            loaded = load_settings(
                env_file=self.env_file,
                log_format=log_format,
                openai_webhook_secret=openai_webhook_secret,
            )
        except NotConfigured as error:
            if not start_anyway:
                raise
            self.problem = error
            loaded = Loaded(Settings(), (error.message,))
        self.settings = loaded.settings
        self.stray_key_note = _on_stray_key(loaded.stray_key)
        self.warnings = loaded.warnings
        for warning in loaded.warnings:
            say(warning)
        # A person wants to hear only of what went wrong, unless they ask for more.
        asked = "log_level" in self.settings.model_fields_set
        quiet = self.settings.model_copy(update={"log_level": "warning"})
        configure_logging(self.settings if asked else quiet)

    def allow(self, *, reading: Iterable[Path] = (), writing: Iterable[Path] = ()) -> None:
        """Open folders that the person named: at a terminal they are the operator.

        Relative names are looked for there first.
        """
        settings, library = self.settings, self.settings.library
        update = {
            "input_dirs": (*reading, *(settings.input_dirs or (library,))),
            "output_dirs": (*writing, *(settings.output_dirs or (library,))),
        }
        self.settings = settings.model_copy(update=update)

    def run(
        self,
        action: Callable[[VideoService], Awaitable[Result]],
        *,
        follow_jobs: bool = True,
        grace: float = 0,
        patient: bool = False,
    ) -> Result:
        """Do something with the videos, with a worker beside it if `follow_jobs`.

        `grace`: seconds that the steps of jobs which have begun are given to end after it.
        `patient`: whether a PostgreSQL that is away is waited for.

        Raises:
            SoraError: What the action raised.
            KeyboardInterrupt: Ctrl+C was pressed; everything has been left in good order.
        """

        async def opened() -> Result | SoraError:
            async with open_app(
                self.settings,
                follow_jobs=follow_jobs,
                before_hearing_out=_say_what_would_be_lost,
                grace=grace,
            ) as app:
                app.describe = partial(_for_events, self.settings)
                try:
                    return await action(await (app.follow() if patient else app.videos()))
                except SoraError as error:  # past the task group, which would wrap it
                    return error

        result = run(opened)
        if isinstance(result, SoraError):
            raise result
        return result

    def command(self, *arguments: str) -> str:
        """A command line that works where this one did."""
        program = ["uv", "run"] if "UV_RUN_RECURSION_DEPTH" in os.environ else []
        program.append("sora-mcp")
        if self.env_file is not None:
            program += ["--env-file", str(self.env_file)]
        return shlex.join([*program, *arguments])

    def answer_json(self, data: Mapping[str, Any]) -> None:
        """The command's result as JSON."""
        click.echo(json.dumps(advice_left_out(data), ensure_ascii=False, indent=2))


def _on_stray_key(variable: str | None) -> tuple[str, ...]:
    """What to say of a key without a host: nothing where there is none."""
    if variable is None:
        return ()
    gone = "OpenAI switched its Videos API and Sora off on 2026-09-24, so "
    return (
        f"{variable} is set but no base URL: {gone if variable.startswith('OPENAI') else ''}the "
        "embedded preview engine was used. To use a real engine set SORA_MCP_BASE_URL (and "
        "SORA_MCP_API_KEY) to a host that speaks the Videos API.",
    )


def advice_left_out(data: Mapping[str, Any]) -> dict[str, Any]:
    """A result without the next step, which is meant for agents."""
    return {name: value for name, value in data.items() if name != "next"}


def local_file(reference: str, folder: Path) -> Path | None:
    """The file that a first frame names, seen from a folder; None for a URL."""
    return None if _URL.match(reference) else folder / Path(reference).expanduser()


async def video_data(videos: VideoService, job: Job) -> dict[str, Any]:
    """A job in the shape that the tools give it."""
    return dict(await presenter(videos).video(job))


def presenter(videos: VideoService) -> "Presenter":
    """Shows jobs as the tools do, with paths: the person is on this machine."""
    from sora_mcp.server.present import Presenter  # brings the MCP SDK: slow to import

    return Presenter(videos, share_paths=True, link=_no_link)


def _no_link(video_id: str, variant: Variant) -> None:
    """Nothing serves files here."""


async def _for_events(settings: Settings, videos: VideoService, job: Job) -> Mapping[str, Any]:
    from sora_mcp.http.files import shared_links  # bring Starlette and the MCP SDK
    from sora_mcp.server.present import for_events

    return await for_events(shared_links(settings) or _no_link)(videos, job)


def _say_what_would_be_lost(videos: int) -> None:
    say(f"\n{would_be_lost(videos)} Press Ctrl+C again and again to leave all the same.")


def would_be_lost(videos: int) -> str:
    """Why a process does not end yet."""
    what = "a video" if videos == 1 else f"{videos} videos"
    return (
        f"Waiting for {what}: the host gives it only to this process, and leaving now would lose "
        "what may be charged."
    )


def say(text: str) -> None:
    """Tell the person something that is not the result."""
    click.echo(text, err=True)
