"""Each prompt, followed to the letter, leads to a finished video."""

import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from mcp import Client
from mcp.types import CallToolResult, ImageContent, PromptReference, TextContent

from tests.harness import a_host, app_in
from tests.server.surface import client_before, client_of, made, quick_host, structured, text_of

SMALL: dict[str, Any] = {"size": "256x256", "seconds": 1}


@dataclass(frozen=True)
class Follower:
    """An agent that knows a prompt's text and nothing else: no other tool, no other argument."""

    client: Client
    text: str

    async def call(self, tool: str, **arguments: Any) -> CallToolResult:
        """Call a tool that the text names, with arguments that it names."""
        for word in (tool, *arguments):
            assert re.search(rf"\b{word}\b", self.text), f"The prompt does not speak of {word}."
        result = await self.client.call_tool(tool, arguments)
        assert not result.is_error, text_of(result)
        return result

    async def ended(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """Start a video and wait for it as the text says."""
        assert "get_video_status with its video_id and wait_seconds=25 while" in self.text
        video = structured(await self.call(tool, **arguments))
        while video["status"] in re.findall(r"\b(?:queued|in_progress)\b", self.text):
            looked = await self.call(
                "get_video_status", video_id=video["video_id"], wait_seconds=25
            )
            video = structured(looked)
        return video

    async def finished(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """The same, where it goes well: there is a file to show."""
        video = await self.ended(tool, **arguments)
        assert video["status"] == "completed", video
        assert Path(video["files"][0]["path"]).is_file()
        return video

    async def seen(self, video_id: str) -> ImageContent:
        """What the text has it look at."""
        (picture,) = [
            block
            for block in (await self.call("view_video", video_id=video_id)).content
            if isinstance(block, ImageContent)
        ]
        return picture


async def follower(client: Client, prompt: str, **arguments: str) -> Follower:
    """An agent that has been given a prompt."""
    content = (await client.get_prompt(prompt, arguments)).messages[0].content
    assert isinstance(content, TextContent)
    return Follower(client, content.text)


@asynccontextmanager
async def previewing(folder: Path) -> AsyncGenerator[Client]:
    """A client of an app whose embedded engine makes small clips."""
    async with app_in(folder, **SMALL) as app, client_of(app) as client:
        yield client


async def test_cinematic_shot_leads_to_a_video(tmp_path: Path) -> None:
    async with previewing(tmp_path) as client:
        agent = await follower(client, "cinematic_shot", subject="a cat", action="plays a piano")
        await agent.finished("generate_video", prompt="Close-up. A calico cat plays a piano.")


async def test_a_video_that_fails_ends_the_wait_with_a_reason_to_tell(tmp_path: Path) -> None:
    async with client_before(a_host(statuses=("queued", "failed")), tmp_path) as client:
        agent = await follower(client, "cinematic_shot", subject="a statue", action="stands")
        assert "tell the person the reason" in agent.text
        video = await agent.ended("generate_video", prompt="A statue stands in the rain.")
    assert video["status"] == "failed"
    assert video["error"]["message"]


async def test_image_to_video_goes_on_from_the_frame_that_completion_offers(
    tmp_path: Path,
) -> None:
    async with previewing(tmp_path) as client:
        await made(client, "A cat plays a piano")
        prompt = PromptReference(type="ref/prompt", name="image_to_video")
        offered = await client.complete(prompt, {"name": "image", "value": "piano"})
        (image,) = offered.completion.values
        agent = await follower(client, "image_to_video", image=image, motion="slow dolly in")
        assert "sizes" in structured(await agent.call("get_engine"))
        await agent.finished(
            "generate_video",
            prompt="Slow dolly in; the cat's ears turn.",
            input_reference=image,
            size="256x256",
            reference_fit="cover",
        )


async def test_vertical_short_asks_the_host_for_a_portrait_clip(tmp_path: Path) -> None:
    host = quick_host()
    async with client_before(host, tmp_path) as client:
        agent = await follower(client, "vertical_short", topic="how bread rises")
        await agent.call("get_engine")
        await agent.finished(
            "generate_video", prompt="Dough lifts a cloth.", size="720x1280", seconds=6
        )
    assert (host.accepted[0]["size"], host.accepted[0]["seconds"]) == ("720x1280", "6")


async def test_storyboard_leads_from_a_plan_to_one_film(tmp_path: Path) -> None:
    async with previewing(tmp_path) as client:
        agent = await follower(client, "storyboard", story="a boat finds the sea", shots="3")
        look = "A red paper boat. A rainy street. Grey light."
        prompts = [
            f"{size}. It drifts. {look}" for size in ("Wide shot", "Medium shot", "Close-up")
        ]
        price = await agent.call("generate_video", prompt=prompts[0], dry_run=True)
        assert structured(price)["estimated_cost_usd"] == 0
        first = await agent.finished("generate_video", prompt=prompts[0], **SMALL)
        last_frame = "sora://videos/{video_id}/last_frame.png"
        assert last_frame in agent.text
        reference = last_frame.format(video_id=first["video_id"])
        second = await agent.finished(
            "generate_video", prompt=prompts[1], input_reference=reference, **SMALL
        )
        third = await agent.finished("generate_video", prompt=prompts[2], **SMALL)
        for video in (first, second, third):
            await agent.seen(video["video_id"])
        mended = await agent.finished(
            "remix_video", video_id=third["video_id"], prompt="Same shot; it rains."
        )
        shots = [video["video_id"] for video in (first, second, mended)]
        film = await agent.finished("join_videos", video_ids=shots)
    assert film["files"][0]["seconds"] == pytest.approx(3, abs=0.3)


async def test_refine_video_leads_to_a_changed_video_that_was_looked_at(tmp_path: Path) -> None:
    async with previewing(tmp_path) as client:
        before = await made(client, "A lighthouse on a cliff at noon")
        agent = await follower(client, "refine_video", video_id=before, goal="make it night")
        first = await agent.seen(before)
        after = await agent.finished(
            "remix_video", video_id=before, prompt="Same shot; change the light to moonlight."
        )
        assert after["source_video_id"] == before
        assert (await agent.seen(after["video_id"])).data != first.data
