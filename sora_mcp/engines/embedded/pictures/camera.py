"""Camera moves as paths in time.

A path depends on the time since the shot began and on its planned length, never on when it is cut,
so a shot that is extended goes on where it was. Bounded moves slow down towards their end; a
tracking camera goes on for ever.
"""

from dataclasses import dataclass
from math import exp, sin

DOLLY_ZOOM = 0.16
PAN, TILT = 0.055, 0.07
"""How far a pan or tilt turns to either side of the middle, in frame widths or heights."""


@dataclass(frozen=True)
class View:
    """Where the camera is. Lengths are shares of the frame's width (x) or height (y)."""

    turn_x: float = 0.0
    turn_y: float = 0.0
    """How far the camera has turned: everything moves alike."""
    x: float = 0.0
    y: float = 0.0
    """How far it has travelled: what is near moves more."""
    push: float = 0.0
    """How far it has gone forward: what frames the picture at the sides drifts outwards."""
    zoom: float = 1.0
    focus: tuple[float, float] = (0.5, 0.55)


@dataclass(frozen=True)
class Reach:
    """The largest absolute values of a path's `View`."""

    turn_x: float = 0.0
    turn_y: float = 0.0
    x: float = 0.0
    y: float = 0.0
    push: float = 0.0
    endless: bool = False


@dataclass(frozen=True)
class Path:
    """A camera move. `name`: one of `vocabulary.MOVES`; `seconds`: the shot's planned length."""

    name: str
    seconds: float
    speed: float = 1.0

    def reach(self) -> Reach:
        """How much overscan the move needs."""
        match self.name:
            case "pan left" | "pan right":
                return Reach(turn_x=PAN, x=0.045)
            case "tilt up" | "tilt down":
                return Reach(turn_y=TILT, y=0.03)
            case "track left" | "track right":
                return Reach(endless=True)
            case "dolly in" | "dolly out" | "aerial":
                return Reach(y=0.035, push=0.05)
            case "crane up" | "crane down":
                return Reach(turn_y=0.03, y=0.035)
            case "orbit":
                return Reach(x=0.05)
            case "handheld":
                return Reach(turn_x=0.008, turn_y=0.008, x=0.006)
            case "drift":
                return Reach(x=0.03, push=0.02)
            case _:
                return Reach()

    def at(self, time: float) -> View:
        """The view `time` seconds after the shot began."""
        # Short shots move a little faster, or nothing would be seen of the move.
        done = 1 - exp(-time * self.speed / min(max(self.seconds, 3.0), 12.0))
        swing = 2 * done - 1
        match self.name:
            case "pan left" | "pan right":
                side = 1 if self.name == "pan right" else -1
                return View(turn_x=side * PAN * swing, x=side * 0.045 * swing)
            case "tilt up" | "tilt down":
                side = -1 if self.name == "tilt up" else 1
                return View(turn_y=side * TILT * swing, y=side * 0.03 * swing)
            case "track left" | "track right":
                side = 1 if self.name == "track right" else -1
                return View(x=side * 0.16 * self.speed * time)
            case "dolly in" | "aerial":
                return View(y=-0.035 * done, push=0.05 * done, zoom=1 + DOLLY_ZOOM * done)
            case "dolly out":
                left = 1 - done
                return View(y=-0.035 * left, push=0.05 * left, zoom=1 + DOLLY_ZOOM * left)
            case "zoom in":
                return View(zoom=1 + 0.3 * done)
            case "zoom out":
                return View(zoom=1.3 - 0.3 * done)
            case "crane up" | "crane down":
                side = -1 if self.name == "crane up" else 1
                return View(turn_y=side * 0.03 * swing, y=side * 0.035 * swing)
            case "orbit":
                return View(x=0.05 * sin(0.45 * time - 0.9))
            case "handheld":
                return View(
                    turn_x=0.005 * sin(1.9 * time) + 0.003 * sin(4.3 * time + 1),
                    turn_y=0.005 * sin(2.3 * time + 2) + 0.003 * sin(5.1 * time),
                    x=0.006 * sin(0.8 * time),
                )
            case "drift":
                return View(x=0.03 * swing, push=0.02 * done)
            case _:
                return View()
