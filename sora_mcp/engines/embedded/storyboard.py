"""From a prompt to shots, as a director would read it.

Each sentence that shows something becomes a shot; lines of instructions ("Camera: slow dolly in")
and bare remarks on camera and light apply to the shots around them. What a sentence leaves open
is taken from the shot before, from the whole prompt, or from where such a thing usually is. The
same request gives the same storyboard.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from itertools import pairwise

from sora_mcp.engines.embedded import vocabulary
from sora_mcp.engines.embedded.language import (
    Heard,
    colours_of_the_picture,
    entries,
    every_colour,
    words_of,
)
from sora_mcp.engines.embedded.request import RenderRequest

FRAME_RATE = 24
_SHORTEST = 1.5
"""Seconds below which a shot is not worth cutting to."""
_MOST_SHOTS = 8
_LABEL = re.compile(
    rf"^(?:{'|'.join(words_of(vocabulary.DIRECTIONS))})\b[^:.]{{0,24}}:\s*(.*)$", re.IGNORECASE
)
_NUMBERING = re.compile(
    r"^(?:[-*•]\s*|\(?\d{1,2}[.):]\s+|\[[^\]]{1,24}\]\s*|(?:shot|scene|beat|act)\s*\d*\s*[:.–—-]\s*)+",
    re.IGNORECASE,
)
_ENDS = re.compile(
    r"(?<=[.!?。！？…])\s+|(?<=[。！？])|\n+|;\s+|,?\s*\bthen\b,?\s*|\bcut to\b:?\s*", re.I
)


@dataclass(frozen=True)
class Figure:
    """What acts in a shot. `name`: of `vocabulary.FIGURES`; `colour`: hexadecimal or ""."""

    name: str
    colour: str = ""
    count: int = 1
    coat: str = ""
    still: bool = False
    variant: int = 0
    """Chooses among the figure's usual colours, alike in all shots."""


@dataclass(frozen=True)
class Look:
    """What a remix changes: names of `vocabulary.LIGHTS`, `WEATHERS`, `GRADES`; colours."""

    light: str
    weather: str = ""
    colours: tuple[str, ...] = ()
    grade: str = ""


@dataclass(frozen=True)
class Shot:
    """One shot, or a part of one that goes on."""

    words: str
    """What its caption says."""
    size: str
    """"wide", "medium" or "close"."""
    move: str
    """A camera move: of `vocabulary.MOVES`, or "drift"."""
    setting: str
    figures: tuple[Figure, ...]
    look: Look
    mood: str
    frames: int
    pace: float
    """The seconds that the camera move is planned for."""
    seed: int
    elapsed: int = 0
    """Frames of the same shot that have gone before, when this part goes on with it."""

    def same_picture(self, other: "Shot") -> bool:
        """Whether both show the same scene, whatever the words and the time."""
        return replace(self, words="", frames=0, elapsed=0, mood="") == replace(
            other, words="", frames=0, elapsed=0, mood=""
        )


def storyboard(request: RenderRequest) -> tuple[Shot, ...]:
    """Break a request into its shots: of the prompt as changed by remixes, then the extensions."""
    shots = _direct(request.prompt, request.seconds, request.seed)
    for change in request.changes:
        shots = [_changed(shot, change) for shot in shots]
    for extension in request.extensions:
        shots.append(_continued(shots[-1], extension.prompt, extension.seconds))
    return tuple(shots)


def _direct(prompt: str, seconds: float, seed: int) -> list[Shot]:
    sentences, directions = _read(prompt)
    whole, asked = Heard(prompt), Heard(" ".join(directions))
    groups = _gathered(sentences, seconds)
    frames = _shared([len(group) for group in groups], round(seconds * FRAME_RATE))
    shots: list[Shot] = []
    for index, (text, length) in enumerate(zip(groups, frames, strict=True)):
        own_seed = _seed(seed, index, prompt)
        before = shots[-1] if shots else None
        shots.append(_shot(text, length, own_seed, before, asked, whole, len(groups)))
    return shots


def _read(prompt: str) -> tuple[list[str], list[str]]:
    """Separate what is to be seen, sentence by sentence, from instructions."""
    sentences: list[str] = []
    directions: list[str] = []
    for line in prompt.splitlines():
        label = _LABEL.match(line.strip().lstrip("-*• "))
        if label:
            directions.append(label[1])
            continue
        for piece in _ENDS.split(line):
            text = _NUMBERING.sub("", piece.strip()).strip(" ,;-–—")
            if not text:
                continue
            label = _LABEL.match(text)
            if label:
                directions.append(label[1])
            elif sentences and _only_directs(text):
                sentences[-1] = _joined([sentences[-1], text])
            else:
                sentences.append(text)
    return sentences or [prompt.strip()], directions


