"""What every ledger promises to the workers that share it."""

from collections import Counter
from datetime import timedelta
from typing import Any

import anyio
import pytest

from sora_mcp.store.sql import SqlJobStore
from sora_mcp.videos.errors import LedgerTooNew
from sora_mcp.videos.models import Job, JobStatus, Operation
from sora_mcp.videos.ports import EngineLimits
from tests.store.ledgers import (
    ENGINE,
    OWNER,
    ROOMY,
    Ledger,
    add,
    add_in,
    claim,
    claim_one,
)

ONE_SLOT = {ENGINE: EngineLimits(max_active=1, min_interval=0)}


async def _save(store: SqlJobStore, job: Job, run_in: float | None = None, **changes: Any) -> None:
    assert await store.save(job.model_copy(update=changes), run_in=run_in)


async def _refused(store: SqlJobStore, job: Job, **changes: Any) -> None:
    assert await store.save(job.model_copy(update=changes)) is False


# Leases


async def test_a_claimed_job_is_nobody_elses_until_its_lease_ends(store: SqlJobStore) -> None:
    added = await add(store, status=JobStatus.QUEUED)
    [first] = await claim(store, "one", lease_seconds=60)
    assert first.job == added.model_copy(update={"fence": 1})
    assert await claim(store, "two") == []
    assert await store.renew("one", [first.job], 0) == {added.id}
    assert (await claim_one(store, "two")).fence == 2


async def test_who_lost_a_lease_can_neither_write_nor_renew(store: SqlJobStore) -> None:
    await add(store, status=JobStatus.QUEUED)
    old = await claim_one(store, "one", lease_seconds=0)
    new = await claim_one(store, "two")
    late = old.model_copy(update={"progress": 99.0})
    assert await store.save(late) is False
    assert await store.renew("one", [old], 60) == frozenset()
    assert await store.get(old.id) == new


async def test_a_lease_that_is_over_but_not_retaken_still_allows_to_write(
    store: SqlJobStore,
) -> None:
    await add(store, status=JobStatus.QUEUED)
    job = await claim_one(store, lease_seconds=0)
    await _save(store, job, progress=50.0)
    stored = await store.get(job.id)
    assert stored is not None
    assert stored.progress == 50


async def test_a_save_ends_the_lease_and_with_it_the_right_to_save(store: SqlJobStore) -> None:
    await add(store, status=JobStatus.QUEUED)
    job = await claim_one(store)
    await _save(store, job, run_in=0)
    assert await store.save(job) is False
    assert (await claim_one(store)).id == job.id


async def test_a_save_may_keep_the_lease(store: SqlJobStore) -> None:
    await add(store, status=JobStatus.QUEUED)
    job = await claim_one(store)
    for progress in (10.0, 20.0):
        halfway = job.model_copy(update={"progress": progress})
        assert await store.save(halfway, run_in=0, keep_lease=True)
    assert await claim(store, "two") == []
    assert await store.renew("worker", [job], 60) == {job.id}


async def test_only_leases_that_a_worker_holds_are_renewed(store: SqlJobStore) -> None:
    await add(store, status=JobStatus.QUEUED)
    mine = await claim_one(store, "one")
    await add(store, status=JobStatus.QUEUED)
    foreign = await claim_one(store, "two")
    assert await store.renew("one", [mine, foreign], 60) == {mine.id}
    assert await store.renew("one", [], 60) == frozenset()


async def test_a_worker_that_claimed_a_job_again_does_not_renew_its_older_lease(
    store: SqlJobStore,
) -> None:
    await add(store, status=JobStatus.QUEUED)
    older = await claim_one(store, lease_seconds=0)
    await claim_one(store, lease_seconds=0)
    assert await store.renew("worker", [older], 60) == frozenset()


# What is claimed


async def test_jobs_are_claimed_when_they_are_due_and_never_without_a_time(
    store: SqlJobStore,
) -> None:
    due, later, never = [await add(store, status=JobStatus.QUEUED) for _ in range(3)]
    held = {found.job.id: found.job for found in await claim(store)}
    await _save(store, held[due.id], run_in=0)
    await _save(store, held[later.id], run_in=60)
    await _save(store, held[never.id], run_in=None)
    assert [found.job.id for found in await claim(store)] == [due.id]


