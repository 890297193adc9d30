"""Access tokens of an OAuth issuer: JWTs (RFC 9068), checked with the issuer's public keys.

The keys are found by the issuer's own description (RFC 8414, else OpenID Connect Discovery) and
kept for a while. A token's word is taken for nothing before its signature is checked.
"""

import logging
import math
from collections.abc import Mapping, Sequence
from typing import Any, cast
from urllib.parse import urlsplit

import anyio
import httpx2
import jwt
from mcp.server.auth.provider import AccessToken
from pydantic import BaseModel

from sora_mcp.server.tokens import IssuerSilent
from sora_mcp.settings import Settings
from sora_mcp.videos.errors import NotConfigured

FRESH_SECONDS = 300
"""So long keys are used without asking again, unless a token names another."""
LONGEST_SECONDS = 3600
"""So long they are used where the issuer does not answer."""
PAUSE_SECONDS = 10
"""After a question: tokens with made-up key ids must not make us a nuisance."""
_TIMEOUT = 5.0

_ALGORITHMS = [
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "ES512",
    "EdDSA",
]
"""With public keys only: with a shared secret, who can check a token could also make one."""

_LEEWAY = 10
"""Seconds that the issuer's clock may differ from ours."""

log = logging.getLogger(__name__)


class Issuer:
    """Implements the SDK's `TokenVerifier` for the tokens of one OAuth issuer."""

    def __init__(self, url: str, audience: str, resource: str) -> None:
        """`audience`: what tokens must be meant for; `resource`: the address they are good for."""
        self._keys = _Keys(url)
        self._audience = audience
        self._resource = resource

    async def verify_token(self, token: str) -> AccessToken | None:
        """Who a token stands for, and what it allows.

        Raises:
            IssuerSilent: It cannot be checked now: the issuer does not give its keys, or was asked
                for them too short a time ago to be asked again for one that may be new.
        """
        try:
            header = jwt.get_unverified_header(token)
            keys = await self._keys.get(header.get("kid"))
            claims = self._claims(
                token, [key for key in keys if key.algorithm_name == header.get("alg")]
            )
        # The last two: JSON that no issuer writes, nested or with numbers beyond all measure.
        except (jwt.PyJWTError, ValueError, RecursionError, OverflowError) as error:
            log.debug("A token was refused: %s", type(error).__name__)
            return None
        subject = claims["sub"]
        if not subject:
            return None
        return AccessToken(
            token="",  # nothing needs it any more, so nothing can tell it
            client_id=str(claims.get("client_id") or claims.get("azp") or subject),
            # Unique among issuers, and never the name of a token in a file, which has no colon.
            subject=f"{self._keys.url} {subject}",
            scopes=_scopes(claims),
            expires_at=int(claims["exp"]) + _LEEWAY,
            resource=self._resource,
        )

    def _claims(self, token: str, keys: Sequence[jwt.PyJWK]) -> dict[str, Any]:
        """What a token says that one of the keys has signed."""
        for key in keys:
            try:
                return jwt.decode(
                    token,
                    key,
                    algorithms=_ALGORITHMS,
                    audience=self._audience,
                    issuer=self._keys.issuers,
                    leeway=_LEEWAY,
                    options={
                        "require": ["exp", "iss", "aud", "sub"],
                        "enforce_minimum_key_length": True,
                    },
                )
            except jwt.InvalidSignatureError:
                continue
        raise jwt.InvalidKeyError("its issuer has no such key")


def _scopes(claims: Mapping[str, Any]) -> list[str]:
    """`scope` as RFC 9068 has it, or `scp`, as others write it: words, or a list of them."""
    told: object = claims.get("scope", claims.get("scp", ""))
    if isinstance(told, str):
        return told.split()
    return [str(word) for word in cast("list[object]", told)] if isinstance(told, list) else []


class _Description(BaseModel):
    """What an issuer says of itself; the rest is of no use here."""

    issuer: str
    jwks_uri: str


class _KeySet(BaseModel):
    """A JWK set (RFC 7517)."""

    keys: list[dict[str, Any]]


