"""What the conformance suite wants to be asked: by a result (2026-07-28), or during the call."""

from collections.abc import Callable
from typing import Any

from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.prompts.base import UserMessage
from mcp.shared.message import ServerMessageMetadata
from mcp.types import (
    CallToolResult,
    CreateMessageRequest,
    CreateMessageRequestParams,
    CreateMessageResult,
    ElicitRequest,
    ElicitRequestFormParams,
    ElicitResult,
    InputRequiredResult,
    ListRootsRequest,
    ListRootsResult,
    SamplingMessage,
    TextContent,
)

Ctx = Context[Any, Any]
Asked = CallToolResult | InputRequiredResult
_Question = ElicitRequest | CreateMessageRequest | ListRootsRequest


def offer_questions(server: MCPServer[Any]) -> None:
    """Add what asks back."""
    for name, tool in _TOOLS.items():
        server.tool(name=name, structured_output=False)(tool)
    server.prompt(name="test_input_required_result_prompt")(_prompt)


def form(message: str, **properties: str | dict[str, Any]) -> ElicitRequest:
    """A question to a person; a property's schema, or just its type."""
    schema: dict[str, dict[str, Any]] = {
        name: kind if isinstance(kind, dict) else {"type": kind}
        for name, kind in properties.items()
    }
    requested: dict[str, Any] = {"type": "object", "properties": schema, "required": list(schema)}
    return ElicitRequest(
        params=ElicitRequestFormParams(message=message, requested_schema=requested)
    )


def said(text: str) -> CallToolResult:
    """A result of one text."""
    return CallToolResult(content=[TextContent(type="text", text=text)])


def answer(ctx: Ctx, key: str) -> Any:
    """What the client sent for a question, or None."""
    return (ctx.input_responses or {}).get(key)


def content_of(result: Any, name: str) -> Any:
    """A field of a form that the person has filled in, or None."""
    return (result.content or {}).get(name) if isinstance(result, ElicitResult) else None


_NAME = form("What is your name?", name="string")
_CONFIRM = form("Please confirm", ok="boolean")
_ROOTS = ListRootsRequest()


def _sampling(text: str, max_tokens: int = 100) -> CreateMessageRequest:
    message = SamplingMessage(role="user", content=TextContent(type="text", text=text))
    return CreateMessageRequest(
        params=CreateMessageRequestParams(messages=[message], max_tokens=max_tokens)
    )


def ask(state: str | None = None, **questions: _Question) -> InputRequiredResult:
    """A result that asks."""
    return InputRequiredResult(input_requests=dict(questions), request_state=state)


def elicitation(ctx: Ctx) -> Asked:
    """One form."""
    name = content_of(answer(ctx, "user_name"), "name")
    return said(f"Hello, {name}!") if name else ask(user_name=_NAME)


def sampling(ctx: Ctx) -> Asked:
    """One question to the client's model."""
    reply = answer(ctx, "capital_question")
    if isinstance(reply, CreateMessageResult) and isinstance(reply.content, TextContent):
        return said(reply.content.text)
    return ask(capital_question=_sampling("What is the capital of France?"))


def list_roots(ctx: Ctx) -> Asked:
    """One question about folders."""
    reply = answer(ctx, "client_roots")
    if isinstance(reply, ListRootsResult):
        return said(", ".join(str(root.uri) for root in reply.roots))
    return ask(client_roots=_ROOTS)


def request_state(ctx: Ctx) -> Asked:
    """A question with a state that comes back."""
    if ctx.request_state == "asked" and answer(ctx, "confirm"):
        return said("state-ok")
    return ask("asked", confirm=_CONFIRM)


def multiple_inputs(ctx: Ctx) -> Asked:
    """Three questions at once."""
    if len(ctx.input_responses or {}) == 3:
        return said("all answered")
    greeting = _sampling("Generate a greeting", 50)
    return ask("asked", user_name=_NAME, greeting=greeting, client_roots=_ROOTS)


