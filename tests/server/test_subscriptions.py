"""Clients hear of videos that finish or go, each in the way of its protocol era."""

from pathlib import Path
from typing import Any

import anyio
from mcp.types import ResourceListChangedNotification, ResourceUpdatedNotification

from tests.server.surface import client_before, made, quick_host, structured


async def test_a_listener_hears_of_its_video_and_of_the_list(tmp_path: Path) -> None:
    async with client_before(quick_host(), tmp_path) as client:
        video_id = await made(client)
        uri = f"sora://videos/{video_id}"
        async with client.listen(
            resources_list_changed=True, resource_subscriptions=[uri]
        ) as subscription:
            await client.call_tool("delete_video", {"video_id": video_id})
            heard: set[str] = set()
            with anyio.fail_after(20):
                async for event in subscription:
                    heard.add(type(event).__name__)
                    if heard == {"ResourceUpdated", "ResourcesListChanged"}:
                        break


async def test_an_older_client_is_told_when_a_video_is_finished(tmp_path: Path) -> None:
    heard: dict[str, anyio.Event] = {"list": anyio.Event(), "video": anyio.Event()}
    updated: list[str] = []

    async def note(message: Any) -> None:
        if isinstance(message, ResourceListChangedNotification):
            heard["list"].set()
        elif isinstance(message, ResourceUpdatedNotification):
            updated.append(message.params.uri)
            heard["video"].set()

    options: dict[str, Any] = {"mode": "legacy", "message_handler": note}
    async with client_before(quick_host(), tmp_path, **options) as client:
        started = await client.call_tool("generate_video", {"prompt": "a cat"})
        with anyio.fail_after(20):
            for event in heard.values():
                await event.wait()
        assert f"sora://videos/{structured(started)['video_id']}" in updated
