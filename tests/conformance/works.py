"""What the conformance suite wants to be done as tasks: work that only pretends to take time."""

import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from mcp.server.mcpserver import Context, require_client_extension
from mcp.types import INTERNAL_ERROR, CallToolResult, ElicitRequest, InputRequiredResult

from sora_mcp.server.build import SoraServer
from sora_mcp.server.tasks import EXTENSION, Task
from tests.conformance.questions import answer, ask, content_of, form, said

Ctx = Context[Any, Any]

_WORK = "sora-mcp/work"
"""In a result's `_meta`: the id of the work that it stands for."""

_PANIC = {"error": {"code": INTERNAL_ERROR, "message": "The work broke down."}}


@dataclass
class _Work:
    """Done when its time is up and its questions are answered."""

    outcome: Mapping[str, Any]
    seconds: float = 0
    questions: dict[str, ElicitRequest] = field(default_factory=dict[str, ElicitRequest])
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    since: datetime = field(default_factory=lambda: datetime.now(UTC))
    started: float = field(default_factory=time.monotonic)
    cancelled: bool = False

    def task(self) -> Task:
        status, outcome = self._standing()
        return Task(
            id=self.id,
            status=status,
            created_at=self.since,
            updated_at=self.since,
            poll_seconds=0.2,
            outcome=outcome,
        )

    def _standing(self) -> tuple[Any, Mapping[str, Any]]:
        if self.cancelled:
            return "cancelled", {}
        if self.questions:
            asked = {
                key: question.model_dump(mode="json", by_alias=True, exclude_none=True)
                for key, question in self.questions.items()
            }
            return "input_required", {"inputRequests": asked}
        if time.monotonic() < self.started + self.seconds:
            return "working", {}
        return ("failed" if "error" in self.outcome else "completed"), self.outcome


def _shown(result: CallToolResult) -> dict[str, Any]:
    return {"result": result.model_dump(mode="json", by_alias=True, exclude_none=True)}


class Works:
    """Implements `TaskKeeper` for tools of its own."""

    def __init__(self) -> None:
        self._works: dict[str, _Work] = {}

    def offer(self, server: SoraServer) -> None:
        """Add the tools and keep their tasks."""
        server.tasks.add(self)
        for tool in (
            self.slow_compute,
            self.failing_job,
            self.protocol_error_job,
            self.confirm_delete,
            self.multi_input,
            self.test_tool_with_task,
        ):
            server.tool(structured_output=False)(tool)

    async def begun(self, tool: str, result: CallToolResult) -> Task | None:
        """The work that one of the tools has begun."""
        work = self._works.get((result.meta or {}).get(_WORK, ""))
        return work and work.task()

    async def find(self, task_id: str) -> Task | None:
        """The task of a work."""
        work = self._works.get(task_id)
        return work and work.task()

    async def answer(self, task_id: str, responses: Mapping[str, Any]) -> None:
        """What is answered is no question any more."""
        for key in responses:
            self._works[task_id].questions.pop(key, None)

    async def cancel(self, task_id: str) -> None:
        """Stop, unless it is over."""
        work = self._works[task_id]
        work.cancelled = work.task().status in ("working", "input_required", "cancelled")

    def _begin(self, work: _Work) -> CallToolResult:
        self._works[work.id] = work
        return CallToolResult(content=[], _meta={_WORK: work.id})

    async def slow_compute(self, seconds: float, label: str = "") -> CallToolResult:
        """Takes a while."""
        result = said(f"{label} took {seconds:g} s")
        return self._begin(_Work(_shown(result), seconds)) if seconds else result

    async def failing_job(self, ctx: Ctx) -> CallToolResult:
        """Fails after a while; has no answer but a task."""
        require_client_extension(ctx.request_context, EXTENSION)
        failed = said("It failed.").model_copy(update={"is_error": True})
        return self._begin(_Work(_shown(failed), seconds=1))

    async def protocol_error_job(self) -> CallToolResult:
        """Breaks down."""
        return self._begin(_Work(_PANIC))

    async def confirm_delete(self, filename: str) -> CallToolResult:
        """Asks once."""
        questions = {"confirm": form(f"Delete {filename}?", confirm="boolean")}
        return self._begin(_Work(_shown(said("deleted")), questions=questions))

    async def multi_input(self) -> CallToolResult:
        """Asks two things at once."""
        questions = {"name": form("Name?", name="string"), "city": form("City?", city="string")}
        return self._begin(_Work(_shown(said("thanks")), questions=questions))

    async def test_tool_with_task(self, ctx: Ctx) -> CallToolResult | InputRequiredResult:
        """Asks before it begins; has no answer but a task then."""
        require_client_extension(ctx.request_context, EXTENSION)
        name = content_of(answer(ctx, "user_name"), "name")
        if name is None:
            return ask(user_name=form("What is your name?", name="string"))
        return self._begin(_Work(_shown(said(f"Hello, {name}!")), seconds=0.2))
