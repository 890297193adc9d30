"""The lines of a batch: each is the arguments of one video, or is said to be none."""

import hashlib
import json
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast, get_args

from sora_mcp.cli.session import local_file
from sora_mcp.server.arguments import read_arguments
from sora_mcp.videos.errors import InvalidRequest
from sora_mcp.videos.models import Fit

_SCHEMA: dict[str, Any] = {
    "properties": {
        "prompt": {"type": "string"},
        "model": {"type": "string"},
        "size": {"type": "string"},
        "seconds": {"type": "number"},
        "input_reference": {"type": "string"},
        "reference_fit": {"type": "string", "enum": get_args(Fit)},
        "options": {"type": "object"},
        "max_cost_usd": {"type": "number"},
        "idempotency_key": {"type": "string"},
        "save_as": {"type": "string"},
    },
    "required": ["prompt"],
}
"""The arguments of the tool `generate_video` that say what is made, and where a copy goes."""

_NOT_WHAT_IS_MADE = ("save_as", "max_cost_usd", "idempotency_key")


@dataclass(frozen=True)
class Request:
    """One video that a line asks for."""

    number: int
    """Which line it is; the first is 1."""
    arguments: dict[str, Any]
    """What the planner takes."""
    out: Path | None
    """Where a copy of the video goes."""
    mark: str
    """The same whenever the batch is run, wherever its file is, and no other request's: a hash of
    what is to be made, and how often the file has asked for the same before."""

    def folder(self) -> Path | None:
        """The folder of its first frame, if that is a file outside the batch's own folder."""
        reference = self.arguments.get("input_reference")
        file = local_file(reference, Path()) if reference is not None else None
        return file.parent if file is not None and file.is_absolute() else None


@dataclass(frozen=True)
class BrokenLine:
    """A line that asks for nothing that could be made."""

    number: int
    error: InvalidRequest


def read_lines(text: bytes, folder: Path) -> Iterator[Request | BrokenLine]:
    """The lines of a batch that are not empty; paths in them are seen from `folder`."""
    seen: Counter[str] = Counter()
    taken: set[Path] = set()
    # Not by splitlines(), which also splits at characters that may stand inside JSON.
    for number, line in enumerate(text.removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            arguments = read_arguments("A line", _SCHEMA, _object(line))
            mark = _mark(arguments)
            seen[mark] += 1
            out = _place(arguments.pop("save_as", ""), folder)
            if out is not None and not out.is_dir():
                out = _free(out, taken)
                taken.add(out)
            yield Request(number, _from_there(arguments, folder), out, f"{mark}-{seen[mark]}")
        except InvalidRequest as error:
            yield BrokenLine(number, error)


def folders_of(requests: Sequence[Request], folder: Path) -> tuple[list[Path], list[Path]]:
    """The folders that first frames are read from, and those that copies are written to."""
    reading = [folder, *filter(None, (request.folder() for request in requests))]
    outs = [request.out for request in requests if request.out is not None]
    writing = [out if out.is_dir() else out.parent for out in outs]
    return list(dict.fromkeys(reading)), list(dict.fromkeys(writing))


def _object(line: bytes) -> dict[str, Any]:
    try:
        value: object = json.loads(line.decode("utf-8"))
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeError:
        raise InvalidRequest("The line is not UTF-8, or has broken characters.") from None
    except RecursionError:
        raise InvalidRequest("The line is nested too deeply.") from None
    except ValueError as error:
        raise InvalidRequest(f"The line is not JSON: {error}.") from None
    if not isinstance(value, dict):
        raise InvalidRequest('The line is not a JSON object such as {"prompt": "A cat"}.')
    return cast("dict[str, Any]", value)


def _mark(arguments: dict[str, Any]) -> str:
    """A hash of what is to be made, however the line is written."""
    made = {name: value for name, value in arguments.items() if name not in _NOT_WHAT_IS_MADE}
    return hashlib.sha256(json.dumps(made, sort_keys=True).encode()).hexdigest()[:16]


def _from_there(arguments: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The arguments as the planner takes them; as for the tools, an empty text is none."""
    given = {name: value for name, value in arguments.items() if value != "" or name == "prompt"}
    reference = given.get("input_reference")
    file = local_file(reference, folder) if reference is not None else None
    # One below the folder is left as it is written, so that the batch can be moved with it.
    if reference is not None and file is not None and _leaves(reference):
        given["input_reference"] = str(file.resolve())
    return given


def _leaves(reference: str) -> bool:
    path = Path(reference)
    return path.is_absolute() or ".." in path.parts or reference.startswith("~")


def _free(place: Path, taken: Collection[Path]) -> Path:
    """A place of its own for a line, though another names the same: a number is added."""
    name, number = place, 1
    while name in taken:
        number += 1
        name = place.with_name(f"{place.stem} ({number}){place.suffix}")
    return name


def _place(save_as: str, folder: Path) -> Path | None:
    if not save_as:
        return None
    place = folder / Path(save_as).expanduser()
    if place.is_dir():
        return place.resolve()
    if not place.parent.is_dir():
        raise InvalidRequest(f"save_as names a folder that does not exist: {place.parent}.")
    return place.parent.resolve() / place.name
