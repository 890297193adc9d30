"""What every ledger promises about keeping, finding and paying for jobs."""

from datetime import UTC, datetime, timedelta
from typing import Any

import anyio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sora_mcp.store.sql import SqlJobStore
from sora_mcp.videos.checks import APPROVED
from sora_mcp.videos.errors import InvalidRequest, KeyConflict, SpendingRefused
from sora_mcp.videos.lifecycle import ACTIVE
from sora_mcp.videos.models import (
    Asked,
    File,
    Job,
    JobError,
    JobStatus,
    Operation,
    Variant,
    new_video_id,
)
from sora_mcp.videos.ports import Budget, Spent
from tests.store.ledgers import (
    OWNER,
    Ledger,
    a_job,
    add,
    add_in,
    claim_one,
)

# Keeping

_moments = st.datetimes(timezones=st.just(UTC))
_texts = st.text(max_size=30)
_numbers = st.floats(0, 1e9, allow_nan=False)
_options = st.dictionaries(_texts, st.none() | st.booleans() | st.integers() | _numbers | _texts)
_files = st.builds(
    File,
    variant=st.sampled_from(Variant),
    location=_texts,
    mime_type=_texts,
    bytes=st.integers(0, 2**40),
    sha256=_texts,
    seconds=st.none() | _numbers,
)
_jobs = st.builds(
    Job,
    id=st.builds(new_video_id),
    owner=st.sampled_from(["anna", "böb"]),
    operation=st.sampled_from(Operation),
    status=st.sampled_from(JobStatus),
    progress=st.floats(0, 100),
    prompt=_texts,
    title=st.none() | _texts,
    seconds=st.none() | _numbers,
    asked=st.builds(Asked, model=st.none() | _texts, seconds=st.none() | _numbers),
    options=_options,
    source_ids=st.lists(_texts).map(tuple),
    engine=st.sampled_from(["embedded", "gpu.example:8000"]),
    engine_job_id=st.none() | st.builds(new_video_id).map("a.b=_-{}".format),
    notes=st.lists(_texts).map(tuple),
    estimated_cost_usd=st.none() | _numbers,
    error=st.none() | st.builds(JobError, code=_texts, message=_texts, retry=st.booleans()),
    files=st.lists(_files, max_size=3).map(tuple),
    fingerprint=st.text("0123456789abcdef", max_size=64),
    created_at=_moments,
    submitted_at=st.none() | _moments,
    completed_at=st.none() | _moments,
    expires_at=st.none() | _moments,
    attempts=st.integers(0, 9),
    delete_requested=st.booleans(),
    keep_files=st.booleans(),
)


@given(job=_jobs)
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
async def test_a_job_comes_back_exactly_as_it_was_added(store: SqlJobStore, job: Job) -> None:
    added = await store.add(job, Budget())
    assert added == job.model_copy(update={"created_at": added.created_at})
    assert await store.get(job.id) == added


async def test_another_owners_job_looks_like_one_that_does_not_exist(store: SqlJobStore) -> None:
    job = await add(store, owner="anna", engine_job_id="video_1")
    assert await store.get(job.id, "anna") == job
    assert await store.get(job.id, "bert") is None
    assert await store.find_engine_job("video_1", "anna") == job
    assert await store.find_engine_job("video_1", "bert") is None
    assert (await store.page("bert")).jobs == ()
    assert (await store.page("bert", query="cat")).jobs == ()
    assert await store.request_delete(job.id, "bert", keep_files=False) is None
    assert await store.get(job.id) == job


async def test_of_two_engines_that_use_the_same_id_the_newest_job_is_found(
    store: SqlJobStore,
) -> None:
    await add(store, engine="a.example", engine_job_id="video_1")
    second = await add(store, engine="b.example", engine_job_id="video_1")
    assert await store.find_engine_job("video_1") == second
    assert await store.find_engine_job("video_2") is None


async def test_an_engines_job_that_is_taken_in_by_calls_at_once_becomes_one_job(
    store: SqlJobStore,
) -> None:
    taken_in: list[Job] = []

    async def take_in() -> None:
        taken_in.append(await add(store, status=JobStatus.QUEUED, engine_job_id="video_1"))

    with anyio.fail_after(90):
        async with anyio.create_task_group() as tasks:
            for _ in range(5):
                tasks.start_soon(take_in)
    assert len({job.id for job in taken_in}) == 1
    assert len((await store.page(OWNER)).jobs) == 1
    other = await add(store, owner="bert", status=JobStatus.QUEUED, engine_job_id="video_1")
    assert other.id != taken_in[0].id
    await store.mark_deleted(taken_in[0])
    assert (await add(store, engine_job_id="video_1")).id != taken_in[0].id


# Idempotency keys


async def test_a_key_used_again_with_the_same_arguments_gives_the_first_job(
    store: SqlJobStore,
) -> None:
    first = await add(store, idempotency_key="k", fingerprint="same")
    assert await add(store, idempotency_key="k", fingerprint="same") == first
    assert (await store.page(OWNER)).jobs == (first,)


