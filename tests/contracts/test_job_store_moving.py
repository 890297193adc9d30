"""What every ledger promises about jobs that wait for an engine which was set aside."""

import pytest

from sora_mcp.store.sql import SqlJobStore
from sora_mcp.videos.models import Job, JobStatus
from tests.store.ledgers import ENGINE, OWNER, add, claim_one

OTHER = "other.example"


def is_cheap(job: Job) -> bool:
    return job.model == "cheap"


def may_all(job: Job) -> bool:
    return True


async def moved(store: SqlJobStore) -> list[str]:
    """The prompts of what is at the other engine, oldest first."""
    jobs = (await store.page(OWNER, limit=100)).jobs
    return [job.prompt for job in reversed(jobs) if job.engine == OTHER]


async def test_what_is_due_and_may_move_goes_to_the_other_engine(store: SqlJobStore) -> None:
    await add(store, model="cheap", prompt="later")
    sent = await claim_one(store)
    later = sent.model_copy(update={"status": JobStatus.WAITING})
    assert await store.save(later, run_in=60)
    await add(store, model="dear", prompt="dear")
    await add(store, model="cheap", prompt="cheap")
    await add(store, model="cheap", prompt="followed", status=JobStatus.QUEUED)
    await store.move_waiting(ENGINE, OTHER, is_cheap)
    assert await moved(store) == ["cheap"]


async def test_however_many_wait_some_are_moved_at_a_time_and_none_is_passed_over(
    store: SqlJobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sora_mcp.store.moving.LOOKED_AT", 4)
    monkeypatch.setattr("sora_mcp.store.moving.MOVED", 2)
    for number, model in enumerate(["dear"] * 5 + ["cheap"] * 5):
        await add(store, model=model, prompt=str(number))
    seen: list[int] = []
    for _ in range(6):
        await store.move_waiting(ENGINE, OTHER, is_cheap)
        seen.append(len(await moved(store)))
    assert seen == [0, 2, 4, 5, 5, 5]
    await store.move_waiting(ENGINE, OTHER, may_all)
    assert await moved(store) == ["0", "1", *map(str, range(5, 10))]
