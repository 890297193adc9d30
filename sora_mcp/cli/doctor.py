"""`doctor`: look at everything a video needs, and say what to do about each failure."""

import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import click

from sora_mcp.cli.checks import Check
from sora_mcp.cli.client_checks import check_clients
from sora_mcp.cli.engine_checks import check_engines
from sora_mcp.cli.interrupts import run
from sora_mcp.cli.options import AS_JSON, shared_options
from sora_mcp.cli.outcome import Exit
from sora_mcp.cli.session import Session
from sora_mcp.settings import Settings
from sora_mcp.videos.errors import NotConfigured, SoraError, StorageUnavailable

FULL_BYTES = 100 * 1024**2
TIGHT_BYTES = 1024**3


@click.command("doctor")
@shared_options
def doctor_command() -> None:
    """Check settings, folders, codecs, ledger, engines and clients.

    Of clients, those are checked that have a configuration on this machine; an entry of this server
    in it is started, as the client would start it. The exit code is 0, or 3 if something is broken.
    """
    as_json = click.get_current_context().meta.get(AS_JSON)
    checks: list[Check] = []
    for check in _checks():
        checks.append(check)
        if not as_json:
            _show(check)
    broken = any(check.state == "failure" for check in checks)
    if as_json:
        told = {"ok": not broken, "checks": [check.data() for check in checks]}
        click.echo(json.dumps(told, ensure_ascii=False, indent=2))
    raise click.exceptions.Exit(Exit.NOT_CONFIGURED if broken else Exit.OK)


def _show(check: Check) -> None:
    click.echo(f"{check.state:<8} {check.name}: {check.found}")
    if check.fix is not None:
        click.echo(f"{'':<8} -> {check.fix}")


def _checks() -> Iterator[Check]:
    from sora_mcp.engines.configuration import named_dialects  # slow to import

    try:
        session = Session()
        named_dialects(session.settings)
    except NotConfigured as error:
        yield Check("configuration", "failure", error.message, "Correct the setting.")
        yield from check_clients()
        return
    settings = session.settings
    for warning in session.warnings:
        yield Check("configuration", "warning", warning, "Correct or remove the variable.")
    if not session.warnings:
        yield Check("configuration", "ok", "every setting is understood")
    yield _folder("home folder", settings.home, "SORA_MCP_HOME")
    if settings.storage_url is None:
        yield _folder("library", settings.library, "SORA_MCP_LIBRARY")
        yield _space(settings.library, "SORA_MCP_LIBRARY")
    else:
        yield _storage(settings.storage_url, settings)
        yield _space(settings.home, "SORA_MCP_HOME")
    yield _codecs()
    yield from check_engines(session)
    yield from check_clients()


def _folder(name: str, folder: Path, variable: str) -> Check:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return Check(name, "ok", str(folder))
    except OSError as error:
        return Check(
            name,
            "failure",
            f"{folder} cannot be written: {error.strerror}",
            f"Make it writable, or set {variable} to a folder that is.",
        )


def _storage(url: str, settings: Settings) -> Check:
    from sora_mcp.library.bucket import open_bucket  # slow to import

    async def try_out() -> SoraError | None:
        try:
            work, most = settings.home / "work", settings.max_file_bytes
            await open_bucket(url, work, max_file_bytes=most).try_out()
        except SoraError as error:
            return error
        return None

    error = run(try_out)
    if error is None:
        return Check("object storage", "ok", f"{url} takes, gives and removes objects")
    if isinstance(error, StorageUnavailable):
        return Check("object storage", "failure", error.what, error.fix)
    return Check("object storage", "failure", error.message, "Correct the setting.")


def _space(folder: Path, variable: str) -> Check:
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    found = f"{free / 1024**3:.1f} GiB in {folder}"
    if free >= TIGHT_BYTES:
        return Check("free space", "ok", found)
    state = "failure" if free < FULL_BYTES else "warning"
    return Check("free space", state, found, f"Make room, or set {variable} to a larger disk.")


def _codecs() -> Check:
    from sora_mcp.media.codecs import NEEDED, missing_encoders

    missing = missing_encoders()
    if not missing:
        return Check("codecs", "ok", ", ".join(NEEDED))
    return Check(
        "codecs",
        "failure",
        f"PyAV cannot write {', '.join(missing)}",
        "Install PyAV from its wheel: pip install --force-reinstall --only-binary av av",
    )
