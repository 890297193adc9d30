"""Keys for what is signed or sealed: one root, a key of its own for each purpose."""

import hmac
import secrets

from sora_mcp.settings import Settings


def derived_keys(settings: Settings, purpose: str) -> list[bytes]:
    """32-byte keys for one purpose, newest first; the first signs, all of them verify.

    From `SORA_MCP_SECRET_KEYS`, which replicas share; without it random, good until the next start.
    """
    configured = settings.secret_keys.get_secret_value() if settings.secret_keys else ""
    roots = [key.strip().encode() for key in configured.split(",") if key.strip()]
    return [
        hmac.digest(root, purpose.encode(), "sha256") for root in roots or [secrets.token_bytes(32)]
    ]
