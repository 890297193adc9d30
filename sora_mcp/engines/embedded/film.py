"""The film: every frame of a request, from its shots, transitions, captions and mark."""

from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from sora_mcp.engines.embedded.caption import Caption, make_caption, make_mark
from sora_mcp.engines.embedded.pictures.palette import palette_for, rgb
from sora_mcp.engines.embedded.pictures.planes import Canvas, dimmed, lay
from sora_mcp.engines.embedded.request import RenderRequest
from sora_mcp.engines.embedded.scene import Scene
from sora_mcp.engines.embedded.still import StillScene, load_picture
from sora_mcp.engines.embedded.storyboard import FRAME_RATE, Shot, storyboard

_CROSSFADE = 12
_CAPTION_WAIT, _CAPTION_FADE = 5, 9
"""Frames of a cross-fade; frames until a caption comes in, and in which it does."""


class _Scene(Protocol):
    def paint(self, canvas: Canvas, time: float) -> None: ...


class Film:
    """A request as frames. Shots are drawn when they are first seen, and dropped after the last.

    Raises OSError or ValueError when the first frame is not a readable image.
    """

    def __init__(self, request: RenderRequest) -> None:
        self.width, self.height = request.width, request.height
        self.shots = storyboard(request)
        self._starts = [0]
        for shot in self.shots:
            self._starts.append(self._starts[-1] + shot.frames)
        self._picture = (
            load_picture(Path(request.first_frame), self.width, self.height)
            if request.first_frame
            else None
        )
        self._first_look = storyboard(request.model_copy(update={"changes": (), "extensions": ()}))[
            0
        ].look
        self._scenes: dict[int, _Scene] = {}
        self._captions: dict[int, Caption] = {}
        self._canvas = Canvas(self.width, self.height)
        self._other = Canvas(self.width, self.height)
        self._mark = make_mark(self.width, self.height)

    @property
    def frames(self) -> int:
        """How many frames the film has."""
        return self._starts[-1]

    def paint(self, frame: int) -> Canvas:
        """Put a frame together; the canvas holds it until the next call."""
        index = next(i for i, start in enumerate(self._starts[1:]) if frame < start)
        shot = self.shots[index]
        since = frame - self._starts[index]
        self._show(index, frame, self._canvas)
        fade = min(_CROSSFADE, shot.frames // 3)
        if index and since < fade and not self._goes_on(index):
            # What is leaving stays underneath; what is coming is mixed in.
            self._show(index - 1, frame, self._other)
            self._other.mix(self._canvas, _eased((since + 1) / (fade + 1)))
            self._canvas.copy_from(self._other)
        self._forget(range(index - (since < fade), index + 1))
        self._letter(index, since)
        lay(self._canvas, self._mark)
        return self._canvas

    def _goes_on(self, index: int) -> bool:
        """Whether a shot continues the one before it without a visible change."""
        return self.shots[index].elapsed > 0 and self.shots[index].same_picture(
            self.shots[index - 1]
        )

    def _show(self, index: int, frame: int, canvas: Canvas) -> None:
        shot = self.shots[index]
        if index not in self._scenes:
            before = self._scenes.get(index - 1)
            self._scenes[index] = before if before and self._goes_on(index) else self._draw(index)
        time = (frame - self._starts[index] + shot.elapsed) / FRAME_RATE
        self._scenes[index].paint(canvas, time)

    def _draw(self, index: int) -> _Scene:
        shot = self.shots[index]
        if self._picture is None:
            return Scene(shot, self.width, self.height)
        opens = shot.elapsed == self._starts[index]
        return StillScene(
            shot, self._picture, self._first_look, self.width, self.height, opens=opens
        )

    def _forget(self, needed: Iterable[int]) -> None:
        for index in set(self._scenes) - set(needed):
            del self._scenes[index]

    def _letter(self, index: int, since: int) -> None:
        shot = self.shots[index]
        wait = min(_CAPTION_WAIT, shot.frames // 6)
        share = (since - wait) / _CAPTION_FADE
        if index + 1 < len(self.shots):
            share = min(share, (shot.frames - since) / _CAPTION_FADE)
        layer = self.caption(index).layer
        if layer and share > 0:
            lay(self._canvas, layer if share >= 1 else dimmed(layer, _eased(share)))

    def caption(self, index: int) -> Caption:
        """The caption of a shot."""
        if index not in self._captions:
            shot = self.shots[index]
            accents = palette_for(shot.look.light, shot.look.colours).accents or (rgb("ffb45e"),)
            self._captions = {
                index: make_caption(shot.words, label_of(shot), accents[0], self.width, self.height)
            }
        return self._captions[index]


def label_of(shot: Shot) -> str:
    """The small line over a caption: how the shot is filmed."""
    size = {"close": "CLOSE-UP"}.get(shot.size, f"{shot.size.upper()} SHOT")
    light = {"golden": "GOLDEN HOUR", "dusk": "BLUE HOUR"}.get(
        shot.look.light, shot.look.light.upper()
    )
    move = "" if shot.move == "drift" else f" · {shot.move.upper()}"
    return f"{size}{move} · {light}"


def _eased(share: float) -> float:
    share = min(max(share, 0.0), 1.0)
    return share * share * (3 - 2 * share)
