"""Prompts that teach, and the completion of their arguments."""

from pathlib import Path

import pytest
from mcp import Client, MCPError
from mcp.types import PromptReference, ResourceTemplateReference, TextContent

from tests.server.surface import client_before, made, quick_host

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


async def test_arguments_complete_to_words_and_to_videos(tmp_path: Path) -> None:
    async with client_before(quick_host(), tmp_path) as client:
        shot = PromptReference(type="ref/prompt", name="cinematic_shot")
        light = await client.complete(shot, {"name": "light", "value": "hour"})
        assert light.completion.values == ["golden hour", "blue hour"]
        cat = await made(client, "a calico cat plays the piano")
        await made(client, "a dog")
        refine = PromptReference(type="ref/prompt", name="refine_video")
        by_words = await client.complete(refine, {"name": "video_id", "value": "piano"})
        assert by_words.completion.values == [cat]
        template = ResourceTemplateReference(type="ref/resource", uri="sora://videos/{video_id}")
        by_id = await client.complete(template, {"name": "video_id", "value": cat[:8]})
        assert by_id.completion.values == [cat]
        nothing = await client.complete(shot, {"name": "subject", "value": "cat"})
        assert nothing.completion.values == []
