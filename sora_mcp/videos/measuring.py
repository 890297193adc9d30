"""What an operator wants to watch: counted in this process, and read from the ledger.

Only numbers, under the names of engines and of kinds of things: no ids, prompts or owners.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from sora_mcp.videos.models import JobStatus
from sora_mcp.videos.ports import Receipt

LIMITS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""Seconds that separate quick requests from slow ones."""


@dataclass
class Times:
    """How long something took, each time."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(LIMITS) + 1))
    """How often it took at most so long as each of `LIMITS`, but longer than the one before; at
    last, longer than all."""
    seconds: float = 0.0
    """All of them together."""

    def add(self, seconds: float) -> None:
        """Count one more."""
        self.counts[sum(seconds > limit for limit in LIMITS)] += 1
        self.seconds += seconds


@dataclass
class Measures:
    """What this process has done since it started."""

    requests: defaultdict[tuple[str, str, str], Times] = field(
        default_factory=lambda: defaultdict(Times)
    )
    """Requests to engines, by engine, method and outcome (`engines/tracing.py`)."""
    downloads: int = 0
    """Videos fetched from engines."""
    downloaded_bytes: int = 0
    takeovers: int = 0
    """Jobs taken over from a worker that had stopped, or fallen silent, in the middle."""
    told: Counter[Receipt] = field(default_factory=Counter[Receipt])
    """Tries to tell the end of a job, by what became of them."""
    heard: Counter[str] = field(default_factory=Counter[str])
    """Webhooks of hosts that were `accepted`, `refused` or, for now, not heard (`not_now`)."""

    def request(self, engine: str, method: str, outcome: str, seconds: float) -> None:
        """Count a request to an engine that took so long to be answered."""
        self.requests[engine, method, outcome].add(seconds)

    def download(self, size: int) -> None:
        """Count a video of so many bytes."""
        self.downloads += 1
        self.downloaded_bytes += size


@dataclass(frozen=True)
class Census:
    """How the ledger stands, which all replicas share."""

    jobs: Mapping[JobStatus, int] = field(default_factory=dict[JobStatus, int])
    """Those that are listed, by status; none is left out."""
    longest_wait: float = 0.0
    """Seconds since the oldest job that waits for an engine was asked for; 0 without one."""
    spent_today_usd: float = 0.0
    """By everyone since midnight UTC, estimates included."""
    untold: int = 0
    """Ends of jobs that have yet to be told."""
