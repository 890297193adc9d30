"""Remix and extension on hosts that have neither."""

from pathlib import Path
from typing import Any

import pytest
from mcp import Client

from sora_mcp.media.probe import probe
from sora_mcp.videos.emulation import whole_prompt
from sora_mcp.videos.models import Operation
from sora_mcp.videos.spending import parse_prices
from tests.engines.hosts import KINDS, client_before_host, ended
from tests.fakes import videos_api as fake
from tests.fakes.hosts.sglang import SglangHost
from tests.fakes.videos_api import FakeHost
from tests.harness import a_host, videos_from
from tests.server.surface import client_before, made, structured, text_of

NO_REMIX = fake.error(404, "Not Found")


def without_follow_ups(**options: Any) -> FakeHost:
    """A plain host that has neither, and says so each time."""
    host = a_host(statuses=("completed",), **options)
    for route in ("POST /videos/{id}/remix", "POST /videos/extensions"):
        host.fail(route, *[NO_REMIX] * 9)
    return host


async def follow_up(client: Client, tool: str, video_id: str, prompt: str) -> dict[str, Any]:
    return await ended(client, tool, video_id=video_id, prompt=prompt)


async def test_a_remix_is_the_originals_request_with_the_change_and_its_first_frame(
    tmp_path: Path,
) -> None:
    host = without_follow_ups()
    async with client_before(host, tmp_path) as client:
        options = {"seed": 7}
        source = await made(client, "a cat", model="m", size="64x64", seconds=2, options=options)
        night = await follow_up(client, "remix_video", source, "at night")
        rain = await follow_up(client, "remix_video", night["video_id"], "in the rain")
    assert (night["status"], night["emulated"], night["prompt"]) == ("completed", True, "at night")
    assert night["source_video_id"] == source
    first, second = host.accepted[1:]
    image = first.pop("input_reference")
    assert image.startswith(b"\x89PNG")
    assert first == {
        "prompt": "a cat\n\nThe same video, with one change: at night",
        "model": "m",
        "size": "64x64",
        "seconds": "2",
        "seed": "7",
    }
    assert second["prompt"].startswith("a cat\n\n")
    assert second["prompt"].endswith("one change: in the rain")
    assert "at night" in second["prompt"]
    assert rain["status"] == "completed"


async def test_an_extension_is_one_video_that_costs_what_was_added(tmp_path: Path) -> None:
    host = without_follow_ups()
    settings: dict[str, Any] = {"model": "sora-2", "size": "1280x720"}
    async with client_before(host, tmp_path, settings=settings) as client:
        source = await made(client, seconds=8)
        result = await client.call_tool(
            "extend_video",
            {"video_id": source, "prompt": "it bows", "seconds": 4, "wait_seconds": 45},
        )
        data = structured(result)
        listed = structured(await client.call_tool("list_videos"))
        engine = structured(await client.call_tool("get_engine"))
    assert data["status"] == "completed"
    assert data["emulated"] is True
    assert "could not extend this video itself" in text_of(result)
    assert data["seconds"] == pytest.approx(2, abs=0.1)
    assert probe(Path(data["files"][0]["path"])).seconds == pytest.approx(2, abs=0.1)
    assert data["estimated_cost_usd"] == 0.4
    assert engine["spent_today_usd"] == 1.2
    assert engine["operations"]["extend"] == "emulated"
    assert len(listed["videos"]) == 2
    added = host.accepted[1]
    assert (added["prompt"], added["seconds"]) == ("it bows", "4")
    assert added["input_reference"].startswith(b"\x89PNG")
    assert list((tmp_path / "home" / "work" / "parts").iterdir()) == []


