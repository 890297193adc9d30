"""Tells a receiver that jobs are done, as OpenAI's API does.

A hint that saves the receiver's looks: a few tries, and none after the server has stopped.
"""

import json
import secrets
import time
from datetime import UTC, datetime

import anyio

from sora_mcp.engines.embedded.records import JobRecord
from sora_mcp.videos.ports import Receipt, Receiver

PAUSES = (1.0, 5.0, 25.0)
"""Seconds between the tries."""


async def announce(receiver: Receiver, record: JobRecord) -> None:
    """Send `video.completed` or `video.failed` for a job that has come to its end."""
    event = {
        "id": f"evt_{secrets.token_hex(16)}",
        "object": "event",
        "created_at": int(time.time()),
        "type": f"video.{record.status}",
        "data": {"id": record.id},
    }
    body = json.dumps(event).encode()
    for pause in (0.0, *PAUSES):
        await anyio.sleep(pause)
        if await receiver.send(str(event["id"]), body, datetime.now(UTC)) is not Receipt.NOT_NOW:
            return
