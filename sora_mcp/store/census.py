"""How the ledger stands, in numbers."""

from sqlalchemy import func, select

from sora_mcp.store.budgets import spent_microusd
from sora_mcp.store.database import Database
from sora_mcp.store.rows import MICROUSD
from sora_mcp.store.tables import jobs, outbox
from sora_mcp.videos.measuring import Census
from sora_mcp.videos.models import JobStatus


async def take_census(database: Database) -> Census:
    """Count."""
    shown = jobs.c.deleted_at.is_(None)
    by_status = select(jobs.c.status, func.count().label("jobs")).where(shown)
    waiting = jobs.c.queue_engine.is_not(None) & jobs.c.run_at.is_not(None)
    oldest = select(func.min(jobs.c.created_at)).where(waiting)
    now = database.now()
    async with database.reading() as connection:
        rows = (await connection.execute(by_status.group_by(jobs.c.status))).all()
        since = (await connection.execute(oldest)).scalar()
        _, spent = await spent_microusd(connection, "", now)
        untold = (await connection.execute(select(func.count()).select_from(outbox))).scalar_one()
    counted = {row.status: row.jobs for row in rows}
    return Census(
        jobs={status: counted.get(status, 0) for status in JobStatus},
        longest_wait=max(0.0, (now - since).total_seconds()) if since else 0.0,
        spent_today_usd=spent / MICROUSD,
        untold=untold,
    )
