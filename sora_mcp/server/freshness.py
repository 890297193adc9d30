"""How long clients may keep what they have read (protocol 2026-07-28)."""

import json
from collections.abc import Mapping
from typing import Any, cast

from mcp.server.caching import CacheableMethod, CacheHint
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext

from sora_mcp.videos.lifecycle import FINAL

HINTS: Mapping[CacheableMethod, CacheHint] = {
    "tools/list": CacheHint(ttl_ms=300_000, scope="public"),
    "prompts/list": CacheHint(ttl_ms=300_000, scope="public"),
    "resources/templates/list": CacheHint(ttl_ms=300_000, scope="public"),
    "resources/read": CacheHint(ttl_ms=60_000, scope="private"),
}

_SETTLED = frozenset(status.value for status in FINAL)


async def no_stale_records(
    ctx: ServerRequestContext[Any, Any], call_next: CallNext
) -> HandlerResult:
    """Middleware: files and finished videos may be kept for a while, what still moves may not."""
    result = await call_next(ctx)
    if ctx.method == "resources/read" and isinstance(result, dict) and _moves(result):
        return {**result, "ttlMs": 0}
    return result


def _moves(result: Mapping[str, Any]) -> bool:
    contents = cast("list[dict[str, Any]]", result.get("contents", []))
    return any(
        content["uri"].startswith("sora://")
        and content.get("mimeType") == "application/json"
        and json.loads(content["text"]).get("status") not in _SETTLED
        for content in contents
    )
