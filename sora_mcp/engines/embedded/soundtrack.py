"""The sound under the pictures: a soft bed of chords, the weather's noise, a few notes.

Chords and noises are loops made backwards, from a spectrum drawn by hand through an inverse
Fourier transform: every partial is a narrow cluster with random phases, which sounds like many
voices, and the loop has no seam. All of it depends only on the time in the clip.
"""

from dataclasses import dataclass
from math import pi
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sora_mcp.engines.embedded.storyboard import FRAME_RATE, Shot

SAMPLE_RATE = 48_000
_LOOP = 1 << 18
_FADE = SAMPLE_RATE * 3 // 4
Samples = NDArray[np.floating[Any]]
"""(2, count), −1 to 1; float32 for the encoder."""

_CHORDS = {
    "": ((0, 7, 14, 16, 23), (-3, 4, 12, 16, 19)),
    "tense": ((-12, 0, 1, 7), (-12, 0, 3, 6)),
    "joyful": ((0, 7, 12, 16, 21), (5, 9, 12, 17, 21)),
    "wonder": ((-12, 0, 7, 14, 18), (-10, 2, 9, 14, 21)),
    "sad": ((0, 7, 10, 15), (-4, 3, 8, 15)),
}
"""Per mood two chords that take turns, in semitones above the root."""
_SCALES = {
    "": (0, 2, 4, 7, 9), "joyful": (0, 2, 4, 7, 9, 12), "wonder": (0, 2, 6, 7, 11),
    "sad": (0, 3, 7, 10), "tense": (),
}  # fmt: skip
_NOISES: dict[str, tuple[tuple[float, float, float, float], ...]] = {
    # Per sound: (middle in Hz, width in octaves, loudness, swells per loop).
    "rain": ((4200, 1.6, 0.05, 0), (900, 1.2, 0.018, 0)),
    "snow": ((420, 1.0, 0.02, 2),),
    "sea": ((500, 1.8, 0.05, 1), (2600, 1.0, 0.014, 1)),
    "beach": ((700, 1.8, 0.05, 1),),
    "wind": ((320, 0.9, 0.022, 2),),
    "underwater": ((140, 1.2, 0.06, 1),),
    "street": ((160, 1.4, 0.03, 1),),
    "road": ((130, 1.2, 0.035, 1),),
    "sparks": ((2400, 1.8, 0.012, 0),),
}
_WINDY = frozenset({"mountains", "desert", "clouds", "meadow", "forest", "lake"})


@dataclass(frozen=True)
class _Mood:
    """What decides the sound of a shot."""

    chords: str
    noises: tuple[str, ...]
    seed: int


class Soundtrack:
    """The sound of a whole clip, in blocks of any length."""

    def __init__(self, shots: tuple[Shot, ...]) -> None:
        self._beds: dict[_Mood, _Bed] = {}
        self._parts: list[tuple[int, _Mood]] = []
        start = 0
        for shot in shots:
            self._parts.append((start, _mood(shot, shots[0].seed)))
            start += round(shot.frames * SAMPLE_RATE / FRAME_RATE)
        self.length = start

    def block(self, start: int, count: int) -> Samples:
        """Stereo samples (2, count) from a sample on, −1 to 1."""
        time = np.arange(start, start + count)
        total = np.zeros((2, count), np.float32)
        for index, (begin, mood) in enumerate(self._parts):
            weight = np.ones(count, np.float32)
            if index:
                weight *= ((time - begin) / _FADE).clip(0, 1).astype(np.float32)
            if index + 1 < len(self._parts):
                following = self._parts[index + 1][0]
                weight *= (1 - (time - following) / _FADE).clip(0, 1).astype(np.float32)
            if weight.any():
                if mood not in self._beds:
                    self._beds[mood] = _Bed(mood)
                total += self._beds[mood].block(start, count) * weight
        ends = np.minimum(time / (0.25 * SAMPLE_RATE), (self.length - time) / (0.35 * SAMPLE_RATE))
        return (total * ends.clip(0, 1)).astype(np.float32)


def _mood(shot: Shot, seed: int) -> _Mood:
    noises = [name for name in (shot.look.weather, shot.setting) if name in _NOISES]
    if shot.setting in _WINDY and not noises:
        noises = ["wind"]
    return _Mood(shot.mood if shot.mood in _CHORDS else "", tuple(noises), seed)


