"""Requests over HTTP that cost the one who asks as little as possible."""

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from tests.http.served import META, MODERN


@dataclass(frozen=True)
class Load:
    """What so many clients at once got."""

    per_second: float
    latencies: Sequence[float]
    """Seconds, of every request."""


async def call_often(url: str, tool: str, arguments: Any, *, clients: int, calls: int) -> Load:
    """Have clients, each with a connection of its own, call a tool one call after the other.

    `calls`: of all clients together.
    """
    request = _request(url, tool, arguments)
    place = urlsplit(url)
    streams = [await asyncio.open_connection(place.hostname, place.port) for _ in range(clients)]
    latencies: list[float] = []
    left = iter(range(calls))

    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in left:
            begun = time.perf_counter()
            writer.write(request)
            await _response(reader)
            latencies.append(time.perf_counter() - begun)
        writer.close()

    begun = time.perf_counter()
    await asyncio.gather(*(client(*stream) for stream in streams))
    return Load(calls / (time.perf_counter() - begun), latencies)


def _request(url: str, tool: str, arguments: Any) -> bytes:
    params = {"name": tool, "arguments": arguments, "_meta": META}
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
    body = json.dumps(message).encode()
    place = urlsplit(url)
    headers = MODERN | {
        "Host": place.netloc,
        "Content-Length": str(len(body)),
        "Mcp-Method": "tools/call",
        "Mcp-Name": tool,
    }
    lines = [
        f"POST {place.path} HTTP/1.1",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body


async def _response(reader: asyncio.StreamReader) -> None:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    if b" 200 " not in head.partition(b"\r\n")[0]:
        raise RuntimeError(f"The server refuses: {head.decode()}")
    if b"transfer-encoding: chunked" in head:
        while size := int(await reader.readuntil(b"\r\n"), 16):
            await reader.readexactly(size + 2)
        await reader.readexactly(2)
    else:
        length = head.partition(b"content-length:")[2].partition(b"\r\n")[0]
        await reader.readexactly(int(length))
