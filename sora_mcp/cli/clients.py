"""`install`: enter this server into an MCP client's configuration, or print the entry."""

import json
import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, cast

import click
import platformdirs

from sora_mcp.cli.options import shared_options
from sora_mcp.cli.session import Session, say
from sora_mcp.settings import PREFIX, Settings
from sora_mcp.videos.errors import NotConfigured

ENTRY = "sora"
"""The name that the server has in clients."""

Json = dict[str, Any]


@dataclass(frozen=True)
class Client:
    """An MCP client that keeps its servers in a JSON file."""

    title: str
    place: str
    """Where the file is, below the home folder (`~/`) or where applications are configured."""
    section: str
    """The key under which the file lists its servers."""
    names_transport: bool
    """Whether an entry says that it is a stdio server."""

    @property
    def file(self) -> Path:
        """The configuration file on this system."""
        if self.place.startswith("~"):
            return Path(self.place).expanduser()
        return platformdirs.user_config_path(roaming=True) / self.place


CLIENTS = {
    "claude-desktop": Client(
        "Claude Desktop", "Claude/claude_desktop_config.json", "mcpServers", names_transport=False
    ),
    "claude-code": Client("Claude Code", "~/.claude.json", "mcpServers", names_transport=True),
    "cursor": Client("Cursor", "~/.cursor/mcp.json", "mcpServers", names_transport=False),
    "vscode": Client("VS Code", "Code/User/mcp.json", "servers", names_transport=True),
}


def entry(session: Session, client: Client) -> Json:
    """The client's entry for this server: absolute, so that it works from any folder; no keys."""
    arguments = ["-m", "sora_mcp"]
    if session.env_file is not None:
        arguments += ["--env-file", str(session.env_file)]
    entry: Json = {"type": "stdio"} if client.names_transport else {}
    entry |= {"command": sys.executable, "args": arguments}
    if "home" in session.settings.model_fields_set:
        entry["env"] = {PREFIX + "HOME": str(session.settings.home.absolute())}
    return entry


def merged(current: Mapping[str, Any], client: Client, new: Json) -> Json:
    """The client's configuration with the entry in it; whatever else it holds stays.

    Raises:
        NotConfigured: The section or the entry is not an object.
    """
    section: object = current.get(client.section, {})
    old: object = cast("Json", section).get(ENTRY, {}) if isinstance(section, dict) else None
    if not isinstance(section, dict) or not isinstance(old, dict):
        raise NotConfigured(
            f"{client.file} was left as it is: “{client.section}” is not what {client.title} "
            "writes there. Correct it by hand; --print shows the entry."
        )
    kept = cast("Json", old)
    env = {**cast("Json", kept.get("env") or {}), **new.get("env", {})}
    updated = {**kept, **new, **({"env": env} if env else {})}
    return {**current, client.section: {**cast("Json", section), ENTRY: updated}}


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
    new = entry(session, client)
    if only_print:
        click.echo(json.dumps({client.section: {ENTRY: new}}, indent=2))
        return
    file = client.file.resolve()  # settings files are often links into somebody's dotfiles
    current = _read(file, client)
    wanted = merged(current, client, new)
    backup = None
    if wanted != current:
        backup = _back_up(file)
        _write(file, wanted)
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


def _read(file: Path, client: Client) -> Json:
    try:
        text = file.read_text(encoding="utf-8-sig")
        current: object = json.loads(text) if text.strip() else {}
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise NotConfigured(
            f"{file} is not plain JSON ({error}), so it was left as it is. Correct it, or put the "
            "entry in by hand: --print shows it."
        ) from None
    except OSError as error:
        raise NotConfigured(f"{file} cannot be read: {error.strerror}.") from error
    if not isinstance(current, dict):
        raise NotConfigured(f"{file} is not a configuration of {client.title}; it was left as is.")
    return cast("Json", current)


def _back_up(file: Path) -> Path | None:
    if not file.exists():
        return None
    stamp = f"{datetime.now().astimezone():%Y%m%d-%H%M%S-%f}"
    backup = file.with_name(f"{file.name}.{stamp}.bak")
    try:
        shutil.copy2(file, backup)
    except OSError as error:
        raise NotConfigured(f"{backup} cannot be written: {error.strerror}.") from error
    return backup


def _write(file: Path, config: Json) -> None:
    part = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(json.dumps(config, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
        if file.exists():
            shutil.copymode(file, part)
        part.replace(file)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise NotConfigured(f"{file} cannot be written: {error.strerror}.") from error


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