def multi_round(ctx: Ctx) -> Asked:
    """Two questions, one after the other."""
    if answer(ctx, "step2") and ctx.request_state:
        return said(f"{ctx.request_state} likes {content_of(answer(ctx, 'step2'), 'color')}")
    name = content_of(answer(ctx, "step1"), "name")
    if name:
        return ask(name, step2=form("Step 2: What is your favorite color?", color="string"))
    return ask("nobody", step1=form("Step 1: What is your name?", name="string"))


def capabilities(ctx: Ctx) -> Asked:
    """Asks only what the client can answer."""
    can = ctx.client_capabilities
    if can is not None and can.elicitation is not None:
        return ask(user_name=_NAME)
    return ask(capital_question=_sampling("What is the capital of France?"))


def _prompt(ctx: Ctx) -> Any:
    """A prompt that asks first."""
    context = content_of(answer(ctx, "user_context"), "context")
    if context is None:
        return ask(user_context=form("What context should the prompt use?", context="string"))
    return [UserMessage(f"Context: {context}")]


async def elicit(ctx: Ctx, question: ElicitRequest) -> str:
    """Ask during the call, as before 2026-07-28."""
    assert isinstance(question.params, ElicitRequestFormParams)
    reply = await ctx.session.elicit_form(
        question.params.message, question.params.requested_schema, ctx.request_id
    )
    return f"action={reply.action}, content={reply.content}"


async def test_elicitation(message: str, ctx: Ctx) -> str:
    """A form during the call."""
    return f"User response: {await elicit(ctx, form(message, username='string', email='string'))}"


async def test_sampling(prompt: str, ctx: Ctx) -> str:
    """A question to the client's model during the call."""
    # On the call's own stream: the client may not have opened the other one yet.
    metadata = ServerMessageMetadata(related_request_id=ctx.request_id)
    reply = await ctx.session.send_request(
        _sampling(prompt), CreateMessageResult, metadata=metadata
    )
    return f"LLM response: {reply.content}"


_DEFAULTS = form(
    "Please provide user information",
    name={"type": "string", "default": "John Doe"},
    age={"type": "integer", "default": 30},
    score={"type": "number", "default": 95.5},
    status={"type": "string", "enum": ["active", "inactive", "pending"], "default": "active"},
    verified={"type": "boolean", "default": True},
)


def _titled(*titles: str) -> list[dict[str, str]]:
    return [{"const": f"value{n}", "title": title} for n, title in enumerate(titles, 1)]


_OPTIONS = ["option1", "option2", "option3"]
_ENUMS = form(
    "Please choose",
    untitledSingle={"type": "string", "enum": _OPTIONS},
    titledSingle={
        "type": "string",
        "oneOf": _titled("First Option", "Second Option", "Third Option"),
    },
    legacyEnum={
        "type": "string",
        "enum": ["opt1", "opt2", "opt3"],
        "enumNames": ["Option One", "Option Two", "Option Three"],
    },
    untitledMulti={"type": "array", "items": {"type": "string", "enum": _OPTIONS}},
    titledMulti={
        "type": "array",
        "items": {"anyOf": _titled("First Choice", "Second Choice", "Third Choice")},
    },
)


async def test_elicitation_sep1034_defaults(ctx: Ctx) -> str:
    """A form with defaults."""
    return f"Elicitation completed: {await elicit(ctx, _DEFAULTS)}"


async def test_elicitation_sep1330_enums(ctx: Ctx) -> str:
    """A form with choices."""
    return f"Elicitation completed: {await elicit(ctx, _ENUMS)}"


_TOOLS: dict[str, Callable[..., Any]] = {
    "test_input_required_result_elicitation": elicitation,
    "test_input_required_result_sampling": sampling,
    "test_input_required_result_list_roots": list_roots,
    "test_input_required_result_request_state": request_state,
    "test_input_required_result_multiple_inputs": multiple_inputs,
    "test_input_required_result_multi_round": multi_round,
    "test_input_required_result_tampered_state": request_state,
    "test_input_required_result_capabilities": capabilities,
    "test_streaming_elicitation": elicitation,
    "test_elicitation": test_elicitation,
    "test_sampling": test_sampling,
    "test_elicitation_sep1034_defaults": test_elicitation_sep1034_defaults,
    "test_elicitation_sep1330_enums": test_elicitation_sep1330_enums,
}
