"""The main job on every kind of host, through the tools, as an agent does it.

The fakes are built from the hosts' published sources (`tests/fakes/hosts/`). What the suite sees of
a host has to be what its dialect promises, which is what `docs/engines.md` tells.
"""

import base64
import io
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client
from mcp.types import ImageContent
from PIL import Image

from sora_mcp.engines.hosts import DIALECTS
from sora_mcp.media.probe import probe
from tests.engines.hosts import KINDS, Kind, an_engine, client_before_host, ended
from tests.fakes.hosts.base import FAILING, REASON, Host
from tests.harness import app_in, small_mp4
from tests.server.surface import client_of, structured, text_of
from tests.serving import serving

every_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
with_keys = pytest.mark.parametrize(
    "kind",
    [kind for kind in KINDS.values() if kind.keyed],
    ids=[name for name, kind in KINDS.items() if kind.keyed],
)


async def generated(client: Client, kind: Kind, **arguments: Any) -> dict[str, Any]:
    wanted = {"prompt": "a calico cat", "size": kind.size, "seconds": 4} | arguments
    return await ended(client, "generate_video", **wanted)


def deletions(host: Host) -> int:
    return sum(method == "DELETE" for method, _ in host.requests)


def fetched(host: Host) -> int:
    return sum(path.endswith("/content") for _, path in host.requests)


@every_kind
async def test_a_video_is_made_followed_with_progress_fetched_and_seen(
    kind: Kind, tmp_path: Path
) -> None:
    host = kind.host()
    told: list[float] = []

    async def note(progress: float, total: float | None, message: str | None) -> None:
        told.append(progress)

    async with client_before_host(host, tmp_path, **kind.settings) as client:
        started = structured(
            await client.call_tool(
                "generate_video", {"prompt": "a calico cat", "size": kind.size, "seconds": 4}
            )
        )
        video_id = started["video_id"]
        status = await client.call_tool(
            "get_video_status",
            {"video_id": video_id, "wait_seconds": 45},
            progress_callback=note,
        )
        data = structured(status)
        assert data["status"] == "completed", data
        assert told == sorted(set(told))
        assert data["engine"] != "embedded"
        # The file is trusted, not what was asked for or what the host says of it.
        video = data["files"][0]
        assert Path(video["path"]).read_bytes() == small_mp4()
        assert (video["width"], video["height"], video["seconds"]) == (64, 64, 1)
        assert f"Asked for {kind.size}; the file is 64x64." in text_of(status)
        assert "Asked for 4 s; the file lasts 1 s." in text_of(status)
        thumbnail = await client.call_tool(
            "download_video", {"video_id": video_id, "variant": "thumbnail"}
        )
        picture = Path(structured(thumbnail)["path"]).read_bytes()
        assert picture[8:12] == b"WEBP"
        seen = await client.call_tool("view_video", {"video_id": video_id})
        assert any(isinstance(block, ImageContent) for block in seen.content)
        listed = structured(await client.call_tool("list_videos", {"query": "calico"}))
        assert [entry["video_id"] for entry in listed["videos"]] == [video_id]
    assert len(host.accepted) == 1
    assert host.accepted[0]["prompt"] == "a calico cat"


