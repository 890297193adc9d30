"""The embedded Videos API as the `openai` package sees it."""

# pyright: reportDeprecated=false
# The SDK marks the whole `videos` resource as deprecated, as OpenAI's own service is gone.

import base64
from io import BytesIO
from pathlib import Path
from typing import Any

import anyio
import openai
import pytest
from openai import AsyncOpenAI
from PIL import ExifTags, Image
from serving import (
    PATIENCE,
    completed,
    create,
    error_of,
    frames_of,
    picture,
    post,
    progressed,
    raw,
    rendering,
)

VIDEO_FIELDS = {
    "id", "object", "model", "status", "progress", "created_at", "completed_at", "expires_at",
    "prompt", "size", "seconds", "remixed_from_video_id", "error",
}  # fmt: skip


async def test_a_prompt_becomes_a_playable_clip(either: AsyncOpenAI) -> None:
    job = await create(either, seconds="1.5")
    assert (job.status, job.progress, job.completed_at) == ("queued", 0, None)
    assert set(job.model_dump()) >= VIDEO_FIELDS

    progress = [job.progress]
    with anyio.fail_after(PATIENCE):
        while job.status not in ("completed", "failed"):
            job = await either.videos.retrieve(job.id)
            progress.append(job.progress)
    assert job.status == "completed", job.error
    assert progress == sorted(progress)
    assert progress[-1] == 100
    assert (job.size, job.seconds, job.model) == ("256x256", "1.5", "preview-animatic")
    assert job.completed_at is not None
    assert job.completed_at >= job.created_at
    assert job.expires_at == job.completed_at + 24 * 3600
    assert job.model_extra == {"provenance": "local-preview", "notes": []}

    content = await either.videos.download_content(job.id)
    assert content.response.headers["content-type"] == "video/mp4"
    frames = await frames_of(either, job)
    assert len(frames) == 36
    assert (frames[0].width, frames[0].height) == (256, 256)


async def test_a_finished_video_has_a_webp_thumbnail_and_a_jpeg_spritesheet(
    client: AsyncOpenAI,
) -> None:
    video = await completed(client, await create(client))

    thumbnail = await client.videos.download_content(video.id, variant="thumbnail")
    spritesheet = await client.videos.download_content(video.id, variant="spritesheet")

    assert thumbnail.response.headers["content-type"] == "image/webp"
    assert spritesheet.response.headers["content-type"] == "image/jpeg"
    with Image.open(BytesIO(thumbnail.content)) as image:
        assert image.format == "WEBP"
    with Image.open(BytesIO(spritesheet.content)) as image:
        assert image.format == "JPEG"
    again = await raw(client, "GET", f"/v1/videos/{video.id}/content?variant=thumbnail")
    assert again.headers["etag"] == thumbnail.response.headers["etag"]


async def test_ranges_of_a_video_add_up_to_the_file(either: AsyncOpenAI) -> None:
    video = await completed(either, await create(either))
    path = f"/v1/videos/{video.id}/content"
    whole = await raw(either, "GET", path)
    size = len(whole.content)

    head = await raw(either, "HEAD", path)
    first = await raw(either, "GET", path, headers={"Range": "bytes=0-99"})
    rest = await raw(
        either, "GET", path, headers={"Range": "bytes=100-", "If-Range": whole.headers["etag"]}
    )
    last = await raw(either, "GET", path, headers={"Range": "bytes=-10"})
    beyond = await raw(either, "GET", path, headers={"Range": f"bytes={size}-"})
    outdated = await raw(
        either, "GET", path, headers={"Range": "bytes=0-99", "If-Range": '"another"'}
    )

    assert whole.status_code == head.status_code == 200
    assert head.headers["accept-ranges"] == "bytes"
    assert head.headers["content-length"] == str(size)
    assert head.content == b""
    assert first.status_code == rest.status_code == 206
    assert first.headers["content-range"] == f"bytes 0-99/{size}"
    assert first.content + rest.content == whole.content
    assert last.content == whole.content[-10:]
    assert beyond.status_code == 416
    assert beyond.headers["content-range"] == f"bytes */{size}"
    assert (outdated.status_code, outdated.content) == (200, whole.content)


async def test_json_bodies_work_as_multipart_ones_do(either: AsyncOpenAI) -> None:
    body = {"prompt": "A lighthouse", "seconds": 1, "size": "320x256", "seed": 7, "model": None}

    job = await post(either, "/videos", body)

    assert (job.prompt, job.seconds, job.size) == ("A lighthouse", "1", "320x256")


async def test_url_encoded_forms_and_the_defaults_work(stuck: AsyncOpenAI) -> None:
    answer = await raw(stuck, "POST", "/v1/videos", data={"prompt": "A lighthouse"})

    assert answer.status_code == 200
    assert (answer.json()["seconds"], answer.json()["size"]) == ("4", "1280x720")


