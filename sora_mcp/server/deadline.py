"""The one deadline of a call: whatever happens, the client gets an answer in time."""

from collections.abc import Generator
from contextlib import contextmanager

import anyio

from sora_mcp.videos.errors import InvalidRequest, SoraError

LONGEST_CALL = 45.0
"""Seconds. Chat clients give up on a call after a minute, some earlier."""

SUBMISSION = 20.0
"""Seconds that a call has beside its `wait_seconds`: for checks, and for the host's answer."""


class TookTooLong(SoraError):
    """What a call had to do first, such as fetching an image, did not end before its deadline."""

    code = "took_too_long"
    retry = True


class Deadline:
    """Measures a call against min(`wait_seconds` + 20, 45) seconds."""

    def __init__(self, wait_seconds: float = 0) -> None:
        """Raises `InvalidRequest` when `wait_seconds` is negative."""
        if wait_seconds < 0:
            raise InvalidRequest(f"wait_seconds is {wait_seconds:g}; give 0 to {LONGEST_CALL:g}.")
        self._wait = min(wait_seconds, LONGEST_CALL)
        self._ends = anyio.current_time() + min(self._wait + SUBMISSION, LONGEST_CALL)
        self.note = (
            f"wait_seconds was cut to {LONGEST_CALL:g}." if wait_seconds > LONGEST_CALL else None
        )

    @property
    def left(self) -> float:
        """Seconds that are left of the whole call."""
        return max(0.0, self._ends - anyio.current_time())

    @property
    def wait(self) -> float:
        """Seconds that may still be spent on waiting for a result."""
        return min(self._wait, self.left)

    @property
    def answer(self) -> float:
        """Seconds that may still be spent on waiting for the host's answer to a submission."""
        return min(SUBMISSION, self.left)

    @contextmanager
    def limit(self) -> Generator[None]:
        """Cut short what may take long; for work that has left no trace when it is cut."""
        with anyio.move_on_after(self.left) as scope:
            yield
        if scope.cancelled_caught:
            raise TookTooLong("This took too long and was stopped; nothing was sent.")

    @contextmanager
    def paused(self) -> Generator[None]:
        """Stop the clock while a person is being asked."""
        began = anyio.current_time()
        try:
            yield
        finally:
            self._ends += anyio.current_time() - began
