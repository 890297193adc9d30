"""Reading a host's HTTP answers: bodies, pauses, words, places of files."""

import json
import math
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import cast

import httpx2

from sora_mcp.engines.reading import HostWords, error_words
from sora_mcp.videos.errors import EngineFault
from sora_mcp.videos.models import Job

_MOST_DIGITS = 300
"""More of them are no number that anyone means: too large for a float, and then even for `int`."""


class Body:
    """The body of a download."""

    def __init__(self, engine: str, response: httpx2.Response, words: HostWords) -> None:
        self._engine = engine
        self._words = words
        self._response = response
        span = response.headers.get("content-range", "")
        start, _, total = span.removeprefix("bytes ").partition("/")
        partial = response.status_code == 206
        self.offset = (_whole(start.partition("-")[0]) or 0) if partial else 0
        self.total = _whole(total if partial else response.headers.get("content-length", ""))
        self.content_type = response.headers.get("content-type")

    async def chunks(self) -> AsyncIterator[bytes]:
        """The bytes from `offset` on."""
        try:
            async for chunk in self._response.aiter_bytes():
                yield chunk
        except httpx2.HTTPError as error:
            raise EngineFault(
                f"The connection to {self._engine} broke during the download "
                f"({why(error, self._words)})."
            ) from error


def elsewhere(response: httpx2.Response, job: Job) -> str | None:
    """Where a file is that the host does not give itself, if it says so."""
    if 300 <= response.status_code < 400:
        return response.headers.get("location")
    # SGLang answers 400 for a file that it has put into object storage.
    return job.asset_url if response.status_code in (400, 404, 405, 410) else None


def _whole(text: str) -> int | None:
    """A number of bytes or milliseconds in a header."""
    return int(text) if text.isdecimal() and len(text) <= _MOST_DIGITS else None


def poll_after(response: httpx2.Response) -> float | None:
    """Seconds until the host wants to be asked again (`openai-poll-after-ms`, `Retry-After`)."""
    told = _whole(response.headers.get("openai-poll-after-ms", ""))
    return retry_after(response) if told is None else told / 1000


def retry_after(response: httpx2.Response) -> float | None:
    """The seconds of a `Retry-After` header, at most an hour; None where it says nothing sensible.

    It is a number or a date (RFC 9110, 10.2.3). A date is read by the host's own clock, which the
    `Date` header shows.
    """
    headers = response.headers
    # LiteLLM passes its provider's headers on under other names.
    told = headers.get("retry-after", headers.get("llm_provider-retry-after", ""))
    try:
        seconds = float(told)
    except ValueError:
        until, now = _moment(told), _moment(headers.get("date", "")) or datetime.now(UTC)
        if until is None:
            return None
        seconds = max((until - now).total_seconds(), 0.0)
    return min(seconds, 3600.0) if 0 <= seconds < math.inf else None


def _moment(text: str) -> datetime | None:
    """The date of a header."""
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def json_of(response: httpx2.Response) -> object:
    """The body as JSON, or as text when it is none.

    LiteLLM wraps what its provider answered into the words of an error of its own; then it is the
    provider's answer.
    """
    try:
        body: object = json.loads(response.content, parse_int=_integer)
    except (ValueError, RecursionError):
        return response.text
    return _unwrapped(body) or body


def _integer(digits: str) -> float:
    """A whole number; one that Python refuses to read, for its length, is as good as infinite."""
    return int(digits) if len(digits) <= _MOST_DIGITS else math.inf


def _unwrapped(body: object) -> object | None:
    """`{"error": {"message": "litellm.SomeError: SomeException - {…} and more words"}}`."""
    error = cast("dict[str, object]", body).get("error") if isinstance(body, dict) else None
    words = cast("dict[str, object]", error).get("message") if isinstance(error, dict) else None
    if not isinstance(words, str) or not words.startswith("litellm."):
        return None
    _, marker, inner = words.partition("Exception - {")
    try:
        found, _ = json.JSONDecoder().raw_decode("{" + inner) if marker else (None, 0)
    except (ValueError, RecursionError):
        return None
    return found or None


def words_of(response: httpx2.Response, words: HostWords) -> str:
    """What the body says, in quotation marks: the host's words, not ours."""
    _, message = error_words(json_of(response), words)
    return f"“{message or words(response.text) or 'nothing'}”"


def why(error: Exception, words: HostWords) -> str:
    """The cause of a broken connection in a few words: they may quote what the host sent."""
    cause = error.__cause__ or error
    return words(str(cause) or type(cause).__name__)[:200]
