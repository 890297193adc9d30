"""MCP clients: where they keep their servers, and how an entry of ours gets there."""

import json
import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from sora_mcp.cli.session import Session
from sora_mcp.settings import PREFIX
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
    package: str | None = None
    """Its package on Windows, which sees a configuration folder of its own."""
    moved_by: str | None = None
    """The variable that names another folder for the file."""

    @property
    def file(self) -> Path:
        """The configuration file on this system."""
        return configuration_file(self, sys.platform, Path.home(), os.environ)


CLIENTS = {
    "claude-desktop": Client(
        "Claude Desktop",
        "Claude/claude_desktop_config.json",
        "mcpServers",
        names_transport=False,
        package="Claude_*",
    ),
    "claude-code": Client(
        "Claude Code",
        "~/.claude.json",
        "mcpServers",
        names_transport=True,
        moved_by="CLAUDE_CONFIG_DIR",
    ),
    "cursor": Client("Cursor", "~/.cursor/mcp.json", "mcpServers", names_transport=False),
    "vscode": Client("VS Code", "Code/User/mcp.json", "servers", names_transport=True),
}


def configuration_file(
    client: Client, platform: str, home: Path, environ: Mapping[str, str]
) -> Path:
    """Where a client's configuration is on a platform (as `sys.platform` names it)."""
    if client.place.startswith("~/"):
        moved = environ.get(client.moved_by, "") if client.moved_by else ""
        below = client.place.removeprefix("~/")
        return Path(moved) / Path(below).name if moved else home / below
    return _applications(client, platform, home, environ) / client.place


def _applications(client: Client, platform: str, home: Path, environ: Mapping[str, str]) -> Path:
    """The folder in which applications keep their configuration."""
    match platform:
        case "darwin":
            return home / "Library" / "Application Support"
        case "win32":
            local = Path(environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
            packages = sorted((local / "Packages").glob(client.package)) if client.package else ()
            for package in packages:
                return package / "LocalCache" / "Roaming"
            return Path(environ.get("APPDATA") or home / "AppData" / "Roaming")
        case _:
            named = Path(environ.get("XDG_CONFIG_HOME", ""))
            # The specification of these folders has relative ones ignored.
            return named if named.is_absolute() else home / ".config"


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


def entries(config: Mapping[str, Any], client: Client) -> Iterator[tuple[str, Json]]:
    """The entries of this server in a client's configuration, whoever wrote them."""
    section: object = config.get(client.section)
    servers = cast("Json", section) if isinstance(section, dict) else {}
    for name, server in servers.items():
        if isinstance(server, dict):
            words = json.dumps(server).replace("_", "-")
            if name == ENTRY or "sora-mcp" in words:
                yield name, cast("Json", server)


def read(file: Path, client: Client) -> Json:
    """A client's configuration; empty where there is none.

    Raises:
        NotConfigured: It cannot be read, or is not plain JSON.
    """
    try:
        text = file.read_text(encoding="utf-8-sig")
        current: object = json.loads(text) if text.strip() else {}
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise NotConfigured(
            f"{file} is not plain JSON ({error}), so it is left as it is. Correct it, or put the "
            "entry in by hand: sora-mcp install CLIENT --print shows it."
        ) from None
    except OSError as error:
        raise NotConfigured(f"{file} cannot be read: {error.strerror}.") from error
    if not isinstance(current, dict):
        raise NotConfigured(f"{file} is not a configuration of {client.title}; it was left as is.")
    return cast("Json", current)


def back_up(file: Path) -> Path | None:
    """Copy the file beside itself, if there is one. Raises NotConfigured where that fails."""
    if not file.exists():
        return None
    stamp = f"{datetime.now().astimezone():%Y%m%d-%H%M%S-%f}"
    backup = file.with_name(f"{file.name}.{stamp}.bak")
    try:
        shutil.copy2(file, backup)
    except OSError as error:
        raise NotConfigured(f"{backup} cannot be written: {error.strerror}.") from error
    return backup


def write(file: Path, config: Json) -> None:
    """Write the file anew, whole or not at all. Raises NotConfigured where that fails."""
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