def _only_directs(text: str) -> bool:
    """Whether a sentence says how to film and nothing of what."""
    heard = Heard(text)
    if len(heard.words) > 7 or heard.words[:1] in (["the"], ["a"], ["an"], ["it"], ["night"]):
        return False
    if "of" in heard.words or "on" in heard.words:  # "close-up of its eyes" is something to see
        return False
    if heard.hits(vocabulary.FIGURES) or heard.hits(vocabulary.SETTINGS):
        return False
    tables = (vocabulary.SIZES, vocabulary.MOVES, vocabulary.LIGHTS, vocabulary.GRADES)
    return any(heard.hits(table) for table in tables)


def _gathered(sentences: Sequence[str], seconds: float) -> list[str]:
    """Join neighbouring sentences until there is time enough for each shot."""
    room = max(1, min(_MOST_SHOTS, int(seconds / _SHORTEST + 0.35)))
    count = min(room, len(sentences))
    bounds = [round(index * len(sentences) / count) for index in range(count + 1)]
    return [_joined(sentences[start:end]) for start, end in pairwise(bounds)]


def _joined(sentences: Sequence[str]) -> str:
    """Write sentences one after the other, each with its full stop."""
    text = sentences[0][:1].upper() + sentences[0][1:]
    for sentence in sentences[1:]:
        stop = "" if text.endswith(tuple(".!?。！？…")) else "."
        text += f"{stop} {sentence[:1].upper()}{sentence[1:]}"
    return text


def _shared(lengths: Sequence[int], frames: int) -> list[int]:
    """Share frames between shots: half evenly, half by how much there is to read."""
    total = sum(lengths)
    weights = [0.5 / len(lengths) + 0.5 * length / max(total, 1) for length in lengths]
    cuts = [round(frames * sum(weights[:index])) for index in range(len(weights))]
    return [end - start for start, end in pairwise([*cuts, frames])]


def _seed(seed: int, index: int, prompt: str) -> int:
    digest = blake2b(f"{seed}/{index}/{prompt}".encode(), digest_size=6).digest()
    return int.from_bytes(digest)


def _shot(
    text: str, frames: int, seed: int, before: Shot | None, asked: Heard, whole: Heard, total: int
) -> Shot:
    heard = Heard(text)
    figures = _figures(heard, variant=_seed(0, 0, whole.text))
    if before:
        figures = _as_before(figures, before.figures)
    if not figures and before and not heard.hits(vocabulary.SETTINGS):
        figures = before.figures
    setting = _setting(heard, whole, before, figures)
    if setting == "reverie" and not figures:
        figures = (Figure("orb", variant=seed),)
    return Shot(
        words=text,
        size=heard.first(vocabulary.SIZES)
        or asked.first(vocabulary.SIZES)
        or _usual_size(figures, before, total),
        move=heard.first(vocabulary.MOVES)
        or asked.first(vocabulary.MOVES)
        or _usual_move(figures, before, seed),
        setting=setting,
        figures=figures,
        look=_look(heard, asked, whole, before, setting, seed),
        mood=heard.first(vocabulary.MOODS) or whole.first(vocabulary.MOODS),
        frames=frames,
        pace=frames / FRAME_RATE,
        seed=seed,
    )


def _setting(heard: Heard, whole: Heard, before: Shot | None, figures: tuple[Figure, ...]) -> str:
    """Where a shot plays: as said, as before, where such figures are, or where such light falls."""
    setting = heard.first(vocabulary.SETTINGS)
    light = whole.first(vocabulary.LIGHTS)
    if not setting:
        setting = before.setting if before else whole.first(vocabulary.SETTINGS)
    if not setting and figures:
        setting = vocabulary.HOMES[figures[0].name]
    if setting == "meadow" and light == "neon" and not heard.hits(vocabulary.SETTINGS):
        return "street"
    if setting in {"sea", "lake"} and figures and figures[0].name in _SWIMMERS:
        return "underwater"
    return setting or _LIT_PLACES.get(light, "reverie")


def _as_before(figures: tuple[Figure, ...], before: tuple[Figure, ...]) -> tuple[Figure, ...]:
    """Let figures that come again look as they did, unless it is said otherwise."""
    known = {figure.name: figure for figure in before}
    return tuple(
        replace(figure, colour=figure.colour or seen.colour, coat=figure.coat or seen.coat)
        if (seen := known.get(figure.name))
        else figure
        for figure in figures
    )


def _figures(heard: Heard, variant: int) -> tuple[Figure, ...]:
    """The first two different things that act, with their colours and how many they are."""
    found: dict[str, Figure] = {}
    counts = {word: int(n) for n, words in entries(vocabulary.COUNTS).items() for word in words}
    plain = heard.first(vocabulary.GRADES) == "monochrome"
    coat, still = heard.first(vocabulary.COATS), bool(heard.hits(vocabulary.STILL))
    for hit in heard.hits(vocabulary.FIGURES):
        near = heard.before(hit.at, 4)
        said = [] if plain else [*near, *heard.worn(hit.at)]
        colour = next((vocabulary.COLOURS[word] for word in said if word in vocabulary.COLOURS), "")
        count = next((counts[word] for word in near if word in counts), 3 if hit.plural else 1)
        count = max(count, 2) if hit.plural else 1
        own_coat = coat if hit.name == "cat" else ""
        found.setdefault(hit.name, Figure(hit.name, colour, count, own_coat, still, variant))
    names = list(found)
    # Someone who rides, sails or plays is already in the drawing of what carries them.
    for someone in ("person", "woman"):
        carried = {"rider", "dancer", "astronaut", "car", "sailboat", "plane", "train", "bus"}
        if someone in names and carried & set(names):
            names.remove(someone)
    return tuple(found[name] for name in names[:2])


