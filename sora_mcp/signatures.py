"""Signatures of webhooks, as Standard Webhooks and OpenAI have them.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import binascii
import hmac
from typing import Annotated

from pydantic import AfterValidator, SecretStr

_PREFIX = "whsec_"
_FEWEST_BYTES, _MOST_BYTES = 24, 64

WANTED_SECRET = (
    f"{_PREFIX} and {_FEWEST_BYTES} to {_MOST_BYTES} random bytes in base64; this makes one: "
    f'echo "{_PREFIX}$(openssl rand -base64 32)"'
)
"""What a secret must be, and where to get one."""


def signed_headers(
    secret: SecretStr, message_id: str, timestamp: int, body: bytes
) -> dict[str, str]:
    """The headers that show whose a message is. `timestamp`: of this try, in seconds since 1970."""
    content = f"{message_id}.{timestamp}.".encode() + body
    signature = base64.b64encode(hmac.digest(_key(secret), content, "sha256")).decode()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": f"v1,{signature}",
    }


def _checked(secret: SecretStr) -> SecretStr:
    try:
        length = len(_key(secret))
    except binascii.Error:
        length = 0
    prefixed = secret.get_secret_value().startswith(_PREFIX)
    if not prefixed or not _FEWEST_BYTES <= length <= _MOST_BYTES:
        raise ValueError(WANTED_SECRET)
    return secret


def _key(secret: SecretStr) -> bytes:
    return base64.b64decode(secret.get_secret_value().removeprefix(_PREFIX), validate=True)


WebhookSecret = Annotated[SecretStr, AfterValidator(_checked)]
"""What signs webhooks. Where it will not do, the error says what it must be, and never shows it."""
