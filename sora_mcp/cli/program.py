"""The program: which commands there are, and how errors become words and exit codes."""

import importlib
import io
import json
import logging
import sys
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
    "list": "keeping",
    "status": "keeping",
    "download": "keeping",
    "delete": "keeping",
    "worker": "running",
    "engine": "running",
    "doctor": "doctor",
    "install": "clients",
}

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

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; every error leaves by here."""
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
                stream.reconfigure(errors="replace")  # not every terminal has every character
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit):
            raise
        except (KeyboardInterrupt, click.Abort):
            click.echo("Interrupted.", err=True)
            ctx.exit(130)
        except Exception as error:
            ctx.exit(_explain(error, as_json=ctx.meta.get(AS_JSON, False)))


def _explain(error: BaseException, *, as_json: bool) -> int:
    from sora_mcp.cli.outcome import Exit, exit_of_error
    from sora_mcp.logs import Redactor
    from sora_mcp.videos.errors import SoraError, job_error

    error = _innermost(error)
    if isinstance(error, SoraError):
        code = exit_of_error(error)
        told = job_error(error).model_dump()
        click.echo(f"Error: {error.message}", err=True)
    else:
        log.debug("The traceback of the error below", exc_info=error)
        code = Exit.UNEXPECTED
        what = Redactor(())(f"{type(error).__name__}: {error}".splitlines()[0])
        told = {"code": "unexpected", "message": what}
        click.echo(
            f"Unexpected error: {what}. For the traceback, set SORA_MCP_LOG_LEVEL=debug.", err=True
        )
    if as_json:
        click.echo(json.dumps({"error": told}, indent=2))
    return code


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
