"""What the embedded Videos API refuses, and in which words."""

# pyright: reportDeprecated=false
# The SDK marks the whole `videos` resource as deprecated, as OpenAI's own service is gone.

import json
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import anyio
import openai
import pytest
from openai import AsyncOpenAI
from serving import completed, create, error_of, over_http, picture, raw, served

JSON = {"Content-Type": "application/json"}
CREATE = "/v1/videos"
EXTEND = "/v1/videos/extensions"
EDIT = "/v1/videos/edits"

FIELDS: dict[str, list[tuple[object, str, str]]] = {
    "prompt": [
        (None, "missing_required_parameter", "'prompt'"),
        ("", "invalid_value", "1 to 32,000"),
        (" \n", "invalid_value", "1 to 32,000"),
        ("x" * 32_001, "invalid_value", "1 to 32,000"),
        ("\ud800", "invalid_value", "1 to 32,000"),
        (["x"], "invalid_type", "an array"),
    ],
    "model": [({}, "invalid_type", "an object")],
    "seconds": [
        (0.9, "invalid_value", "1 to 20"),
        ("21", "invalid_value", "1 to 20"),
        ("nan", "invalid_value", "1 to 20"),
        ("four", "invalid_value", "1 to 20"),
        (True, "invalid_type", "a boolean"),
    ],
    "size": [
        ("banana", "invalid_value", "1280x720"),
        ("1281x720", "invalid_value", "even"),
        ("254x720", "invalid_value", "from 256"),
        ("1280x1922", "invalid_value", "to 1920"),
        ("١٢٨٠x720", "invalid_value", "1280x720"),
        (720, "invalid_type", "an integer"),
    ],
    "seed": [
        (-1, "invalid_value", "0 to 2147483647"),
        (2**31, "invalid_value", "0 to 2147483647"),
        (1.5, "invalid_value", "whole"),
        (False, "invalid_type", "a boolean"),
    ],
    "input_reference": [
        ("a.png", "invalid_type", "a string"),
        ({}, "invalid_value", "image_url"),
        ({"file_id": "file_1"}, "invalid_value", "upload the image's bytes"),
        ({"image_url": "https://example.com/a.png"}, "invalid_value", "upload the image's bytes"),
        ({"image_url": "data:image/png,abc"}, "invalid_value", "base64"),
        ({"image_url": "data:;base64,?"}, "invalid_value", "base64"),
    ],
    "n": [(2, "unknown_parameter", "prompt, model, seconds, size, seed, input_reference")],
    "\ud800": [(2, "unknown_parameter", "prompt, model")],
}


@pytest.mark.parametrize(
    ("field", "value", "code", "words"),
    [(field, *case) for field, cases in FIELDS.items() for case in cases],
)
async def test_a_wrong_parameter_is_named_with_what_would_do(
    quick: AsyncOpenAI, field: str, value: object, code: str, words: str
) -> None:
    body = json.dumps({"prompt": "A kite"} | {field: value})

    answer = await raw(quick, "POST", CREATE, content=body, headers=JSON)

    error = error_of(answer, 400)
    assert (error["type"], error["code"]) == ("invalid_request_error", code)
    assert error["param"] == (field if field.isascii() else "?")
    assert words in error["message"]
    assert len(error["message"]) < 300


@pytest.mark.parametrize(
    ("path", "fields", "param", "code"),
    [
        (EDIT, {}, "video", "missing_required_parameter"),
        (EDIT, {"video": "video_1"}, "video", "invalid_type"),
        (EDIT, {"video": {}}, "video.id", "missing_required_parameter"),
        (EDIT, {"video": {"id": 1}}, "video.id", "invalid_type"),
        (EDIT, {"video": {"id": "v"}, "seconds": 4}, "seconds", "unknown_parameter"),
        (EXTEND, {"video": {"id": "v"}, "seconds": 21}, "seconds", "invalid_value"),
        (EXTEND, {"video": {"id": "v"}, "size": "1x1"}, "size", "unknown_parameter"),
        ("/v1/videos/video_1/remix", {"seconds": 4}, "seconds", "unknown_parameter"),
    ],
)
async def test_a_wrong_parameter_of_a_successor_is_named(
    quick: AsyncOpenAI, path: str, fields: dict[str, Any], param: str, code: str
) -> None:
    error = error_of(await raw(quick, "POST", path, json={"prompt": "On"} | fields), 400)

    assert (error["param"], error["code"]) == (param, code)


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ("limit=101", "limit"), ("limit=-1", "limit"), ("limit=²", "limit"), ("limit=", "limit"),
        ("order=up", "order"), ("after=video_1", "after"),
    ],
)  # fmt: skip
async def test_a_wrong_query_is_named(quick: AsyncOpenAI, query: str, param: str) -> None:
    error = error_of(await raw(quick, "GET", f"/v1/videos?{query}"), 400)

    assert (error["param"], error["code"]) == (param, "invalid_value")


