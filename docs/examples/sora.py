"""What the scripts of the cookbook share: a client, and how to wait for a video."""

import os

from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client


def sora():
    """A client that starts a server of its own, with the settings of this process."""
    return Client(stdio_client(StdioServerParameters(command="sora-mcp", env=dict(os.environ))))


async def call(client, tool, **arguments):
    """Call a tool; give its result, or end with what it says went wrong."""
    result = await client.call_tool(tool, arguments)
    if result.is_error:
        raise SystemExit(result.content[0].text)
    return result


async def finished(client, tool, **arguments):
    """Call a tool that makes a video; give the video once it is finished."""
    video = (await call(client, tool, **arguments)).structured_content
    while video["status"] in ("queued", "in_progress"):
        result = await call(client, "get_video_status", video_id=video["video_id"])
        video = result.structured_content
    if video["status"] != "completed":
        raise SystemExit(f"{video['video_id']}: {video['error']['message']}")
    return video