async def test_a_job_of_unknown_outcome_is_looked_at_again_when_that_was_asked_for(
    store: SqlJobStore,
) -> None:
    await add(store)
    await _save(store, await claim_one(store), run_in=0, status=JobStatus.UNKNOWN)
    [found] = await claim(store)
    assert found.job.status is JobStatus.UNKNOWN
    assert not found.was_sending


async def test_the_most_urgent_jobs_come_first(store: SqlJobStore) -> None:
    now = store.now()
    hour, day = timedelta(hours=1), timedelta(days=1)
    wanted = {
        "vanishing": (JobStatus.DOWNLOADING, now + hour, -1),
        "vanishing later": (JobStatus.DOWNLOADING, now + day, -9),
        "long due": (JobStatus.IN_PROGRESS, now + hour, -8),
        "waiting": (JobStatus.WAITING, None, -7),
        "kept for ever": (JobStatus.DOWNLOADING, None, -6),
        "due": (JobStatus.QUEUED, None, -5),
    }
    for name in reversed(wanted):
        await add(store, prompt=name)
    for found in await claim(store):
        status, expires_at, run_in = wanted[found.job.prompt]
        await _save(store, found.job, run_in, status=status, expires_at=expires_at)
    first = await claim(store, limit=4)
    rest = await claim(store, limit=4)
    assert [found.job.prompt for found in [*first, *rest]] == list(wanted)


async def test_workers_at_once_never_get_the_same_job(store: SqlJobStore) -> None:
    added = {(await add(store, status=JobStatus.QUEUED)).id for _ in range(30)}
    claimed: list[str] = []

    async def work(worker: str) -> None:
        while found := await claim(store, worker, limit=3):
            claimed.extend(one.job.id for one in found)

    with anyio.fail_after(90):
        async with anyio.create_task_group() as tasks:
            for worker in ("one", "two", "three", "four"):
                tasks.start_soon(work, worker)
        # On PostgreSQL a worker passes over what another one is just looking at.
        await work("five")
    assert sorted(claimed) == sorted(added)


async def test_a_job_that_only_a_newer_version_can_read_holds_up_no_other(
    ledger: Ledger, store: SqlJobStore
) -> None:
    newer = await add(store, status=JobStatus.QUEUED, operation=Operation.EXTEND)
    older = await add(store)
    told = """REPLACE(CAST(document AS TEXT), '"extend"', '"upscale"')"""
    kind = "TEXT" if ledger.url is None else "JSON"
    await ledger.execute(f"UPDATE jobs SET document = CAST({told} AS {kind})")  # noqa: S608  # ours
    assert (await claim_one(store)).id == older.id
    assert await claim(store) == []
    for read in (store.get(newer.id), store.page(OWNER)):
        with pytest.raises(LedgerTooNew, match=rf"{newer.id}.*operation"):
            await read


# Room at the engines


async def test_a_worker_is_given_no_more_to_submit_than_it_asks_for(store: SqlJobStore) -> None:
    limits = ROOMY | {"other.example": EngineLimits(100, 0)}
    await add(store, status=JobStatus.QUEUED)
    for number in range(4):
        await add(store, engine=ENGINE if number % 2 else "other.example")
    first = await claim(store, submissions=3, limits=limits)
    assert Counter(found.job.status for found in first) == {
        JobStatus.QUEUED: 1,
        JobStatus.SUBMITTING: 3,
    }
    assert await claim(store, submissions=0, limits=limits) == []
    assert len(await claim(store, submissions=3, limits=limits)) == 1


async def test_an_engine_with_much_to_submit_lets_older_jobs_of_others_go_first(
    store: SqlJobStore,
) -> None:
    oldest = await add(store, engine="zulu")
    for _ in range(3):
        await add(store, engine="alpha")
    limits = {name: EngineLimits(max_active=100, min_interval=0) for name in ("alpha", "zulu")}
    claims = await claim(store, submissions=2, limits=limits)
    assert [claim.job.engine for claim in claims] == ["zulu", "alpha"]
    assert claims[0].job.id == oldest.id


async def test_a_waiting_job_becomes_submitting_in_the_claim(store: SqlJobStore) -> None:
    await add(store)
    [found] = await claim(store)
    assert found.job.status is JobStatus.SUBMITTING
    assert not found.was_sending
    assert await store.get(found.job.id) == found.job


