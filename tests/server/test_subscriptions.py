"""Clients hear of videos that finish or go, each in the way of its protocol era."""

from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp.server.subscriptions import ResourceUpdated
from mcp.types import ResourceListChangedNotification, ResourceUpdatedNotification

from tests.harness import a_host
from tests.server.surface import client_before, made, quick_host, structured


@pytest.mark.requirement("LISTEN")
async def test_a_listener_hears_of_its_video_and_of_the_list(tmp_path: Path) -> None:
    async with client_before(quick_host(), tmp_path) as client:
        video_id = await made(client)
        uri = f"sora://videos/{video_id}"
        async with client.listen(
            resources_list_changed=True, resource_subscriptions=[uri]
        ) as subscription:
            await client.call_tool("delete_video", {"video_id": video_id})
            heard: set[str] = set()
            with anyio.fail_after(60):
                async for event in subscription:
                    heard.add(type(event).__name__)
                    if heard == {"ResourceUpdated", "ResourcesListChanged"}:
                        break


@pytest.mark.requirement("NOTIFY-OLDER")
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
        with anyio.fail_after(60):
            for event in heard.values():
                await event.wait()
        assert f"sora://videos/{structured(started)['video_id']}" in updated


@pytest.mark.requirement("LISTEN")
async def test_a_listener_hears_of_each_step_of_its_video_and_of_no_other(tmp_path: Path) -> None:
    host = a_host(statuses=("queued", "in_progress"))
    async with client_before(host, tmp_path) as client:
        started = [
            structured(await client.call_tool("generate_video", {"prompt": prompt}))["video_id"]
            for prompt in ("a cat", "a dog")
        ]
        uri = f"sora://videos/{started[0]}"
        async with client.listen(resource_subscriptions=[uri]) as subscription:
            for video_id in reversed(started):
                await client.call_tool("delete_video", {"video_id": video_id})
            with anyio.fail_after(60):
                async for event in subscription:
                    assert isinstance(event, ResourceUpdated)
                    assert event.uri == uri
                    break


@pytest.mark.requirement("NOTIFY-OLDER")
async def test_a_deletion_is_told_once(tmp_path: Path) -> None:
    updated: list[str] = []
    lists = 0
    all_told = anyio.Event()

    async def note(message: Any) -> None:
        nonlocal lists
        if isinstance(message, ResourceUpdatedNotification):
            updated.append(message.params.uri)
        elif isinstance(message, ResourceListChangedNotification):
            lists += 1
            if lists == 3:
                all_told.set()

    options: dict[str, Any] = {"mode": "legacy", "message_handler": note}
    async with client_before(quick_host(), tmp_path, **options) as client:
        gone = await made(client)
        await client.call_tool("delete_video", {"video_id": gone})
        kept = await made(client, "a dog")
        with anyio.fail_after(60):
            await all_told.wait()
    assert updated == [f"sora://videos/{video_id}" for video_id in (gone, gone, kept)]
