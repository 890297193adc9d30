"""What a video costs."""

import pytest

from sora_mcp.videos.spending import Prices, parse_prices


@pytest.mark.parametrize(
    ("model", "size", "usd"),
    [
        ("sora-2", "1280x720", 0.10),
        ("sora-2-2025-12-08", "720x1280", 0.10),
        ("sora-2-pro", "1280x720", 0.30),
        ("sora-2-pro", "1792x1024", 0.50),
        ("sora-2-pro-2025-10-06", "1920x1080", 0.70),
    ],
)
def test_openais_list_prices_are_known(model: str, size: str, usd: float) -> None:
    estimate = Prices().estimate("api.openai.com", model, size, 8)
    assert estimate.usd == pytest.approx(usd * 8)
    assert estimate.note is None


def test_a_sora_model_on_a_gateway_is_estimated_at_the_list_price_and_says_so() -> None:
    estimate = Prices().estimate("gateway.example", "sora-2", "1280x720", 4)
    assert estimate.usd == pytest.approx(0.4)
    assert estimate.note == "OpenAI list price"


def test_the_embedded_engine_costs_nothing() -> None:
    assert Prices().estimate("embedded", "preview-animatic", "1920x1080", 20).usd == 0


@pytest.mark.parametrize(
    ("host", "model", "size", "seconds"),
    [
        ("gateway.example", "wan-2.2", "1280x720", 4),
        ("api.openai.com", "sora-2", "640x480", 4),
        ("api.openai.com", "sora-2", "1280x720", None),
        ("gateway.example", None, None, 4),
    ],
)
def test_what_is_not_known_is_said_to_be_unknown(
    host: str, model: str | None, size: str | None, seconds: float | None
) -> None:
    assert Prices().estimate(host, model, size, seconds).usd is None


def test_the_operators_own_prices_come_first_and_the_most_exact_row_wins() -> None:
    table = {
        "*": {"*": 0.9},
        "gateway.example": {"wan-*": 0.05, "wan-2.2": {"1280x720": 0.07, "*": 0.06}},
    }
    prices = Prices(parse_prices(table))
    assert prices.estimate("gateway.example", "wan-2.2", "1280x720", 10).usd == pytest.approx(0.7)
    assert prices.estimate("gateway.example", "wan-2.2", "768x768", 10).usd == pytest.approx(0.6)
    assert prices.estimate("Gateway.Example", "WAN-2.1", None, 10).usd == pytest.approx(0.5)
    assert prices.estimate("elsewhere.example", "sora-2", "1280x720", 10).usd == pytest.approx(9)


@pytest.mark.parametrize(
    "table", [[], {"host": 0.1}, {"host": {"model": "cheap"}}, {"host": {"model": -1}}, {"h": None}]
)
def test_a_table_of_another_shape_is_refused_with_an_example(table: object) -> None:
    with pytest.raises(ValueError, match="such as"):
        parse_prices(table)


def test_an_engines_report_shows_the_rows_that_concern_it() -> None:
    prices = Prices(parse_prices({"gateway.example": {"wan-2.2": 0.05}}))
    assert prices.for_host("gateway.example", ["wan-2.2"]) == {"wan-2.2": 0.05}
    assert prices.for_host("embedded", []) == {"*": 0.0}
