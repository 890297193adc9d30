"""Options that every command takes. Imports nothing but click: `--help` has to be quick."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

ENV_FILE = "sora_mcp.env_file"
AS_JSON = "sora_mcp.as_json"


def shared_options(command: Decorated) -> Decorated:
    """`--json` and `--env-file`, kept in the context's `meta` under `AS_JSON` and `ENV_FILE`."""
    as_json = click.option(
        "--json",
        is_flag=True,
        is_eager=True,  # so that a wrong option is told in JSON, too
        expose_value=False,
        callback=_remember(AS_JSON),
        help="Answer in JSON.",
    )
    env_file = click.option(
        "--env-file",
        type=click.Path(dir_okay=False, path_type=Path),
        expose_value=False,
        callback=_remember(ENV_FILE),
        help="Read settings from this file, too.",
    )
    return as_json(env_file(command))


open_option = click.option(
    "--open", "opens", is_flag=True, help="Open the finished file with what it is shown by."
)


def delivery_options(command: Decorated) -> Decorated:
    """`--out`, `--open` and `--timeout`: where a video goes, and how long to wait for it."""
    for option in (
        open_option,
        click.option(
            "--timeout",
            type=click.FloatRange(min=0),
            metavar="SECONDS",
            help="Stop waiting after so long; the video can be picked up later.",
        ),
        click.option(
            "-o",
            "--out",
            type=click.Path(path_type=Path),
            callback=_resolve,
            help="Also copy the video to this file or folder.",
        ),
    ):
        command = option(command)
    return command


def _remember(key: str) -> Callable[[click.Context, click.Parameter, Any], None]:
    def callback(context: click.Context, _: click.Parameter, value: Any) -> None:
        if value:
            context.meta[key] = value.absolute() if isinstance(value, Path) else value

    return callback


def _resolve(_: click.Context, __: click.Parameter, out: Path | None) -> Path | None:
    """The place as an absolute path; said before anything is spent when its folder is missing."""
    if out is None:
        return None
    if out.is_dir():
        return out.resolve()
    if not out.parent.is_dir():
        raise click.BadParameter(f"the folder {out.parent} does not exist.")
    return out.parent.resolve() / out.name
