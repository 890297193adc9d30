"""`doctor`: look at everything a video needs, and say what to do about each failure."""

import json
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import click

from sora_mcp.cli.options import AS_JSON, shared_options
from sora_mcp.cli.outcome import Exit
from sora_mcp.cli.session import Session
from sora_mcp.server.owners import LOCAL_OWNER
from sora_mcp.settings import Settings
from sora_mcp.videos.errors import NotConfigured, SoraError
from sora_mcp.videos.service import EngineReport, VideoService
from sora_mcp.videos.spending import OPENAI_HOST

FULL_BYTES = 100 * 1024**2
TIGHT_BYTES = 1024**3
PROBE_SECONDS = 10.0


@dataclass(frozen=True)
class Check:
    """One thing that was looked at."""

    name: str
    state: Literal["ok", "warning", "failure"]
    found: str
    fix: str | None = None


@click.command("doctor")
@shared_options
def doctor_command() -> None:
    """Check configuration, folders, codecs, ledger and engine.

    The exit code is 0, or 3 if something is broken.
    """
    checks = list(_checks())
    broken = any(check.state == "failure" for check in checks)
    if click.get_current_context().meta.get(AS_JSON):
        told = [
            {name: value for name, value in asdict(check).items() if value is not None}
            for check in checks
        ]
        click.echo(json.dumps({"ok": not broken, "checks": told}, ensure_ascii=False, indent=2))
    else:
        for check in checks:
            click.echo(f"{check.state:<8} {check.name}: {check.found}")
            if check.fix is not None:
                click.echo(f"{'':<8} -> {check.fix}")
    raise click.exceptions.Exit(Exit.NOT_CONFIGURED if broken else Exit.OK)


def _checks() -> Iterator[Check]:
    try:
        session = Session()
    except NotConfigured as error:
        yield Check("configuration", "failure", error.message, "Correct the setting.")
        return
    settings = session.settings
    for warning in session.warnings:
        yield Check("configuration", "warning", warning, "Correct or remove the variable.")
    if not session.warnings:
        yield Check("configuration", "ok", "every setting is understood")
    yield _folder("home folder", settings.home, "SORA_MCP_HOME")
    yield _folder("library", settings.library, "SORA_MCP_LIBRARY")
    yield _space(settings.library)
    yield _codecs()
    yield from _ledger_and_engine(session)


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


def _space(folder: Path) -> Check:
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    found = f"{free / 1024**3:.1f} GiB beside the library"
    if free >= TIGHT_BYTES:
        return Check("free space", "ok", found)
    state = "failure" if free < FULL_BYTES else "warning"
    return Check("free space", state, found, "Make room, or set SORA_MCP_LIBRARY to a larger disk.")


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


def _ledger_and_engine(session: Session) -> Iterator[Check]:
    async def report(videos: VideoService) -> EngineReport:
        return await videos.engine_report(LOCAL_OWNER)

    try:
        found = session.run(report, follow_jobs=False)
    except SoraError as error:
        yield Check("ledger", "failure", error.message, "See what the message says.")
        return
    yield Check("ledger", "ok", "it opens")
    for note in session.stray_key_note:
        yield Check("engine", "warning", note, "Set SORA_MCP_BASE_URL, or remove OPENAI_API_KEY.")
    if found.facts.base_url is None:
        yield Check("engine", "ok", "embedded: local previews, no AI video")
    else:
        yield _host(session.settings, found.facts.base_url)
        yield from _model(session.settings, found.facts.models)


def _host(settings: Settings, base_url: str) -> Check:
    import httpx2

    if urlsplit(base_url).hostname == OPENAI_HOST:
        return Check(
            "engine",
            "failure",
            "OpenAI switched its Videos API and Sora off on 2026-09-24",
            "Set SORA_MCP_BASE_URL to another host, or SORA_MCP_ENGINE=embedded for previews.",
        )
    key = settings.api_key.get_secret_value() if settings.api_key else None
    try:
        status = httpx2.get(
            base_url.rstrip("/") + "/models",
            headers={"Authorization": f"Bearer {key}"} if key else {},
            timeout=PROBE_SECONDS,
        ).status_code
    except httpx2.HTTPError as error:
        return Check(
            "engine",
            "failure",
            f"{base_url} cannot be reached: {error}",
            "Start the host, or correct SORA_MCP_BASE_URL.",
        )
    if status in (401, 403):
        return Check(
            "engine",
            "failure",
            f"{base_url} does not accept the key (HTTP {status})",
            "Correct SORA_MCP_API_KEY.",
        )
    return Check("engine", "ok", f"{base_url} answers")


def _model(settings: Settings, models: tuple[str, ...]) -> Iterator[Check]:
    if settings.model is None or not models:
        return
    if settings.model in models:
        yield Check("model", "ok", settings.model)
    else:
        yield Check(
            "model",
            "warning",
            f"the host does not list {settings.model}",
            f"Set SORA_MCP_MODEL to one of: {', '.join(models[:10])}.",
        )