async def test_an_unknown_variant_is_refused_with_the_known_ones(quick: AsyncOpenAI) -> None:
    video = await completed(quick, await create(quick))

    answer = await raw(quick, "GET", f"/v1/videos/{video.id}/content?variant=gif")

    error = error_of(answer, 400)
    assert error["param"] == "variant"
    assert "video, thumbnail, spritesheet" in error["message"]


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b"{"),
        ("application/json", b"[]"),
        ("application/json", b"[" * 100_000),
        ("application/json", b"\xff"),
        ("application/json", b'{"prompt": "x", "seed": ' + b"9" * 5000 + b"}"),
        ("multipart/form-data", b"prompt=x"),
        ("multipart/form-data; boundary=a", b"prompt=x"),
        ("multipart/form-data; boundary=a", b"--a\r\nContent-Disposition: x\r\n\r\nx\r\n--a--"),
        ("text/plain", b"A kite"),
        ("", b"A kite"),
        ("", b""),
    ],
)
async def test_a_body_that_cannot_be_read_is_a_bad_request(
    quick: AsyncOpenAI, content_type: str, body: bytes
) -> None:
    headers = {"Content-Type": content_type} if content_type else {}

    error_of(await raw(quick, "POST", CREATE, content=body, headers=headers), 400)


async def test_an_uploaded_video_is_refused_with_what_to_do_instead(quick: AsyncOpenAI) -> None:
    for path in (EDIT, EXTEND):
        answer = await raw(
            quick, "POST", path, files={"video": b"\0" * 99}, data={"prompt": "x", "model": "m"}
        )
        assert "name one by its id" in error_of(answer, 400)["message"]


async def test_a_body_of_more_than_64_mib_is_too_large(quick: AsyncOpenAI) -> None:
    async def chunks() -> AsyncGenerator[bytes]:
        for _ in range(65):
            yield bytes(1 << 20)

    declared = await raw(quick, "POST", CREATE, content=bytes((64 << 20) + 1), headers=JSON)
    chunked = await raw(quick, "POST", CREATE, content=chunks(), headers=JSON)

    error_of(declared, 413)
    error_of(chunked, 413)


@pytest.mark.parametrize(
    ("method", "path", "status", "allowed"),
    [
        ("GET", "/", 404, None),
        ("GET", "/v1/video", 404, None),
        ("POST", "/v1/videos/characters", 404, None),
        ("GET", "/v1/videos/characters/char_1", 404, None),
        ("PUT", "/v1/videos", 405, "GET, HEAD, POST"),
        ("PATCH", "/v1/videos/video_1", 405, "DELETE, GET, HEAD"),
        ("POST", "/v1/videos/video_1/content", 405, "DELETE, GET, HEAD"),
    ],
)
async def test_what_is_not_served_is_answered_in_openais_envelope(
    quick: AsyncOpenAI, method: str, path: str, status: int, allowed: str | None
) -> None:
    answer = await raw(quick, method, path)

    error_of(answer, status)
    assert answer.headers.get("allow") == allowed


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Host": "localhost:8000"}, 200),
        ({"Host": "[::1]:8000"}, 200),
        ({"Origin": "http://127.0.0.1:6274"}, 200),
        ({"Origin": "http://localhost"}, 200),
        ({"Host": "rebound.example"}, 421),
        ({"Host": "localhost.example:80"}, 421),
        ({"Host": "[::1"}, 421),
        ({"Host": ""}, 421),
        ({"Origin": "https://example.com"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://localhost.example"}, 403),
    ],
)
async def test_on_loopback_only_requests_of_this_machine_are_served(
    tmp_path: Path, headers: dict[str, str], status: int
) -> None:
    async with served(tmp_path, over_http, loopback_only=True) as client:
        answer = await raw(client, "GET", "/v1/models", headers=headers)

    assert answer.status_code == status
    if status != 200:
        error_of(answer, status)


