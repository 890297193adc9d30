"""JSON-RPC over Streamable HTTP as it goes over the wire at protocol 2026-07-28."""

import itertools
import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import anyio
import httpx2

VERSION = "2026-07-28"
TASKS = "io.modelcontextprotocol/tasks"

_NAMES = {"tools/call": "name", "resources/read": "uri", "prompts/get": "name"}
"""Which parameter the header Mcp-Name says again."""


class Wire:
    """A client that declares extensions, and sends whatever a test wants sent."""

    def __init__(self, http: httpx2.AsyncClient, url: str, extensions: tuple[str, ...]) -> None:
        self._http = http
        self._url = url
        self._extensions = extensions
        self._ids = itertools.count(1)

    async def post(
        self,
        method: str,
        params: Mapping[str, Any],
        headers: Mapping[str, str | None] | None = None,
    ) -> httpx2.Response:
        """The response; `headers` replace those that belong to a request, None leaves one out."""
        meta: dict[str, Any] = {
            "io.modelcontextprotocol/protocolVersion": VERSION,
            "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
            "io.modelcontextprotocol/clientCapabilities": {
                "extensions": {name: {} for name in self._extensions}
            },
        }
        sent: dict[str, str | None] = {
            "Accept": "application/json, text/event-stream",
            "MCP-Protocol-Version": VERSION,
            "Mcp-Method": method,
            "Mcp-Name": params.get(_NAMES.get(method, "taskId")),
            **(headers or {}),
        }
        return await self._http.post(
            self._url,
            json={
                "jsonrpc": "2.0",
                "id": next(self._ids),
                "method": method,
                "params": {**params, "_meta": meta},
            },
            headers={name: value for name, value in sent.items() if value is not None},
        )

    async def request(self, method: str, **params: Any) -> dict[str, Any]:
        """The result."""
        response = await self.post(method, params)
        message = message_in(response)
        assert "result" in message, message
        return message["result"]

    async def tool(self, name: str, **arguments: Any) -> dict[str, Any]:
        """A tool's result, or the task in its place."""
        return await self.request("tools/call", name=name, arguments=arguments)

    async def ended(self, task_id: str) -> dict[str, Any]:
        """A task once it has ended."""
        while True:
            task = await self.request("tasks/get", taskId=task_id)
            if task["status"] not in ("working", "input_required"):
                return task
            # A wait of the server's own, so that nobody has to guess how long.
            arguments = {"video_id": task_id, "wait_seconds": 20}
            await self.request("tools/call", name="get_video_status", arguments=arguments)


def message_in(response: httpx2.Response) -> dict[str, Any]:
    """The answer in a response, which may be a stream that ends with it."""
    if response.headers["content-type"].startswith("text/event-stream"):
        data = [line[6:] for line in response.text.splitlines() if line.startswith("data: ")]
        return json.loads(data[-1])
    return response.json()


@asynccontextmanager
async def wire(
    url: str, *extensions: str, headers: Mapping[str, str] | None = None
) -> AsyncGenerator[Wire]:
    """A client of the server at an MCP address, for at most a minute."""
    with anyio.fail_after(60):
        async with httpx2.AsyncClient(headers=headers, timeout=60) as http:
            yield Wire(http, url, extensions)