@pytest.mark.requirement("ERROR-KEY-CONFLICT")
async def test_a_key_used_again_with_other_arguments_is_refused_and_names_the_first_job(
    store: SqlJobStore,
) -> None:
    first = await add(store, idempotency_key="k", fingerprint="one")
    with pytest.raises(KeyConflict, match=first.id) as refused:
        await add(store, idempotency_key="k", fingerprint="two")
    assert refused.value.job == first
    assert (await store.page(OWNER)).jobs == (first,)


async def test_two_owners_may_use_the_same_key(store: SqlJobStore) -> None:
    await add(store, owner="anna", idempotency_key="k", fingerprint="one")
    second = await add(store, owner="bert", idempotency_key="k", fingerprint="two")
    assert await store.get(second.id) == second


async def test_the_key_of_a_deleted_job_is_free_again(store: SqlJobStore) -> None:
    first = await add(store, idempotency_key="k", fingerprint="one")
    await store.mark_deleted(first)
    second = await add(store, idempotency_key="k", fingerprint="two")
    assert (await store.page(OWNER)).jobs == (second,)


async def test_calls_at_once_with_one_key_make_one_job(store: SqlJobStore) -> None:
    made: list[Job] = []

    async def call() -> None:
        made.append(await add(store, idempotency_key="k", fingerprint="same"))

    with anyio.fail_after(90):
        async with anyio.create_task_group() as tasks:
            for _ in range(8):
                tasks.start_soon(call)
    assert len({job.id for job in made}) == 1
    assert len((await store.page(OWNER)).jobs) == 1


# Requests whose caller went away


async def test_an_unheard_job_gets_the_key_of_who_hears_of_it(store: SqlJobStore) -> None:
    unheard = await add(store)
    worked_on = await claim_one(store)
    await store.mark_unheard(unheard)
    heard = await add(store, idempotency_key="k")
    assert (heard.id, heard.idempotency_key) == (unheard.id, "k")
    assert await store.save(worked_on.model_copy(update={"status": JobStatus.QUEUED}))
    assert (await add(store, idempotency_key="k")).id == unheard.id
    assert (await add(store)).id != unheard.id


async def test_an_unheard_job_is_not_what_a_request_under_another_key_asks_for(
    store: SqlJobStore,
) -> None:
    unheard = await add(store, idempotency_key="one")
    await store.mark_unheard(unheard)
    assert (await add(store, idempotency_key="two")).id != unheard.id
    assert (await add(store)).id == unheard.id


async def test_a_job_that_was_heard_of_by_its_key_is_unheard_no_more(store: SqlJobStore) -> None:
    first = await add(store, idempotency_key="k")
    await store.mark_unheard(first)
    assert (await add(store, idempotency_key="k")).id == first.id
    assert (await add(store)).id != first.id


async def test_a_person_who_is_asked_again_means_the_unheard_job(store: SqlJobStore) -> None:
    unheard = await add(store, idempotency_key=f"{APPROVED}1")
    await store.mark_unheard(unheard)
    for _ in range(2):
        assert (await add(store, idempotency_key=f"{APPROVED}2")).id == unheard.id


async def test_of_equal_requests_that_nobody_heard_of_one_is_given(store: SqlJobStore) -> None:
    made = [await add(store) for _ in range(8)]
    with anyio.fail_after(90):
        async with anyio.create_task_group() as tasks:
            for job in made:
                tasks.start_soon(store.mark_unheard, job)
    assert (await add(store)).id in {job.id for job in made}
    assert (await add(store)).id not in {job.id for job in made}


async def test_a_deleted_job_is_no_answer_to_the_same_request(store: SqlJobStore) -> None:
    unheard = await add(store)
    await store.mark_unheard(unheard)
    await store.mark_deleted(unheard)
    assert (await add(store)).id != unheard.id


# Money


@pytest.mark.requirement("ERROR-BUDGET")
async def test_an_owners_budget_is_for_the_owner_and_the_servers_for_all(
    store: SqlJobStore,
) -> None:
    budget = Budget(owner_per_day=2, server_per_day=3)

    async def spend(owner: str) -> None:
        await store.add(a_job(store, owner=owner, estimated_cost_usd=1), budget)

    await spend("anna")
    await spend("anna")
    with pytest.raises(SpendingRefused, match="SORA_MCP_DAILY_BUDGET_USD"):
        await spend("anna")
    await spend("bert")
    with pytest.raises(SpendingRefused, match="SORA_MCP_SERVER_DAILY_BUDGET_USD"):
        await spend("bert")
    assert len((await store.page("anna")).jobs) == 2
    assert len((await store.page("bert")).jobs) == 1
    assert await store.spent("anna") == Spent(owner_today=2, server_today=3)
    assert await store.spent("carla") == Spent(owner_today=0, server_today=3)


async def test_a_budget_can_be_used_up_to_the_last_cent(store: SqlJobStore) -> None:
    budget = Budget(owner_per_day=0.3)
    for _ in range(3):
        await store.add(a_job(store, estimated_cost_usd=0.1), budget)
    assert await store.spent(OWNER) == Spent(owner_today=0.3, server_today=0.3)
    with pytest.raises(SpendingRefused):
        await store.add(a_job(store, estimated_cost_usd=0.000001), budget)