async def test_the_same_prompt_gives_the_same_clip_unless_another_seed_is_asked_for(
    client: AsyncOpenAI,
) -> None:
    contents: list[bytes] = []
    for fields in ({}, {}, {"extra_body": {"seed": 5}}):
        video = await completed(client, await create(client, "A boat at dawn", **fields))
        contents.append((await client.videos.download_content(video.id)).content)

    assert contents[0] == contents[1]
    assert contents[0] != contents[2]


async def test_another_models_name_is_answered_with_a_note(stuck: AsyncOpenAI) -> None:
    job = await create(stuck, model="sora-2")

    assert job.model == "preview-animatic"
    assert job.model_extra is not None
    assert "'sora-2' is not available here" in job.model_extra["notes"][0]


async def test_a_renderers_progress_is_shown_in_whole_per_cent(stuck: AsyncOpenAI) -> None:
    job = await progressed(stuck, await create(stuck))

    assert (job.status, job.progress) == ("in_progress", 42)


async def test_an_unfinished_job_says_when_to_look_again(stuck: AsyncOpenAI) -> None:
    created = await stuck.videos.with_raw_response.create(prompt="A kite")
    job = created.parse()
    retrieved = await stuck.videos.with_raw_response.retrieve(job.id)
    refused = await create(stuck, "a nude figure")
    ended = await stuck.videos.with_raw_response.retrieve(refused.id)

    assert created.headers["openai-poll-after-ms"] == "250"
    assert retrieved.headers["openai-poll-after-ms"] == "250"
    assert "openai-poll-after-ms" not in ended.headers


async def test_the_list_pages_through_all_jobs_in_both_orders(quick: AsyncOpenAI) -> None:
    ids = [(await create(quick, f"Shot {number}")).id for number in range(5)]

    newest_first = [video.id async for video in quick.videos.list(limit=2)]
    oldest_first = [video.id async for video in quick.videos.list(limit=2, order="asc")]
    page = (await raw(quick, "GET", f"/v1/videos?limit=2&order=asc&after={ids[0]}")).json()

    assert newest_first == ids[::-1]
    assert oldest_first == ids
    assert (page["object"], page["has_more"]) == ("list", True)
    assert [video["id"] for video in page["data"]] == ids[1:3]
    assert (page["first_id"], page["last_id"]) == (ids[1], ids[2])


async def test_an_empty_page_and_a_page_behind_a_deleted_job_are_no_errors(
    quick: AsyncOpenAI,
) -> None:
    ids = [(await create(quick, f"Shot {number}")).id for number in range(3)]
    await quick.videos.delete(ids[1])

    none = (await raw(quick, "GET", "/v1/videos?limit=0")).json()
    behind = (await raw(quick, "GET", f"/v1/videos?after={ids[1]}")).json()

    assert none == {
        "object": "list",
        "data": [],
        "first_id": None,
        "last_id": None,
        "has_more": True,
    }
    assert [video["id"] for video in behind["data"]] == ids[:1]


@pytest.mark.parametrize("way", ["remix", "edits"])
async def test_a_remix_names_its_source_and_looks_different(client: AsyncOpenAI, way: str) -> None:
    source = await completed(client, await create(client, "A forest path in the morning"))

    if way == "remix":
        job = await client.videos.remix(source.id, prompt="Make it night, with neon light")
    else:
        body = {"prompt": "Make it night, with neon light", "video": {"id": source.id}}
        job = await post(client, "/videos/edits", body)
    job = await completed(client, job)

    assert job.remixed_from_video_id == source.id
    assert (job.prompt, job.seconds) == ("Make it night, with neon light", source.seconds)
    before = await client.videos.download_content(source.id)
    after = await client.videos.download_content(job.id)
    assert before.content != after.content


async def test_an_extension_answers_with_the_total_length(client: AsyncOpenAI) -> None:
    source = await completed(client, await create(client))
    body = {"prompt": "The kite lands", "seconds": "1.5", "video": {"id": source.id}}

    job = await post(client, "/videos/extensions", body)
    assert (job.seconds, job.prompt) == ("2.5", "The kite lands")
    await completed(client, job)

    assert len(await frames_of(client, job)) == 60


async def test_a_source_may_go_as_soon_as_its_extension_was_asked_for(client: AsyncOpenAI) -> None:
    source = await completed(client, await create(client))
    body = {"prompt": "The kite lands", "seconds": 1, "video": {"id": source.id}}

    job = await post(client, "/videos/extensions", body)
    await client.videos.delete(source.id)

    assert len(await frames_of(client, await completed(client, job))) == 48


async def test_an_extension_continues_the_clip_that_was_made(quick: AsyncOpenAI) -> None:
    video = await completed(quick, await create(quick))
    for _ in range(2):
        body = {"prompt": "On it goes", "video": {"id": video.id}}
        video = await completed(quick, await post(quick, "/videos/extensions", body))

    content = await quick.videos.download_content(video.id)
    assert content.content == b"clip clip clip "