@every_kind
async def test_what_a_host_can_do_is_what_its_dialect_says(kind: Kind, tmp_path: Path) -> None:
    host = kind.host()
    async with client_before_host(host, tmp_path, **kind.settings) as client:
        video = await generated(client, kind)
        remix = await ended(client, "remix_video", video_id=video["video_id"], prompt="at night")
        longer = await ended(
            client, "extend_video", video_id=video["video_id"], prompt="it bows", seconds=4
        )
        await client.call_tool("delete_video", {"video_id": remix["video_id"]})
        engine = structured(await client.call_tool("get_engine"))
    assert remix["status"] == longer["status"] == "completed", (remix, longer)
    observed = {
        "remix": "emulated" if remix.get("emulated") else "native",
        "extend": "emulated" if longer.get("emulated") else "native",
        "delete": "native" if deletions(host) else "missing",
        # The host was asked for one file of each video: the images are ours.
        "thumbnails": "emulated" if fetched(host) <= len(host.accepted) else "native",
    }
    promised = DIALECTS[kind.dialect].operations
    if kind.dialect == "compatible":
        # It promises to try, and this host has none of them.
        promised = promised | {"remix": "emulated", "extend": "emulated", "delete": "missing"}
    assert engine["dialect"] == kind.dialect
    assert observed == {name: promised[name] for name in observed}
    assert {name: engine["operations"][name] for name in observed} == observed
    assert probe(Path(longer["files"][0]["path"])).seconds == pytest.approx(2, abs=0.1)
    assert any("at night" in str(fields.get("prompt")) for fields in host.accepted)


async def test_the_embedded_engine_does_what_its_dialect_says(tmp_path: Path) -> None:
    small = {"size": "256x256", "seconds": 1}
    async with app_in(tmp_path, engine="embedded") as app, client_of(app) as client:
        video = await ended(client, "generate_video", prompt="a cat", **small)
        remix = await ended(client, "remix_video", video_id=video["video_id"], prompt="at night")
        longer = await ended(
            client, "extend_video", video_id=video["video_id"], prompt="it bows", seconds=1
        )
        failed = await client.call_tool("generate_video", {"prompt": "gore", **small})
        engine = structured(await client.call_tool("get_engine"))
    assert video["status"] == remix["status"] == longer["status"] == "completed"
    assert "emulated" not in remix | longer
    assert structured(failed)["error"]["code"] == "moderation_blocked"
    assert engine["operations"] == DIALECTS["embedded"].operations
    assert {engine["operations"][name] for name in ("remix", "extend")} == {"native"}


@every_kind
async def test_a_list_request_is_made_only_where_the_dialect_says_that_there_is_one(
    kind: Kind,
) -> None:
    host = kind.host()
    with anyio.fail_after(60):
        async with serving(host.app()) as url, an_engine(kind, url + host.base_path) as engine:
            listed = await engine.list_jobs()
    asked = ("GET", f"{host.base_path}/videos") in host.requests
    promised = DIALECTS[kind.dialect].list == "native"
    if kind.dialect == "compatible":
        assert listed is None
    else:
        assert (listed == [], asked) == (promised, promised)


@every_kind
async def test_the_reason_of_a_failed_job_reaches_the_agent(kind: Kind, tmp_path: Path) -> None:
    host = kind.host()
    async with client_before_host(host, tmp_path, **kind.settings) as client:
        data = await generated(client, kind, prompt=f"a cat, {FAILING}")
    assert data["status"] == "failed"
    assert REASON in data["error"]["message"]
    assert len(host.accepted) == 1


@with_keys
async def test_a_wrong_key_is_named_as_such_and_nothing_is_made(kind: Kind, tmp_path: Path) -> None:
    host = kind.host()
    wrong = "sk-not-the-right-one"
    async with client_before_host(host, tmp_path, **{**kind.settings, "api_key": wrong}) as client:
        arguments = {"prompt": "a cat", "size": kind.size, "seconds": 4}
        result = await client.call_tool("generate_video", arguments)
    assert result.is_error
    assert structured(result)["error"]["code"] == "key_rejected"
    assert "SORA_MCP_API_KEY" in text_of(result)
    assert wrong not in str(result)
    assert host.accepted == []


@every_kind
async def test_a_host_is_recognised_by_at_most_two_requests(kind: Kind, tmp_path: Path) -> None:
    host = kind.host()
    async with client_before_host(host, tmp_path, **kind.settings) as client:
        reports = [structured(await client.call_tool("get_engine")) for _ in range(3)]
    assert {report["dialect"] for report in reports} == {kind.dialect}
    assert len(host.requests) <= 2
    assert {method for method, _ in host.requests} <= {"GET"}


