"""Opens a file with the application that the system has for it."""

import subprocess
import sys
from collections.abc import Mapping, Sequence

SECONDS_TO_FAIL = 3.0
"""An opener that has not failed by then shows the file, or will."""

_OPENERS: Mapping[str, Sequence[str]] = {
    "darwin": ("open",),
    "win32": ("rundll32", "url.dll,FileProtocolHandler"),
}
_ELSEWHERE = ("xdg-open",)


def open_file(path: str) -> str | None:
    """Open a file; why it could not be opened, or None."""
    opener = (*_OPENERS.get(sys.platform, _ELSEWHERE), path)
    try:
        process = subprocess.Popen(  # noqa: S603  # a fixed program; the path is one argument
            opener,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl+C here is not meant for it
        )
    except OSError:
        return f"{opener[0]} is not there"
    try:
        code = process.wait(SECONDS_TO_FAIL)
    except subprocess.TimeoutExpired:
        return None
    return f"{opener[0]} found nothing to open it with" if code else None