async def test_a_video_is_extended_six_times_at_most(quick: AsyncOpenAI) -> None:
    video = await completed(quick, await create(quick))
    body = {"prompt": "On it goes", "seconds": 1}
    for _ in range(6):
        video = await post(quick, "/videos/extensions", body | {"video": {"id": video.id}})
        await completed(quick, video)
    assert video.seconds == "7"

    with pytest.raises(openai.BadRequestError, match="at most 6 times"):
        await post(quick, "/videos/extensions", body | {"video": {"id": video.id}})


async def test_a_video_is_extended_to_two_minutes_at_most(quick: AsyncOpenAI) -> None:
    video = await completed(quick, await create(quick, seconds="20"))
    body: dict[str, Any] = {"prompt": "On it goes", "seconds": 20}
    for _ in range(5):
        video = await post(quick, "/videos/extensions", body | {"video": {"id": video.id}})
        await completed(quick, video)
    assert video.seconds == "120"

    with pytest.raises(openai.BadRequestError, match="121 s long; the limit is 120 s"):
        await post(quick, "/videos/extensions", body | {"video": {"id": video.id}, "seconds": 1})


async def test_a_first_frame_opens_the_clip_and_its_remix_even_when_the_source_is_gone(
    client: AsyncOpenAI,
) -> None:
    image = picture(256, 256, color="orange")
    source = await completed(client, await create(client, input_reference=("a.png", image)))
    remix = await client.videos.remix(source.id, prompt="Now with a slow zoom")
    await client.videos.delete(source.id)
    remix = await completed(client, remix)

    first = (await frames_of(client, remix))[0].to_ndarray(format="rgb24")
    red, green, blue = first[64:192, 64:192].mean(axis=(0, 1))
    assert red > green > blue


async def test_a_photo_that_lies_on_its_side_counts_as_it_is_seen(stuck: AsyncOpenAI) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    photo = BytesIO()
    Image.new("RGB", (256, 320)).save(photo, "JPEG", exif=exif)

    await create(stuck, size="320x256", input_reference=("a.jpg", photo.getvalue()))
    with pytest.raises(openai.BadRequestError, match="Inpaint image must match"):
        await create(stuck, size="256x320", input_reference=("a.jpg", photo.getvalue()))


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP"])
async def test_a_first_frame_may_be_a_file_or_a_data_url(stuck: AsyncOpenAI, format: str) -> None:
    image = picture(256, 256, format)
    url = f"data:image/{format.lower()};base64,{base64.b64encode(image).decode()}"
    body = {"prompt": "A kite", "size": "256x256", "input_reference": {"image_url": url}}

    uploaded = await create(stuck, input_reference=(f"a.{format}", image))
    linked = await post(stuck, "/videos", body)

    assert uploaded.id != linked.id


async def test_a_deleted_video_is_gone_with_its_files(client: AsyncOpenAI, tmp_path: Path) -> None:
    video = await completed(
        client, await create(client, input_reference=("a.png", picture(256, 256)))
    )
    await client.videos.download_content(video.id, variant="thumbnail")

    deleted = await client.videos.delete(video.id)

    assert (deleted.id, deleted.object, deleted.deleted) == (video.id, "video.deleted", True)
    assert list((tmp_path / "embedded").glob("video_*")) == []
    with pytest.raises(openai.NotFoundError):
        await client.videos.retrieve(video.id)


async def test_deleting_an_active_job_cancels_it_and_frees_its_place(
    stuck: AsyncOpenAI, tmp_path: Path
) -> None:
    active = await rendering(stuck, await create(stuck))
    waiting = await create(stuck)
    assert (await stuck.videos.retrieve(waiting.id)).status == "queued"

    await stuck.videos.delete(active.id)

    assert list((tmp_path / "embedded").glob(f"{active.id}*")) == []
    await rendering(stuck, waiting)


async def test_released_content_is_gone_while_remix_and_extension_still_work(
    client: AsyncOpenAI,
) -> None:
    source = await completed(client, await create(client))
    await client.videos.download_content(source.id, variant="thumbnail")

    for _ in range(2):
        released = await raw(client, "DELETE", f"/v1/videos/{source.id}/content")
        assert released.json() == {
            "id": source.id,
            "object": "video.content.deleted",
            "deleted": True,
        }
    for variant in ("video", "thumbnail", "spritesheet"):
        gone = await raw(client, "GET", f"/v1/videos/{source.id}/content?variant={variant}")
        assert "no longer available" in error_of(gone, 404)["message"]
    assert (await client.videos.retrieve(source.id)).status == "completed"
    await completed(client, await client.videos.remix(source.id, prompt="In the snow"))
    body = {"prompt": "The kite lands", "seconds": 1, "video": {"id": source.id}}
    extended = await completed(client, await post(client, "/videos/extensions", body))
    assert len(await frames_of(client, extended)) == 48


async def test_the_one_model_is_listed(client: AsyncOpenAI) -> None:
    assert [model.id async for model in client.models.list()] == ["preview-animatic"]
