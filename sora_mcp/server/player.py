"""The player: a page that a chat shows beside the results of some tools (extension MCP Apps).

The page asks the chat for everything: it calls our tools and reads our resources through it. Tools
say the same without it, so a client that shows no pages loses nothing.
"""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from mcp.server.apps import Apps, ResourceCsp, ResourcePermissions

from sora_mcp.settings import Settings

PLAYER_URI = "ui://sora/player"

# Some chats look for the older, flat name only.
PLAYER_META: dict[str, Any] = {"ui": {"resourceUri": PLAYER_URI}, "ui/resourceUri": PLAYER_URI}
"""The `_meta` of a tool whose results the player shows."""

EXPECTED_SECONDS = "sora-mcp/expected_seconds"
"""In a result's `_meta`: seconds from submission to end, by experience with jobs like it."""

ELAPSED_SECONDS = "sora-mcp/elapsed_seconds"
"""In a result's `_meta`: seconds since submission; the clocks of both machines may differ."""


def player(settings: Settings) -> Apps:
    """The extension with the player's page."""
    apps = Apps()
    apps.add_html_resource(
        PLAYER_URI,
        (Path(__file__).parent / "ui" / "player.html").read_text(encoding="utf-8"),
        name="player",
        title="Video player",
        description="Shows a video, its progress, and what can be done with it.",
        csp=_links_may_be_played(settings),
        permissions=ResourcePermissions(clipboard_write={}),
        prefers_border=False,
    )
    return apps


def _links_may_be_played(settings: Settings) -> ResourceCsp | None:
    """Only a public address is one that the person's browser can be expected to reach."""
    if settings.public_url is None:
        return None
    address = urlsplit(settings.public_url)
    return ResourceCsp(resource_domains=[f"{address.scheme}://{address.netloc}"])
