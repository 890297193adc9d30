"""Where copies may be written: inside some folders, under names that every system takes."""

import os
import re
from collections.abc import Sequence
from pathlib import Path, PurePath

from sora_mcp.videos.errors import InvalidRequest, OutsideFolders
from sora_mcp.videos.models import Variant

MAX_NAME_BYTES = 200
"""Most file systems take 255; the rest is for numbers and unfinished copies."""

_RESERVED = re.compile(
    r"(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³]) *(\..*)?", re.IGNORECASE
)
"""Devices on Windows, with any ending (learn.microsoft.com, "Naming Files, Paths")."""

_FORBIDDEN = re.compile(r'[\x00-\x1f\x7f<>:"|?*/\\]')
"""In names on Windows, from the same page; a colon would also name a hidden stream."""

_SAME_ENDING = {".jpeg": ".jpg"}


class FolderOutputs:
    """Decides where in some folders copies may be written."""

    def __init__(self, output_dirs: Sequence[Path]) -> None:
        """Relative names are meant in the first of `output_dirs`."""
        self._output_dirs = tuple(folder.absolute() for folder in output_dirs)

    @property
    def output_dirs(self) -> tuple[Path, ...]:
        """The folders that copies may be written to."""
        return self._output_dirs

    def resolve(self, save_as: str, variant: Variant) -> Path:
        """The path meant by `save_as`, with the variant's ending, all links followed.

        Raises:
            OutsideFolders: It leads out of the allowed folders.
            InvalidRequest: It is no name that a file should have.
        """
        if not save_as.strip():
            raise InvalidRequest("save_as is empty; give a file name such as cat.mp4.")
        folder, below = self._split(save_as)
        if not below.parts or save_as.endswith(("/", os.sep)):
            raise InvalidRequest(f"save_as {_short(save_as)} is a folder; add a file name to it.")
        for name in below.parts:
            _check_name(name)
        target = folder / below.with_name(_with_ending(below.name, variant))
        _check_name(target.name)
        # The name itself is not followed: a link with that name counts as taken.
        parent = Path(os.path.realpath(target.parent))
        root = next((real for _, real in self._roots() if parent.is_relative_to(real)), None)
        if root is None:
            raise self._outside(save_as)
        for name in parent.relative_to(root).parts:
            _check_name(name)
        return parent / target.name

    def _split(self, save_as: str) -> tuple[Path, PurePath]:
        """The allowed folder that is meant, and the path below it."""
        path = PurePath(save_as)
        if ".." in path.parts or not self._output_dirs:
            raise self._outside(save_as)
        if path.anchor == "":
            return self._output_dirs[0], path
        for shown, real in self._roots():
            for folder in (shown, real):
                if path.is_relative_to(folder):
                    return folder, path.relative_to(folder)
        raise self._outside(save_as)

    def _roots(self) -> list[tuple[Path, Path]]:
        return [(folder, Path(os.path.realpath(folder))) for folder in self._output_dirs]

    def _outside(self, save_as: str) -> OutsideFolders:
        if not self._output_dirs:
            return OutsideFolders(
                "This server writes no copies into folders. Leave save_as out: the result says "
                "where the file can be had."
            )
        places = ", ".join(map(str, self._output_dirs))
        return OutsideFolders(
            f"save_as {_short(save_as)} leads outside the folders that copies may be written to: "
            f"{places}. Give a file name such as cat.mp4, or a path in one of them."
        )


def _with_ending(name: str, variant: Variant) -> str:
    ending = PurePath(variant.file_name).suffix
    given = PurePath(name).suffix.lower()
    return name if _SAME_ENDING.get(given, given) == ending else name + ending


def _check_name(name: str) -> None:
    if name.startswith((".", "~")):
        problem = "names that begin with . or ~ are not written"
    elif _FORBIDDEN.search(name):
        problem = 'the characters < > : " / \\ | ? * and control characters cannot be in a name'
    elif name.endswith((" ", ".")):
        problem = "a name cannot end with a space or a dot"
    elif _RESERVED.fullmatch(name):
        problem = "Windows reserves that name"
    elif len(name.encode(errors="surrogatepass")) > MAX_NAME_BYTES:
        problem = f"a name can have at most {MAX_NAME_BYTES} bytes"
    elif any(0xD800 <= ord(char) <= 0xDFFF for char in name):
        problem = "it has broken characters"
    else:
        return
    raise InvalidRequest(f"save_as has the name {_short(name)}: {problem}. Try cat.mp4.")


def _short(text: str) -> str:
    return repr(text if len(text) <= 120 else text[:117] + "...")