async def test_an_extension_is_sent_as_long_as_it_was_reckoned_with(tmp_path: Path) -> None:
    host = without_follow_ups()
    settings: dict[str, Any] = {"prices": parse_prices({"*": {"*": 0.1}})}
    async with client_before(host, tmp_path, settings=settings) as client:
        source = await made(client)
        tried = await follow_up(client, "extend_video", source, "it bows")
        plan = await client.call_tool(
            "extend_video", {"video_id": source, "prompt": "it waves", "dry_run": True}
        )
    # Whether the host extends was found out by asking for four seconds, which were priced.
    assert (tried["emulated"], tried["estimated_cost_usd"]) == (True, pytest.approx(0.4))
    assert host.accepted[-1]["seconds"] == "4"
    # Now it is known: a new clip is as long as the host makes one unasked, which nobody knows.
    planned = structured(plan)
    assert planned["emulated"] is True
    assert {"seconds", "estimated_cost_usd"}.isdisjoint(planned)
    assert "seconds" not in planned["request"]
    assert "depends on `seconds`" in text_of(plan)


async def test_an_extension_whose_original_is_gone_is_what_was_added(tmp_path: Path) -> None:
    host = without_follow_ups()
    host.statuses = ("queued", "in_progress", "completed")
    async with client_before(host, tmp_path) as client:
        source = await ended(client, "generate_video", prompt="a cat")
        started = structured(
            await client.call_tool(
                "extend_video", {"video_id": source["video_id"], "prompt": "it bows"}
            )
        )
        Path(source["files"][0]["path"]).unlink()
        result = await client.call_tool(
            "get_video_status", {"video_id": started["video_id"], "wait_seconds": 45}
        )
    assert structured(result)["status"] == "completed"
    assert "only what was added" in text_of(result)
    assert structured(result)["files"][0]["seconds"] == pytest.approx(1, abs=0.1)


async def test_a_host_that_turns_the_first_frame_down_is_asked_with_the_words_alone(
    tmp_path: Path,
) -> None:
    host = without_follow_ups()
    async with client_before(host, tmp_path) as client:
        source = await made(client)
        host.fail("POST /videos", fake.error(400, "This model takes no images."))
        result = await client.call_tool(
            "remix_video", {"video_id": source, "prompt": "at night", "wait_seconds": 45}
        )
    assert structured(result)["status"] == "completed"
    assert "did not take the original's first frame" in text_of(result)
    assert "input_reference" not in host.accepted[-1]
    assert len(host.accepted) == 2


async def test_a_moderated_extension_fails_with_the_hosts_words(tmp_path: Path) -> None:
    host = without_follow_ups()
    async with client_before(host, tmp_path) as client:
        source = await made(client)
        host.fail("POST /videos", fake.error(400, "Not allowed.", "sentinel_block"))
        result = await client.call_tool(
            "extend_video", {"video_id": source, "prompt": "it bites", "wait_seconds": 45}
        )
    assert result.is_error
    assert structured(result)["error"]["code"] == "sentinel_block"
    assert len(host.accepted) == 1


async def test_a_host_is_asked_natively_once_and_then_known_to_have_neither(
    tmp_path: Path,
) -> None:
    host = without_follow_ups()
    async with client_before(host, tmp_path) as client:
        source = await made(client)
        for number in range(3):
            assert (await follow_up(client, "remix_video", source, f"change {number}"))["emulated"]
    asked = [path for _, path in host.requests if path.endswith("/remix")]
    assert len(asked) == 1


async def test_a_source_that_the_host_has_lost_does_not_make_it_a_host_without_remix(
    tmp_path: Path,
) -> None:
    host = a_host(statuses=("completed",))
    async with client_before(host, tmp_path) as client:
        first, second = await made(client, "one"), await made(client, "two")
        host.fail("POST /videos/{id}/remix", fake.error(404, "Video not found.", "not_found"))
        lost = await follow_up(client, "remix_video", first, "at night")
        kept = await follow_up(client, "remix_video", second, "at night")
    assert lost["emulated"] is True
    assert "emulated" not in kept


