"""Things that are drawn once, by whichever thread asks for them first."""

from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

T = TypeVar("T")


class Once(Generic[T]):
    """Numbered things, each drawn when it is first asked for; who asks meanwhile waits for it.

    What a drawing raises, everybody who asks for it gets.
    """

    def __init__(self, draw: Callable[[int], T]) -> None:
        self._draw = draw
        self._drawn: dict[int, Future[T]] = {}

    def __getitem__(self, index: int) -> T:
        mine = Future[T]()
        drawn = self._drawn.setdefault(index, mine)  # one step, which no other thread can split
        if drawn is mine:
            try:
                mine.set_result(self._draw(index))
            except BaseException as error:
                mine.set_exception(error)
                raise
        return drawn.result()

    def forget_before(self, index: int) -> None:
        """Drop the things with lower numbers."""
        for older in [number for number in list(self._drawn) if number < index]:
            del self._drawn[older]