@every_kind
async def test_the_first_frame_reaches_the_host_as_a_png_of_the_size(
    kind: Kind, tmp_path: Path
) -> None:
    host = kind.host()
    picture = tmp_path / "library" / "start.png"
    picture.parent.mkdir()
    Image.new("RGB", (320, 320), "teal").save(picture)
    async with client_before_host(host, tmp_path, **kind.settings) as client:
        data = await generated(client, kind, input_reference=str(picture))
    assert data["status"] == "completed", data
    image = Image.open(io.BytesIO(image_in(host.accepted[0])))
    assert (image.format, image.size) == ("PNG", (1280, 720))


def image_in(fields: dict[str, Any]) -> bytes:
    """The first frame in a submission, in whichever way it was sent."""
    for name in ("input_reference", "image_reference"):
        if isinstance(fields.get(name), bytes):
            return fields[name]
    frames = fields.get("frame_images")
    url = frames[0]["image_url"]["url"] if frames else fields["input_reference"]
    return base64.b64decode(url.removeprefix("data:image/png;base64,"))


VALUES = {"boolean": [True, False], "text": ["blurry"]}
"""Values that every option of these kinds takes."""


def extremes(kind: Kind) -> list[dict[str, Any]]:
    """Two sets of options: each at the least and at the most that the dialect admits."""
    sets: list[dict[str, Any]] = [{}, {}]
    for name, option in DIALECTS[kind.dialect].options.items():
        numbers = [option.low if option.low is not None else 1, option.high or 64]
        values = VALUES.get(option.kind) or numbers
        if option.kind == "integer":
            values = [int(value) for value in numbers]
        sets[0][name], sets[1][name] = values[0], values[-1]
    return sets


@every_kind
async def test_every_option_that_is_offered_is_taken_by_the_host_from_end_to_end_of_its_range(
    kind: Kind, tmp_path: Path
) -> None:
    host = kind.host()
    async with client_before_host(host, tmp_path, **kind.settings) as client:
        for options in extremes(kind):
            data = await generated(client, kind, options=options)
            assert data["status"] == "completed", (options, data)
    for sent, options in zip(host.accepted, extremes(kind), strict=True):
        received: dict[str, Any] = {**sent, **(sent.get("nvext") or {})}
        assert {name: plain(received[name]) for name in options} == {
            name: plain(value) for name, value in options.items()
        }


def plain(value: object) -> object:
    """A value in one form, whether it was sent as text or as itself."""
    text = str(value).lower()
    try:
        return float(text)
    except ValueError:
        return text


@every_kind
async def test_an_option_out_of_its_range_is_refused_before_anything_is_sent(
    kind: Kind, tmp_path: Path
) -> None:
    host = kind.host()
    async with client_before_host(host, tmp_path, **kind.settings) as client:
        for options in ({"seed": -1}, {"seed": "x"}, {"output_path": "/etc"}, {"lora": "/x"}):
            result = await client.call_tool(
                "generate_video",
                {"prompt": "a cat", "size": kind.size, "seconds": 4, "options": options},
            )
            assert result.is_error
            assert "seed" in text_of(result)
    assert host.accepted == []


@every_kind
async def test_a_host_that_forgets_its_jobs_makes_them_lost_with_an_offer(
    kind: Kind, tmp_path: Path
) -> None:
    host = kind.host()
    if DIALECTS[kind.dialect].waits:
        pytest.skip("it keeps no jobs: see test_standing.py")
    async with client_before_host(host, tmp_path, **kind.settings) as client:
        arguments = {"prompt": "a cat", "size": kind.size, "seconds": 4}
        started = structured(await client.call_tool("generate_video", arguments))
        host.forget()
        data = await ended(client, "get_video_status", video_id=started["video_id"])
    assert data["status"] == "lost"
    assert data["error"]["retry"] is True
    assert "generate_video" in data["next"]
    assert len(host.accepted) == 1