def _usual_size(figures: tuple[Figure, ...], before: Shot | None, total: int) -> str:
    if not figures:
        return "wide"
    if before is None:
        return "wide" if total > 1 else "medium"
    following = {"wide": "medium", "medium": "close", "close": "medium"}
    return following[before.size]


def _usual_move(figures: tuple[Figure, ...], before: Shot | None, seed: int) -> str:
    moving = {"car", "truck", "bus", "train", "rider", "plane", "horse", "wolf"}
    if before is None and figures and figures[0].name in moving and not figures[0].still:
        return "track right"
    choices = ["dolly in", "pan right", "drift", "pan left", "crane up"]
    if before and before.move in choices:
        choices.remove(before.move)
    return choices[seed % len(choices)]


_SWIMMERS = frozenset({"fish", "whale", "jellyfish"})
_LIT_PLACES = {
    "spotlight": "stage",
    "candle": "room",
    "neon": "street",
    "golden": "sea",
    "sunrise": "mountains",
    "dusk": "lake",
    "night": "lake",
    "storm": "sea",
    "overcast": "meadow",
    "studio": "lab",
    "day": "meadow",
}
"""Where a light is shown of which alone a prompt speaks."""
_USUAL_LIGHT = {
    "stage": "spotlight",
    "room": "golden",
    "lab": "studio",
    "space": "night",
    "underwater": "day",
    "street": "dusk",
    "garden": "day",
    "desert": "golden",
    "road": "golden",
}


def _look(
    heard: Heard, asked: Heard, whole: Heard, before: Shot | None, setting: str, seed: int
) -> Look:
    light = heard.first(vocabulary.LIGHTS)
    if not light and before:
        light = before.look.light
    light = light or asked.first(vocabulary.LIGHTS) or whole.first(vocabulary.LIGHTS)
    if not light:
        moods = ("golden", "dusk", "sunrise", "night")
        light = moods[seed % 4] if setting == "reverie" else _USUAL_LIGHT.get(setting, "day")
    weather = heard.first(vocabulary.WEATHERS)
    if not weather and before and before.setting == setting:
        weather = before.look.weather
    weather = weather or asked.first(vocabulary.WEATHERS)
    return Look(
        light=light,
        weather="" if weather == "clear" else weather,
        colours=colours_of_the_picture(heard) or every_colour(asked)[:3],
        grade=whole.first(vocabulary.GRADES),
    )


def _changed(shot: Shot, change: str) -> Shot:
    """Keep what is shown and how; change light, weather, colours, who acts, and the words."""
    heard = Heard(change)
    return replace(
        shot,
        words=f"{shot.words.rstrip(' .。')} — {change.strip()}",
        figures=_cast_again(shot.figures, heard),
        look=_relit(shot.look, heard),
        mood=heard.first(vocabulary.MOODS) or shot.mood,
    )


def _continued(shot: Shot, prompt: str, seconds: float) -> Shot:
    """Go on with a shot: same place, same camera move; the new words' light, weather and cast."""
    heard = Heard(prompt)
    newcomers = tuple(
        figure
        for figure in _figures(heard, _seed(0, 0, prompt))
        if figure.name not in {present.name for present in shot.figures}
    )
    return replace(
        shot,
        words=prompt.strip(),
        figures=(*shot.figures, *newcomers)[:2],
        look=_relit(shot.look, heard),
        mood=heard.first(vocabulary.MOODS) or shot.mood,
        frames=round(seconds * FRAME_RATE),
        elapsed=shot.elapsed + shot.frames,
    )


def _relit(look: Look, heard: Heard) -> Look:
    weather = heard.first(vocabulary.WEATHERS) or look.weather
    return Look(
        light=heard.first(vocabulary.LIGHTS) or look.light,
        weather="" if weather == "clear" else weather,
        colours=colours_of_the_picture(heard) or look.colours,
        grade=heard.first(vocabulary.GRADES) or look.grade,
    )


def _cast_again(figures: tuple[Figure, ...], heard: Heard) -> tuple[Figure, ...]:
    """Recolour figures that are named, or the first; put a new one in its place or beside it."""
    asked = {figure.name: figure for figure in _figures(heard, len(heard.text))}
    colours = every_colour(heard)
    if not asked:
        if colours and figures and not colours_of_the_picture(heard):
            return (replace(figures[0], colour=colours[0], coat=""), *figures[1:])
        return figures
    kept = tuple(asked.pop(figure.name, figure) for figure in figures)
    newcomers = tuple(asked.values())
    if "add" in heard.words or not kept:
        return (*kept, *newcomers)[:2]
    return (*newcomers, *kept[len(newcomers) :])[:2]