async def test_what_costs_nothing_fits_an_empty_budget(store: SqlJobStore) -> None:
    for cost in (0, None):
        free = a_job(store, estimated_cost_usd=cost)
        added = await store.add(free, Budget(owner_per_day=0, server_per_day=0))
        assert added.id == free.id


async def test_calls_at_once_do_not_overdraw_a_budget(store: SqlJobStore) -> None:
    admitted: list[Job] = []

    async def call() -> None:
        try:
            job = a_job(store, estimated_cost_usd=1)
            admitted.append(await store.add(job, Budget(owner_per_day=3)))
        except SpendingRefused:
            pass

    with anyio.fail_after(90):
        async with anyio.create_task_group() as tasks:
            for _ in range(10):
                tasks.start_soon(call)
    assert len(admitted) == 3


@pytest.mark.parametrize(
    ("status", "charged", "counts"),
    [
        (JobStatus.FAILED, "no", False),
        (JobStatus.FAILED, "unknown", True),
        (JobStatus.FAILED, "yes", True),
        (JobStatus.COMPLETED, "no", True),
        (JobStatus.IN_PROGRESS, "no", True),
    ],
)
async def test_only_a_bad_end_that_certainly_cost_nothing_gives_its_cost_back(
    store: SqlJobStore, status: JobStatus, charged: Any, counts: bool
) -> None:
    await add(store, estimated_cost_usd=1)
    job = await claim_one(store)
    error = JobError(code="x", message="x", charged=charged)
    assert await store.save(job.model_copy(update={"status": status, "error": error}))
    assert (await store.spent(OWNER)).owner_today == (1 if counts else 0)


async def test_a_deleted_job_still_counts_and_yesterdays_does_not(
    ledger: Ledger, store: SqlJobStore
) -> None:
    midnight = store.now().replace(hour=0, minute=0, second=0, microsecond=0)
    yesterdays = await add(store, estimated_cost_usd=4)
    await ledger.date(yesterdays, midnight - timedelta(microseconds=1))
    await ledger.date(await add(store, estimated_cost_usd=2), midnight)
    await store.mark_deleted(await add(store, estimated_cost_usd=1))
    assert (await store.spent(OWNER)).owner_today == 3


async def test_a_job_that_was_planned_yesterday_counts_for_the_day_it_is_added_in(
    store: SqlJobStore,
) -> None:
    planned = a_job(store, estimated_cost_usd=1, created_at=store.now() - timedelta(days=1))
    added = await store.add(planned, Budget(owner_per_day=1))
    assert added == await store.get(added.id)
    with pytest.raises(SpendingRefused):
        await store.add(a_job(store, estimated_cost_usd=1), Budget(owner_per_day=1))


# Lists


async def test_pages_go_from_the_newest_to_the_oldest_and_miss_none(
    ledger: Ledger, store: SqlJobStore
) -> None:
    start = datetime(2026, 11, 20, tzinfo=UTC)
    added = [
        await ledger.date(await add(store), start + timedelta(minutes=minute))
        for minute in (3, 1, 2, 2, 2, 2, 4)
    ]
    expected = sorted(added, key=lambda job: (job.created_at, job.id), reverse=True)
    first = await store.page(OWNER, limit=3)
    second = await store.page(OWNER, limit=3, after=first.next_after)
    third = await store.page(OWNER, limit=3, after=second.next_after)
    assert first.next_after == first.jobs[-1].id
    assert [*first.jobs, *second.jobs, *third.jobs] == expected
    assert third.next_after is None


async def test_a_page_that_ends_with_the_last_job_has_no_next_one(store: SqlJobStore) -> None:
    for _ in range(2):
        await add(store)
    assert (await store.page(OWNER, limit=2)).next_after is None


async def test_a_list_can_be_of_some_statuses(store: SqlJobStore) -> None:
    done = await add_in(store, JobStatus.COMPLETED)
    failed = await add_in(store, JobStatus.FAILED)
    waiting = await add(store)
    completed = await store.page(OWNER, statuses=frozenset({JobStatus.COMPLETED}))
    assert [job.id for job in completed.jobs] == [done.id]
    assert (await store.page(OWNER, statuses=ACTIVE)).jobs == (waiting,)
    assert [job.id for job in (await store.page(OWNER)).jobs] == [waiting.id, failed.id, done.id]


async def test_paging_goes_on_after_a_job_that_was_deleted_meanwhile(store: SqlJobStore) -> None:
    old, middle, new = [await add(store) for _ in range(3)]
    first = await store.page(OWNER, limit=2)
    assert first.jobs == (new, middle)
    await store.mark_deleted(middle)
    assert (await store.page(OWNER, after=first.next_after)).jobs == (old,)


async def test_a_place_that_is_no_job_of_the_owner_is_refused(store: SqlJobStore) -> None:
    foreign = await add(store, owner="bert")
    for after in (new_video_id(), foreign.id):
        with pytest.raises(InvalidRequest, match=after):
            await store.page(OWNER, after=after)
