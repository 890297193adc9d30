"""JSON schemas as small as they can be said: clients load them all before the first call."""

from collections.abc import Mapping
from typing import Any, cast

Schema = dict[str, Any]

_NULL: Schema = {"type": "null"}


def compact(schema: Mapping[str, Any]) -> Schema:
    """The same schema without titles, null branches and defaults that mean "not given"."""
    small: Schema = {}
    for keyword, value in schema.items():
        match keyword, value:
            case ("title", _) | ("default", None | "") | ("additionalProperties", True):
                continue
            case "properties", dict():
                named = cast("Schema", value)
                small[keyword] = {name: compact(part) for name, part in named.items()}
            case "items", dict():
                small[keyword] = compact(cast("Schema", value))
            case "anyOf", list():
                branches = [part for part in cast("list[Schema]", value) if part != _NULL]
                if len(branches) == 1:
                    small.update(compact(branches[0]))
                else:
                    small[keyword] = [compact(branch) for branch in branches]
            case _:
                small[keyword] = value
    return small


def input_schema(schema: Mapping[str, Any]) -> Schema:
    """The schema of a tool's arguments: nothing but what it names is taken."""
    small = compact(schema)
    return {"type": "object", **small, "additionalProperties": False}


def output_schema(schema: Mapping[str, Any]) -> Schema:
    """The schema of a tool's structured result, without prose: the contract explains the fields."""
    small = compact(schema)
    small.pop("description", None)
    return small
