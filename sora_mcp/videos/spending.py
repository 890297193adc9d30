"""What a video will cost: a price table and the estimates made from it. Pure functions.

Prices are USD per second of video, looked up by host, model and size; `*` stands for any part
of a name. The built-in figures are OpenAI's last list prices (developers.openai.com pricing page,
September 2026); they hold for OpenAI's own host and, marked as such, for models called `sora-2*`
on gateways. Everything else is unknown until the operator or the host says.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import cast

OPENAI_HOST = "api.openai.com"
EMBEDDED = "embedded"


@dataclass(frozen=True)
class Price:
    """One row of the table."""

    host: str
    model: str
    size: str
    usd_per_second: float
    note: str | None = None


@dataclass(frozen=True)
class Estimate:
    """USD for a whole request; None when no price is known, or no length."""

    usd: float | None
    note: str | None = None
    needs_seconds: bool = False
    """Whether only the length is missing to know it."""


_720P = ("1280x720", "720x1280")
_1024P = ("1792x1024", "1024x1792")
_1080P = ("1920x1080", "1080x1920")

_LIST = [
    *(("sora-2", size, 0.10) for size in _720P),
    *(("sora-2-20*", size, 0.10) for size in _720P),
    *(("sora-2-pro*", size, 0.30) for size in _720P),
    *(("sora-2-pro*", size, 0.50) for size in _1024P),
    *(("sora-2-pro*", size, 0.70) for size in _1080P),
]

BUILT_IN = (
    Price(EMBEDDED, "*", "*", 0.0),
    *(Price(OPENAI_HOST, model, size, usd) for model, size, usd in _LIST),
    *(Price("*", model, size, usd, "OpenAI list price") for model, size, usd in _LIST),
)


def parse_prices(table: object) -> tuple[Price, ...]:
    """Rows from `{host: {model: price}}` or `{host: {model: {size: price}}}`.

    Raises:
        ValueError: The table has another shape; the message shows a right one.
    """
    example = '{"my-gateway.example": {"wan-2.2": 0.05, "veo-*": {"1280x720": 0.2, "*": 0.4}}}'
    try:
        hosts = cast("Mapping[str, object]", table).items()
        return tuple(row for host, models in hosts for row in parse_model_prices(models, host))
    except (AttributeError, ValueError) as error:
        raise ValueError(
            f"a price table maps host to model to USD per second, such as {example}"
        ) from error


def parse_model_prices(table: object, host: str = "*") -> tuple[Price, ...]:
    """Rows of one host from `{model: price}` or `{model: {size: price}}`.

    Raises:
        ValueError: The table has another shape; the message shows a right one, in TOML.
    """
    rows: list[Price] = []
    try:
        for model, price in cast("Mapping[str, object]", table).items():
            sizes = (
                cast("Mapping[str, object]", price) if isinstance(price, Mapping) else {"*": price}
            )
            rows += [Price(host, model, size, _usd(value)) for size, value in sizes.items()]
    except (AttributeError, TypeError, ValueError) as error:
        raise ValueError(
            "models with USD per second, such as "
            '{ "wan-2.2" = 0.05, "veo-*" = { "1280x720" = 0.2, "*" = 0.4 } }'
        ) from error
    return tuple(rows)


def _usd(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{value!r} is not a price")
    if not 0 <= value < float("inf"):
        raise ValueError(f"{value!r} is not a price")
    return float(value)


class Prices:
    """Answers what a second of video costs.

    What the operator states of one engine comes before the operator's table, that before what a
    host says itself, and all before the built-in rows.
    """

    def __init__(self, own: Iterable[Price] = ()) -> None:
        self._own = tuple(own)

    def find(
        self,
        host: str,
        model: str | None,
        size: str | None,
        *,
        stated: Iterable[Price] = (),
        told: Iterable[Price] = (),
    ) -> Price | None:
        """The most exact row for a host, model and size; names compare without case.

        `stated`: what the operator states of the engine alone; `told`: what the host says.
        """
        asked = (host.lower(), (model or "").lower(), (size or "").lower())
        for table in (stated, self._own, told, BUILT_IN):
            rows = [row for row in table if _matches(row, asked)]
            if rows:
                return max(rows, key=_exactness)
        return None

    def estimate(
        self,
        host: str,
        model: str | None,
        size: str | None,
        seconds: float | None,
        *,
        stated: Iterable[Price] = (),
        told: Iterable[Price] = (),
    ) -> Estimate:
        """The cost of so many seconds; unknown without a price, or without a length."""
        row = self.find(host, model, size, stated=stated, told=told)
        if row is None:
            return Estimate(None)
        if row.usd_per_second == 0:
            return Estimate(0.0, row.note)
        if seconds is None:
            return Estimate(None, needs_seconds=True)
        return Estimate(round(row.usd_per_second * seconds, 6), row.note)

    def for_host(
        self,
        host: str,
        models: Iterable[str],
        *,
        stated: Iterable[Price] = (),
        told: Iterable[Price] = (),
    ) -> dict[str, float]:
        """The rows that concern a host and its models, as `model size` → USD per second."""
        names = [model.lower() for model in models]
        concerned = [
            row
            for table in (BUILT_IN, told, self._own)
            for row in table
            if fnmatchcase(host.lower(), row.host.lower())
            and (row.host != "*" or any(fnmatchcase(name, row.model.lower()) for name in names))
        ]
        return {
            f"{row.model} {row.size}".replace(" *", "") or "*": row.usd_per_second
            for row in (*concerned, *stated)
        }


def _matches(row: Price, asked: tuple[str, str, str]) -> bool:
    patterns = (row.host.lower(), row.model.lower(), row.size.lower())
    return all(map(fnmatchcase, asked, patterns))


def _exactness(row: Price) -> tuple[int, ...]:
    return tuple(
        len(pattern.replace("*", "")) + 1000 * ("*" not in pattern)
        for pattern in (row.host, row.model, row.size)
    )
