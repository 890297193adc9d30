"""The tasks of the cookbook that need nothing but this project."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from sora_mcp.media.probe import image_type, probe
from tests.cookbook.examples import in_shell, output_of, put, small
from tests.fakes.hosts.vllm_omni import VllmOmniHost
from tests.harness import small_mp4
from tests.serving import serving

KEY = "sk-eyes-0815"


async def test_a_product_photo_becomes_a_clip_after_its_price_was_shown(tmp_path: Path) -> None:
    Image.new("RGB", (320, 400), (20, 120, 90)).save(tmp_path / "bottle.jpg")
    put(tmp_path, "product_clip.sh")
    printed = await output_of(*in_shell("product_clip.sh"), env=small(tmp_path), folder=tmp_path)
    assert "It would cost nothing." in printed
    assert probe(tmp_path / "bottle.mp4").seconds == pytest.approx(1, abs=0.1)


@pytest.mark.skipif(shutil.which("jq") is None, reason="needs jq")
async def test_a_vertical_short_comes_with_a_cover(tmp_path: Path) -> None:
    put(tmp_path, "vertical_short.sh")
    await output_of(*in_shell("vertical_short.sh"), env=small(tmp_path), folder=tmp_path)
    clip = probe(tmp_path / "short.mp4")
    assert (clip.width, clip.height) == (720, 1280)
    assert image_type((tmp_path / "cover.webp").read_bytes()[:64]) == "image/webp"


async def test_a_storyboard_of_four_shots_becomes_one_film(tmp_path: Path) -> None:
    put(tmp_path, "sora.py")
    script = put(tmp_path, "storyboard.py")
    printed = await output_of("python", script, env=small(tmp_path), folder=tmp_path)
    film = Path(printed.strip())
    assert "the-paper-boat" in film.name
    assert probe(film).seconds == pytest.approx(4, abs=0.4)


class Eyes:
    """A host of a model that can see, with its answers; it keeps the pictures that it was shown."""

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)
        self.pictures: list[str] = []

    def app(self) -> Starlette:
        """The host."""
        return Starlette(routes=[Route("/v1/chat/completions", self._answer, methods=["POST"])])

    async def _answer(self, request: Request) -> JSONResponse:
        assert request.headers["authorization"] == f"Bearer {KEY}"
        asked = await request.json()
        _, picture = asked["messages"][0]["content"]
        self.pictures.append(picture["image_url"]["url"])
        message = {"role": "assistant", "content": self.answers.pop(0)}
        choice = {"index": 0, "finish_reason": "stop", "message": message}
        answer = {"id": "chat-1", "object": "chat.completion", "created": 1, "choices": [choice]}
        return JSONResponse(answer | {"model": asked["model"]})


async def looked_at(folder: Path, eyes: Eyes) -> list[str]:
    """What the look-and-fix loop prints, line by line."""
    put(folder, "sora.py")
    script = put(folder, "look_and_fix.py")
    async with serving(eyes.app()) as url:
        variables = {"EYES_BASE_URL": f"{url}/v1", "EYES_API_KEY": KEY, "EYES_MODEL": "see-1"}
        printed = await output_of(
            "python",
            script,
            "A lighthouse at night",
            env=small(folder, **variables),
            folder=folder,
        )
    return printed.splitlines()


async def test_a_video_is_remixed_until_the_model_that_looks_is_content(tmp_path: Path) -> None:
    eyes = Eyes("Make the light colder.", "OK")
    first, second, path = await looked_at(tmp_path, eyes)
    assert first.endswith("Make the light colder.")
    assert second.endswith("OK")
    assert first.split(":")[0] != second.split(":")[0]
    assert second.split(":")[0] in path
    assert Path(path).is_file()
    assert len(set(eyes.pictures)) == 2
    assert all(picture.startswith("data:image/jpeg;base64,") for picture in eyes.pictures)


async def test_a_model_that_is_never_content_is_asked_three_times(tmp_path: Path) -> None:
    eyes = Eyes(*["Make it colder."] * 9)
    *rounds, path = await looked_at(tmp_path, eyes)
    assert len(rounds) == len(eyes.pictures) == 3
    assert Path(path).is_file()


async def test_a_file_of_requests_becomes_a_file_of_results_and_nothing_is_made_twice(
    tmp_path: Path,
) -> None:
    put(tmp_path, "products.jsonl")
    put(tmp_path, "batch.sh")

    async def ids_by_line() -> dict[int, str]:
        await output_of(*in_shell("batch.sh"), env=small(tmp_path), folder=tmp_path)
        lines = (tmp_path / "results.jsonl").read_text(encoding="utf-8").splitlines()
        results: list[dict[str, Any]] = [json.loads(line) for line in lines]
        assert [result["status"] for result in results] == ["completed"] * 3
        return {result["line"]: result["video_id"] for result in results}

    made = await ids_by_line()
    assert sorted(made) == [1, 2, 3]
    assert {path.name for path in tmp_path.glob("*.mp4")} == {"kettle.mp4", "pan.mp4", "jug.mp4"}
    assert await ids_by_line() == made


async def test_a_self_hosted_wan_gets_the_request_with_its_options(tmp_path: Path) -> None:
    host = VllmOmniHost(mp4=small_mp4())
    async with serving(host.app()) as url:
        put(tmp_path, "wan.sh", {"127.0.0.1:8091": url.removeprefix("http://")})
        printed = await output_of(
            *in_shell("wan.sh"), env=small(tmp_path, SORA_MCP_ENGINE="auto"), folder=tmp_path
        )
    assert "vllm-omni" in printed.lower()
    assert (tmp_path / "boat.mp4").read_bytes() == small_mp4()
    (asked,) = host.accepted
    assert (asked["size"], asked["seconds"]) == ("832x480", "5")
    assert (asked["num_inference_steps"], asked["seed"]) == (30, 7)
    assert asked["negative_prompt"] == "blurry, text"