async def test_a_client_that_goes_away_while_sending_leaves_nothing_behind(
    tmp_path: Path,
) -> None:
    async with served(tmp_path, over_http) as client:
        head = "POST /v1/videos HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        async with await anyio.connect_tcp("127.0.0.1", client.base_url.port or 0) as connection:
            await connection.send(f'{head}Content-Length: 99\r\n\r\n{{"prompt"'.encode())
        assert (await client.videos.list()).data == []


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (picture(256, 258), "Inpaint image must match the requested width and height"),
        (picture(12_000, 12_000), "Inpaint image must match the requested width and height"),
        (picture(256, 256, "GIF"), "use a JPEG, PNG or WebP file"),
        (picture(256, 256)[:-40], "use a JPEG, PNG or WebP file"),
        (b"<svg/>", "use a JPEG, PNG or WebP file"),
        (b"", "use a JPEG, PNG or WebP file"),
        (bytes((20 << 20) + 1), "larger than 20 MiB"),
    ],
    ids=["size", "bomb", "gif", "truncated", "svg", "empty", "huge"],
)
async def test_a_first_frame_that_does_not_fit_is_refused(
    stuck: AsyncOpenAI, image: bytes, message: str
) -> None:
    with pytest.raises(openai.BadRequestError, match=message):
        await create(stuck, input_reference=("a.png", image))

    assert (await stuck.videos.list()).data == []


async def test_a_video_that_is_not_finished_has_no_content_and_no_successors(
    stuck: AsyncOpenAI,
) -> None:
    job = await create(stuck)
    not_ready = "Video is not ready yet, use GET /v1/videos/{video_id} to check status."
    reference = {"prompt": "Go on", "video": {"id": job.id}}

    for method, path, body, status in (
        ("GET", f"/v1/videos/{job.id}/content", None, 404),
        ("DELETE", f"/v1/videos/{job.id}/content", None, 404),
        ("POST", f"/v1/videos/{job.id}/remix", {"prompt": "Go on"}, 400),
        ("POST", "/v1/videos/edits", reference, 400),
        ("POST", "/v1/videos/extensions", reference, 400),
    ):
        error = error_of(await raw(stuck, method, path, json=body), status)
        assert error["message"] == not_ready


@pytest.mark.parametrize(
    "video_id", ["video_0123456789abcdef0123456789abc", "video_1", "..", "a/b", "é", "x" * 500]
)
async def test_an_unknown_id_is_not_found_whatever_is_asked_of_it(
    quick: AsyncOpenAI, video_id: str
) -> None:
    path = f"/v1/videos/{quote(video_id, safe='')}"
    prompt = {"prompt": "Go on"}
    reference = prompt | {"video": {"id": video_id}}
    for method, where, body in (
        ("GET", path, None),
        ("DELETE", path, None),
        ("GET", f"{path}/content", None),
        ("DELETE", f"{path}/content", None),
        ("POST", f"{path}/remix", prompt),
        ("POST", EDIT, reference),
        ("POST", EXTEND, reference),
    ):
        error_of(await raw(quick, method, where, json=body), 404)


@pytest.mark.parametrize(
    "prompt", ["A NUDE figure", "taylor\n swift on stage", "a beheading, in close-up"]
)
async def test_a_prompt_that_hosts_refuse_is_taken_and_has_failed(
    quick: AsyncOpenAI, prompt: str
) -> None:
    job = await create(quick, prompt)

    assert job.status == "failed"
    assert job.error is not None
    assert job.error.code == "moderation_blocked"
    assert job.error.message == "Your request was blocked by our moderation system."
    with pytest.raises(openai.NotFoundError, match="generation failed"):
        await quick.videos.download_content(job.id)
    with pytest.raises(openai.BadRequestError, match="generation failed"):
        await quick.videos.remix(job.id, prompt="A harmless one")


@pytest.mark.parametrize("prompt", ["Essex in the fog", "A denuded hill", "A swift over a lake"])
async def test_words_that_only_contain_a_refused_one_are_let_through(
    quick: AsyncOpenAI, prompt: str
) -> None:
    await completed(quick, await create(quick, prompt))


async def test_a_remix_that_hosts_refuse_has_failed_as_well(quick: AsyncOpenAI) -> None:
    source = await completed(quick, await create(quick))

    job = await quick.videos.remix(source.id, prompt="The same with porn")

    assert job.status == "failed"
