"""The renderer: a child process that draws, films and encodes one request.

`python -m sora_mcp.engines.embedded.render`; `request` says how to talk to it.
"""

import json
import os
import sys
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from av import VideoFrame
from av.error import FFmpegError
from filelock import FileLock, Timeout
from pydantic import ValidationError

from sora_mcp.engines.embedded.encoder import Movie
from sora_mcp.engines.embedded.film import Film
from sora_mcp.engines.embedded.request import RenderRequest, RenderResult
from sora_mcp.engines.embedded.soundtrack import SAMPLE_RATE, Soundtrack
from sora_mcp.engines.embedded.storyboard import FRAME_RATE

_SAMPLES_PER_FRAME = SAMPLE_RATE // FRAME_RATE
_SOUND_BLOCK = FRAME_RATE
"""Frames whose sound is made at once."""
_AHEAD = 8
"""Pictures that are painted before they are encoded: some of either take several times as long as
others. With four, a clip takes a twentieth longer."""
_PREPARED = 24
"""Pictures ahead for which things may be drawn beforehand, which saves a twentieth of the time."""


class Stopped(Exception):
    """Whoever asked for the clip is gone."""


class Unrenderable(Exception):
    """The request cannot be rendered. `code`: for programs; the message is for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def main() -> int:
    """Serve the one request on standard input; the process's exit code."""
    line = sys.stdin.buffer.readline()
    stopped = threading.Event()
    threading.Thread(target=_wait_for_end_of_input, args=(stopped,), daemon=True).start()
    try:
        result = _serve(line, stopped)
        _say(result=result.model_dump(mode="json"))
    except (Stopped, BrokenPipeError):
        return 1
    except Unrenderable as reason:
        _say(error={"code": reason.code, "message": str(reason)})
        return 1
    return 0


def _wait_for_end_of_input(stopped: threading.Event) -> None:
    """Wait until nobody holds our input any more, as when the process that started us is killed."""
    # Past the buffered reader: its lock must not be held when the interpreter ends.
    while os.read(sys.stdin.fileno(), 4096):
        pass
    stopped.set()


def _serve(line: bytes, stopped: threading.Event) -> RenderResult:
    try:
        request = RenderRequest.model_validate_json(line)
    except ValidationError as error:
        raise Unrenderable("invalid_request", "The renderer was asked for nonsense.") from error
    try:
        with FileLock(request.lock, blocking=False):
            return render(request, lambda share: _say(progress=share), stopped.is_set)
    except Timeout as error:
        raise Unrenderable("busy", "Another renderer is at work on this clip.") from error
    except (OSError, FFmpegError) as error:
        raise Unrenderable("io_error", f"A file could not be read or written: {error}") from error


def _say(**message: object) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def render(
    request: RenderRequest, progress: Callable[[float], None], stopped: Callable[[], bool]
) -> RenderResult:
    """Render a request to its output, which appears complete or not at all.

    `progress` is told per cent, 0–100, never falling; `stopped` is asked before every frame.
    Raises Stopped, Unrenderable, and OSError or FFmpegError when a file cannot be written.
    """
    film = _film(request)
    output = Path(request.output)
    part = output.with_name(f"{output.name}.part")
    try:
        with Movie(part, film.width, film.height, request.prompt) as movie:
            first = _begin(request, film, movie)
            _shoot(film, movie, first, progress, stopped)
        part.replace(output)
    finally:
        part.unlink(missing_ok=True)
    progress(100.0)
    return RenderResult(
        width=film.width,
        height=film.height,
        seconds=film.frames / FRAME_RATE,
        frames=film.frames,
        warnings=_warnings(film),
    )


def _film(request: RenderRequest) -> Film:
    try:
        return Film(request)
    except OSError as error:
        message = "The first frame is not an image that can be read."
        raise Unrenderable("invalid_first_frame", message) from error


def _begin(request: RenderRequest, film: Film, movie: Movie) -> int:
    """Copy what is there of the clip; the first frame to be drawn.

    A source that another version encoded in another way cannot be gone on with: then everything
    is drawn again, which gives the same clip more slowly.
    """
    if not request.source_video or not request.extensions:
        return 0
    source = Path(request.source_video)
    copied = film.frames - film.shots[-1].frames
    if not movie.continues(source, copied):
        return 0
    movie.copy_pictures(source)
    return copied


def _shoot(
    film: Film,
    movie: Movie,
    first: int,
    progress: Callable[[float], None],
    stopped: Callable[[], bool],
) -> None:
    """Draw and encode the frames from one on, with the sound of all of them."""
    soundtrack = Soundtrack(film.shots)
    sheets = [VideoFrame(film.width, film.height, "yuv420p") for _ in range(_AHEAD + 1)]

    def paint(frame: int) -> VideoFrame:
        return film.paint(frame).to_frame(sheets[frame % len(sheets)])

    told = 0.0
    # One thread paints and this one encodes, which gives two processors about equally much to do.
    with ThreadPoolExecutor(1) as painter:
        planned = range(first, film.frames)
        coming = deque(painter.submit(paint, frame) for frame in planned[:_AHEAD])
        prepared = first
        for frame in range(film.frames):
            if stopped():
                raise Stopped
            if frame % _SOUND_BLOCK == 0:
                _sound(movie, soundtrack, frame)
            if frame < first:
                continue
            # Rather than wait, this one draws beforehand what is drawn but once.
            prepared = max(prepared, frame + _AHEAD)
            while not coming[0].done() and prepared < min(frame + _PREPARED, film.frames):
                film.prepare(prepared)
                prepared += 1
            picture = coming.popleft().result()
            if frame + _AHEAD < film.frames:
                coming.append(painter.submit(paint, frame + _AHEAD))
            movie.add_picture(picture)
            done = 100 * movie.encoded / (film.frames - first)
            if done >= told + 1:
                told = done
                progress(round(done, 1))


def _sound(movie: Movie, soundtrack: Soundtrack, frame: int) -> None:
    """Encode the sound of the block that begins with a frame."""
    start = frame * _SAMPLES_PER_FRAME
    count = min(_SOUND_BLOCK * _SAMPLES_PER_FRAME, soundtrack.length - start)
    movie.add_sound(soundtrack.block(start, count))


def _warnings(film: Film) -> tuple[str, ...]:
    left_out = "".join(
        dict.fromkeys("".join(film.caption(index).left_out for index in range(len(film.shots))))
    )
    if not left_out:
        return ()
    shown = left_out if len(left_out) <= _MOST_SHOWN else left_out[:_MOST_SHOWN] + "…"
    return (f"{shown} could not be drawn with the built-in font and was left out of the caption.",)


_MOST_SHOWN = 24
"""Characters that a warning lists."""


if __name__ == "__main__":
    sys.exit(main())
