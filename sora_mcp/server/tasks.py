"""The Tasks extension (SEP-2663), for clients of protocol 2026-07-28 that declare it.

A tool is called as ever; when its answer is that work goes on, such a client gets a task in place
of the answer, asks how it stands with `tasks/get`, and finds the tool's result there in the end.
"""

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.extension import Extension, MethodBinding
from mcp.server.mcpserver import require_client_extension
from mcp.shared.exceptions import MCPError
from mcp.shared.inbound import MCP_METHOD_HEADER, MCP_NAME_HEADER, decode_header_value
from mcp.types import (
    HEADER_MISMATCH,
    INTERNAL_ERROR,
    INVALID_PARAMS,
    CallToolRequestParams,
    CallToolResult,
    RequestParams,
)

from sora_mcp.server.present import iso
from sora_mcp.videos.errors import SoraError

EXTENSION = "io.modelcontextprotocol/tasks"
VERSIONS = frozenset({"2026-07-28"})
_DONE: dict[str, Any] = {"resultType": "complete"}

Ctx = ServerRequestContext[Any, Any]


@dataclass(frozen=True, kw_only=True)
class Task:
    """How work stands; `outcome` is the `result`, `error` or `inputRequests` of its status."""

    id: str
    status: Literal["working", "input_required", "completed", "failed", "cancelled"]
    message: str | None = None
    created_at: datetime
    updated_at: datetime
    poll_seconds: float
    outcome: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def shown(self) -> dict[str, Any]:
        """The task without its outcome; it is kept for as long as what it makes."""
        message = {} if self.message is None else {"statusMessage": self.message}
        return {
            "taskId": self.id,
            "status": self.status,
            **message,
            "createdAt": iso(self.created_at),
            "lastUpdatedAt": iso(self.updated_at),
            "ttlMs": None,
            "pollIntervalMs": round(self.poll_seconds * 1000),
        }


class TaskKeeper(Protocol):
    """Knows the tasks of some tools; whoever asks sees only their own."""

    async def begun(self, tool: str, result: CallToolResult) -> Task | None:
        """The task that a tool's answer stands for, safe from a crash by now; None if none."""
        ...

    async def find(self, task_id: str) -> Task | None:
        """The task, or None."""
        ...

    async def answer(self, task_id: str, responses: Mapping[str, Any]) -> None:
        """Take answers to what a task has asked; what it has not asked is of no interest."""
        ...

    async def cancel(self, task_id: str) -> None:
        """Stop a task if that can be done; nothing happens to one that has ended."""
        ...


class _TaskParams(RequestParams):
    task_id: str


class _UpdateParams(_TaskParams):
    input_responses: dict[str, Any]


class Tasks(Extension):
    """Serves `tasks/get`, `tasks/update` and `tasks/cancel`, and turns answers into tasks."""

    identifier = EXTENSION

    def __init__(self, keeper: TaskKeeper) -> None:
        self._keepers = [keeper]

    def add(self, keeper: TaskKeeper) -> None:
        """Serve the tasks of further tools."""
        self._keepers.append(keeper)

    def methods(self) -> Sequence[MethodBinding]:
        """The methods, for one version of the protocol."""
        return (
            MethodBinding("tasks/get", _TaskParams, self._get, VERSIONS),
            MethodBinding("tasks/update", _UpdateParams, self._update, VERSIONS),
            MethodBinding("tasks/cancel", _TaskParams, self._cancel, VERSIONS),
        )

    async def intercept_tool_call(
        self, params: CallToolRequestParams, ctx: Ctx, call_next: CallNext
    ) -> HandlerResult:
        """Call the tool; give a task instead of its answer where there is one and it is wanted."""
        result = await call_next(ctx)
        if not isinstance(result, CallToolResult) or not _declared(ctx):
            return result
        # The answer is as good without a task, should the ledger be gone just now.
        with suppress(SoraError):
            for keeper in self._keepers:
                task = await keeper.begun(params.name, result)
                if task is not None:
                    return {"resultType": "task", **task.shown()}
        return result

    async def _get(self, ctx: Ctx, params: _TaskParams) -> HandlerResult:
        with _failures_told():
            _, task = await self._found(ctx, params)
        return {**_DONE, **task.shown(), **task.outcome}

    async def _update(self, ctx: Ctx, params: _UpdateParams) -> HandlerResult:
        with _failures_told():
            keeper, task = await self._found(ctx, params)
            await keeper.answer(task.id, params.input_responses)
        return _DONE

    async def _cancel(self, ctx: Ctx, params: _TaskParams) -> HandlerResult:
        with _failures_told():
            keeper, task = await self._found(ctx, params)
            await keeper.cancel(task.id)
        return _DONE

    async def _found(self, ctx: Ctx, params: _TaskParams) -> tuple[TaskKeeper, Task]:
        require_client_extension(ctx, EXTENSION)
        _check_name(ctx, params.task_id)
        for keeper in self._keepers:
            task = await keeper.find(params.task_id)
            if task is not None:
                return keeper, task
        raise MCPError(INVALID_PARAMS, "There is no such task.")


@contextmanager
def _failures_told() -> Generator[None]:
    """A method other than a tool's has no result in which to say what went wrong."""
    try:
        yield
    except SoraError as error:
        raise MCPError(INTERNAL_ERROR, error.message) from error


def _declared(ctx: Ctx) -> bool:
    capabilities = ctx.session.client_capabilities
    extensions = capabilities.extensions if capabilities else None
    return ctx.protocol_version in VERSIONS and EXTENSION in (extensions or {})


def _check_name(ctx: Ctx, task_id: str) -> None:
    """Over Streamable HTTP a header says again which task is meant; the SDK checks it for tools."""
    headers = getattr(ctx.request, "headers", {})
    if MCP_METHOD_HEADER not in headers:
        return  # another transport
    if decode_header_value(headers.get(MCP_NAME_HEADER)) != task_id:
        raise MCPError(HEADER_MISMATCH, "The Mcp-Name header is not the taskId of the request.")
