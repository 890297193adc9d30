"""Prompts that teach, and the completion of their arguments."""

from pathlib import Path

import pytest
from mcp import Client, MCPError
from mcp.types import PromptReference, ResourceTemplateReference, TextContent

from sora_mcp.store.peek import LEDGER
from tests.harness import a_host
from tests.server.surface import client_before, made, quick_host, structured

PROMPTS = {
    "cinematic_shot": {
        "subject": "a calico cat",
        "action": "plays a piano",
        "setting": "a small stage",
        "light": "candlelight",
    },
    "image_to_video": {"image": "cat.png", "motion": "slow dolly in"},
    "vertical_short": {"topic": "how bread rises"},
    "storyboard": {"story": "a paper boat finds the sea", "shots": "4"},
    "refine_video": {"video_id": "vid_7k2m9q4x1c", "goal": "make it night"},
}


async def text_of(client: Client, name: str, arguments: dict[str, str]) -> str:
    content = (await client.get_prompt(name, arguments)).messages[0].content
    assert isinstance(content, TextContent)
    return content.text


@pytest.mark.requirement("PROMPTS")
async def test_every_prompt_uses_what_it_is_given_and_names_the_tools(tmp_path: Path) -> None:
    async with client_before(quick_host(), tmp_path) as client:
        listed = {prompt.name: prompt for prompt in (await client.list_prompts()).prompts}
        assert set(listed) == set(PROMPTS)
        for name, arguments in PROMPTS.items():
            described = listed[name].arguments or []
            assert {argument.name for argument in described} == set(arguments)
            assert all("Example: " in (argument.description or "") for argument in described)
            text = await text_of(client, name, arguments)
            assert all(value in text for value in arguments.values()), name
            assert "_video" in text
            assert "Hosts refuse real people" in text


async def test_optional_arguments_may_be_left_out(tmp_path: Path) -> None:
    async with client_before(quick_host(), tmp_path) as client:
        assert "a film of 3 shots" in await text_of(client, "storyboard", {"story": "a boat"})


@pytest.mark.requirement("ERROR-PROMPT")
@pytest.mark.parametrize(
    ("name", "arguments", "says"),
    [
        ("storyboard", {}, "takes story, shots (optional)"),
        ("storyboard", {"story": ""}, "takes story"),
        ("vertical_short", {"topic": "bread", "tone": "dry"}, "takes topic"),
        ("haiku", {}, "There is cinematic_shot"),
    ],
)
async def test_a_wrong_use_of_a_prompt_is_an_invalid_parameter(
    name: str, arguments: dict[str, str], says: str, tmp_path: Path
) -> None:
    async with client_before(quick_host(), tmp_path) as client:
        with pytest.raises(MCPError) as refusal:
            await client.get_prompt(name, arguments)
        assert refusal.value.code == -32602
        assert says in refusal.value.message


@pytest.mark.requirement("PROMPTS")
async def test_arguments_complete_to_words(tmp_path: Path) -> None:
    async with client_before(quick_host(), tmp_path) as client:
        shot = PromptReference(type="ref/prompt", name="cinematic_shot")
        light = await client.complete(shot, {"name": "light", "value": "Hour"})
        assert light.completion.values == ["golden hour", "blue hour"]
        nothing = await client.complete(shot, {"name": "subject", "value": "cat"})
        assert nothing.completion.values == []


REFINE = PromptReference(type="ref/prompt", name="refine_video")
RECORD = ResourceTemplateReference(type="ref/resource", uri="sora://videos/{video_id}")
MOVIE = ResourceTemplateReference(
    type="ref/resource", uri="sora://videos/{video_id}/video.mp4{?offset,length}"
)
ANIMATE = PromptReference(type="ref/prompt", name="image_to_video")


async def completed(
    client: Client, reference: PromptReference | ResourceTemplateReference, typed: str
) -> list[str]:
    name = "image" if reference is ANIMATE else "video_id"
    return (await client.complete(reference, {"name": name, "value": typed})).completion.values


async def test_words_of_a_prompt_complete_to_its_videos_newest_first(tmp_path: Path) -> None:
    async with client_before(quick_host(), tmp_path) as client:
        older = await made(client, "a calico cat plays the piano")
        dog = await made(client, "a dog")
        newer = await made(client, "Piano keys in the rain")
        for reference in (REFINE, RECORD, MOVIE):
            assert await completed(client, reference, "piano") == [newer, older]
            assert await completed(client, reference, "pia") == [newer, older]
            assert await completed(client, reference, "piano cat") == [older]
            assert await completed(client, reference, "violin") == []
            assert await completed(client, reference, older[:8]) == [older]
            assert await completed(client, reference, "") == [newer, dog, older]
        assert await completed(client, ANIMATE, "cat") == [f"sora://videos/{older}/last_frame.png"]


async def test_only_a_record_is_offered_of_a_video_without_files(tmp_path: Path) -> None:
    async with client_before(a_host(statuses=("queued",)), tmp_path) as client:
        started = await client.call_tool("generate_video", {"prompt": "a piano"})
        active = structured(started)["video_id"]
        assert await completed(client, RECORD, "piano") == [active]
        assert await completed(client, RECORD, active[:8]) == [active]
        assert await completed(client, REFINE, "piano") == []
        assert await completed(client, MOVIE, "piano") == []


async def test_a_completion_says_that_there_are_more_videos_than_it_offers(tmp_path: Path) -> None:
    async with client_before(quick_host(), tmp_path, settings={"max_active_jobs": 30}) as client:
        for number in range(21):
            await client.call_tool("generate_video", {"prompt": f"piano {number}"})
        offered = await client.complete(RECORD, {"name": "video_id", "value": "piano"})
        assert (len(offered.completion.values), offered.completion.has_more) == (20, True)
        few = await client.complete(RECORD, {"name": "video_id", "value": "piano 20"})
        assert (len(few.completion.values), few.completion.has_more) == (1, False)


async def test_nothing_is_opened_for_a_completion_before_there_are_videos(tmp_path: Path) -> None:
    async with client_before(quick_host(), tmp_path) as client:
        assert await completed(client, REFINE, "piano") == []
    assert not (tmp_path / "home" / LEDGER).exists()