async def test_a_submission_whose_sender_is_gone_is_marked_as_maybe_sent(
    store: SqlJobStore,
) -> None:
    await add(store)
    await claim(store, "one", lease_seconds=0)
    [found] = await claim(store, "two")
    assert found.job.status is JobStatus.SUBMITTING
    assert found.was_sending


async def test_slots_are_shared_by_all_owners_and_freed_by_what_moves_on(
    store: SqlJobStore,
) -> None:
    limits = {ENGINE: EngineLimits(max_active=2, min_interval=0)}
    for owner in ("anna", "bert", "carla", "dora"):
        await add(store, owner=owner)
    one, two = await claim(store, limits=limits)
    assert await store.submit_delay(ENGINE, limits[ENGINE]) is None
    await _save(store, one.job, 60, status=JobStatus.IN_PROGRESS)
    await _save(store, two.job, 60, status=JobStatus.QUEUED)
    assert await claim(store, limits=limits) == []
    await store.mark_deleted(one.job)
    assert await store.submit_delay(ENGINE, limits[ENGINE]) == 0
    assert (await claim_one(store, limits=limits)).owner == "carla"


@pytest.mark.parametrize(
    "limits",
    [EngineLimits(max_active=2, min_interval=0), EngineLimits(max_active=9, min_interval=60)],
)
async def test_workers_at_once_do_not_overfill_an_engine(
    store: SqlJobStore, limits: EngineLimits
) -> None:
    for _ in range(20):
        await add(store)
    claimed: list[str] = []

    async def work(worker: str) -> None:
        claimed.extend(
            found.job.id for found in await claim(store, worker, limits={ENGINE: limits})
        )

    with anyio.fail_after(90):
        async with anyio.create_task_group() as tasks:
            for number in range(6):
                tasks.start_soon(work, f"worker {number}")
    assert len(claimed) == (1 if limits.min_interval else 2)


@pytest.mark.parametrize("status", [JobStatus.DOWNLOADING, JobStatus.FAILED, JobStatus.UNKNOWN])
async def test_a_job_that_the_engine_is_done_with_takes_no_slot(
    store: SqlJobStore, status: JobStatus
) -> None:
    await add_in(store, status)
    waiting = await add(store)
    assert (await claim_one(store, limits=ONE_SLOT)).id == waiting.id


async def test_a_full_engine_holds_back_only_its_own_jobs(store: SqlJobStore) -> None:
    await add_in(store, JobStatus.IN_PROGRESS)
    held_back = await add(store)
    free = await add(store, engine="other.example")
    followed = await add(store, status=JobStatus.QUEUED)
    limits = ONE_SLOT | {"other.example": EngineLimits(1, 0)}
    claimed = {found.job.id for found in await claim(store, limits=limits)}
    assert claimed == {free.id, followed.id}
    assert await store.get(held_back.id) == held_back


async def test_an_engine_that_is_not_configured_gets_nothing(store: SqlJobStore) -> None:
    await add(store, engine="gone.example")
    assert await claim(store) == []
    assert await store.next_due(ONE_SLOT) is None


async def test_an_interval_lets_one_submission_through_at_a_time(store: SqlJobStore) -> None:
    limits = {ENGINE: EngineLimits(max_active=9, min_interval=60)}
    for _ in range(3):
        await add(store)
    assert len(await claim(store, limits=limits)) == 1
    assert await claim(store, limits=limits) == []
    delay = await store.submit_delay(ENGINE, limits[ENGINE])
    assert delay is not None
    assert 0 < delay <= 60
    assert await store.submit_delay("other.example", limits[ENGINE]) == 0


async def test_the_next_submission_goes_out_when_the_interval_is_over(store: SqlJobStore) -> None:
    limits = {ENGINE: EngineLimits(max_active=9, min_interval=0.02)}
    for _ in range(3):
        await add(store)
    sent: list[Job] = []
    with anyio.fail_after(90):
        while len(sent) < 3:
            claimed = await claim(store, limits=limits)
            assert len(claimed) <= 1
            sent += [found.job for found in claimed]


async def test_an_engine_on_hold_gets_nothing_and_a_shorter_hold_changes_nothing(
    store: SqlJobStore,
) -> None:
    await add(store)
    await store.hold(ENGINE, 60)
    await store.hold(ENGINE, 1)
    assert await claim(store) == []
    delay = await store.submit_delay(ENGINE, ONE_SLOT[ENGINE])
    assert delay is not None
    assert 50 < delay <= 60


