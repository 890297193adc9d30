"""Hearing words in a prompt: finding the names of `vocabulary` in running text."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from sora_mcp.engines.embedded import vocabulary

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
_PHRASE_WORDS = 4
"""The longest phrase of the vocabulary."""
_REFUSALS = frozenset({"no", "without", "not", "never"})


@dataclass(frozen=True)
class Hit:
    """A name that was heard: at which word, and whether in the plural."""

    name: str
    at: int
    plural: bool


class Heard:
    """A text as words, ready to be searched for names."""

    def __init__(self, text: str) -> None:
        self.text = _with_emoji_in_words(text).casefold()
        self.words = [
            word.replace("’", "'").removesuffix("'s") for word in _WORD.findall(self.text)
        ]

    def hits(self, table: str) -> list[Hit]:
        """Find every name of a table, in the order of the text; the longest phrase wins."""
        phrases, signs = _index(table)
        found: list[Hit] = []
        at = 0
        while at < len(self.words):
            length, hit = self._longest(phrases, at)
            if hit and not (at and self.words[at - 1] in _REFUSALS):
                found.append(hit)
            at += length
        for sign, name in signs:
            place = self.text.find(sign)
            if place >= 0:
                found.append(Hit(name, len(_WORD.findall(self.text[:place])), plural=False))
        return sorted(found, key=lambda hit: hit.at)

    def first(self, table: str) -> str:
        """The name heard that stands first in the table; "" when there is none."""
        heard = {hit.name for hit in self.hits(table)}
        return next((name for name in entries(table) if name in heard), "")

    def before(self, at: int, count: int) -> list[str]:
        """The words just before one, nearest first."""
        return self.words[max(at - count, 0) : at][::-1]

    def worn(self, at: int) -> list[str]:
        """The words on what someone wears: after "in" or "wearing", soon after their own."""
        after = self.words[at + 1 : at + 6]
        start = next((i for i, word in enumerate(after) if word in {"in", "wearing"}), None)
        return [] if start is None else after[start + 1 : start + 4]

    def _longest(self, phrases: Mapping[str, str], at: int) -> tuple[int, Hit | None]:
        for length in range(min(_PHRASE_WORDS, len(self.words) - at), 0, -1):
            phrase = " ".join(self.words[at : at + length])
            for form in _forms(phrase):
                if form in phrases:
                    return length, Hit(phrases[form], at, plural=form != phrase)
        return 1, None


def _forms(phrase: str) -> list[str]:
    """A phrase as written and in the singular."""
    forms = [phrase]
    if phrase.endswith("ies"):
        forms.append(phrase[:-3] + "y")
    if phrase.endswith("es"):
        forms.append(phrase[:-2])
    if phrase.endswith("s") and len(phrase) > 3:
        forms.append(phrase[:-1])
    return forms


@cache
def entries(table: str) -> dict[str, tuple[str, ...]]:
    """Read a table of `vocabulary`: name to words."""
    found: dict[str, tuple[str, ...]] = {}
    for entry in re.split(r"\n(?! )", table.strip()):
        name, _, words = entry.partition(": ")
        found[name] = words_of(words)
    return found


def words_of(text: str) -> tuple[str, ...]:
    """Read words and phrases parted by commas."""
    return tuple(" ".join(word.split()) for word in text.split(","))


@cache
def _index(table: str) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """Turn a table around: phrase to name; signs of scripts without spaces on their own."""
    phrases: dict[str, str] = {}
    signs: list[tuple[str, str]] = []
    for name, words in entries(table).items():
        for word in words:
            if word[0] >= "\u2e80":
                signs.append((word, name))
            else:
                phrases.setdefault(" ".join(_WORD.findall(word.casefold())), name)
    return phrases, signs


def _with_emoji_in_words(text: str) -> str:
    """Replace pictures by their Unicode names: "🐱" reads "cat face"."""
    return "".join(
        f" {unicodedata.name(sign, '').lower()} " if unicodedata.category(sign) == "So" else sign
        for sign in text
    )


def colours_of_the_picture(heard: Heard) -> tuple[str, ...]:
    """Colours that are said of the sky, the light or the palette, as hexadecimal codes."""
    hues = frozenset(words_of(vocabulary.HUES))
    codes: list[str] = []
    for at, word in enumerate(heard.words):
        following = {form for next_ in heard.words[at + 1 : at + 4] for form in _forms(next_)}
        if word in vocabulary.COLOURS and following & hues:
            codes.append(vocabulary.COLOURS[word])
    return tuple(dict.fromkeys(codes))[:3]


def every_colour(heard: Heard) -> tuple[str, ...]:
    """All colours named in a text, as hexadecimal codes."""
    following = [*heard.words[1:], ""]
    return tuple(
        dict.fromkeys(
            vocabulary.COLOURS[word]
            for word, next_ in zip(heard.words, following, strict=False)
            if word in vocabulary.COLOURS and next_ != "hour"
        )
    )
