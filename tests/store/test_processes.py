"""Several processes share one ledger."""

from collections.abc import AsyncGenerator, Generator
from itertools import chain
from pathlib import Path

import anyio
import pytest

from sora_mcp.videos.models import JobStatus
from tests.store.children import Child, ask_all
from tests.store.ledgers import BACKENDS, OWNER, Ledger, add, claim, new_ledger


@pytest.fixture(scope="module")
def children() -> Generator[list[Child]]:
    children = [Child() for _ in range(3)]
    yield children
    for child in children:
        child.kill()


@pytest.fixture(params=BACKENDS)
async def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[Ledger]:
    async with new_ledger(request.param, tmp_path) as ledger:
        yield ledger


@pytest.mark.parametrize("backend", BACKENDS)
async def test_first_starts_at_once_make_one_ledger(
    backend: str, children: list[Child], tmp_path: Path
) -> None:
    async with new_ledger(backend, tmp_path, migrated=False) as ledger:
        assert await ask_all(children, "open", ledger.url, str(ledger.home)) == [True] * 3
        assert sorted(await ask_all(children, "spend", 2, 100)) == [2, 2, 2]
        async with ledger.open() as store:
            assert (await store.spent(OWNER)).owner_today == 6


async def test_processes_at_once_do_not_overdraw_a_budget(
    ledger: Ledger, children: list[Child]
) -> None:
    await ask_all(children, "open", ledger.url, str(ledger.home))
    assert sum(await ask_all(children, "spend", 10, 5)) == 5
    async with ledger.open() as store:
        assert (await store.spent(OWNER)).server_today == 5


async def test_processes_at_once_never_claim_the_same_job(
    ledger: Ledger, children: list[Child]
) -> None:
    async with ledger.open() as store:
        added = [(await add(store, status=JobStatus.QUEUED)).id for _ in range(60)]
        await ask_all(children, "open", ledger.url, str(ledger.home))
        claimed = await ask_all(children, "claim_all", 2)
        # On PostgreSQL a worker passes over what another one is just looking at.
        claimed.append([found.job.id for found in await claim(store)])
    assert sorted(chain.from_iterable(claimed)) == sorted(added)


async def test_the_jobs_of_a_killed_process_are_taken_over_when_its_leases_end(
    ledger: Ledger,
) -> None:
    child = Child()
    try:
        await child.ask("open", ledger.url, str(ledger.home))
        async with ledger.open() as store:
            sent = await add(store)
            followed = await add(store, status=JobStatus.IN_PROGRESS)
            assert sorted(await child.ask("claim_some", 0.5)) == sorted([sent.id, followed.id])
            child.kill()
            with anyio.fail_after(30):
                while len(taken := await claim(store)) < 2:
                    pass
    finally:
        child.kill()
    assert {found.job.id: (found.was_sending, found.job.fence) for found in taken} == {
        sent.id: (True, 2),
        followed.id: (False, 2),
    }
