"""What every ledger promises about finding jobs by words."""

import pytest

from sora_mcp.store.search import MOST_QUERY_WORDS
from sora_mcp.store.sql import SqlJobStore
from sora_mcp.videos.errors import InvalidRequest
from sora_mcp.videos.models import Job, JobStatus
from tests.store.ledgers import OWNER, add, claim_one


async def _finds(store: SqlJobStore, query: str) -> bool:
    return bool((await store.page(OWNER, query=query)).jobs)


@pytest.mark.parametrize(
    ("prompt", "query"),
    [
        ("A calico cat playing a piano", "piano"),
        ("A calico cat playing a piano", "cal pia"),
        ("A calico cat playing a piano", "PIANO cat"),
        ("A calico cat playing a piano", "  cat,  piano! "),
        ("Ein Café über dem Fluß", "cafe"),
        ("Ein Café über dem Fluß", "ÜBER fluss"),
        ("Ein Cafe\N{COMBINING ACUTE ACCENT} am Meer", "café"),
        ("ЧЁРНЫЙ кот", "черный КОТ"),
        ("猫がピアノを弾く", "ピアノ"),
        ("a 35mm lens, golden-hour light", "hour 35"),
        ("snake_case and O'Hara", "case hara"),
        ("no words are needed", " *** "),
        ("x" * 30_000, "x" * 29_000),
    ],
)
async def test_every_word_of_a_query_begins_a_word_of_what_it_finds(
    store: SqlJobStore, prompt: str, query: str
) -> None:
    await add(store, prompt=prompt)
    assert await _finds(store, query)


@pytest.mark.parametrize(
    "query",
    [
        "iano",
        "cat dog",
        "pianos",
        'calico" OR "dog',
        "calico OR dog",
        "NEAR(cat dog)",
        "prompt:dog*",
        "%dog%",
        "d_g",
        "'; DROP TABLE jobs; --dog",
        "\N{NULL}dog",
    ],
)
async def test_a_query_with_a_word_that_begins_none_finds_nothing(
    store: SqlJobStore, query: str
) -> None:
    await add(store, prompt="A calico cat playing a piano")
    assert not await _finds(store, query)
    assert await _finds(store, "calico")


async def test_words_may_come_from_the_prompt_and_the_title(store: SqlJobStore) -> None:
    await add(store, prompt="A calico cat", title="Stage piano")
    assert await _finds(store, "piano calico")


async def test_a_job_is_found_by_the_words_it_has_now(store: SqlJobStore) -> None:
    await add(store, prompt="A calico cat", title="First draft")
    job = await claim_one(store)
    renamed = job.model_copy(update={"title": "Final cut", "status": JobStatus.QUEUED})
    assert await store.save(renamed)
    assert await _finds(store, "calico final")
    assert not await _finds(store, "draft")


async def test_search_narrows_a_list_and_keeps_its_order(store: SqlJobStore) -> None:
    cats = [await add(store, prompt=f"cat number {number}") for number in range(3)]
    await add(store, prompt="a dog")
    await add(store, prompt="a cat of somebody else", owner="bert")
    first = await store.page(OWNER, query="cat", limit=2)
    rest = await store.page(OWNER, query="cat", limit=2, after=first.next_after)
    assert [*first.jobs, *rest.jobs] == cats[::-1]
    assert rest.next_after is None


MANY = " ".join(f"calico{number}" for number in range(250))
"""More words that begin so than a search reads of an index."""


async def test_a_word_that_is_found_everywhere_narrows_a_list_as_a_rare_one_does(
    store: SqlJobStore,
) -> None:
    cats = [await add(store, prompt=f"{MANY}, cat, take {number}") for number in range(3)]
    await add(store, prompt="a dog")
    other = await add(store, prompt=f"{MANY}, a cat of somebody else", owner="bert")

    async def found(owner: str, query: str, after: str | None = None) -> list[Job]:
        return list((await store.page(owner, query=query, limit=2, after=after)).jobs)

    for query in ("calico", "calico cat", "cat take", "calico take"):
        assert await found(OWNER, query) == [cats[2], cats[1]]
        assert await found(OWNER, query, cats[1].id) == [cats[0]]
    assert await found("bert", "calico somebody") == [other]
    for query in ("calico dog", "calico somebody", "calicos"):
        assert await found(OWNER, query) == []


async def test_common_words_that_hardly_meet_give_the_jobs_in_which_they_do(
    store: SqlJobStore,
) -> None:
    tabbies = MANY.replace("calico", "tabby")
    await add(store, prompt=MANY)
    both = await add(store, prompt="calico7 and tabby7")
    await add(store, prompt=tabbies)
    await add(store, prompt=f"{MANY} {tabbies}", owner="bert")
    for query in ("calico tabby", "calico tabby and"):
        assert (await store.page(OWNER, query=query)).jobs == (both,)
    assert not await _finds(store, "calico tabby dog")


async def test_a_deleted_job_is_not_found(store: SqlJobStore) -> None:
    await store.mark_deleted(await add(store, prompt="A calico cat"))
    assert not await _finds(store, "cat")


async def test_a_query_of_too_many_words_is_refused(store: SqlJobStore) -> None:
    with pytest.raises(InvalidRequest, match=str(MOST_QUERY_WORDS)):
        await store.page(OWNER, query=" ".join(f"w{n}" for n in range(MOST_QUERY_WORDS + 1)))
