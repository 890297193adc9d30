"""Files that a host keeps somewhere else: behind a redirect, or at the `url` of the job.

They are fetched without the key, and only from the host itself or over https from a public
address: what a host says must not make us reach into our own network.
"""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager

import httpx2

from sora_mcp.engines.tracing import TracedClient
from sora_mcp.videos.errors import ContentMissing, EngineError, EngineFault
from sora_mcp.web import MAX_REDIRECTS, NotFetched, PinnedTransport

_TIMEOUT = httpx2.Timeout(20.0, connect=5.0)
_GONE = frozenset({401, 403, 404, 410})
"""What object stores answer for a link that has run out."""


class Assets:
    """Opens files by address."""

    def __init__(self, base_url: str, *, public: httpx2.AsyncBaseTransport | None = None) -> None:
        """`public`: the way to others than the host itself; checked and pinned by default."""
        self._base = httpx2.URL(base_url)
        self._own = TracedClient(timeout=_TIMEOUT)
        self._public = TracedClient(transport=public or PinnedTransport(), timeout=_TIMEOUT)

    async def close(self) -> None:
        """Close the connections."""
        await self._own.aclose()
        await self._public.aclose()

    @asynccontextmanager
    async def open(
        self, address: str, headers: Mapping[str, str]
    ) -> AsyncGenerator[httpx2.Response]:
        """Open a file, following redirects; each target is checked.

        Raises:
            ContentMissing: It is not there any more, or may not be fetched.
            EngineFault: It could not be had just now.
        """
        try:
            url = self._base.join(address)
            for _ in range(MAX_REDIRECTS + 1):
                client = self._own if self._is_own(url) else self._public
                async with client.stream("GET", url, headers=headers) as response:
                    if response.next_request is None:
                        yield _checked(response)
                        return
                    url = response.next_request.url
        except (NotFetched, httpx2.InvalidURL) as error:
            raise ContentMissing(
                f"The host says that the file is elsewhere, but {error}."
            ) from error
        except httpx2.HTTPError as error:
            raise EngineFault(f"The file could not be fetched ({type(error).__name__}).") from error
        raise ContentMissing("The file is behind too many redirects.")

    def _is_own(self, url: httpx2.URL) -> bool:
        own = self._base
        return (url.scheme, url.host, url.port) == (own.scheme, own.host, own.port)


def _checked(response: httpx2.Response) -> httpx2.Response:
    if response.is_success:
        return response
    said = f"The place that the host named for the file answers {response.status_code}."
    error: EngineError = (
        ContentMissing(said) if response.status_code in _GONE else EngineFault(said)
    )
    raise error
