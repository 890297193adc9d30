"""`install`: enter this server into an MCP client's configuration, or print the entry."""

import json
from pathlib import Path
from typing import cast

import click

from sora_mcp.cli import clients
from sora_mcp.cli.clients import CLIENTS, ENTRY, Client, Json
from sora_mcp.cli.interrupts import run
from sora_mcp.cli.options import shared_options
from sora_mcp.cli.session import Session, say
from sora_mcp.settings import Settings
from sora_mcp.videos.errors import NotConfigured

WARM_UP_SECONDS = 120.0
"""The first start of a fresh environment compiles everything."""


@click.command("install")
@click.argument("client_name", metavar="CLIENT", type=click.Choice(list(CLIENTS)))
@click.option("--print", "only_print", is_flag=True, help="Print the entry; change nothing.")
@shared_options
def install_command(client_name: str, *, only_print: bool) -> None:
    """Enter this server into the configuration of CLIENT.

    Keys are never written: the server reads them from its own environment file.
    """
    session = Session()
    client = CLIENTS[client_name]
    new = clients.entry(session, client)
    if only_print:
        click.echo(json.dumps({client.section: {ENTRY: new}}, indent=2))
        return
    file = client.file.resolve()  # settings files are often links into somebody's dotfiles
    current = clients.read(file, client)
    wanted = clients.merged(current, client, new)
    _warm_up(file, cast("Json", wanted[client.section])[ENTRY])
    backup = None
    if wanted != current:
        backup = clients.back_up(file)
        clients.write(file, wanted)
    _say_done(session, client, file, backup, changed=wanted != current)
    if session.as_json:
        session.answer_json(
            {
                "client": client_name,
                "path": str(file),
                "changed": wanted != current,
                **({"backup": str(backup)} if backup else {}),
                "entry": cast("Json", wanted[client.section])[ENTRY],
            }
        )
    else:
        click.echo(str(file))


def _warm_up(file: Path, entry: Json) -> None:
    """Start the server once as the client will: the next start is quick, and known to work.

    Raises:
        NotConfigured: It does not start.
    """
    from sora_mcp.cli.probe import NotStarted, start  # brings the MCP SDK: slow to import

    say("Starting the server once, so that the client need not wait for it ...")
    try:
        run(lambda: start(entry, WARM_UP_SECONDS))
    except NotStarted as error:
        raise NotConfigured(
            f"The server does not start this way ({error}), so {file} was left as it was."
        ) from error


def _say_done(
    session: Session, client: Client, file: Path, backup: Path | None, *, changed: bool
) -> None:
    if not changed:
        say(f"{client.title} has this server already.")
        return
    say(f"{client.title} has this server now, as “{ENTRY}”. Restart {client.title} to use it.")
    if backup is not None:
        say(f"The configuration as it was: {backup}")
    settings: Settings = session.settings
    where = session.env_file or settings.home.absolute() / ".env"
    say(f"Settings such as SORA_MCP_BASE_URL and SORA_MCP_API_KEY are read from {where}")
