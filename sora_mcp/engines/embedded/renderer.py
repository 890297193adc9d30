"""Runs one renderer: a child process that turns a `RenderRequest` into an MP4."""

import subprocess
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

import anyio
import anyio.abc
from anyio.streams.buffered import BufferedByteReceiveStream
from pydantic import BaseModel, ValidationError

from sora_mcp.engines.embedded.request import RenderRequest, RenderResult

_LONGEST_MESSAGE = 1 << 20
_GRACE_SECONDS = 10
_STDERR_KEPT = 4096
_REASON_LENGTH = 200


class RendererBusy(Exception):
    """Another renderer is at work on the same job."""


class RendererCrashed(Exception):
    """The renderer ended without a result; the message is its last line on standard error."""


class RenderFailed(Exception):
    """The renderer says that it cannot render this request."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class _Error(BaseModel):
    code: str
    message: str


class _Message(BaseModel):
    """A line of the renderer: one of the fields is set."""

    progress: float | None = None
    result: RenderResult | None = None
    error: _Error | None = None


async def run_renderer(
    command: Sequence[str],
    request: RenderRequest,
    on_progress: Callable[[float], Awaitable[None]],
) -> RenderResult:
    """Render; when this is cancelled, the renderer is ended before it returns.

    `on_progress` is told per cent, 0–100. Raises RendererBusy, RendererCrashed and RenderFailed.
    """
    process = await _start(command)
    stderr = bytearray()
    last: _Message | None = None
    try:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_keep_end, process, stderr)
            last = await _follow(process, request, on_progress)
            with anyio.move_on_after(_GRACE_SECONDS):
                await process.wait()  # only then is its lock free
            _kill(process)
    finally:
        _kill(process)
        with anyio.CancelScope(shield=True):
            await process.aclose()
    match last:
        case _Message(result=RenderResult() as result):
            return result
        case _Message(error=_Error(code="busy")):
            raise RendererBusy
        case _Message(error=_Error(code=code, message=message)):
            raise RenderFailed(code, message)
        case _:
            raise RendererCrashed(_last_line(stderr) or f"exit code {process.returncode}")


async def _start(command: Sequence[str]) -> anyio.abc.Process:
    process: anyio.abc.Process | None = None
    try:
        # Shielded, because a process that is half started when this is cancelled would be lost.
        with anyio.CancelScope(shield=True):
            process = await anyio.open_process(
                command,
                # Ctrl+C on our terminal must reach us alone: a renderer that dies of it would
                # count as crashed. It ends with us all the same, as its standard input does.
                start_new_session=True,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
    except OSError as error:
        raise RendererCrashed(str(error)) from error
    assert process is not None  # noqa: S101  # nobody cancels the scope itself
    return process


async def _follow(
    process: anyio.abc.Process,
    request: RenderRequest,
    on_progress: Callable[[float], Awaitable[None]],
) -> _Message | None:
    """Hand over the request, pass progress on; the last message, None when none came."""
    stdin, stdout = process.stdin, process.stdout
    assert stdin is not None  # noqa: S101  # both are pipes
    assert stdout is not None  # noqa: S101  # both are pipes
    lines = BufferedByteReceiveStream(stdout)
    try:
        await stdin.send(request.model_dump_json().encode() + b"\n")
        while True:
            line = await lines.receive_until(b"\n", _LONGEST_MESSAGE)
            message = _Message.model_validate_json(line)
            if message.progress is None:
                return message
            await on_progress(message.progress)
    except (anyio.BrokenResourceError, anyio.IncompleteRead):
        return None
    except (anyio.DelimiterNotFound, ValidationError):
        _kill(process)  # it talks nonsense, and would go on
        return None


def _kill(process: anyio.abc.Process) -> None:
    with suppress(ProcessLookupError):  # it has ended
        process.kill()


async def _keep_end(process: anyio.abc.Process, kept: bytearray) -> None:
    """Read standard error to its end, so that the renderer never waits for it to be read."""
    assert process.stderr is not None  # noqa: S101  # a pipe
    async for chunk in process.stderr:
        kept.extend(chunk)
        del kept[:-_STDERR_KEPT]


def _last_line(stderr: bytearray) -> str:
    lines = stderr.decode(errors="replace").split("\n")
    return next((line.strip()[:_REASON_LENGTH] for line in reversed(lines) if line.strip()), "")
