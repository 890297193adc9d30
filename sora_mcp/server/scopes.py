"""What a token allows its bearer: to look, or also to make and change."""

from collections.abc import Iterable, Mapping
from typing import Any, cast

READ = "videos:read"
WRITE = "videos:write"

_WRITING_METHODS = ("tasks/update", "tasks/cancel")


class Scopes:
    """Knows which scopes a message needs."""

    def __init__(self, reading_tools: Iterable[str]) -> None:
        """`reading_tools`: the tools that change nothing; any other name may."""
        # No set: what a message has for a name need not be hashable.
        self._reading_tools = tuple(reading_tools)

    def needed(self, message: Mapping[str, Any]) -> list[str]:
        """The scopes for a JSON-RPC message, whatever it is."""
        if message.get("method") == "tools/call":
            params: object = message.get("params")
            name = (
                cast("Mapping[str, Any]", params).get("name") if isinstance(params, dict) else None
            )
            reads = name in self._reading_tools
        else:
            reads = message.get("method") not in _WRITING_METHODS
        return [READ] if reads else [READ, WRITE]
