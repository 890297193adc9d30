"""What the domain needs to tell a receiver of the operator's that jobs have ended."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from typing import Protocol

from sora_mcp.videos.models import Job


@dataclass(frozen=True)
class Announcement:
    """The end of a job, which has yet to be told."""

    id: str
    """By which the receiver knows it again; the same at every try."""
    job: Job
    """As it was when it ended."""
    ended_at: datetime
    attempts: int
    """Tries that came to nothing."""
    fence: int
    """Counts leases; an outcome with an old one is not written down."""


class Outbox(Protocol):
    """The announcements in the ledger, each written in the transaction that ends its job."""

    def now(self) -> datetime:
        """The ledger's time, UTC."""
        ...

    async def claim(self, *, limit: int, lease_seconds: float) -> Sequence[Announcement]:
        """Lease due announcements, oldest first; nobody else gets them until the lease ends."""
        ...

    async def settle(self, announcement: Announcement, run_in: float | None) -> bool:
        """Forget a leased announcement (None), or have it tried again in so many seconds.

        False, and nothing written, when somebody else has leased it since.
        """
        ...

    async def next_due(self) -> float | None:
        """Seconds until some announcement is due or its lease ends; None: there is none."""
        ...


class Receipt(Enum):
    """What became of a message."""

    TAKEN = auto()
    NOT_NOW = auto()
    """It may be sent again later."""
    NEVER = auto()
    """The receiver wants no more."""


class Receiver(Protocol):
    """Takes messages."""

    async def send(self, message_id: str, body: bytes, at: datetime) -> Receipt:
        """Send a message of JSON once, at a time that it is signed with."""
        ...
