"""How much an owner asks, at all replicas together."""

from datetime import datetime

from sqlalchemy import case
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from sora_mcp.store.tables import requests

_MINUTE = 60


async def count_request(
    connection: AsyncConnection, owner: str, now: datetime
) -> tuple[int, float]:
    """Count one more on PostgreSQL; how many there are in this minute, and the seconds it lasts."""
    minute, second = divmod(now.timestamp(), _MINUTE)
    row = insert(requests).values(owner=owner, minute=int(minute), count=1)
    same_minute = requests.c.minute == row.excluded.minute
    counted = row.on_conflict_do_update(
        index_elements=[requests.c.owner],
        set_={
            "minute": row.excluded.minute,
            "count": case((same_minute, requests.c.count + 1), else_=1),
        },
    )
    made = await connection.execute(counted.returning(requests.c.count))
    return made.scalar_one(), _MINUTE - second
