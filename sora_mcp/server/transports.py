"""The SDK's HTTP transports, set up as this server uses them."""

from mcp.server.transport_security import TransportSecuritySettings

from sora_mcp.server.build import SoraServer

LARGEST_BODY = 16 * 1024 * 1024
"""Bytes: a first-frame image as a `data:` URL fits."""

_GUARDED = TransportSecuritySettings(enable_dns_rebinding_protection=False)
"""`http.guard` has judged Host and Origin before; the SDK would mind upper and lower case."""


def streamable_http(server: SoraServer):
    """A Starlette app that serves `/mcp`; stateless, so that any replica can answer any request."""
    return server.streamable_http_app(
        stateless_http=True,
        max_request_body_size=LARGEST_BODY,
        transport_security=_GUARDED,
    )


def sse(server: SoraServer):
    """A Starlette app that serves `/sse` and `/messages/`."""
    return server.sse_app(max_request_body_size=LARGEST_BODY, transport_security=_GUARDED)
