"""Ctrl+C: the first one ends a command in good order, and nobody's second one breaks that.

asyncio would raise from the second one wherever the program happens to be, which leaves tracebacks,
and a request without its answer. Here the first cancels a scope, so that what is shielded is heard
out first; the second is answered with a word, and the third ends the process on the spot.
"""

import asyncio
import os
import signal
import threading
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from types import FrameType
from typing import TypeVar

import anyio

from sora_mcp.cli.outcome import Exit

Result = TypeVar("Result")

_STANDARD_ERROR = 2
_PATIENCE = (
    b"\nEnding: what was sent is heard out first. Ctrl+C once more stops at once; "
    b"`sora-mcp list --status active` then shows what was left.\n"
)


def run(main: Callable[[], Awaitable[Result]]) -> Result:
    """Run something in an event loop of its own.

    Raises:
        KeyboardInterrupt: Ctrl+C was pressed; everything has been left in good order.
    """

    async def guarded() -> Result | KeyboardInterrupt:
        with ended_by_ctrl_c():
            return await main()
        return KeyboardInterrupt()

    result = anyio.run(guarded)
    if isinstance(result, KeyboardInterrupt):
        raise result
    return result


@contextmanager
def ended_by_ctrl_c() -> Generator[None]:
    """Inside an event loop: Ctrl+C cancels the block, which is then left without an error.

    After that it changes nothing any more: the process is about to end.
    """
    before = signal.getsignal(signal.SIGINT)
    in_main_thread = threading.current_thread() is threading.main_thread()
    if not callable(before) or not in_main_thread:  # ignored, or not ours to handle
        yield
        return
    loop = asyncio.get_running_loop()
    scope = anyio.CancelScope()
    presses = 0

    def pressed(number: int, frame: FrameType | None) -> None:
        nonlocal presses
        presses += 1
        if presses == 1:
            loop.call_soon_threadsafe(scope.cancel)  # the one way to wake a loop from a signal
        elif presses == 2:
            # Not through the stream: a signal may come in the middle of writing to it.
            os.write(_STANDARD_ERROR, _PATIENCE)
        else:
            os._exit(Exit.INTERRUPTED)

    signal.signal(signal.SIGINT, pressed)
    try:
        with scope:
            yield
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN if scope.cancelled_caught else before)
