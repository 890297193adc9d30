"""Several processes share one ledger."""

from collections.abc import AsyncGenerator, Generator
from datetime import timedelta
from itertools import chain
from pathlib import Path

import anyio
import pytest
from sqlalchemy import select

from sora_mcp.store.database import Database
from sora_mcp.store.peek import LEDGER
from sora_mcp.store.tables import jobs
from sora_mcp.videos.models import JobStatus
from tests.store.children import Child, ask_all
from tests.store.ledgers import BACKENDS, OWNER, Ledger, add, claim, new_ledger
from tests.store.postgres import needs_postgres


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


async def test_processes_at_once_that_use_one_key_make_one_job(
    ledger: Ledger, children: list[Child]
) -> None:
    await ask_all(children, "open", ledger.url, str(ledger.home))
    assert len(set(await ask_all(children, "add_with_key", "one"))) == 1
    async with ledger.open() as store:
        assert len((await store.page(OWNER)).jobs) == 1


@needs_postgres
async def test_replicas_whose_clocks_are_an_hour_apart_keep_to_each_others_leases(
    tmp_path: Path,
) -> None:
    early, late = Child(), Child()
    try:
        async with new_ledger("postgres", tmp_path) as ledger, ledger.open() as store:
            await late.ask("shift_clock", 1)
            for child in (early, late):
                await child.ask("open", ledger.url, str(ledger.home))
            held = (await add(store)).id
            assert await early.ask("claim_some", 60) == [held]
            assert await late.ask("claim_some", 60) == []
            made = await late.ask("add_with_key", "one")
            assert await early.ask("claim_some", 60) == [made]
            found = await store.get(made)
            assert found is not None
            assert abs(found.created_at - store.now()) < timedelta(minutes=5)
    finally:
        early.kill()
        late.kill()


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
            with anyio.fail_after(90):
                while len(taken := await claim(store)) < 2:
                    pass
    finally:
        child.kill()
    assert {found.job.id: (found.was_sending, found.job.fence) for found in taken} == {
        sent.id: (True, 2),
        followed.id: (False, 2),
    }


async def test_writers_that_wait_for_another_process_leave_connections_to_readers(
    ledger: Ledger,
) -> None:
    at = ledger.url
    other = Database.in_folder(ledger.home / LEDGER) if at is None else Database.at(at)
    try:
        async with ledger.open() as store, anyio.create_task_group() as tasks:
            job = await add(store)
            async with other.writing() as (connection, _):
                await connection.execute(select(jobs).with_for_update())
                for _ in range(20):
                    tasks.start_soon(store.request_cancel, job.id, OWNER)
                for _ in range(20):
                    await anyio.wait_all_tasks_blocked()
                    assert (await store.page(OWNER)).jobs == (job,)
    finally:
        await other.close()
