"""A thousand messages that nobody should send: none is an accident, none has an effect."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import anyio
import httpx2
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.http.served import (
    META,
    MODERN,
    TOKENS,
    WAYS,
    bearer,
    client_at,
    served_before,
    tokens_file,
)
from tests.server.surface import TOOLS, made, quick_host, structured

MESSAGES = 1000
AT_ONCE = 8
METHODS = [
    "initialize",
    "tools/list",
    "tools/call",
    "resources/list",
    "resources/read",
    "resources/templates/list",
    "prompts/list",
    "prompts/get",
    "completion/complete",
    "server/discover",
    "tasks/get",
    "tasks/cancel",
    "notifications/cancelled",
    "notifications/initialized",
    "ping",
    "logging/setLevel",
]

texts = st.text(st.characters(exclude_categories=()), max_size=8)
"""Halves of surrogate pairs included."""
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
arguments = st.dictionaries(
    st.sampled_from(["video_id", "wait_seconds", "limit", "prompt", "options"]) | texts, values
).map(lambda some: {**some, "no such argument": 1})
parameters = values | st.fixed_dictionaries(
    {"_meta": st.just(META) | values},
    optional={
        "name": st.sampled_from(TOOLS) | values,
        "arguments": arguments,
        "uri": st.sampled_from(["sora://videos/", "sora://videos/vid_aaaaaaaaaa"]) | values,
        "ref": st.just({"type": "ref/prompt", "name": "refine_video"}) | values,
        "argument": st.fixed_dictionaries({"name": st.just("video_id"), "value": texts}) | values,
        "cursor": values,
        "taskId": values,
    },
)
messages = st.fixed_dictionaries(
    {},
    optional={
        "jsonrpc": st.just("2.0") | values,
        "id": st.integers() | values,
        "method": st.sampled_from(METHODS) | values,
        "params": parameters,
    },
)
bodies = (
    st.binary(max_size=40)
    | values.map(lambda value: json.dumps(value).encode())
    | messages.map(lambda value: json.dumps(value).encode())
    | messages.map(lambda value: json.dumps(value, ensure_ascii=False).encode(errors="replace"))
    | messages.map(lambda value: json.dumps(value).encode()[:-2])
    | messages.map(lambda value: json.dumps(value).encode("utf-16"))
)
header_values = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=12)
odd_headers = st.dictionaries(
    st.sampled_from(
        [
            "MCP-Protocol-Version",
            "Mcp-Method",
            "Mcp-Name",
            "Mcp-Session-Id",
            "Accept",
            "Content-Type",
            "Range",
            "Authorization",
            "Last-Event-ID",
        ]
    ),
    st.sampled_from(["2026-07-28", "2025-11-25", "tools/call", "*/*", "Bearer x"]) | header_values,
    max_size=3,
)
methods = st.sampled_from(["POST"] * 6 + ["GET", "PUT", "DELETE", "OPTIONS", "PATCH"])
paths = st.sampled_from(
    ["/mcp"] * 6 + ["/messages/", "/messages/?session_id=" + "0" * 32, "/files/a/b", "/healthz"]
) | texts.map(lambda text: "/" + quote(text.encode(errors="replace")))
requests = st.tuples(methods, paths, odd_headers, bodies)


def generated() -> list[tuple[str, str, dict[str, str], bytes]]:
    """The requests; Hypothesis likes words of whichever of our modules are loaded."""
    found: list[tuple[str, str, dict[str, str], bytes]] = []

    @settings(
        max_examples=MESSAGES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(requests)
    def collect(request: tuple[str, str, dict[str, str], bytes]) -> None:
        found.append(request)

    collect()
    return found


async def test_a_thousand_bad_messages_are_answered_and_change_nothing(tmp_path: Path) -> None:
    sent = generated()
    host = quick_host()
    file = tokens_file(tmp_path)
    async with served_before(host, tmp_path, auth_tokens_file=file) as url:
        async with client_at(url, WAYS[0], TOKENS["anna"]) as anna:
            await made(anna)
            before = await _everything(anna)
        base: Mapping[str, str] = MODERN | bearer(TOKENS["anna"])
        statuses: set[int] = set()
        pending = iter(sent)
        async with httpx2.AsyncClient(base_url=url, headers=base, timeout=60) as http:

            async def send() -> None:
                for method, path, headers, body in pending:
                    request = http.build_request(method, path, headers=headers, content=body)
                    answer = await http.send(request, stream=True)
                    # What happens to be a right request to listen is answered for ever.
                    if not answer.headers.get("content-type", "").startswith("text/event-stream"):
                        await answer.aread()
                    await answer.aclose()
                    assert answer.status_code < 500, (method, path, headers, body)
                    statuses.add(answer.status_code)

            async with anyio.create_task_group() as senders:
                for _ in range(AT_ONCE):
                    senders.start_soon(send)
        assert len(sent) >= MESSAGES
        assert statuses >= {400, 401, 404, 405}
        async with client_at(url, WAYS[0], TOKENS["anna"]) as anna:
            assert await _everything(anna) == before
    assert len(host.accepted) == 1


async def _everything(client: Any) -> dict[str, Any]:
    videos = structured(await client.call_tool("list_videos", {}))
    engine = structured(await client.call_tool("get_engine", {}))
    return {**videos, **engine}
