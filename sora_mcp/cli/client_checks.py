"""What `doctor` looks at in MCP clients: whether their entry of this server starts it."""

from collections.abc import Iterator

from sora_mcp.cli.checks import Check
from sora_mcp.cli.clients import CLIENTS, Client, Json, entries, read
from sora_mcp.cli.interrupts import run
from sora_mcp.videos.errors import NotConfigured

START_SECONDS = 30.0
SLOW_SECONDS = 10.0
"""Some clients give a server no longer than this to start."""


def check_clients() -> Iterator[Check]:
    """Every client that has a configuration on this machine."""
    for name, client in CLIENTS.items():
        if client.file.is_file():
            yield from _client(name, client)


def _client(name: str, client: Client) -> Iterator[Check]:
    install = f"sora-mcp install {name}"
    try:
        found = list(entries(read(client.file, client), client))
    except NotConfigured as error:
        fix = "The client cannot read it either, unless it allows comments."
        yield Check(client.title, "warning", error.message, fix)
        return
    if not found:
        yield Check(client.title, "ok", f"has no entry of this server; {install} adds one")
    for entry_name, entry in found:
        yield _entry(client, entry_name, entry, install)


def _entry(client: Client, name: str, entry: Json, install: str) -> Check:
    from sora_mcp.cli.probe import NotStarted, start  # brings the MCP SDK: slow to import

    if "command" not in entry and "url" in entry:
        return Check(client.title, "ok", f"“{name}” uses {entry['url']}, which it does not start")
    try:
        started = run(lambda: start(entry, START_SECONDS))
    except NotStarted as error:
        fix = f"Correct it, or run {install}"
        return Check(client.title, "failure", f"“{name}” does not start: {error}", fix)
    found = f"“{name}” starts in {started.seconds:.1f} s and offers {len(started.tools)} tools"
    if started.seconds > SLOW_SECONDS:
        return Check(client.title, "warning", found, f"Some give up after 10 s. Run {install}")
    return Check(client.title, "ok", found)
