"""Which names this server answers to: pages of other sites must not reach it through a browser."""

from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from sora_mcp.settings import Settings

_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


@dataclass(frozen=True)
class Names:
    """What the Host and Origin headers of requests may say; `:*` stands for any port."""

    hosts: tuple[str, ...]
    origins: tuple[str, ...]

    @classmethod
    def of(cls, settings: Settings) -> "Names":
        """Loopback, the public address, and what the operator allows beside them."""
        public = urlsplit(settings.public_url) if settings.public_url else None
        hosts = [*_with_any_port(_LOOPBACK), *settings.allowed_hosts]
        origins = [
            *_with_any_port([f"http://{host}" for host in _LOOPBACK]),
            *settings.allowed_origins,
        ]
        if public is not None:
            hosts.append(public.netloc)
            origins.append(f"{public.scheme}://{public.netloc}")
        return cls(tuple(hosts), tuple(origins))


def _with_any_port(names: Collection[str]) -> list[str]:
    return [form for name in names for form in (name, f"{name}:*")]


class Guard:
    """ASGI middleware: 421 for a Host, 403 for an Origin that is not ours, on every route."""

    def __init__(self, app: ASGIApp, names: Names) -> None:
        self._app = app
        self._names = names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] == "http":
            headers = Headers(scope=scope)
            refusal = None
            if not _matches(headers.get("host", ""), self._names.hosts):
                refusal = PlainTextResponse("This server does not go by that name.", 421)
            elif "origin" in headers and not _matches(headers["origin"], self._names.origins):
                refusal = PlainTextResponse("Pages of that origin may not use this server.", 403)
            if refusal is not None:
                await refusal(scope, receive, send)
                return
        await self._app(scope, receive, send)


def _matches(name: str, allowed: Collection[str]) -> bool:
    host, _, port = name.rpartition(":")
    return name in allowed or (port.isdigit() and f"{host}:*" in allowed)
