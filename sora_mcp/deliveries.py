"""Sending signed messages to one receiver. Loaded on first use, for httpx2."""

import logging
from datetime import datetime

import anyio
import httpx2
from pydantic import SecretStr

from sora_mcp import __version__
from sora_mcp.addresses import authority
from sora_mcp.signatures import signed_headers
from sora_mcp.videos.ports import Receipt
from sora_mcp.web import certificates

SECONDS = 15.0
"""For one try in all (Standard Webhooks recommends 15 to 30)."""

_GONE = 410

log = logging.getLogger(__name__)


class WebReceiver:
    """Implements the `Receiver` port: takes messages at an address."""

    def __init__(self, url: SecretStr, secret: SecretStr) -> None:
        """`url`: never shown, because its path or query may be a key; `secret`: signs."""
        self._url = url.get_secret_value()
        self._secret = secret
        self.name = authority(self._url)
        """Its host and port, for people."""

    async def send(self, message_id: str, body: bytes, at: datetime) -> Receipt:
        """Post a message of JSON once; redirects are not followed, and no answer is read.

        `message_id`: the same at each try, by which the receiver knows it again. `at`: now,
        as the ledger has it: this machine's clock may be wrong.
        """
        headers = {
            "Content-Type": "application/json",
            "User-Agent": f"sora-mcp/{__version__}",
            **signed_headers(self._secret, message_id, int(at.timestamp()), body),
        }
        try:
            with anyio.fail_after(SECONDS):
                async with (
                    httpx2.AsyncClient(verify=certificates(), timeout=SECONDS) as client,
                    client.stream("POST", self._url, content=body, headers=headers) as response,
                ):
                    pass
        except (httpx2.HTTPError, OSError, TimeoutError) as error:
            log.info("%s was not reached with %s: %r", self.name, message_id, error)
            return Receipt.NOT_NOW
        if response.is_success:
            return Receipt.TAKEN
        log.info("%s answered %s with status %d.", self.name, message_id, response.status_code)
        return Receipt.NEVER if response.status_code == _GONE else Receipt.NOT_NOW
