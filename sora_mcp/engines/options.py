"""The extras that callers may set: which there are, what they mean, and what values will do.

Only what a dialect lists is ever sent: some hosts take paths on their own disk as extras.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sora_mcp.videos.errors import InvalidRequest

MAX_TEXT = 4_000
"""Characters of an extra's text."""


@dataclass(frozen=True)
class Option:
    """One extra: its kind, the range of a number, and what it does."""

    kind: Literal["integer", "number", "text", "boolean"]
    meaning: str
    low: float | None = None
    high: float | None = None

    def __str__(self) -> str:
        """As agents read it, such as `integer 1–200; more is slower and finer`."""
        return f"{self.kind}{self._range}; {self.meaning}"

    @property
    def _range(self) -> str:
        if self.low is None:
            return ""
        low = _digits(self.low)
        return f" from {low}" if self.high is None else f" {low}–{_digits(self.high)}"

    def value(self, given: object) -> Any:
        """The value in its own type, or None where it will not do."""
        match self.kind:
            case "boolean":
                return given if isinstance(given, bool) else _WORDS.get(str(given).lower())
            case "text":
                short = isinstance(given, str) and 0 < len(given) <= MAX_TEXT
                return given if short else None
            case _:
                return self._number(given)

    def _number(self, given: object) -> int | float | None:
        if isinstance(given, bool) or not isinstance(given, int | float | str):
            return None
        try:
            number = float(given)
        except (ValueError, OverflowError):
            return None
        if not math.isfinite(number) or (self.low is not None and number < self.low):
            return None
        if self.high is not None and number > self.high:
            return None
        if self.kind == "number":
            return number
        return int(number) if number.is_integer() else None


def _digits(number: float) -> str:
    return str(int(number)) if number == int(number) else str(number)


_WORDS = {"true": True, "false": False}


def checked(options: Mapping[str, object], known: Mapping[str, Option]) -> dict[str, Any]:
    """The extras of a request, each in its own type.

    Raises:
        InvalidRequest: One is not listed, or its value will not do.
    """
    unknown = sorted(set(options) - set(known))
    if unknown:
        names = ", ".join(known) or "none"
        raise InvalidRequest(
            f"options has {', '.join(map(repr, unknown))}, which this engine does not take. "
            f"Its options: {names}."
        )
    values: dict[str, Any] = {}
    for name, given in options.items():
        value = known[name].value(given)
        if value is None:
            raise InvalidRequest(f"options.{name} must be: {known[name]}.")
        values[name] = value
    return values


SEED = Option("integer", "the same seed and prompt give the same video", 0, 2**31 - 1)

DIFFUSION: Mapping[str, Option] = {
    "seed": SEED,
    "negative_prompt": Option("text", "what should not be seen"),
    "num_inference_steps": Option("integer", "more is slower and finer", 1, 200),
    "guidance_scale": Option("number", "how closely the prompt is followed", 0, 20),
    "fps": Option("integer", "frames per second", 1, 120),
}
"""What engines for diffusion models share. Not `num_frames`, which would overrule `seconds`, and
with them the cost that was reckoned."""
