"""A whole sora-mcp in this process, in front of a fake host or the embedded engine."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import anyio

from sora_mcp.app import App, open_app
from sora_mcp.settings import Settings
from sora_mcp.videos.models import Job
from sora_mcp.videos.service import VideoService
from tests.fakes.videos_api import FakeHost
from tests.media.clips import make_clip
from tests.serving import serving

HURRY = 50
OWNER = "local"
KEY = "sk-test-4711"


@cache
def small_mp4() -> bytes:
    """A real clip: 64x64, one second, with sound."""
    with TemporaryDirectory() as folder:
        return make_clip(Path(folder) / "clip.mp4", width=64, height=64).read_bytes()


def a_host(**changes: Any) -> FakeHost:
    """A host that makes everybody the same small clip."""
    return FakeHost(mp4=small_mp4(), **changes)


def settings_in(folder: Path, **changes: Any) -> Settings:
    """Settings that keep everything below a folder."""
    values: dict[str, Any] = {
        "home": folder / "home",
        "library": folder / "library",
        "min_submit_interval": 0,
    }
    return Settings(**(values | changes))


@asynccontextmanager
async def app_in(folder: Path, **changes: Any) -> AsyncGenerator[App]:
    """An app, for at most five minutes, that wastes no time between tries."""
    with anyio.fail_after(300):
        async with open_app(settings_in(folder, **changes), hurry=HURRY) as app:
            yield app


@asynccontextmanager
async def videos_from(host: FakeHost, folder: Path, **changes: Any) -> AsyncGenerator[VideoService]:
    """The service in front of a fake host that is served over real HTTP."""
    async with (
        serving(host.app()) as url,
        app_in(folder, base_url=f"{url}/v1", api_key=KEY, **changes) as app,
    ):
        yield await app.videos()


async def make(videos: VideoService, prompt: str = "a cat", **arguments: Any) -> Job:
    """Ask for a video and wait until its job is final."""
    plan = await videos.plan.generate(OWNER, prompt=prompt, **arguments)
    job = await videos.start(plan)
    return await videos.wait(OWNER, job.id, 60)