async def test_what_only_we_have_joined_is_remixed_and_extended_as_a_whole(tmp_path: Path) -> None:
    host = a_host(statuses=("completed",))
    host.fail("POST /videos/extensions", *[NO_REMIX] * 9)
    async with client_before(host, tmp_path) as client:
        source = await made(client, "a cat", seconds=1)
        longer = await follow_up(client, "extend_video", source, "it bows")
        remix = await follow_up(client, "remix_video", longer["video_id"], "at night")
        longest = await follow_up(client, "extend_video", longer["video_id"], "it leaves")
    assert longer["emulated"] is remix["emulated"] is longest["emulated"] is True
    asked = [fields["prompt"] for fields in host.accepted]
    words = "a cat\n\nThen: it bows\n\nThe same video, with one change: at night"
    assert asked == ["a cat", "it bows", words, "it leaves"]
    assert host.accepted[2]["seconds"] == "2"
    assert longest["files"][0]["seconds"] == pytest.approx(3, abs=0.2)


async def test_a_refusal_by_name_is_not_taken_for_a_refusal_of_the_picture(tmp_path: Path) -> None:
    host = without_follow_ups()
    async with client_before(host, tmp_path) as client:
        source = await made(client)
        host.fail("POST /videos", fake.error(400, "Not allowed.", "moderation_blocked"))
        data = await follow_up(client, "remix_video", source, "at night")
    assert data["status"] == "failed"
    assert data["error"]["code"] == "moderation_blocked"
    assert len(host.accepted) == 1


async def test_an_unknown_outcome_of_an_emulated_remix_is_found_in_the_hosts_list(
    tmp_path: Path,
) -> None:
    host = without_follow_ups()
    async with client_before(host, tmp_path) as client:
        source = await made(client)
        host.fail("POST /videos", fake.accept_then_reset)
        data = await follow_up(client, "remix_video", source, "at night")
    assert data["status"] == "completed"
    assert len(host.accepted) == 2


async def test_a_dry_run_shows_what_an_emulated_remix_would_send(tmp_path: Path) -> None:
    host = KINDS["vllm-omni"].host()
    async with client_before_host(host, tmp_path) as client:
        source = await ended(client, "generate_video", prompt="a cat", size="64x64", seconds=2)
        planned = structured(
            await client.call_tool(
                "remix_video",
                {"video_id": source["video_id"], "prompt": "at night", "dry_run": True},
            )
        )
    assert planned["status"] == "planned"
    assert planned["request"] == {
        "prompt": "a cat\n\nThe same video, with one change: at night",
        "size": "64x64",
        "seconds": "2",
        "input_reference": "64x64 PNG (as it is)",
    }
    assert len(host.accepted) == 1


async def test_a_text_to_video_model_is_remixed_by_words_and_not_extended(tmp_path: Path) -> None:
    host = KINDS["sglang"].host(task="T2V")
    assert isinstance(host, SglangHost)
    async with client_before_host(host, tmp_path) as client:
        source = await ended(client, "generate_video", prompt="a cat", seconds=2)
        remix = await follow_up(client, "remix_video", source["video_id"], "at night")
        result = await client.call_tool(
            "extend_video", {"video_id": source["video_id"], "prompt": "it bows"}
        )
        picture = await client.call_tool(
            "generate_video",
            {
                "prompt": "a cat",
                "input_reference": f"sora://videos/{source['video_id']}/last_frame.png",
            },
        )
    assert remix["status"] == "completed"
    for refused in (result, picture):
        assert refused.is_error
        assert "takes no first frame" in text_of(refused)
    assert [fields for fields in host.accepted if "input_reference" in fields] == []


async def test_videos_in_the_hosts_bucket_are_fetched_from_there(tmp_path: Path) -> None:
    host = KINDS["sglang"].host(in_cloud=True)
    async with client_before_host(host, tmp_path) as client:
        data = await ended(client, "generate_video", prompt="a cat", seconds=2)
    assert data["status"] == "completed"
    assert any(path.startswith("/bucket/") for _, path in host.requests)


async def test_the_words_of_a_remix_never_outgrow_a_prompt(tmp_path: Path) -> None:
    async with videos_from(without_follow_ups(), tmp_path) as videos:
        plan = await videos.plan.generate("local", prompt="x" * 32_000)
    words = whole_prompt(plan.job, Operation.REMIX, "y" * 1_000)
    assert len(words) == 32_000
    assert words.endswith("y" * 1_000)
    assert whole_prompt(plan.job, Operation.REMIX, "y" * 32_000) == "y" * 32_000
