"""Commands that go on until they are stopped: serve, worker, engine."""

import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import anyio
import click
from pydantic import SecretStr

from sora_mcp.addresses import check_receiver
from sora_mcp.app import App, has_access_control, open_app
from sora_mcp.cli.options import AS_JSON, shared_options
from sora_mcp.cli.session import Session, say, would_be_lost
from sora_mcp.imports import import_for_good
from sora_mcp.logs import configure_logging
from sora_mcp.signatures import WANTED_SECRET
from sora_mcp.videos.errors import NotConfigured, SoraError
from sora_mcp.videos.service import VideoService

if TYPE_CHECKING:
    from sora_mcp.deliveries import WebReceiver

LOOPBACK = "127.0.0.1"
PORT = 8000
ENGINE_PORT = 8010
STOP_SECONDS = 5
STEPS_SECONDS = 8.0
"""What the steps of jobs that have begun are given to end; leases last at least so long."""


def _session(*, start_anyway: bool = False, webhook_secret: str | None = None) -> Session:
    """Settings and logs of a service: `--json` asks for its logs in JSON."""
    as_json = click.get_current_context().meta.get(AS_JSON, False)
    session = Session(
        log_format="json" if as_json else None,
        start_anyway=start_anyway,
        openai_webhook_secret=webhook_secret,
    )
    configure_logging(session.settings)
    return session


def _run(
    session: Session,
    serve: Callable[[App], Awaitable[None]],
    *,
    working_folder: Path | None = None,
    before_hearing_out: Callable[[int], None] | None = None,
    follow_jobs: bool = True,
    grace: float = 0,
) -> None:
    async def opened() -> SoraError | None:
        async with open_app(
            session.settings,
            working_folder=working_folder,
            first_notes=session.stray_key_note,
            problem=session.problem,
            before_hearing_out=before_hearing_out,
            follow_jobs=follow_jobs,
            grace=grace,
        ) as app:
            try:
                await serve(app)
            except SoraError as error:  # past the task group, which would wrap it
                return error
        return None

    error = anyio.run(opened)
    if error is not None:
        raise error


def _wait_unless_told_again(videos: int) -> None:
    say(f"{would_be_lost(videos)} Told to stop once more, it stops at once.")
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)


@click.command("serve")
@click.option(
    "--transport",
    type=click.Choice(["stdio", "http", "sse"]),
    default="stdio",
    show_default=True,
    help="http serves /mcp (Streamable HTTP) and /sse; sse serves /sse alone.",
)
@click.option("--host", default=LOOPBACK, show_default=True, help="Address to listen on.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=PORT, show_default=True, help="0: any free."
)
@click.option(
    "--no-worker",
    is_flag=True,
    help="Only answer, over HTTP or SSE; `sora-mcp worker` on the same ledger follows the jobs.",
)
@shared_options
def serve_command(
    transport: Literal["stdio", "http", "sse"], host: str, port: int, no_worker: bool
) -> None:
    """Run the MCP server."""
    if no_worker and transport == "stdio":
        raise click.UsageError("--no-worker is for --transport http and sse.")
    session = _session(start_anyway=transport == "stdio")
    if transport == "stdio":
        import_for_good("sora_mcp.server.stdio")
        from sora_mcp.server.stdio import run_stdio

        if sys.stdin.isatty():
            say("sora-mcp waits for an MCP client on standard input. For commands: sora-mcp --help")
        _run(session, run_stdio, working_folder=Path.cwd())
    else:
        import_for_good("sora_mcp.http.serve")
        from sora_mcp.http.guard import Names
        from sora_mcp.http.serve import serve_http

        async def serve(app: App) -> None:
            await serve_http(app, host=host, port=port, transport=transport, started=listening)

        def listening(url: str) -> None:
            say(f"Serving MCP at {url}/{'sse' if transport == 'sse' else 'mcp'}")
            say(
                f"It answers to the host names {Names.of(session.settings).accepted}; "
                "SORA_MCP_PUBLIC_URL and SORA_MCP_ALLOWED_HOSTS add others."
            )
            if session.settings.database_url and not session.settings.secret_keys:
                say(
                    "Other replicas do not know what this one signs, such as links to files: give "
                    "all of them the same SORA_MCP_SECRET_KEYS."
                )
            others = session.settings.public_url or session.settings.allowed_hosts
            if others and not has_access_control(session.settings):
                say(
                    "Whoever reaches it under these names can make videos at your cost: it asks "
                    "for no token. Set SORA_MCP_AUTH_TOKEN, unless what stands before it does."
                )

        _run(
            session,
            serve,
            before_hearing_out=_wait_unless_told_again,
            follow_jobs=not no_worker,
            grace=STEPS_SECONDS,
        )


@click.command("worker")
@shared_options
def worker_command() -> None:
    """Follow jobs without serving.

    Jobs are followed only while some server or worker runs: this keeps them going when no client is
    connected.
    """

    async def work(videos: VideoService) -> None:
        say("Following jobs until this is stopped (Ctrl+C). They stand still without it.")
        await _told_to_end()

    _session().run(work, grace=STEPS_SECONDS, patient=True)


async def _told_to_end() -> None:
    """Return on SIGTERM; Ctrl+C cancels."""
    if sys.platform == "win32":
        await anyio.sleep_forever()
    with anyio.open_signal_receiver(signal.SIGTERM) as signals:
        async for _ in signals:
            return


@click.command("engine")
@click.option("--port", type=click.IntRange(0, 65535), default=ENGINE_PORT, show_default=True)
@click.option("--webhook-url", help="Where to say that a video is done, such as a sora-mcp's.")
@click.option(
    "--webhook-secret",
    help="What to sign that with, whsec_…; better in the variable OPENAI_WEBHOOK_SECRET.",
)
@shared_options
def engine_command(port: int, webhook_url: str | None, webhook_secret: str | None) -> None:
    """Serve the embedded engine's Videos API.

    It listens on this machine only, for any client that speaks that API.
    """
    import uvicorn

    from sora_mcp.engines.embedded.api import open_embedded_api
    from sora_mcp.http.serve import KEEP_ALIVE_SECONDS, listen

    session = _session(webhook_secret=webhook_secret)
    receiver = _receiver(webhook_url, session.settings.openai_webhook_secret)
    listener = listen(LOOPBACK, port)

    async def serve() -> None:
        async with open_embedded_api(
            session.settings.home / "embedded", loopback_only=True, receiver=receiver
        ) as api:
            config = uvicorn.Config(
                api,
                log_config=None,
                access_log=False,
                timeout_keep_alive=KEEP_ALIVE_SECONDS,
                timeout_graceful_shutdown=STOP_SECONDS,
            )
            say(f"Serving the Videos API at http://{LOOPBACK}:{listener.getsockname()[1]}/v1")
            await uvicorn.Server(config).serve(sockets=[listener])

    with listener:
        anyio.run(serve)


def _receiver(url: str | None, secret: SecretStr | None) -> "WebReceiver | None":
    """Whom the engine tells that a video is done. Raises NotConfigured."""
    if url is None:
        return None
    from sora_mcp.deliveries import WebReceiver

    if secret is None:
        raise NotConfigured(f"With --webhook-url, OPENAI_WEBHOOK_SECRET must be {WANTED_SECRET}.")
    try:
        return WebReceiver(check_receiver(SecretStr(url)), secret)
    except ValueError as error:
        raise NotConfigured(f"--webhook-url must be {error}.") from error
