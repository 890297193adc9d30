"""Running the HTTP app: our own socket and signals, a graceful stop, no traceback on Ctrl+C."""

import ipaddress
import signal
import socket
import sys
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager

import anyio
import uvicorn
from anyio.abc import TaskStatus

from sora_mcp.app import App, has_access_control
from sora_mcp.http.asgi import Transport, build_asgi
from sora_mcp.http.drain import Stopping
from sora_mcp.http.patience import PatientProtocol
from sora_mcp.settings import Settings
from sora_mcp.videos.errors import NotConfigured

GRACEFUL_STOP_SECONDS = 4
KEEP_ALIVE_SECONDS = 75
"""For a connection between requests; as in nginx, and longer than the pools of gateways and proxies
keep theirs (LiteLLM: 15 s): one that is just being closed loses the request that comes with it."""


class _Server(uvicorn.Server):
    """Uvicorn's server without its signal handlers, which re-raise what they have handled."""

    def __init__(self, config: uvicorn.Config, started: Callable[[], None]) -> None:
        super().__init__(config)
        self._tell_started = started

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Leave signals to `serve_http`."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to listen, and say so."""
        await super().startup(sockets)
        self._tell_started()


async def serve_http(
    app: App,
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    transport: Transport = "http",
    started: Callable[[str], None] = lambda url: None,
) -> None:
    """Serve until SIGINT, SIGTERM or cancellation.

    `started` gets the server's own address once it listens.

    Raises:
        NotConfigured: The address needs access control, or cannot be listened on.
    """
    address = "127.0.0.1" if host == "localhost" else host
    _check_access(app.settings, address)
    with listen(address, port) as listener:
        url = _url(address, listener.getsockname()[1])
        stopping = Stopping()
        asgi = build_asgi(
            app,
            transport=transport,
            public_url=app.settings.public_url or url,
            # Behind a public name, loopback is where the proxy is, not its clients.
            same_machine=_is_loopback(address) and app.settings.public_url is None,
            stopping=stopping,
        )
        config = uvicorn.Config(
            asgi,
            http=PatientProtocol,
            lifespan="on",
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=GRACEFUL_STOP_SECONDS,
        )
        server = _Server(config, lambda: started(url))
        async with anyio.create_task_group() as tasks:
            await tasks.start(_stop_in_time, app, server, stopping)
            # Whoever cancels us gets a graceful stop, too.
            with anyio.CancelScope(shield=True):
                await server.serve(sockets=[listener])
            tasks.cancel_scope.cancel()


async def _stop_in_time(
    app: App, server: uvicorn.Server, stopping: Stopping, *, task_status: TaskStatus[None]
) -> None:
    """Stop the server on a signal, or when we are cancelled."""

    def stop() -> None:
        server.should_exit = True
        stopping.begin()

    async def stop_gently() -> None:
        await app.stop_following()
        stop()

    try:
        if sys.platform == "win32" or threading.current_thread() is not threading.main_thread():
            task_status.started()
            await anyio.sleep_forever()
        async with anyio.create_task_group() as tasks:
            with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
                task_status.started()
                async for _ in signals:
                    tasks.start_soon(stop_gently)
                    break
                async for _ in signals:
                    # Nobody is waited for any more.
                    server.force_exit = True
                    stop()
    finally:
        stop()


def _check_access(settings: Settings, address: str) -> None:
    if has_access_control(settings) or _is_loopback(address):
        return
    raise NotConfigured(
        f"Serving on {address} would let anyone who can reach this machine make videos at your "
        "cost: a token is needed for that. Set SORA_MCP_AUTH_TOKEN (or SORA_MCP_AUTH_TOKENS_FILE, "
        "SORA_MCP_OAUTH_ISSUER), or use --host 127.0.0.1."
    )


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def _url(address: str, port: int) -> str:
    """Where this machine reaches the server; what listens everywhere listens on loopback, too."""
    address = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address, address)  # noqa: S104  # compared
    return f"http://{f'[{address}]' if ':' in address else address}:{port}"


def listen(address: str, port: int) -> socket.socket:
    """Listen on an address of this machine; port 0 is any free one.

    Raises:
        NotConfigured: It cannot be used.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        listener = socket.create_server((address, port), family=family)
    except (OSError, OverflowError) as error:
        raise NotConfigured(
            f"{address} port {port} cannot be used: {error}. Choose another with --port."
        ) from error
    # Connections inherit it; asyncio only sets it on sockets that it has made itself. Without it
    # the second part of an answer waits for the client's delayed acknowledgement: 40 ms.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener
