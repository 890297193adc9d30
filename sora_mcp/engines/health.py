"""Whether a host answers: one that fails is set aside for a while, longer each time."""

from collections.abc import Callable
from time import monotonic

FIRST_REST = 5.0
LONGEST_REST = 300.0
"""Seconds for which a host is set aside after its first failure, and at the most."""


class Health:
    """What is known of one host's health, in this process."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        """`clock`: seconds that only grow."""
        self._clock = clock
        self._rest = 0.0
        self._rests_until = 0.0

    @property
    def good(self) -> bool:
        """Whether it may be given something new."""
        return self._clock() >= self._rests_until

    def failed(self) -> None:
        """It could not be reached, broke off, or has a fault of its own (5xx)."""
        if not self.good:
            return  # several looks at once fail for one reason
        self._rest = min(2 * self._rest, LONGEST_REST) if self._rest else FIRST_REST
        self._rests_until = self._clock() + self._rest

    def answered(self) -> None:
        """It answered, if only to refuse."""
        self._rest = 0.0
        self._rests_until = 0.0