class _Bed:
    """The sound of one mood, endless."""

    def __init__(self, mood: _Mood) -> None:
        random = np.random.default_rng(mood.seed)
        root = 110.0 * 2 ** (float(random.integers(-2, 4)) / 12)
        self._chords = [
            _voices(random, [root * 2 ** (step / 12) for step in chord])
            for chord in _CHORDS[mood.chords]
        ]
        self._noise = np.zeros((2, _LOOP), np.float32)
        for name in mood.noises:
            for middle, width, loudness, swells in _NOISES[name]:
                self._noise += _noise(random, middle, width, loudness, swells)
        self._notes = _notes(root * 4, _SCALES[mood.chords])
        self._seed = mood.seed

    def block(self, start: int, count: int) -> Samples:
        time = np.arange(start, start + count)
        at = time % _LOOP
        turn = (0.5 - 0.5 * np.cos(2 * pi * time / (SAMPLE_RATE * 11))).astype(np.float32)
        first, second = self._chords
        samples = first[:, at] * (1 - turn) + second[:, at] * turn + self._noise[:, at]
        self._play(samples, start)
        return samples

    def _play(self, samples: Samples, start: int) -> None:
        """Add the notes that sound in this block: about every second beat, chosen by its number."""
        if not self._notes:
            return
        beat = round(0.62 * SAMPLE_RATE)
        length = self._notes[0].shape[1]
        count = samples.shape[1]
        for number in range(max(0, (start - length) // beat), (start + count) // beat + 1):
            choice = (self._seed // 7 + number * 2654435761) % 4093
            if choice % 5 < 3:
                continue
            note = self._notes[choice % len(self._notes)]
            begin = number * beat - start
            first, last = max(begin, 0), min(begin + length, count)
            if first < last:
                samples[:, first:last] += note[:, first - begin : last - begin]


def _voices(random: np.random.Generator, pitches: list[float]) -> Samples:
    """A chord as a choir would hold it."""
    frequencies = np.fft.rfftfreq(_LOOP, 1 / SAMPLE_RATE)
    shape = np.zeros_like(frequencies)
    for pitch in pitches:
        for harmonic in range(1, 7):
            middle = pitch * harmonic
            spread = middle * 0.006 + 0.4
            near = slice(*np.searchsorted(frequencies, (middle - 5 * spread, middle + 5 * spread)))
            level = harmonic**-1.7 / (1 + (middle / 1400) ** 2)
            shape[near] += level * np.exp(-(((frequencies[near] - middle) / spread) ** 2))
    return _loop(random, shape, 0.055)


def _noise(
    random: np.random.Generator, middle: float, width: float, loudness: float, swells: float
) -> Samples:
    frequencies = np.fft.rfftfreq(_LOOP, 1 / SAMPLE_RATE)
    octaves = np.log2((np.maximum(frequencies, 1) / middle).astype(np.float32))
    samples = _loop(random, np.exp(-((octaves / width) ** 2)), loudness)
    if swells:
        turn = np.linspace(0, 2 * pi * swells, _LOOP, endpoint=False, dtype=np.float32)
        samples *= 0.62 + 0.38 * np.sin(turn + np.float32(random.uniform(0, 2 * pi)))
    return samples


def _loop(random: np.random.Generator, shape: Samples, loudness: float) -> Samples:
    """Two channels with this spectrum, each with random phases of its own."""
    # In single precision, in which NumPy works out sines eight at a time: a fifth of the time.
    level, samples = shape.astype(np.float32), np.empty((2, _LOOP), np.float32)
    for channel in samples:
        phases = (2 * pi * random.random(shape.size)).astype(np.float32)
        channel[:] = np.fft.irfft(level * np.cos(phases) + 1j * (level * np.sin(phases)), _LOOP)
    return samples * np.float32(loudness / max(float(samples.std()), 1e-9))


def _notes(root: float, scale: tuple[int, ...]) -> list[Samples]:
    """Soft plucked notes: a few partials that die away."""
    time = np.arange(round(2.4 * SAMPLE_RATE), dtype=np.float32) / np.float32(SAMPLE_RATE)
    attack = (time / 0.012).clip(0, 1)
    notes: list[Samples] = []
    for index, step in enumerate(scale):
        pitch = root * 2 ** (step / 12)
        sound = sum(
            level * np.sin(2 * pi * pitch * partial * time) * np.exp(-time * fall)
            for partial, level, fall in ((1, 1.0, 2.6), (2, 0.35, 4.2), (3.01, 0.12, 7.0))
        )
        side = 0.5 + 0.3 * (-1) ** index
        note = np.stack([sound * (1 - side), sound * side]) * attack * 0.045
        notes.append(note.astype(np.float32))
    return notes
