"""What the renderer is asked for: the one message between the embedded API and its renderer.

The renderer is a child process (`python -m sora_mcp.engines.embedded.render`). It reads one line
of JSON (a `RenderRequest`) from its standard input, holds an OS lock on `lock` while it works,
writes lines of JSON to its standard output and stops as soon as its standard input ends, so
that it never outlives the process that started it:

- `{"progress": 12.5}` per cent of the frames encoded so far, 0–100, never falling;
- `{"result": {...}}` (`RenderResult`) as the last line of a success, exit code 0;
- `{"error": {"code": "…", "message": "…"}}` as the last line of a failure, exit code 1; the code
  is `busy` when another renderer holds the lock.
"""

from pydantic import BaseModel, ConfigDict, Field


class Extension(BaseModel):
    """A continuation of the last shot, appended to the clip."""

    model_config = ConfigDict(frozen=True)

    prompt: str
    seconds: float = Field(ge=1, le=20)


class RenderRequest(BaseModel):
    """A clip to render, told as a script: what it was, how it was changed, how it goes on."""

    model_config = ConfigDict(frozen=True)

    prompt: str
    width: int = Field(ge=256, le=1920, multiple_of=2, description="pixels")
    height: int = Field(ge=256, le=1920, multiple_of=2, description="pixels")
    seconds: float = Field(ge=1, le=20, description="length without the extensions")
    seed: int = Field(default=0, description="same prompt and seed, same clip")
    changes: tuple[str, ...] = Field(
        default=(), description="remix prompts, oldest first: shots stay, look and words change"
    )
    extensions: tuple[Extension, ...] = ()
    first_frame: str | None = Field(
        default=None, description="path of an image that the clip begins with (cover-fitted)"
    )
    source_video: str | None = Field(
        default=None,
        description="path of an MP4 of this same script without its last extension; its packets "
        "are copied and only the rest is rendered. When absent, everything is rendered.",
    )
    output: str = Field(description="path the finished MP4 is written to")
    lock: str = Field(description="path of the lock file to hold while rendering")


class RenderResult(BaseModel):
    """What was rendered."""

    model_config = ConfigDict(frozen=True)

    width: int
    height: int
    seconds: float
    frames: int
    warnings: tuple[str, ...] = Field(
        default=(), description="sentences for the user, such as text the font cannot draw"
    )
