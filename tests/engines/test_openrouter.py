"""OpenRouter: values and prices from its own list, and its ways of saying no."""

from pathlib import Path
from typing import Any

import pytest
from mcp import Client

from sora_mcp.engines.openrouter import parse_models
from tests.engines.hosts import KINDS, client_before_host, ended
from tests.fakes.hosts.openrouter import MODELS, OpenRouterHost
from tests.server.surface import structured, text_of

VEO, SORA, WAN = MODELS
FAST = {"prompt": "a cat", "size": "1280x720", "seconds": 4}


def a_host(**options: Any) -> OpenRouterHost:
    host = KINDS["openrouter"].host(**options)
    assert isinstance(host, OpenRouterHost)
    return host


async def refused(client: Client, **arguments: Any) -> str:
    result = await client.call_tool("generate_video", {**FAST, **arguments})
    assert result.is_error, result
    return text_of(result)


async def test_sizes_go_out_in_the_words_that_the_model_knows(tmp_path: Path) -> None:
    host = a_host()
    async with client_before_host(host, tmp_path, model=VEO) as client:
        for size in ("1280x720", "720P", "9:16", "1080p"):
            assert (await ended(client, "generate_video", **{**FAST, "size": size}))["files"]
    words = ("size", "resolution", "aspect_ratio", "duration")
    assert [{w: f[w] for w in words if w in f} for f in host.accepted] == [
        {"size": "1280x720", "duration": 4},
        {"resolution": "720p", "duration": 4},
        {"aspect_ratio": "9:16", "duration": 4},
        {"resolution": "1080p", "duration": 4},
    ]


async def test_what_the_model_does_not_take_is_refused_with_what_it_takes_before_it_is_sent(
    tmp_path: Path,
) -> None:
    host = a_host()
    async with client_before_host(host, tmp_path) as client:
        assert VEO in await refused(client)  # a model is needed
        assert "4, 6, 8 s" in await refused(client, model=VEO, seconds=5)
        assert "whole seconds" in await refused(client, model=VEO, seconds=4.5)
        assert "1920x1080" in await refused(client, model=VEO, size="640x480")
        assert "16:9, 9:16" in await refused(client, model=VEO, size="4:3")
        assert "720p, 1080p" in await refused(client, model=SORA, size="4K")
        picture = "data:image/png;base64,AAAA"
        assert "no first frame" in await refused(client, model=SORA, input_reference=picture)
        assert "not a valid model" in await refused(client, model="nobody/nothing")
    assert host.accepted == []


async def test_a_dry_run_knows_the_price_of_the_size(tmp_path: Path) -> None:
    async with client_before_host(a_host(), tmp_path, model=VEO) as client:
        costs: list[float] = []
        for size, model in (("1280x720", VEO), ("1920x1080", VEO), ("1080p", SORA)):
            arguments = {**FAST, "size": size, "model": model, "dry_run": True}
            planned = await client.call_tool("generate_video", arguments)
            assert "host's price list" in text_of(planned)
            costs.append(structured(planned)["estimated_cost_usd"])
        engine = structured(await client.call_tool("get_engine"))
    assert costs == [0.2, 0.32, 2]
    assert engine["prices_usd_per_second"][f"{VEO} 1280x720"] == 0.05
    assert engine["sizes"] == MODELS[VEO]["supported_sizes"]
    assert engine["seconds"] == ["4", "6", "8"]


async def test_what_a_video_did_cost_replaces_the_estimate_and_counts_as_spent(
    tmp_path: Path,
) -> None:
    async with client_before_host(a_host(), tmp_path, model=VEO) as client:
        # Without a size the dearest price is reckoned with; the host then says what it was.
        plan = {**FAST, "size": "", "dry_run": True}
        planned = structured(await client.call_tool("generate_video", plan))
        data = await ended(client, "generate_video", **{**FAST, "size": ""})
        engine = structured(await client.call_tool("get_engine"))
    assert planned["estimated_cost_usd"] == 0.32
    assert data["estimated_cost_usd"] == 0.2
    assert engine["spent_today_usd"] == 0.2


async def test_a_limit_on_cost_holds_with_the_hosts_own_prices(tmp_path: Path) -> None:
    host = a_host()
    async with client_before_host(host, tmp_path, model=VEO, max_cost_usd=0.3) as client:
        assert "SORA_MCP_MAX_COST_USD" in await refused(client, size="1920x1080")
        assert (await ended(client, "generate_video", **FAST))["status"] == "completed"
    assert len(host.accepted) == 1


@pytest.mark.parametrize("end", ["failed", "cancelled", "expired"])
async def test_every_bad_end_has_the_hosts_reason(end: Any, tmp_path: Path) -> None:
    host = a_host(bad_end=end)
    async with client_before_host(host, tmp_path, model=VEO) as client:
        data = await ended(client, "generate_video", **{**FAST, "prompt": "make it fail"})
    assert data["status"] == end
    assert "CUDA out of memory" in data["error"]["message"]


