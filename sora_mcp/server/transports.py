"""The SDK's HTTP transports, set up as this server uses them."""

from collections.abc import Sequence

from mcp.server.transport_security import TransportSecuritySettings

from sora_mcp.server.build import SoraServer

LARGEST_BODY = 16 * 1024 * 1024
"""Bytes: a first-frame image as a `data:` URL fits."""


def streamable_http(server: SoraServer, hosts: Sequence[str], origins: Sequence[str]):
    """A Starlette app that serves `/mcp`; stateless, so that any replica can answer any request."""
    return server.streamable_http_app(
        stateless_http=True,
        max_request_body_size=LARGEST_BODY,
        transport_security=_security(hosts, origins),
    )


def sse(server: SoraServer, hosts: Sequence[str], origins: Sequence[str]):
    """A Starlette app that serves `/sse` and `/messages/`."""
    return server.sse_app(
        max_request_body_size=LARGEST_BODY, transport_security=_security(hosts, origins)
    )


def _security(hosts: Sequence[str], origins: Sequence[str]) -> TransportSecuritySettings:
    return TransportSecuritySettings(allowed_hosts=[*hosts], allowed_origins=[*origins])
