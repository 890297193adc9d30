"""Ways to the embedded API for the tests: in process, and over real HTTP."""

# pyright: reportDeprecated=false
# The SDK marks the whole `videos` resource as deprecated, as OpenAI's own service is gone.

import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import anyio
import av
import httpx2
import uvicorn
from av.video.frame import VideoFrame
from openai import AsyncOpenAI, DefaultAsyncHttpx2Client
from openai.types import Video
from PIL import Image
from starlette.applications import Starlette

from sora_mcp.engines.embedded.api import open_embedded_api
from sora_mcp.http.serve import listen

Connect = Callable[[Starlette], AbstractAsyncContextManager[AsyncOpenAI]]

PATIENCE = 120
"""Seconds after which a wait has failed; generous, because other work may be on the machine."""


@asynccontextmanager
async def served(
    folder: Path, connect: Connect | None = None, **options: Any
) -> AsyncGenerator[AsyncOpenAI]:
    """The SDK on a server of this folder, in process unless told otherwise."""
    async with (
        open_embedded_api(folder, **options) as app,
        (connect or in_process)(app) as client,
    ):
        yield client


@asynccontextmanager
async def in_process(app: Starlette) -> AsyncGenerator[AsyncOpenAI]:
    """The SDK, talking to the app without a network."""
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    async with _client("http://embedded.invalid/v1", transport) as client:
        yield client


@asynccontextmanager
async def over_http(app: Starlette) -> AsyncGenerator[AsyncOpenAI]:
    """The SDK, talking to the app over loopback."""
    with listen("127.0.0.1", 0) as listener:
        config = uvicorn.Config(app, lifespan="off", ws="none", log_level="warning")
        server = uvicorn.Server(config)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(partial(server.serve, sockets=[listener]))
            async with _client(f"http://127.0.0.1:{listener.getsockname()[1]}/v1") as client:
                yield client
            server.should_exit = True


def _client(base_url: str, transport: httpx2.AsyncBaseTransport | None = None) -> AsyncOpenAI:
    return AsyncOpenAI(
        api_key="unused",
        base_url=base_url,
        max_retries=0,
        http_client=DefaultAsyncHttpx2Client(transport=transport),
    )


async def create(client: AsyncOpenAI, prompt: str = "A kite over a bay", **fields: Any) -> Video:
    """A new job, 256x256 and one second long unless `fields` say otherwise."""
    wanted: dict[str, Any] = {"size": "256x256", "seconds": "1"} | fields
    with anyio.fail_after(PATIENCE):
        return await client.videos.create(prompt=prompt, **wanted)


async def post(client: AsyncOpenAI, path: str, body: dict[str, Any]) -> Video:
    """What the SDK's typed methods cannot send: a JSON body."""
    with anyio.fail_after(PATIENCE):
        return await client.post(path, body=body, cast_to=Video)


async def finished(client: AsyncOpenAI, video: Video) -> Video:
    """The job when nothing more will happen to it."""
    with anyio.fail_after(PATIENCE):
        return await client.videos.poll(video.id)


async def completed(client: AsyncOpenAI, video: Video) -> Video:
    """The job when it is completed, which it must become."""
    video = await finished(client, video)
    assert video.status == "completed", video.error
    return video


async def rendering(client: AsyncOpenAI, video: Video) -> Video:
    """The job as soon as a renderer is at work on it."""
    with anyio.fail_after(PATIENCE):
        while video.status == "queued":
            video = await client.videos.retrieve(video.id)
    assert video.status == "in_progress", video.error
    return video


async def progressed(client: AsyncOpenAI, video: Video) -> Video:
    """The job as soon as it shows progress."""
    with anyio.fail_after(PATIENCE):
        while not video.progress:
            video = await client.videos.retrieve(video.id)
    return video


async def raw(client: AsyncOpenAI, method: str, path: str, **options: Any) -> httpx2.Response:
    """A request without the SDK's own idea of it; `path` begins at the server's root."""
    http = client._client  # pyright: ignore[reportPrivateUsage]  # the SDK shows it nowhere else
    with anyio.fail_after(PATIENCE):
        return await http.request(method, client.base_url.join(path), **options)


async def frames_of(client: AsyncOpenAI, video: Video) -> list[VideoFrame]:
    """Every picture of a finished video."""
    with anyio.fail_after(PATIENCE):
        content = await client.videos.download_content(video.id)
    with av.open(BytesIO(content.content), "r") as clip:
        return list(clip.decode(video=0))


def error_of(answer: httpx2.Response, status: int) -> dict[str, Any]:
    """The error in an answer of this status, which must be OpenAI's envelope."""
    assert answer.status_code == status, answer.text
    envelope = answer.json()
    assert set(envelope) == {"error"}
    assert set(envelope["error"]) == {"message", "type", "param", "code"}
    assert envelope["error"]["message"]
    return envelope["error"]


def picture(width: int, height: int, format: str = "PNG", color: str = "orange") -> bytes:
    """An image file."""
    file = BytesIO()
    Image.new("RGB", (width, height), color).save(file, format)
    return file.getvalue()


async def serve_for_ever(folder: Path) -> None:
    """Serve a folder over HTTP, with the address as the first line of standard output."""
    async with served(folder, over_http) as client:
        sys.stdout.write(f"{client.base_url}\n")
        sys.stdout.flush()
        await anyio.sleep_forever()


if __name__ == "__main__":
    anyio.run(serve_for_ever, Path(sys.argv[1]))
