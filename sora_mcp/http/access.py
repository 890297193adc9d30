"""At the door: who a request acts for."""

import re
from collections.abc import Sequence

from mcp.server.auth.middleware.auth_context import AuthContextMiddleware
from mcp.server.auth.middleware.bearer_auth import BearerAuthBackend
from mcp.server.auth.provider import TokenVerifier
from mcp.server.auth.routes import build_resource_metadata_url, create_protected_resource_routes
from mcp.server.auth.settings import AuthSettings
from pydantic import AnyHttpUrl
from starlette.requests import HTTPConnection
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from sora_mcp.http.refusals import Refusals, later
from sora_mcp.server.scopes import READ, WRITE
from sora_mcp.server.tokens import IssuerSilent

_OPEN = re.compile(
    r"/healthz|/readyz|/files/.*|/webhooks/openai|/\.well-known/oauth-protected-resource/.*",
    re.DOTALL,
)
"""What needs no token: files have signed links, webhooks signatures, the others tell nothing of
anybody."""


class ProtectedResource:
    """This server as OAuth sees it (RFC 9728): the address that tokens are issued for."""

    def __init__(self, address: str, issuer: str | None) -> None:
        """`issuer`: who issues them; None where the operator hands them out."""
        self.url = AnyHttpUrl(address)
        self.routes: Sequence[Route] = ()
        self.refusals = Refusals({"realm": "sora-mcp"})
        if issuer is not None:
            auth = AuthSettings.model_validate(
                {
                    "issuer_url": issuer,
                    "resource_server_url": address,
                    "validate_token_resource": True,
                }
            )
            self.routes = create_protected_resource_routes(
                self.url,
                [auth.issuer_url],
                scopes_supported=[READ, WRITE],
                resource_name="sora-mcp",
            )
            metadata = str(build_resource_metadata_url(self.url))
            self.refusals = Refusals({"resource_metadata": metadata, "scope": f"{READ} {WRITE}"})


class Access:
    """ASGI middleware: no request goes further without a token, but for the open routes."""

    def __init__(self, app: ASGIApp, verifier: TokenVerifier, resource: ProtectedResource) -> None:
        self._app = app
        self._identified = AuthContextMiddleware(app)
        self._backend = BearerAuthBackend(verifier, resource_server_url=resource.url)
        self._refusals = resource.refusals

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in on behalf of its token's owner, or refuse it: 401, 403 or 503."""
        if scope["type"] != "http" or _OPEN.fullmatch(scope["path"]):
            await self._app(scope, receive, send)
            return
        connection = HTTPConnection(scope)
        refusal = None
        try:
            found = await self._backend.authenticate(connection)
        except IssuerSilent as error:
            text = "This token cannot be checked just now. Try again later."
            refusal = later(503, text, error.retry_after)
        else:
            if found is None:
                given = "authorization" in connection.headers
                refusal = self._refusals.unauthorized(given=given)
            elif READ not in found[1].scopes:
                refusal = self._refusals.forbidden([READ])
            else:
                # The transports read it, too: a session answers only to the one who began it.
                scope["auth"], scope["user"] = found
        await (refusal or self._identified)(scope, receive, send)
