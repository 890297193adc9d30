"""The tools, through a real LiteLLM proxy, on embedded engines: two replicas of one model.

Three more models are made by fake hosts: they do what a healthy engine does not do.
"""

import os
from collections import Counter
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import anyio
import av
import httpx2
import numpy as np
import pytest
from mcp import Client
from mcp.types import ImageContent
from numpy.typing import NDArray
from PIL import Image

from sora_mcp.engines.embedded.api import open_embedded_api
from sora_mcp.media.probe import image_type, probe
from tests.fakes.videos_api import FakeHost, accept_then, answer
from tests.gateways.proxy import KEY, VARIABLE, litellm_proxy
from tests.harness import a_host, app_in
from tests.server.surface import client_of, structured, text_of, texts_of
from tests.serving import serving

pytestmark = [
    pytest.mark.skipif(
        not os.environ.get(VARIABLE), reason=f"{VARIABLE} names no litellm executable"
    ),
    pytest.mark.xdist_group("gateway"),
]

MODEL = "preview"
ENDLESS, FAILING, LOSSY = "endless", "failing", "lossy"
SMALL = {"size": "256x256", "seconds": 1}


@dataclass(frozen=True)
class Gateway:
    """A proxy, and what is behind it."""

    url: str
    engines: tuple[str, str]
    hosts: Mapping[str, FakeHost]


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    """As everywhere, but for a fixture that outlives a test."""
    return "asyncio"


@pytest.fixture(scope="module")
async def gateway(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Gateway]:
    """One proxy for all tests: it is slow to start."""
    folder = tmp_path_factory.mktemp("gateway")
    hosts = {model: a_host(statuses=("queued",)) for model in (ENDLESS, FAILING, LOSSY)}
    async with (
        open_embedded_api(folder / "one") as one,
        open_embedded_api(folder / "two") as two,
        serving(one) as first,
        serving(two) as second,
        AsyncExitStack() as stack,
    ):
        deployments = {MODEL: [first, second]}
        for model, host in hosts.items():
            deployments[model] = [await stack.enter_async_context(serving(host.app()))]
        url = await stack.enter_async_context(litellm_proxy(folder, deployments))
        yield Gateway(url, (first, second), hosts)


@asynccontextmanager
async def client_through(gateway: Gateway, folder: Path, **settings: Any) -> AsyncGenerator[Client]:
    """A client of an app that has its videos made through the proxy."""
    host = {"base_url": f"{gateway.url}/v1", "api_key": KEY, "model": MODEL}
    async with app_in(folder, **(host | settings)) as app, client_of(app) as client:
        yield client


