"""What `doctor` finds: one thing that was looked at, and what to do about it."""

from dataclasses import asdict, dataclass
from typing import Literal


@dataclass(frozen=True)
class Check:
    """One thing that was looked at."""

    name: str
    state: Literal["ok", "warning", "failure"]
    found: str
    fix: str | None = None

    def data(self) -> dict[str, str]:
        """The check in JSON, without what there is not."""
        return {name: value for name, value in asdict(self).items() if value is not None}
