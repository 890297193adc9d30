"""Finding jobs by the words of their prompts and titles.

The same on every database, and nothing that a person types can be taken for a search engine's
syntax: a word that begins with something is one range of an index.
"""

import re
import unicodedata
from collections.abc import Sequence

from sqlalchemy import ColumnElement, FromClause, delete, exists, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from sora_mcp.store.tables import jobs, words
from sora_mcp.videos.errors import InvalidRequest
from sora_mcp.videos.models import Job

MOST_QUERY_WORDS = 30

_LAST_CHARACTER = "\U0010ffff"

_UNSPACED = r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
"""Scripts written without spaces (Thai to Han): a character of theirs counts as a word."""

_WORD = re.compile(rf"[{_UNSPACED}]|[^\W_{_UNSPACED}]+")

_FEW = 200
"""Entries of the index. A word that has no more gives the jobs to look at, and so do common words
of a long ledger that meet in no more; those that meet often are asked for job by job, newest first,
until a page is full."""

_WORD_LENGTH = 100
"""Longer words are compared by their beginning: an index entry has a largest size."""


async def has_words(
    connection: AsyncConnection, owner: str, query: str
) -> list[ColumnElement[bool]]:
    """What holds of the owner's jobs in which every word of the query begins a word.

    Neither reads all jobs that have a common word nor looks for the jobs of a rare one among all:
    with 10,000 jobs a search takes as long as with 100. Only of common words that hardly ever meet
    the index is walked: 5 ms where each of two has 5,000 jobs.

    Raises:
        InvalidRequest: The query has too many words.
    """
    wanted = words_in(query)
    if len(wanted) > MOST_QUERY_WORDS:
        raise InvalidRequest(f"query has {len(wanted)} words; use at most {MOST_QUERY_WORDS}.")
    few: set[str] | None = None
    common: list[str] = []
    for beginning in sorted(wanted):
        found = await _some(connection, owner, beginning, also=())
        if len(found) > _FEW:
            common.append(beginning)
        else:
            few = set(found) if few is None else few & set(found)
    if few is None and len(common) > 1:
        found = await _some(connection, owner, common[0], also=common[1:])
        if len(found) <= _FEW:
            few, common = set(found), []
    having = [exists().where(words.c.job_id == jobs.c.id, _begins(words, one)) for one in common]
    if few is None:
        return [jobs.c.owner == owner, *having]
    # They are the owner's. To say so would have SQLite go through all of the owner's jobs instead.
    return [jobs.c.id.in_(sorted(few)), *having]


async def _some(
    connection: AsyncConnection, owner: str, beginning: str, *, also: Sequence[str]
) -> Sequence[str]:
    """Entries of a word whose jobs have other words `also`: one more than few, at most."""
    its = (words.c.owner == owner) & _begins(words, beginning)
    other = words.alias()
    same_job = other.c.job_id == words.c.job_id
    having = [exists().where(same_job, _begins(other, one)) for one in also]
    look = select(words.c.job_id).where(its, *having).limit(_FEW + 1)
    return (await connection.execute(look)).scalars().all()


def _begins(table: FromClause, beginning: str) -> ColumnElement[bool]:
    return (table.c.word >= beginning) & (table.c.word < beginning + _LAST_CHARACTER)


async def write_words(connection: AsyncConnection, job: Job, before: Job | None = None) -> None:
    """Make a job findable; `before` is what it was when that was done last."""
    if before is not None:
        its = (words.c.owner == before.owner) & (words.c.job_id == before.id)
        former = words.c.word.in_(sorted(_words_of(before)))
        await connection.execute(delete(words).where(its, former))
    rows = [{"owner": job.owner, "word": word, "job_id": job.id} for word in sorted(_words_of(job))]
    if rows:
        await connection.execute(insert(words), rows)


def _words_of(job: Job) -> frozenset[str]:
    return words_in(f"{job.prompt} {job.title or ''}")


def words_in(text: str) -> frozenset[str]:
    """The words of a text as they are compared: without case, accents and punctuation."""
    decomposed = unicodedata.normalize("NFKD", text)
    bare = "".join(char for char in decomposed if not unicodedata.category(char).startswith("M"))
    return frozenset(word[:_WORD_LENGTH] for word in _WORD.findall(bare.casefold()))
