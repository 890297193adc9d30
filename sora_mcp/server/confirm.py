"""Asking the person before something that costs more than the operator wants spent unasked.

The answer comes from the client, which shows the question to a person; there is no argument by
which a model could give it.
"""

import hashlib
import secrets
from dataclasses import replace
from typing import Any

from mcp.server.mcpserver import Context
from mcp.shared.exceptions import MCPError
from mcp.types import (
    ElicitRequest,
    ElicitRequestFormParams,
    ElicitResult,
    InputRequiredResult,
)

from sora_mcp.server.deadline import Deadline
from sora_mcp.videos.checks import APPROVED
from sora_mcp.videos.errors import SpendingRefused
from sora_mcp.videos.planning import Plan

SETTING = "SORA_MCP_CONFIRM_ABOVE_USD"

_KEY = "approve"
_FORM: dict[str, Any] = {
    "type": "object",
    "properties": {
        _KEY: {"type": "boolean", "title": "Make this video", "default": True},
    },
}


async def ask_person(
    ctx: Context[Any, Any], plan: Plan, deadline: Deadline
) -> InputRequiredResult | Plan:
    """The plan once the person has agreed; a question for the client to ask, where it goes so.

    Clients of protocol 2026-07-28 get the question as a result and call again with the answer;
    older ones are asked during the call, if their connection can carry a question.

    Raises:
        SpendingRefused: The person declined, or cannot be asked.
    """
    question = ElicitRequestFormParams(message=_question(plan), requested_schema=_FORM)
    capabilities = ctx.client_capabilities
    if capabilities is None or capabilities.elicitation is None:
        raise _cannot_ask()
    if ctx.session.can_send_request:
        try:
            with deadline.paused():
                answer = await ctx.session.elicit_form(
                    question.message, question.requested_schema, ctx.request_id
                )
        except MCPError as error:
            raise _cannot_ask() from error
        _require_consent(answer)
        return plan
    if not _asks_by_result(ctx):
        raise _cannot_ask()
    answer = (ctx.input_responses or {}).get(_KEY)
    # The sealed state proves that this very question was asked about this very request.
    asked_as, _, asked = (ctx.request_state or "").partition(" ")
    if isinstance(answer, ElicitResult) and asked == _asked(plan):
        _require_consent(answer)
        return _once(plan, asked_as)
    return InputRequiredResult(
        input_requests={_KEY: ElicitRequest(params=question)},
        request_state=f"{secrets.token_hex(8)} {_asked(plan)}",
    )


def _once(plan: Plan, question: str) -> Plan:
    """The plan, for one video however often the answer to its question is sent."""
    key = plan.job.idempotency_key or f"{APPROVED}{question}"
    return replace(plan, job=plan.job.model_copy(update={"idempotency_key": key}))


def _asks_by_result(ctx: Context[Any, Any]) -> bool:
    return (ctx.protocol_version or "") >= "2026-07-28"


def _question(plan: Plan) -> str:
    job = plan.job
    cost = (
        "an unknown amount" if plan.estimate.usd is None else f"about {plan.estimate.usd:.2f} USD"
    )
    words = job.prompt if len(job.prompt) <= 200 else job.prompt[:197] + "..."
    return f"Spend {cost} at {job.engine} to {job.operation.value} this video? {words}"


def _asked(plan: Plan) -> str:
    asked = f"{plan.job.fingerprint} {plan.estimate.usd} {plan.job.engine}"
    return hashlib.sha256(asked.encode()).hexdigest()


def _require_consent(answer: ElicitResult) -> None:
    agreed = answer.action == "accept" and (answer.content or {}).get(_KEY, True) is True
    if not agreed:
        raise SpendingRefused(
            f"The person was asked because of {SETTING} and did not agree. Nothing was sent."
        )


def _cannot_ask() -> SpendingRefused:
    return SpendingRefused(
        f"The operator wants a person to agree to this cost ({SETTING}), and this client "
        "cannot ask one. Nothing was sent. A shorter or smaller video costs less."
    )
