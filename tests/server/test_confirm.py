"""Above the operator's limit a person is asked; a model has no way to answer for them."""

from pathlib import Path
from typing import Any, Literal

import pytest
from mcp.types import (
    CallToolResult,
    ElicitRequestFormParams,
    ElicitRequestParams,
    ElicitResult,
    InputRequiredResult,
)

from sora_mcp.videos.spending import Price
from tests.server.surface import ERAS, client_before, quick_host, structured, text_of

ASKS: dict[str, Any] = {
    "confirm_above_usd": 1.0,
    "prices": (Price("*", "*", "*", 0.5),),
}
DEAR = {"prompt": "a cat", "seconds": 4, "wait_seconds": 45}
CHEAP = {"prompt": "a cat", "seconds": 1, "wait_seconds": 45}


class Person:
    """Answers questions, and remembers them."""

    def __init__(self, answer: ElicitResult) -> None:
        self.answer = answer
        self.questions: list[str] = []

    async def __call__(self, context: Any, params: ElicitRequestParams) -> ElicitResult:
        assert isinstance(params, ElicitRequestFormParams)
        self.questions.append(params.message)
        return self.answer


@pytest.mark.requirement("CONFIRM")
@pytest.mark.parametrize("mode", ERAS)
@pytest.mark.parametrize("content", [{"approve": True}, {}])
async def test_a_person_who_agrees_gets_the_video(
    mode: Literal["auto", "legacy"], content: dict[str, Any], tmp_path: Path
) -> None:
    person, host = Person(ElicitResult(action="accept", content=content)), quick_host()
    options: dict[str, Any] = {"mode": mode, "elicitation_callback": person}
    async with client_before(host, tmp_path, settings=ASKS, **options) as client:
        result = await client.call_tool("generate_video", DEAR)
        assert structured(result)["status"] == "completed"
        assert len(person.questions) == 1
        assert "about 2.00 USD" in person.questions[0]
        assert len(host.accepted) == 1


@pytest.mark.requirement("CONFIRM")
@pytest.mark.parametrize("mode", ERAS)
@pytest.mark.parametrize(
    "answer",
    [
        ElicitResult(action="decline"),
        ElicitResult(action="cancel"),
        ElicitResult(action="accept", content={"approve": False}),
    ],
)
async def test_a_person_who_does_not_agree_pays_nothing(
    mode: Literal["auto", "legacy"], answer: ElicitResult, tmp_path: Path
) -> None:
    host = quick_host()
    options: dict[str, Any] = {"mode": mode, "elicitation_callback": Person(answer)}
    async with client_before(host, tmp_path, settings=ASKS, **options) as client:
        result = await client.call_tool("generate_video", DEAR)
        assert result.is_error
        assert "SORA_MCP_CONFIRM_ABOVE_USD" in text_of(result)
        assert "Nothing was charged." in text_of(result)
        assert host.accepted == []


@pytest.mark.requirement("ERROR-COST")
@pytest.mark.parametrize("mode", ERAS)
async def test_a_client_that_cannot_ask_is_refused_with_the_operators_setting(
    mode: Literal["auto", "legacy"], tmp_path: Path
) -> None:
    host = quick_host()
    async with client_before(host, tmp_path, settings=ASKS, mode=mode) as client:
        result = await client.call_tool("generate_video", DEAR)
        assert result.is_error
        assert "SORA_MCP_CONFIRM_ABOVE_USD" in text_of(result)
        assert "max_cost_usd" not in text_of(result)
        assert host.accepted == []


async def test_nobody_is_asked_below_the_limit_or_for_a_dry_run(tmp_path: Path) -> None:
    person = Person(ElicitResult(action="decline"))
    options: dict[str, Any] = {"elicitation_callback": person}
    async with client_before(quick_host(), tmp_path, settings=ASKS, **options) as client:
        cheap = await client.call_tool("generate_video", CHEAP)
        assert structured(cheap)["status"] == "completed"
        planned = await client.call_tool("generate_video", {**DEAR, "dry_run": True})
        assert structured(planned)["estimated_cost_usd"] == 2
        assert person.questions == []


async def test_an_answer_that_is_sent_twice_pays_for_one_video(tmp_path: Path) -> None:
    host = quick_host()
    person = Person(ElicitResult(action="accept", content={"approve": True}))
    async with client_before(host, tmp_path, settings=ASKS, elicitation_callback=person) as client:

        async def ask() -> InputRequiredResult:
            asked = await client.session.call_tool(
                "generate_video", DEAR, allow_input_required=True
            )
            assert isinstance(asked, InputRequiredResult)
            return asked

        async def approve(question: InputRequiredResult) -> str:
            made = await client.session.call_tool(
                "generate_video",
                DEAR,
                input_responses={"approve": ElicitResult(action="accept")},
                request_state=question.request_state,
            )
            assert isinstance(made, CallToolResult)
            return structured(made)["video_id"]

        first, other = await ask(), await ask()
        assert await approve(first) == await approve(first) != await approve(other)
    assert len(host.accepted) == 2
