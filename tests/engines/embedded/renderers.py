"""Renderers for the tests: each has one trait, and hands over to the real one where it can.

Run as `python renderers.py TRAIT NOTES`; the folder keeps notes that outlive the process.
"""

import itertools
import os
import runpy
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from sora_mcp.engines.embedded.request import RenderRequest

Trait = Callable[[Path], None]
"""A function of this file that a process is started for; it is given the folder for notes."""


def renderer(trait: Trait, notes: Path) -> Sequence[str]:
    """The command that starts a renderer with this trait."""
    notes.mkdir(exist_ok=True)
    return (sys.executable, "-P", __file__, trait.__name__, str(notes))


def noted(notes: Path) -> None:
    """Notes when it begins and when it has come to its end."""
    _note(notes, "begins")
    try:
        _render()
    finally:
        _note(notes, "ends")


def instant(notes: Path) -> None:
    """Writes a word for a clip, behind the clip that it is to continue."""
    request = _request()
    source = Path(request.source_video).read_bytes() if request.source_video else b""
    Path(request.output).write_bytes(source + b"clip ")
    _say('{"result": {"width": 256, "height": 256, "seconds": 1, "frames": 24}}')


def never_ends(notes: Path) -> NoReturn:
    """Notes its process id, begins a file, and then waits, deaf even to the end of its input."""
    request = _request()
    (notes / "pid").write_text(str(os.getpid()))
    Path(request.output).write_bytes(b"half a clip")
    _say('{"progress": 42.5}')
    while True:
        threading.Event().wait()


def endless(notes: Path) -> NoReturn:
    """Notes its process id and makes progress for ever."""
    (notes / "pid").write_text(str(os.getpid()))
    pause = threading.Event()
    for percent in itertools.cycle(range(100)):
        _say(f'{{"progress": {percent}}}')
        pause.wait(0.02)
    raise AssertionError


def killed_once(notes: Path) -> None:
    """Is killed at 30 per cent, the first time."""
    if _first_time(notes):
        _say('{"progress": 30}')
        os.kill(os.getpid(), signal.SIGKILL)
    _render()


def always_dies(notes: Path) -> NoReturn:
    """Ends with words on standard error."""
    _note(notes, "begins")
    sys.exit("a long story\nout of paint\n")


def refuses(notes: Path) -> NoReturn:
    """Says that it cannot."""
    _note(notes, "begins")
    _say('{"error": {"code": "too_difficult", "message": "I cannot draw that."}}')
    sys.exit(1)


def talks_nonsense_once(notes: Path) -> None:
    """Says something that is no message, and does not go away, the first time."""
    if _first_time(notes):
        _say("it is going well")
        threading.Event().wait()
    _render()


def busy_once(notes: Path) -> None:
    """Finds the job's lock held, the first time."""
    if _first_time(notes):
        _say('{"error": {"code": "busy", "message": "another renderer is at work"}}')
        sys.exit(1)
    _render()


def talkative(notes: Path) -> None:
    """Writes more on standard error than a pipe holds."""
    sys.stderr.write("all is well\n" * 50_000)
    _render()


def _render() -> None:
    runpy.run_module("sora_mcp.engines.embedded.render", run_name="__main__", alter_sys=True)


def _request() -> RenderRequest:
    return RenderRequest.model_validate_json(sys.stdin.readline())


def _first_time(notes: Path) -> bool:
    try:
        (notes / "seen").touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def _note(notes: Path, event: str) -> None:
    with (notes / "log").open("a") as log:
        log.write(f"{event}\n")


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    globals()[sys.argv[1]](Path(sys.argv[2]))
