"""Bearer tokens: those that the operator hands out, each with its owner, and what checks any."""

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from mcp.server.auth.provider import AccessToken, TokenVerifier

from sora_mcp.app import has_access_control
from sora_mcp.server.owners import LOCAL_OWNER
from sora_mcp.server.scopes import READ, WRITE
from sora_mcp.settings import Settings
from sora_mcp.videos.errors import NotConfigured

FILE = "SORA_MCP_AUTH_TOKENS_FILE"
_LINE = re.compile(r"([^\s:]{1,100}):\s*([\x21-\x7e]+)")


class IssuerSilent(Exception):
    """A token cannot be checked now: its issuer does not give its keys, or was asked just now."""

    def __init__(self, retry_after: int) -> None:
        """`retry_after`: seconds until it may be worth trying again."""
        super().__init__("The issuer's keys cannot be had just now.")
        self.retry_after = retry_after


class Tokens:
    """Implements the SDK's `TokenVerifier` for tokens that are known beforehand."""

    def __init__(self, owners: Mapping[str, str], resource: str) -> None:
        """`owners`: who each token stands for; `resource`: the address they are good for."""
        self._owners = [(_digest(token), owner) for token, owner in owners.items()]
        self._resource = resource

    async def verify_token(self, token: str) -> AccessToken | None:
        """Who a token stands for; how long this takes tells nothing of the tokens there are."""
        given = _digest(token)
        matching = [owner for known, owner in self._owners if hmac.compare_digest(known, given)]
        if not matching:
            return None
        owner = matching[0]
        return AccessToken(
            token="",  # nothing needs it any more, so nothing can tell it
            client_id=owner,
            subject=owner,
            scopes=[READ, WRITE],
            resource=self._resource,
        )


class AnyOf:
    """Implements the SDK's `TokenVerifier` by asking several."""

    def __init__(self, verifiers: Sequence[TokenVerifier]) -> None:
        self._verifiers = verifiers

    async def verify_token(self, token: str) -> AccessToken | None:
        """What the first one says that knows the token."""
        for verifier in self._verifiers:
            found = await verifier.verify_token(token)
            if found is not None:
                return found
        return None


def configured_verifier(settings: Settings, resource: str) -> TokenVerifier | None:
    """What checks the tokens that clients send; None without access control.

    `resource`: the address of this server that tokens are good for.

    Raises:
        NotConfigured: The settings will not do.
    """
    if not has_access_control(settings):
        return None
    verifiers: list[TokenVerifier] = [Tokens(configured_tokens(settings), resource)]
    if settings.oauth_issuer is not None:
        # Late: few servers need it, and cryptography takes its time.
        from sora_mcp.server.issuer import configured_issuer

        verifiers.append(configured_issuer(settings, settings.oauth_issuer, resource))
    return AnyOf(verifiers)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode(errors="surrogatepass")).digest()


def configured_tokens(settings: Settings) -> dict[str, str]:
    """The owner of each token of the settings.

    `SORA_MCP_AUTH_TOKEN` stands for the owner of what is made at the terminal.

    Raises:
        NotConfigured: A token or the file will not do; the message names no token.
    """
    owners: dict[str, str] = {}
    if settings.auth_token is not None:
        token = settings.auth_token.get_secret_value()
        if re.fullmatch(r"[\x21-\x7e]+", token) is None:
            raise NotConfigured(
                "SORA_MCP_AUTH_TOKEN will not do: a token is ASCII without spaces, such as "
                "`openssl rand -hex 32` prints."
            )
        owners[token] = LOCAL_OWNER
    if settings.auth_tokens_file is not None:
        for token, name in _of_file(settings.auth_tokens_file):
            if owners.setdefault(token, name) != name:
                raise NotConfigured(f"{FILE}: {name} has the token of another; give each its own.")
    return owners


def _of_file(path: Path) -> list[tuple[str, str]]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise NotConfigured(f"{FILE}: {path} cannot be read: {reason}.") from None
    found: list[tuple[str, str]] = []
    for number, line in enumerate(map(str.strip, lines), 1):
        if not line or line.startswith("#"):
            continue
        match = _LINE.fullmatch(line)
        if match is None:
            raise NotConfigured(
                f"{FILE}: line {number} of {path} is not name:token, both without spaces."
            )
        found.append((match[2], match[1]))
    if not found:
        raise NotConfigured(f"{FILE}: {path} has no tokens; write one name:token per line.")
    return found