async def test_an_empty_account_is_named_and_not_tried_again(tmp_path: Path) -> None:
    host = a_host(without_credit=True)
    async with client_before_host(host, tmp_path, model=VEO) as client:
        result = await client.call_tool("generate_video", FAST)
    assert result.is_error
    assert structured(result)["error"]["code"] == "quota_exceeded"
    assert "no credit left" in text_of(result)
    assert host.requests.count(("POST", "/api/v1/videos")) == 1


async def test_a_rate_limit_is_waited_for(tmp_path: Path) -> None:
    host = a_host(turned_away=2)
    async with client_before_host(host, tmp_path, model=VEO) as client:
        data = await ended(client, "generate_video", **FAST)
    assert data["status"] == "completed"
    assert len(host.accepted) == 1


async def test_a_model_of_words_only_is_remixed_by_words_and_cannot_be_extended(
    tmp_path: Path,
) -> None:
    host = a_host()
    async with client_before_host(host, tmp_path, model=SORA) as client:
        video = await ended(client, "generate_video", **FAST)
        remix = await ended(client, "remix_video", video_id=video["video_id"], prompt="at night")
        result = await client.call_tool(
            "extend_video", {"video_id": video["video_id"], "prompt": "it bows"}
        )
        engine = structured(await client.call_tool("get_engine"))
    assert (remix["status"], remix["emulated"]) == ("completed", True)
    assert "frame_images" not in host.accepted[1]
    assert result.is_error
    assert "takes no first frame" in text_of(result)
    assert "Nothing was charged" in text_of(result)
    assert engine["operations"]["extend"] == "missing"
    assert len(host.accepted) == 2


@pytest.mark.parametrize(
    ("skus", "expected"),
    [
        ({"duration_seconds": "0.05"}, {"*": 0.05}),
        ({"duration_seconds_720p": "0.3", "duration_seconds_1080p": "0.5"},
         {"*": 0.5, "720p": 0.3, "1280x720": 0.3}),
        ({"duration_seconds_with_audio": "0.2", "duration_seconds_without_audio": "0.1"},
         {"*": 0.2}),
        ({"text_to_video_duration_seconds_720p": "0.1",
          "image_to_video_duration_seconds_720p": "0.2"},
         {"*": 0.2}),
        ({"duration_seconds": "0.112", "duration_seconds_with_audio": "0.168",
          "text_to_video_duration_seconds_720p": "0.112"},
         {"*": 0.168}),
        ({"duration_seconds_with_audio": "0.4", "duration_seconds_with_audio_4k": "0.6",
          "duration_seconds_without_audio": "0.2"},
         {"*": 0.6, "1280x720": 0.4, "720p": 0.4}),
        ({"duration_seconds_without_audio": "0.1"}, {}),
        ({"cents_per_second_output": "7"}, {"*": 0.07}),
        ({"video_tokens": "0.0000035"}, {}),
        ({"duration_seconds": "0.05", "reference_images": "0.01"}, {}),
        ({"duration_seconds": "free"}, {}),
        (None, {}),
    ],
)  # fmt: skip
def test_a_price_is_known_only_where_a_model_is_paid_by_the_second(
    skus: object, expected: dict[str, float]
) -> None:
    entry = {
        "id": "a/b",
        "supported_sizes": ["1280x720"],
        "supported_resolutions": ["720p"],
        "pricing_skus": skus,
    }
    prices = parse_models({"data": [entry]})["a/b"].prices
    assert {price.size: price.usd_per_second for price in prices} == pytest.approx(expected)


async def test_a_size_in_pixels_costs_what_the_resolution_does_that_it_is_sent_as(
    tmp_path: Path,
) -> None:
    async with client_before_host(a_host(), tmp_path, model=WAN) as client:
        plans = [
            structured(
                await client.call_tool("generate_video", {**FAST, "size": size, "dry_run": True})
            )
            for size in ("1280x720", "480x854", "720x720", "9:16", "1080p")
        ]
    shapes = [
        (plan["request"].get("resolution"), plan["request"].get("aspect_ratio")) for plan in plans
    ]
    assert shapes == [
        ("720p", "16:9"),
        ("480p", "9:16"),
        ("720p", "1:1"),
        (None, "9:16"),
        ("1080p", None),
    ]
    assert [plan["estimated_cost_usd"] for plan in plans] == [0.4, 0.2, 0.4, 0.8, 0.8]


@pytest.mark.parametrize("body", [None, [], {}, {"data": None}, {"data": ["x", {"id": 7}]}])
def test_a_list_of_models_of_another_shape_is_no_list(body: object) -> None:
    assert parse_models(body) == {}
