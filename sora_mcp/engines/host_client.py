"""HTTP requests to hosts, none of whose answers is believed to have an end."""

from typing import Any

import httpcore2
import httpx2

from sora_mcp.engines.tracing import TracedClient

MOST_BYTES = 8 << 20
"""More of an answer than this is not read, where it is no video."""
_READ_BYTES = 256 << 10
"""At once, as many as asyncio hands out: 200 MB in 0.28 s; with the library's 64 KiB in 0.34 s."""
_OF_THE_BODY = (b"content-encoding", b"content-length", b"transfer-encoding")
"""Headers that say how the body comes."""

# There is no argument for it.
httpcore2.AsyncHTTP11Connection.READ_NUM_BYTES = _READ_BYTES  # pyright: ignore[reportAttributeAccessIssue]  # its type is that very number


class HostClient(TracedClient):
    """A client that reads answers into memory to a limit; a larger one is a `ReadError`."""

    def __init__(self, *, most: int = MOST_BYTES, **options: Any) -> None:
        """`most`: bytes of an answer, after decompression."""
        super().__init__(**options)
        self._most = most

    async def send(
        self, request: httpx2.Request, *, stream: bool = False, **options: Any
    ) -> httpx2.Response:
        """Send a request; with `stream` an answer of success is left unread."""
        response = await super().send(request, stream=True, **options)
        if stream and response.is_success:
            return response
        body = bytearray()
        try:
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > self._most:
                    raise httpx2.ReadError(f"its answer is larger than {self._most:,} bytes")
        finally:
            await response.aclose()
        headers = [
            (name, value)
            for name, value in response.headers.raw
            if name.lower() not in _OF_THE_BODY
        ]
        return httpx2.Response(
            response.status_code, headers=headers, content=bytes(body), request=request
        )
