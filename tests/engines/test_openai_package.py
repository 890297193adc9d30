"""What the `openai` package does that we work around: when one of these fails, look whether the
work-around in `engines/videos_api.py` may go."""

# pyright: reportDeprecated=false
# The SDK marks the whole `videos` resource as deprecated, as OpenAI's own service is gone.

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import httpx2
import openai
import pytest
from openai import AsyncOpenAI
from openai.types import Video

from tests.fakes import videos_api as fake
from tests.fakes.videos_api import FakeHost
from tests.serving import serving


@asynccontextmanager
async def client_of(host: FakeHost, **options: Any) -> AsyncGenerator[AsyncOpenAI]:
    with anyio.fail_after(60):
        async with (
            serving(host.app()) as url,
            AsyncOpenAI(base_url=f"{url}/v1", api_key="sk-test-4711", **options) as client,
        ):
            yield client


@pytest.fixture
def host() -> FakeHost:
    return FakeHost(mp4=b"\0\0\0\x18ftypmp42")


async def test_the_typed_methods_cannot_send_a_nested_reference_or_source(host: FakeHost) -> None:
    async with client_of(host) as client:
        with pytest.raises(RuntimeError, match="input_reference"):
            await client.videos.create(prompt="a cat", input_reference={"image_url": "https://x"})
        with pytest.raises(RuntimeError, match="video"):
            await client.videos.extend(prompt="it bows", seconds="4", video={"id": "video_0001"})
    assert host.accepted == []


async def test_the_plain_post_sends_nested_json(host: FakeHost) -> None:
    async with client_of(host) as client:
        body = {"prompt": "it bows", "video": {"id": "video_0001"}}
        await client.post("/videos/extensions", body=body, cast_to=Video)
    assert host.accepted == [body]


async def test_by_default_a_submission_is_sent_three_times(host: FakeHost) -> None:
    host.fail("POST /videos", *[fake.error(503, "Busy.", retry_after="0")] * 3)
    async with client_of(host) as client:
        with pytest.raises(openai.InternalServerError):
            await client.videos.create(prompt="a cat")
    assert host.requests == [("POST", "/v1/videos")] * 3


async def test_polling_ends_at_a_status_that_it_does_not_know(host: FakeHost) -> None:
    host.statuses = ("processing", "processing", "completed")
    async with client_of(host) as client:
        video = await client.videos.create(prompt="a cat")
        polled = await client.videos.poll(video.id)
    assert polled.status == "processing"


async def test_an_html_page_comes_back_as_a_text(host: FakeHost) -> None:
    host.fail("GET /videos/{id}", fake.answer(200, "<html>maintenance</html>"))
    async with client_of(host) as client:
        found: object = await client.videos.retrieve("video_0001")
    assert found == "<html>maintenance</html>"


async def test_a_fastapi_error_has_its_words_only_in_the_body(host: FakeHost) -> None:
    host.fail("POST /videos", fake.answer(400, {"detail": "Model mismatch"}))
    async with client_of(host, max_retries=0) as client:
        with pytest.raises(openai.BadRequestError) as caught:
            await client.videos.create(prompt="a cat")
    assert "Model mismatch" in str(caught.value.response.json())
    assert isinstance(caught.value.response, httpx2.Response)