class _Keys:
    """The public keys of an issuer."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self.issuers = (self.url, f"{self.url}/")
        """How tokens may name it: with a slash at its end or without, which is never another."""
        self._keys: list[jwt.PyJWK] = []
        self._fetched = self._asked = float("-inf")
        self._asking = anyio.Lock()

    async def get(self, key_id: str | None) -> list[jwt.PyJWK]:
        """The keys of that id, or all without one, asking the issuer where that may help.

        A key that fits several algorithms is there once for each.

        Raises:
            IssuerSilent: No such key is known, but the issuer may have it by now.
        """
        arrived = anyio.current_time()
        # Keys that are known are good enough while they are being fetched anew.
        if not self._named(key_id) or not self._asking.locked():
            async with self._asking:
                if self._should_ask(key_id):
                    await self._ask()
        keys = self._named(key_id)
        if not keys and self._fetched < arrived:
            pause = self._asked + PAUSE_SECONDS - anyio.current_time()
            raise IssuerSilent(max(1, math.ceil(pause)))
        return keys

    def _named(self, key_id: str | None) -> list[jwt.PyJWK]:
        return [key for key in self._keys if key_id in (None, key.key_id)]

    def _should_ask(self, key_id: str | None) -> bool:
        now = anyio.current_time()
        stale = now - self._fetched > FRESH_SECONDS
        return (stale or not self._named(key_id)) and now - self._asked > PAUSE_SECONDS

    async def _ask(self) -> None:
        keys = None
        try:
            with anyio.fail_after(_TIMEOUT):
                async with httpx2.AsyncClient(timeout=_TIMEOUT) as http:
                    keys = await self._fetch(http)
        except (
            httpx2.HTTPError,
            httpx2.InvalidURL,
            TimeoutError,
            ValueError,
            jwt.PyJWTError,
        ) as error:
            log.warning("The issuer %s does not give its keys: %s", self.url, error)
        self._asked = anyio.current_time()
        if keys is not None:
            self._keys = [key for key in keys if key.public_key_use in ("sig", None)]
            self._fetched = self._asked
        elif self._asked - self._fetched > LONGEST_SECONDS:
            self._keys = []

    async def _fetch(self, http: httpx2.AsyncClient) -> list[jwt.PyJWK]:
        for address in _descriptions(self.url):
            answer = await http.get(address)
            if answer.is_success:
                break
        else:
            raise ValueError("it has no description under /.well-known")
        description = _Description.model_validate_json(answer.content)
        if description.issuer not in self.issuers:
            raise ValueError("its description is of another issuer")
        scheme = urlsplit(self.url).scheme
        if urlsplit(description.jwks_uri).scheme != scheme:
            raise ValueError(f"its keys are not at an {scheme}: address")
        found = (await http.get(description.jwks_uri)).raise_for_status()
        told = _KeySet.model_validate_json(found.content).keys
        return jwt.PyJWKSet([form for key in told for form in _with_algorithm(key)]).keys


def _with_algorithm(key: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A key once for each algorithm it fits: an RSA key that names none fits several (RFC 7518).

    Other keys that name none fit one, by their curve.
    """
    if key.get("kty") != "RSA" or key.get("alg"):
        return [{**key}]
    return [{**key, "alg": name} for name in _ALGORITHMS if name.startswith(("RS", "PS"))]


def _descriptions(url: str) -> list[str]:
    """Where an issuer may describe itself, in the order that MCP's authorization page gives."""
    parts = urlsplit(url)
    origin, path = f"{parts.scheme}://{parts.netloc}", parts.path
    addresses = [
        f"{origin}/.well-known/oauth-authorization-server{path}",
        f"{origin}/.well-known/openid-configuration{path}",
        f"{url}/.well-known/openid-configuration",
    ]
    return list(dict.fromkeys(addresses))


def configured_issuer(settings: Settings, url: str, resource: str) -> Issuer:
    """The issuer of the settings.

    Raises:
        NotConfigured: Its address will not do.
    """
    parts = urlsplit(url)
    local = parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost", "::1")
    if (
        not parts.hostname
        or not (parts.scheme == "https" or local)
        or parts.query
        or parts.fragment
    ):
        raise NotConfigured(
            "SORA_MCP_OAUTH_ISSUER must be the https: address that the issuer's tokens name as "
            "their iss, such as https://login.example.com."
        )
    return Issuer(url, settings.oauth_audience or resource, resource)
