"""What has been spent, and whether a new job fits into the budgets."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from sora_mcp.store.rows import MICROUSD, counted_microusd
from sora_mcp.store.tables import jobs
from sora_mcp.videos.errors import SpendingRefused
from sora_mcp.videos.models import Job
from sora_mcp.videos.ports import Budget


async def check_budget(
    connection: AsyncConnection, job: Job, budget: Budget, now: datetime
) -> None:
    """Raise `SpendingRefused` where a job does not fit."""
    cost = counted_microusd(job)
    if cost == 0 or (budget.owner_per_day is None and budget.server_per_day is None):
        return
    by_owner, by_everyone = await spent_microusd(connection, job.owner, now)
    used = f"${by_owner / MICROUSD:.2f} of it is"
    # How much all have spent is not for an owner to know.
    used_by_all = "too much of it is"
    for setting, limit, spent, told in (
        ("SORA_MCP_DAILY_BUDGET_USD", budget.owner_per_day, by_owner, used),
        ("SORA_MCP_SERVER_DAILY_BUDGET_USD", budget.server_per_day, by_everyone, used_by_all),
    ):
        if limit is not None and spent + cost > round(limit * MICROUSD):
            raise SpendingRefused(
                f"This would cost about ${cost / MICROUSD:.2f}, but the operator allows "
                f"${limit:.2f} a day ({setting}) and {told} spent or reserved. Nothing was sent or "
                "charged. The day begins again at 00:00 UTC; only the operator can change the "
                "limit."
            )


async def spent_microusd(connection: AsyncConnection, owner: str, now: datetime) -> tuple[int, int]:
    """Millionths of a dollar since midnight UTC: of one owner, and of everyone."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    cost = func.sum(jobs.c.cost_microusd)
    today = select(cost.filter(jobs.c.owner == owner), cost).where(
        jobs.c.created_at >= midnight, jobs.c.cost_microusd.is_not(None)
    )
    by_owner, by_everyone = (await connection.execute(today)).one()
    return int(by_owner or 0), int(by_everyone or 0)