async def ended(client: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    """A video that a tool has started, once nothing more will happen to it."""
    data = structured(await client.call_tool(tool, {"wait_seconds": 45, **arguments}))
    while data["status"] in ("queued", "in_progress"):
        data = await look(client, data["video_id"])
    return data


async def look(client: Client, video_id: str) -> dict[str, Any]:
    """A video after a while, or sooner if it is final by then."""
    arguments = {"video_id": video_id, "wait_seconds": 45}
    return structured(await client.call_tool("get_video_status", arguments))


async def made(client: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    """A video that a tool has made."""
    data = await ended(client, tool, **arguments)
    assert data["status"] == "completed", data
    return data


async def a_cat(client: Client, **arguments: Any) -> dict[str, Any]:
    """A small video."""
    return await made(client, "generate_video", prompt="A calico cat", **SMALL, **arguments)


def frames_of(video: dict[str, Any]) -> list[NDArray[np.uint8]]:
    """Every picture of a finished video, in red, green and blue."""
    with av.open(Path(video["files"][0]["path"]), "r") as clip:
        return [
            np.asarray(frame.to_ndarray(format="rgb24"), np.uint8) for frame in clip.decode(video=0)
        ]


async def test_a_video_is_made_with_rising_progress_and_its_file_comes_home(
    gateway: Gateway, tmp_path: Path
) -> None:
    told: list[float] = []

    async def note(progress: float, total: float | None, message: str | None) -> None:
        told.append(progress)

    async with client_through(gateway, tmp_path) as client:
        arguments = {"prompt": "A calico cat plays the piano", "wait_seconds": 45, **SMALL}
        started = await client.call_tool("generate_video", arguments, progress_callback=note)
        data = await look(client, structured(started)["video_id"])
    assert data["status"] == "completed", data
    assert (data["prompt"], data["progress"]) == ("A calico cat plays the piano", 100)
    assert len(told) >= 2
    assert all(later > earlier for earlier, later in pairwise(told))
    clip = probe(Path(data["files"][0]["path"]))
    assert (clip.width, clip.height, clip.has_audio) == (256, 256, True)
    assert clip.seconds == pytest.approx(1, abs=0.1)


async def test_a_finished_video_can_be_copied_and_seen(gateway: Gateway, tmp_path: Path) -> None:
    async with client_through(gateway, tmp_path) as client:
        video = await a_cat(client)
        wanted = {"video_id": video["video_id"]}
        copy = await client.call_tool("download_video", {**wanted, "save_as": "cat.mp4"})
        original = Path(video["files"][0]["path"])
        assert Path(structured(copy)["path"]).read_bytes() == original.read_bytes()
        thumbnail = await client.call_tool("download_video", {**wanted, "variant": "thumbnail"})
        picture = Path(structured(thumbnail)["path"])
        assert image_type(picture.read_bytes()[:64]) == "image/webp"
        seen = await client.call_tool("view_video", {**wanted, "frames": 4})
        assert [block.mime_type for block in seen.content if isinstance(block, ImageContent)] == [
            "image/jpeg"
        ]


async def test_a_first_frame_arrives_at_the_engine(gateway: Gateway, tmp_path: Path) -> None:
    picture = tmp_path / "library" / "start.png"
    picture.parent.mkdir()
    Image.new("RGB", (320, 320), (250, 120, 10)).save(picture)
    async with client_through(gateway, tmp_path) as client:
        video = await a_cat(client, input_reference=str(picture))
    red, green, blue = frames_of(video)[0][128, 128]
    assert red > green > blue
    assert (red, blue) == (pytest.approx(250, abs=40), pytest.approx(10, abs=40))


async def test_an_option_arrives_at_the_engine(gateway: Gateway, tmp_path: Path) -> None:
    async with client_through(gateway, tmp_path) as client:
        one, same, other = [
            frames_of(await a_cat(client, options={"seed": seed})) for seed in (7, 7, 8)
        ]
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


async def test_a_remix_is_a_new_video_of_the_old_one(gateway: Gateway, tmp_path: Path) -> None:
    async with client_through(gateway, tmp_path) as client:
        cat = await a_cat(client)
        night = await made(client, "remix_video", video_id=cat["video_id"], prompt="at night")
    assert (night["operation"], night["source_video_id"]) == ("remix", cat["video_id"])
    assert "emulated" not in night
    assert probe(Path(night["files"][0]["path"])).seconds == pytest.approx(1, abs=0.1)
    assert night["files"][0]["sha256"] != cat["files"][0]["sha256"]


async def test_an_extension_goes_on_where_the_video_ends(gateway: Gateway, tmp_path: Path) -> None:
    async with client_through(gateway, tmp_path) as client:
        cat = await a_cat(client)
        longer = await made(
            client, "extend_video", video_id=cat["video_id"], prompt="it bows", seconds=1
        )
    assert (longer["operation"], longer["source_video_id"]) == ("extend", cat["video_id"])
    assert "emulated" not in longer
    assert probe(Path(longer["files"][0]["path"])).seconds == pytest.approx(2, abs=0.2)


async def test_a_remix_of_an_extension_of_a_remix_is_made_of_the_right_video(
    gateway: Gateway, tmp_path: Path
) -> None:
    async with client_through(gateway, tmp_path) as client:
        cat = await a_cat(client)
        night = await made(client, "remix_video", video_id=cat["video_id"], prompt="at night")
        longer = await made(
            client, "extend_video", video_id=night["video_id"], prompt="it bows", seconds=1
        )
        day = await made(client, "remix_video", video_id=longer["video_id"], prompt="at noon")
    assert probe(Path(day["files"][0]["path"])).seconds == pytest.approx(2, abs=0.2)


async def test_videos_are_listed_and_deleted_though_the_proxy_can_do_neither(
    gateway: Gateway, tmp_path: Path
) -> None:
    async with client_through(gateway, tmp_path) as client:
        kept, gone = await a_cat(client), await a_cat(client)
        listed = structured(await client.call_tool("list_videos", {"query": "calico"}))
        assert {video["video_id"] for video in listed["videos"]} == {
            kept["video_id"],
            gone["video_id"],
        }
        deleted = await client.call_tool("delete_video", {"video_id": gone["video_id"]})
        assert structured(deleted)["deleted"] is True
        assert not Path(gone["files"][0]["path"]).exists()
        listed = structured(await client.call_tool("list_videos", {}))
        assert [video["video_id"] for video in listed["videos"]] == [kept["video_id"]]


async def test_an_active_video_is_deleted_with_a_word_that_it_may_go_on_at_the_host(
    gateway: Gateway, tmp_path: Path
) -> None:
    async with client_through(gateway, tmp_path, model=ENDLESS) as client:
        started = await client.call_tool("generate_video", {"prompt": "A cat for ever", **SMALL})
        video_id = structured(started)["video_id"]
        deleted = await client.call_tool("delete_video", {"video_id": video_id})
        assert structured(deleted)["deleted"] is True
        assert "charge" in text_of(deleted)
        assert structured(await client.call_tool("list_videos", {})) == {"videos": []}


async def test_the_reason_of_a_failed_job_comes_through(gateway: Gateway, tmp_path: Path) -> None:
    async with client_through(gateway, tmp_path) as client:
        data = await ended(client, "generate_video", prompt="A nude statue", **SMALL)
    assert data["status"] == "failed"
    assert data["error"]["code"] == "moderation_blocked"
    assert data["error"]["message"] == "Your request was blocked by our moderation system."


async def test_a_job_that_failed_as_vllm_omni_tells_it_has_failed_for_that_reason(
    gateway: Gateway, tmp_path: Path
) -> None:
    failed = {
        "id": "video_gen_1",
        "object": "video",
        "status": "failed",
        "error": {"code": 500, "message": "CUDA out of memory"},
    }
    gateway.hosts[FAILING].fail("GET /videos/{id}", *[answer(500, failed)] * 100)
    async with client_through(gateway, tmp_path, model=FAILING) as client:
        with anyio.fail_after(60):
            data = await ended(client, "generate_video", prompt="A cat", **SMALL)
    assert data["status"] == "failed"
    assert data["error"]["message"] == "CUDA out of memory"


async def test_what_the_engine_refuses_is_refused_in_the_engines_own_words(
    gateway: Gateway, tmp_path: Path
) -> None:
    async with client_through(gateway, tmp_path) as client:
        result = await client.call_tool("generate_video", {"prompt": "A cat", "size": "64x64"})
    assert result.is_error
    assert "Invalid value for 'size': expected \"WIDTHxHEIGHT\"" in text_of(result)
    assert "litellm." not in text_of(result)
    assert structured(result)["error"]["code"] == "invalid_value"
    assert "Nothing was charged." in text_of(result)


async def test_a_wrong_key_is_a_matter_for_the_operator_and_never_shown(
    gateway: Gateway, tmp_path: Path
) -> None:
    wrong = "sk-wrong-4711"
    async with client_through(gateway, tmp_path, api_key=wrong) as client:
        result = await client.call_tool("generate_video", {"prompt": "A cat", **SMALL})
    assert result.is_error
    assert structured(result)["error"]["code"] == "key_rejected"
    assert "Nothing was charged." in text_of(result)
    assert wrong not in "".join(texts_of(result))


async def test_a_missing_key_is_a_matter_for_the_operator(gateway: Gateway, tmp_path: Path) -> None:
    async with client_through(gateway, tmp_path, api_key=None) as client:
        result = await client.call_tool("generate_video", {"prompt": "A cat", **SMALL})
    assert result.is_error
    assert structured(result)["error"]["code"] == "key_rejected"


async def test_a_model_that_the_proxy_does_not_have_is_refused_by_its_name(
    gateway: Gateway, tmp_path: Path
) -> None:
    async with client_through(gateway, tmp_path) as client:
        arguments = {"prompt": "A cat", "model": "no-such-model", **SMALL}
        result = await client.call_tool("generate_video", arguments)
    assert result.is_error
    assert structured(result)["status"] == "failed"
    assert "no-such-model" in text_of(result)
    assert "Nothing was charged." in text_of(result)


async def test_without_a_model_the_reply_says_that_one_is_needed(
    gateway: Gateway, tmp_path: Path
) -> None:
    async with client_through(gateway, tmp_path, model=None) as client:
        result = await client.call_tool("generate_video", {"prompt": "A cat", **SMALL})
    assert result.is_error
    assert "SORA_MCP_MODEL" in text_of(result)


async def test_the_engine_tells_what_the_proxy_can_do(gateway: Gateway, tmp_path: Path) -> None:
    async with client_through(gateway, tmp_path) as client:
        data = structured(await client.call_tool("get_engine", {}))
    assert data["models"] == [MODEL, ENDLESS, FAILING, LOSSY]
    operations = data["operations"]
    assert (operations["remix"], operations["extend"]) == ("native", "native")
    assert (operations["delete"], operations["list"]) == ("missing", "missing")


async def test_a_submission_reaches_the_engine_once_even_if_its_answer_is_an_error(
    gateway: Gateway, tmp_path: Path
) -> None:
    lossy = gateway.hosts[LOSSY]
    lost = accept_then(502, {"error": {"message": "Bad gateway", "code": None}})
    lossy.fail("POST /videos", lost, lost, lost)
    async with client_through(gateway, tmp_path, model=LOSSY) as client:
        data = structured(await client.call_tool("generate_video", {"prompt": "A cat", **SMALL}))
    assert data["status"] == "unknown", data
    assert len(lossy.accepted) == 1


async def test_twenty_jobs_are_shared_by_two_deployments_and_all_come_home(
    gateway: Gateway, tmp_path: Path
) -> None:
    prompts = [f"A red kite over bay {number}" for number in range(20)]
    async with client_through(gateway, tmp_path, max_active_jobs=20) as client:
        started = [
            structured(await client.call_tool("generate_video", {"prompt": prompt, **SMALL}))
            for prompt in prompts
        ]
        videos: list[dict[str, Any]] = []
        for video in started:
            data = video
            while data["status"] in ("queued", "in_progress"):
                data = await look(client, data["video_id"])
            videos.append(data)
    assert [video["status"] for video in videos] == ["completed"] * 20
    assert [video["prompt"] for video in videos] == prompts
    assert len({video["files"][0]["path"] for video in videos}) == 20
    first, second = [await jobs_at(engine, prompts) for engine in gateway.engines]
    assert first
    assert second
    assert first + second == Counter(prompts)


async def jobs_at(engine: str, prompts: list[str]) -> Counter[str]:
    """How often an engine was asked for each of these prompts."""
    async with httpx2.AsyncClient() as http:
        page = (await http.get(f"{engine}/v1/videos", params={"limit": 100})).json()
    return Counter(job["prompt"] for job in page["data"] if job["prompt"] in prompts)
