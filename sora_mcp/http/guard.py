"""Which names this server answers to: pages of other sites must not reach it through a browser."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import urlsplit

from pydantic import AnyHttpUrl
from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from sora_mcp.settings import Settings

_FOREIGN = "Pages of that origin may not use this server (SORA_MCP_ALLOWED_ORIGINS)."
_PROBES = ("/healthz", "/readyz")
"""What an orchestrator asks for by address, and what tells nothing of anybody."""
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


@dataclass(frozen=True)
class Names:
    """What the Host and Origin headers of requests may say, in lower case.

    `:*` stands for any port.
    """

    hosts: tuple[str, ...]
    origins: tuple[str, ...]

    @property
    def accepted(self) -> str:
        """The host names, for people; each with any port, unless it has one."""
        return ", ".join(host for host in self.hosts if not host.endswith(":*"))

    @classmethod
    def of(cls, settings: Settings) -> "Names":
        """Loopback, the public address, and what the operator allows beside them."""
        hosts = [*_LOOPBACK, *settings.allowed_hosts]
        origins = [
            *_with_any_port([f"{way}://{host}" for way in ("http", "https") for host in _LOOPBACK]),
            *settings.allowed_origins,
        ]
        if settings.public_url is not None:
            # Without the port that goes without saying, as browsers send it.
            public = urlsplit(str(AnyHttpUrl(settings.public_url)))
            hosts.append(public.netloc)
            origins.append(f"{public.scheme}://{public.netloc}")
        known = dict.fromkeys(host.lower() for host in hosts)
        return cls(tuple(_with_any_port(known)), tuple(origin.lower() for origin in origins))


def _with_any_port(names: Collection[str]) -> list[str]:
    """The names, and each that has no port with any."""
    with_port = re.compile(r":(\d+|\*)$")
    return [
        form
        for name in names
        for form in ((name,) if with_port.search(name) else (name, f"{name}:*"))
    ]


class Guard:
    """ASGI middleware: 421 for a Host, 403 for an Origin that is not ours.

    On every route, but probes may come by any Host.
    """

    def __init__(self, app: ASGIApp, names: Names) -> None:
        self._app = app
        self._names = names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] == "http":
            headers = Headers(scope=scope)
            refusal = None
            if scope["path"] not in _PROBES and not _matches(
                headers.get("host", "").lower(), self._names.hosts
            ):
                refusal = PlainTextResponse(
                    "This server does not go by that name (SORA_MCP_ALLOWED_HOSTS).", 421
                )
            elif "origin" in headers and not _matches(
                headers["origin"].lower(), self._names.origins
            ):
                refusal = PlainTextResponse(_FOREIGN, 403)
            if refusal is not None:
                await refusal(scope, receive, send)
                return
        await self._app(scope, receive, send)


def _matches(name: str, allowed: Collection[str]) -> bool:
    host, _, port = name.rpartition(":")
    return name in allowed or (port.isdigit() and f"{host}:*" in allowed)


CORS = Middleware(
    CORSMiddleware,
    allow_origin_regex=".+",
    allow_methods=("GET", "POST", "DELETE"),
    allow_headers=(
        "Authorization",
        "Content-Type",
        "Last-Event-ID",
        "MCP-Protocol-Version",
        "Mcp-Method",
        "Mcp-Name",
        "Mcp-Session-Id",
    ),
    expose_headers=("Mcp-Session-Id", "Retry-After", "WWW-Authenticate"),
)
"""Lets pages of any origin that the guard before it accepts read the answers."""
