"""What every ledger promises about deleting jobs and taking them up again."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import anyio
import pytest

from sora_mcp.store.peek import LEDGER
from sora_mcp.store.sql import SqlJobStore
from sora_mcp.videos.models import Change, JobStatus
from tests.store.ledgers import (
    BACKENDS,
    ENGINE,
    OWNER,
    add,
    add_in,
    claim,
    claim_one,
    new_ledger,
)

# Deleting


async def test_a_waiting_job_that_is_to_be_deleted_is_claimed_as_it_is(store: SqlJobStore) -> None:
    await store.hold(ENGINE, 60)
    added = await add(store)
    asked = await store.request_delete(added.id, OWNER, keep_files=True)
    assert (await store.page(OWNER)).jobs == ()
    assert asked == added.model_copy(update={"delete_requested": True, "keep_files": True})
    assert asked is not None
    assert await claim_one(store) == asked.model_copy(update={"fence": 1})


async def test_a_finished_job_that_is_to_be_deleted_is_due(store: SqlJobStore) -> None:
    done = await add_in(store, JobStatus.COMPLETED)
    assert await claim(store) == []
    assert await store.request_delete(done.id, OWNER, keep_files=False)
    assert (await claim_one(store)).id == done.id


async def test_a_wish_to_delete_survives_the_save_of_who_did_not_know_of_it(
    store: SqlJobStore,
) -> None:
    await add(store, status=JobStatus.IN_PROGRESS)
    job = await claim_one(store)
    assert await store.request_delete(job.id, OWNER, keep_files=True)
    assert await store.save(job.model_copy(update={"status": JobStatus.DOWNLOADING}), run_in=60)
    again = await claim_one(store)
    assert (again.status, again.delete_requested, again.keep_files) == (
        JobStatus.DOWNLOADING,
        True,
        True,
    )


async def test_a_job_that_is_to_be_deleted_stays_due_until_it_is(store: SqlJobStore) -> None:
    await store.request_delete((await add(store)).id, OWNER, keep_files=False)
    job = await claim_one(store, "one", lease_seconds=0)
    assert await store.save(job, run_in=None, keep_lease=True)
    assert (await claim_one(store, "two")).id == job.id


async def test_a_deleted_job_is_hidden_from_everything(store: SqlJobStore) -> None:
    added = await add(store, status=JobStatus.QUEUED, engine_job_id="video_1")
    job = await claim_one(store)
    gone = job.model_copy(update={"notes": ("The charge may stand.",)})
    await store.mark_deleted(gone)
    assert await store.get(added.id) is None
    assert await store.find_engine_job("video_1") is None
    assert (await store.page(OWNER)).jobs == ()
    assert await store.request_delete(added.id, OWNER, keep_files=False) is None
    assert await store.nudge("video_1", "msg_1") == []
    assert await store.save(job) is False
    assert await claim(store) == []
    assert not await store.load()
    left = await store.get(added.id, OWNER, deleted=True)
    assert left is not None
    assert left.notes == ("The charge may stand.",)


# Cancelling


async def test_a_waiting_job_that_is_to_be_cancelled_is_claimed_as_it_is(
    store: SqlJobStore,
) -> None:
    await store.hold(ENGINE, 60)
    added = await add(store)
    asked = await store.request_cancel(added.id, OWNER)
    assert asked == added.model_copy(update={"cancel_requested": True})
    assert asked is not None
    assert await claim_one(store) == asked.model_copy(update={"fence": 1})


async def test_a_wish_to_cancel_survives_the_save_of_who_did_not_know_of_it(
    store: SqlJobStore,
) -> None:
    await add(store, status=JobStatus.QUEUED)
    job = await claim_one(store)
    assert await store.request_cancel(job.id, OWNER)
    assert await store.save(job.model_copy(update={"status": JobStatus.IN_PROGRESS}), run_in=60)
    again = await claim_one(store)
    assert (again.status, again.cancel_requested) == (JobStatus.IN_PROGRESS, True)
    assert await store.save(again, run_in=60)
    assert await claim(store) == []


async def test_only_an_active_job_of_the_owner_can_be_cancelled(store: SqlJobStore) -> None:
    done = await add_in(store, JobStatus.COMPLETED)
    assert await store.request_cancel(done.id, OWNER) is None
    assert await store.request_cancel((await add(store)).id, "another") is None
    left = await store.get(done.id)
    assert left is not None
    assert (left.status, left.cancel_requested) == (JobStatus.COMPLETED, False)


# Letting go


async def test_a_worker_that_ends_lets_go_of_its_own_jobs(store: SqlJobStore) -> None:
    mine = await add(store, status=JobStatus.QUEUED)
    assert (await claim_one(store, "one")).id == mine.id
    await add(store, status=JobStatus.QUEUED)
    await claim_one(store, "two")
    await store.release("one")
    assert (await claim_one(store, "three")).id == mine.id


# Changing


async def test_a_job_tells_when_its_status_or_progress_last_changed(store: SqlJobStore) -> None:
    await add(store, status=JobStatus.QUEUED)
    job = await claim_one(store)
    assert job.updated_at is None
    assert await store.save(job.model_copy(update={"attempts": 1}), keep_lease=True)
    same = await store.get(job.id)
    assert same is not None
    assert same.updated_at is None
    assert await store.save(job.model_copy(update={"progress": 40}), keep_lease=True)
    moved = await store.get(job.id)
    assert moved is not None
    assert moved.updated_at is not None
    assert await store.save(job.model_copy(update={"progress": 40}))
    assert await store.get(job.id) == moved


# Taking up again


async def test_an_idle_job_is_reopened_once(store: SqlJobStore) -> None:
    done = await add_in(store, JobStatus.COMPLETED)
    again = done.model_copy(update={"status": JobStatus.DOWNLOADING})
    assert await store.reopen(again)
    assert await store.reopen(again) is False
    assert (await claim_one(store)).status is JobStatus.DOWNLOADING


async def test_a_job_that_somebody_works_on_is_not_reopened(store: SqlJobStore) -> None:
    await add(store, status=JobStatus.DOWNLOADING)
    assert await store.reopen(await claim_one(store)) is False


async def test_a_job_that_is_being_deleted_is_not_reopened(store: SqlJobStore) -> None:
    done = await add_in(store, JobStatus.COMPLETED)
    again = done.model_copy(update={"status": JobStatus.DOWNLOADING})
    assert await store.request_delete(done.id, OWNER, keep_files=False)
    assert await store.reopen(again) is False
    await store.mark_deleted(done)
    assert await store.reopen(again.model_copy(update={"fence": done.fence + 1})) is False


# Messages of engines


async def test_a_nudged_job_is_due_at_once(store: SqlJobStore) -> None:
    await add(store, status=JobStatus.QUEUED, engine_job_id="video_1")
    assert await store.save(await claim_one(store), run_in=60)
    assert await claim(store) == []
    [due] = await store.nudge("video_1", "msg_1")
    job = await claim_one(store)
    assert (due.video_id, due.owner, due.status) == (job.id, OWNER, JobStatus.QUEUED)
    assert await store.save(job.model_copy(update={"status": JobStatus.COMPLETED}))
    assert await store.nudge("video_1", "msg_2") == []


@pytest.mark.parametrize("backend", BACKENDS)
async def test_a_message_is_heeded_once_by_all_replicas_together(
    backend: str, tmp_path: Path
) -> None:
    async with new_ledger(backend, tmp_path) as ledger, ledger.open() as one, ledger.open() as two:
        await add(one, status=JobStatus.QUEUED, engine_job_id="video_1")
        due: list[Sequence[Change]] = []

        async def hear(store: SqlJobStore) -> None:
            due.append(await store.nudge("video_1", "msg_1"))

        async with anyio.create_task_group() as tasks:
            for store in (one, two, one, two):
                tasks.start_soon(hear, store)
        assert sorted(map(len, due)) == [0, 0, 0, 1]
        assert len(await two.nudge("video_1", "msg_2")) == 1


async def test_the_ids_of_messages_that_are_too_old_to_come_again_are_forgotten(
    tmp_path: Path,
) -> None:
    async with new_ledger("sqlite", tmp_path) as ledger, ledger.open() as store:
        await add(store, status=JobStatus.QUEUED, engine_job_id="video_1")
        await store.nudge("video_1", "msg_1")
        await store.nudge("video_1", "msg_2")
        with closing(sqlite3.connect(tmp_path / LEDGER, isolation_level=None)) as file:
            file.execute("UPDATE heard SET at = at - 5 * 86400 * 1000000 WHERE id = 'msg_1'")
            await store.nudge("video_1", "msg_3")
            kept = file.execute("SELECT id FROM heard ORDER BY id").fetchall()
    assert kept == [("msg_2",), ("msg_3",)]
