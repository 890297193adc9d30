"""How much an owner asks, at all replicas together."""

from sqlalchemy import case
from sqlalchemy.dialects.postgresql import insert

from sora_mcp.store.database import Database
from sora_mcp.store.tables import requests

_MINUTE = 60


async def count_request(database: Database, owner: str) -> tuple[int, float]:
    """Count one more on PostgreSQL; how many there are in this minute, and the seconds it lasts."""
    minute, second = divmod(database.now().timestamp(), _MINUTE)
    row = insert(requests).values(owner=owner, minute=int(minute), count=1)
    same_minute = requests.c.minute == row.excluded.minute
    counted = row.on_conflict_do_update(
        index_elements=[requests.c.owner],
        set_={
            "minute": row.excluded.minute,
            "count": case((same_minute, requests.c.count + 1), else_=1),
        },
    )
    return await database.write_one(counted.returning(requests.c.count)), _MINUTE - second
