"""A table that fits a terminal: cells, not characters, are what a line has room for."""

import unicodedata
from collections.abc import Sequence

_GAP = "  "
_CUT = "..."


def cells(text: str) -> int:
    """How many cells of a terminal a text takes: wide characters take two, marks none."""
    return sum(_cells(character) for character in text)


def shortened(text: str, width: int) -> str:
    """A text that takes at most `width` cells; dots show that something is missing."""
    if cells(text) <= width:
        return text
    kept, used = "", 0
    for character in text:
        used += _cells(character)
        if used > width - len(_CUT):
            break
        kept += character
    return (kept + _CUT)[: max(width, 0)]


def table(rows: Sequence[Sequence[str]], width: int, *, right: Sequence[int] = ()) -> list[str]:
    """The rows as lines of at most `width` cells; the last column gets what room is left.

    `right`: the columns that are set flush right. The columns before the last are never cut.
    """
    columns = list(zip(*rows, strict=True))[:-1]
    widths = [max(map(cells, column)) for column in columns]
    room = width - sum(widths) - len(_GAP) * len(widths)
    lines: list[str] = []
    for row in rows:
        parts = [
            _padded(text, wide, to_the_right=number in right)
            for number, (text, wide) in enumerate(zip(row, widths, strict=False))
        ]
        if room > 0:
            parts.append(shortened(row[-1], room))
        lines.append(_GAP.join(parts).rstrip())
    return lines


def _cells(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) == "Cf":
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _padded(text: str, width: int, *, to_the_right: bool) -> str:
    blank = " " * (width - cells(text))
    return blank + text if to_the_right else text + blank
