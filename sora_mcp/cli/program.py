"""The program: which commands there are, and how errors become words and exit codes."""

import codecs
import importlib
import io
import json
import logging
import signal
import sys
from collections.abc import Sequence
from typing import Any, cast

import click

from sora_mcp import __version__
from sora_mcp.cli.options import AS_JSON, shared_options

_MODULES = {
    "serve": "running",
    "generate": "making",
    "remix": "making",
    "extend": "making",
    "join": "making",
    "batch": "batch",
    "list": "keeping",
    "status": "keeping",
    "download": "keeping",
    "delete": "keeping",
    "worker": "running",
    "engine": "running",
    "doctor": "doctor",
    "install": "install",
}

_PLAIN = "sora-mcp-plain"
_PLAINER = {"–": "-", "…": "...", "“": '"', "”": '"', "×": "x", "→": "->", "·": "-"}
"""Typographic signs of our own texts, and what can be read for them anywhere."""

log = logging.getLogger(__name__)


class Program(click.Group):
    """Imports a command when it is asked for, and ends every error in one line."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every command, in the order of the table."""
        return list(_MODULES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, imported now."""
        if cmd_name not in _MODULES:
            return None
        module = importlib.import_module(f"sora_mcp.cli.{_MODULES[cmd_name]}")
        return getattr(module, f"{cmd_name}_command")

    def main(self, args: Sequence[str] | None = None, *rest: Any, **named: Any) -> Any:
        """Run the program; as the command line of a process, it also ends that quietly."""
        try:
            return super().main(args, *rest, **named)
        finally:
            if args is None:
                # Everything is said: a late Ctrl+C would only be answered by the interpreter,
                # with a traceback from its own tidying up.
                signal.signal(signal.SIGINT, signal.SIG_IGN)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; every error leaves by here."""
        codecs.register_error(_PLAIN, _plainly)
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
                stream.reconfigure(errors=_PLAIN)  # not every terminal has every character
        try:
            return super().invoke(ctx)
        except click.exceptions.Exit:
            raise
        except click.ClickException as error:
            _tell_json(ctx, {"code": "usage", "message": error.format_message()})
            raise
        except (KeyboardInterrupt, click.Abort) as error:
            message = str(error) or "Interrupted."
            click.echo(message, err=True)
            _tell_json(ctx, {"code": "interrupted", "message": message})
            ctx.exit(130)
        except Exception as error:
            innermost = _innermost(error)
            if isinstance(innermost, BrokenPipeError):
                raise innermost from None  # whoever read our output has enough of it
            ctx.exit(_explain(ctx, innermost))


def _plainly(error: UnicodeError) -> tuple[str, int]:
    """What stands for characters that a terminal does not have."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    missing = error.object[error.start : error.end]
    return "".join(_PLAINER.get(character, "?") for character in missing), error.end


def _explain(ctx: click.Context, error: BaseException) -> int:
    from sora_mcp.cli.outcome import Exit, exit_of_error
    from sora_mcp.cli.wording import told
    from sora_mcp.logs import Redactor
    from sora_mcp.videos.errors import SoraError

    if isinstance(error, SoraError):
        explained = told(error)
        click.echo(f"Error: {explained.message}", err=True)
        _tell_json(ctx, explained.model_dump())
        return exit_of_error(error)
    log.debug("The traceback of the error below", exc_info=error)
    what = Redactor(())(f"{type(error).__name__}: {error}".splitlines()[0])
    click.echo(
        f"Unexpected error: {what}. For the traceback, set SORA_MCP_LOG_LEVEL=debug.", err=True
    )
    _tell_json(ctx, {"code": "unexpected", "message": what})
    return Exit.UNEXPECTED


def _tell_json(ctx: click.Context, error: dict[str, Any]) -> None:
    if ctx.meta.get(AS_JSON):
        click.echo(json.dumps({"error": error}, ensure_ascii=False, indent=2))


def _innermost(error: BaseException) -> BaseException:
    """What went wrong inside a task group, which wraps it."""
    while isinstance(error, BaseExceptionGroup):
        error = cast("BaseExceptionGroup[BaseException]", error).exceptions[0]
    return error


@click.group(
    cls=Program,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="sora-mcp")
@shared_options
@click.pass_context
def main(context: click.Context) -> None:
    """Make videos with any host that speaks the OpenAI Videos API.

    Without a command: an MCP server on standard input and output.
    """
    if context.invoked_subcommand is None:
        from sora_mcp.cli.running import serve_command

        context.invoke(serve_command)
