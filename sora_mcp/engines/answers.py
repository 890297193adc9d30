"""Reading a host's HTTP answers: bodies, pauses, words, places of files."""

import json
from collections.abc import AsyncIterator

import httpx2

from sora_mcp.engines.dialects import error_words, host_words
from sora_mcp.videos.errors import EngineFault
from sora_mcp.videos.models import Job


class Body:
    """The body of a download."""

    def __init__(self, engine: str, response: httpx2.Response) -> None:
        self._engine = engine
        self._response = response
        span = response.headers.get("content-range", "")
        start, _, total = span.removeprefix("bytes ").partition("/")
        partial = response.status_code == 206
        self.offset = int(start.partition("-")[0]) if partial and start[:1].isdigit() else 0
        length = total if partial else response.headers.get("content-length", "")
        self.total = int(length) if length.isdigit() else None
        self.content_type = response.headers.get("content-type")

    async def chunks(self) -> AsyncIterator[bytes]:
        """The bytes from `offset` on."""
        try:
            async for chunk in self._response.aiter_bytes():
                yield chunk
        except httpx2.HTTPError as error:
            raise EngineFault(
                f"The connection to {self._engine} broke during the download ({why(error)})."
            ) from error


def elsewhere(response: httpx2.Response, job: Job) -> str | None:
    """Where a file is that the host does not give itself, if it says so."""
    if 300 <= response.status_code < 400:
        return response.headers.get("location")
    # SGLang answers 400 for a file that it has put into object storage.
    return job.asset_url if response.status_code in (400, 404, 405, 410) else None


def poll_after(response: httpx2.Response) -> float | None:
    """Seconds until the host wants to be asked again (`openai-poll-after-ms`, `Retry-After`)."""
    told = response.headers.get("openai-poll-after-ms", "")
    return int(told) / 1000 if told.isdigit() else retry_after(response)


def retry_after(response: httpx2.Response) -> float | None:
    """The seconds of a `Retry-After` header, at most an hour; dates are not understood."""
    told = response.headers.get("retry-after", "")
    try:
        return min(max(float(told), 0.0), 3600.0)
    except ValueError:
        return None


def json_of(response: httpx2.Response) -> object:
    """The body as JSON, or as text when it is none."""
    try:
        return json.loads(response.content)
    except ValueError:
        return response.text


def words_of(response: httpx2.Response) -> str:
    """What the body says, in quotation marks: the host's words, not ours."""
    body = json_of(response)
    _, message = error_words(body)
    return f"“{message or host_words(json.dumps(body)) or 'nothing'}”"


def why(error: Exception) -> str:
    """The cause of a broken connection in a few words."""
    cause = error.__cause__ or error
    return host_words(str(cause) or type(cause).__name__)[:200]