async def test_a_join_needs_no_engine_and_takes_no_slot(store: SqlJobStore) -> None:
    await store.hold(ENGINE, 60)
    join = await add(store, operation=Operation.JOIN)
    [found] = await claim(store, limits={})
    assert found.job == join.model_copy(update={"fence": 1})
    await _save(store, found.job, 60, status=JobStatus.IN_PROGRESS)
    delay = await store.submit_delay(ENGINE, ONE_SLOT[ENGINE])
    assert delay is not None


# When to look again


async def test_the_next_due_moment_is_that_of_the_first_job_or_lease(store: SqlJobStore) -> None:
    assert await store.next_due(ONE_SLOT) is None
    await add(store, status=JobStatus.QUEUED)
    assert await store.next_due(ONE_SLOT) == 0
    first = await claim_one(store, lease_seconds=300)
    await add(store, status=JobStatus.QUEUED)
    second = await claim_one(store, lease_seconds=1000)
    assert await _due_between(store, 200, 300)
    await _save(store, second, run_in=100)
    assert await _due_between(store, 50, 100)
    await _save(store, first, run_in=None)
    assert await _due_between(store, 50, 100)


async def _due_between(
    store: SqlJobStore, least: float, most: float, limits: dict[str, EngineLimits] = ONE_SLOT
) -> bool:
    due = await store.next_due(limits)
    return due is not None and least < due <= most


async def test_a_job_that_waits_for_a_full_engine_needs_no_timer(store: SqlJobStore) -> None:
    await add(store)
    sent = await claim_one(store, limits=ONE_SLOT, lease_seconds=60)
    await _save(store, sent, run_in=None, status=JobStatus.IN_PROGRESS)
    await add(store)
    assert await store.next_due(ONE_SLOT) is None


async def test_a_job_that_waits_for_its_engines_interval_is_due_then(store: SqlJobStore) -> None:
    limits = {ENGINE: EngineLimits(max_active=9, min_interval=60)}
    await add(store)
    assert await store.next_due(limits) == 0
    sent = await claim_one(store, limits=limits)
    await _save(store, sent, run_in=None, status=JobStatus.IN_PROGRESS)
    await add(store)
    assert await _due_between(store, 30, 60, limits)


async def test_a_ledger_is_active_while_somebody_has_to_look_at_a_job_again(
    store: SqlJobStore,
) -> None:
    assert not await store.load()
    await add(store)
    assert await store.load()
    job = await claim_one(store)
    assert await store.load()
    await _save(store, job, status=JobStatus.COMPLETED)
    assert not await store.load()
    await store.request_delete(job.id, OWNER, keep_files=False)
    assert await store.load()


async def test_what_a_host_answered_is_not_lost_with_the_lease(store: SqlJobStore) -> None:
    await add(store)
    sent = await claim_one(store, "one", lease_seconds=0)
    answered = sent.model_copy(update={"status": JobStatus.QUEUED, "engine_job_id": "video_1"})
    [found] = await claim(store, "two")
    assert found.was_sending
    assert await store.save(answered) is False
    assert await store.recover(answered)
    # Who took it over, and did not find out, writes nothing over it.
    await _refused(store, found.job, status=JobStatus.UNKNOWN)
    known = await claim_one(store, "three")
    assert (known.engine_job_id, known.status) == ("video_1", JobStatus.QUEUED)


async def test_an_answer_that_comes_late_changes_nothing_that_is_known(store: SqlJobStore) -> None:
    await add(store)
    sent = await claim_one(store, "one", lease_seconds=0)
    [found] = await claim(store, "two")
    await _save(store, found.job, status=JobStatus.QUEUED, engine_job_id="video_1")
    late = sent.model_copy(update={"status": JobStatus.QUEUED, "engine_job_id": "video_2"})
    assert await store.recover(late) is False
    kept = await store.get(sent.id)
    assert kept is not None
    assert kept.engine_job_id == "video_1"


async def test_an_answer_that_comes_late_keeps_the_wish_to_delete(store: SqlJobStore) -> None:
    await add(store)
    sent = await claim_one(store, "one", lease_seconds=0)
    await store.request_delete(sent.id, OWNER, keep_files=True)
    answered = sent.model_copy(update={"status": JobStatus.QUEUED, "engine_job_id": "video_1"})
    assert await store.recover(answered)
    known = await claim_one(store, "two")
    assert (known.delete_requested, known.keep_files) == (True, True)
