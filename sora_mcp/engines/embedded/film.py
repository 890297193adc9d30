"""The film: every frame of a request, from its shots, transitions, captions and mark."""

from pathlib import Path
from typing import Protocol

from sora_mcp.engines.embedded.caption import Caption, make_caption, make_mark
from sora_mcp.engines.embedded.pictures.once import Once
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
    def prepare(self, time: float) -> None: ...
    def paint(self, canvas: Canvas, time: float) -> None: ...


class Film:
    """A request as frames. Shots are drawn when they are first seen, and dropped after the last.

    Frames are painted one at a time; another thread may `prepare` later ones meanwhile.

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
        self._scenes = Once(self._scene)
        self._captions = Once(self._caption)
        self._canvas = Canvas(self.width, self.height)
        # What is leaving in a cross-fade; with one shot there is none.
        self._other = self._canvas.twin() if len(self.shots) > 1 else self._canvas
        self._mark = make_mark(self.width, self.height)

    @property
    def frames(self) -> int:
        """How many frames the film has."""
        return self._starts[-1]

    def prepare(self, frame: int) -> None:
        """Draw what a frame needs that is drawn but once."""
        index = self._shot_at(frame)
        self._scenes[index].prepare(self._time(index, frame))
        self.caption(index)

    def paint(self, frame: int) -> Canvas:
        """Put a frame together; the canvas holds it until the next call."""
        index = self._shot_at(frame)
        shot = self.shots[index]
        since = frame - self._starts[index]
        self._show(index, frame, self._canvas)
        fade = min(_CROSSFADE, shot.frames // 3)
        if index and since < fade and not self._goes_on(index):
            # What is leaving stays underneath; what is coming is mixed in.
            self._show(index - 1, frame, self._other)
            self._other.mix(self._canvas, _eased((since + 1) / (fade + 1)))
            self._canvas.copy_from(self._other)
        self._scenes.forget_before(index - (since < fade))
        self._captions.forget_before(index)
        self._letter(index, since)
        lay(self._canvas, self._mark)
        return self._canvas

    def _shot_at(self, frame: int) -> int:
        return next(i for i, start in enumerate(self._starts[1:]) if frame < start)

    def _time(self, index: int, frame: int) -> float:
        """Seconds since a shot began."""
        return (frame - self._starts[index] + self.shots[index].elapsed) / FRAME_RATE

    def _goes_on(self, index: int) -> bool:
        """Whether a shot continues the one before it without a visible change."""
        return self.shots[index].elapsed > 0 and self.shots[index].same_picture(
            self.shots[index - 1]
        )

    def _show(self, index: int, frame: int, canvas: Canvas) -> None:
        self._scenes[index].paint(canvas, self._time(index, frame))

    def _scene(self, index: int) -> _Scene:
        shot = self.shots[index]
        if index and self._goes_on(index):
            return self._scenes[index - 1]
        if self._picture is None:
            return Scene(shot, self.width, self.height)
        opens = shot.elapsed == self._starts[index]
        return StillScene(
            shot, self._picture, self._first_look, self.width, self.height, opens=opens
        )

    def _letter(self, index: int, since: int) -> None:
        shot = self.shots[index]
        wait = min(_CAPTION_WAIT, shot.frames // 6)
        share = (since - wait) / _CAPTION_FADE
        if index + 1 < len(self.shots):
            share = min(share, (shot.frames - since) / _CAPTION_FADE)
        layer = self.caption(index).layer if share > 0 else None
        if layer:
            lay(self._canvas, layer if share >= 1 else dimmed(layer, _eased(share)))

    def caption(self, index: int) -> Caption:
        """The caption of a shot."""
        return self._captions[index]

    def _caption(self, index: int) -> Caption:
        shot = self.shots[index]
        accents = palette_for(shot.look.light, shot.look.colours).accents or (rgb("ffb45e"),)
        return make_caption(shot.words, label_of(shot), accents[0], self.width, self.height)


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
