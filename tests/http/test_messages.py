"""What is wrong with a message is told before anything is done with it."""

import itertools
from pathlib import Path
from typing import Any

import httpx2
import pytest
from mcp.types import INVALID_REQUEST

from tests.http.served import META, MODERN, message, served_before
from tests.server.surface import quick_host

HEADERS = MODERN | {"Mcp-Method": "tools/list"}
PATHS = ("/mcp", "/messages/")
LONG = "x" * 257


@pytest.mark.requirement("ERROR-BODY")
async def test_a_body_of_very_many_values_is_refused(tmp_path: Path) -> None:
    begin = b'{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"a":['
    async with served_before(quick_host(), tmp_path) as url, httpx2.AsyncClient() as http:
        for path, value in itertools.product(PATHS, (b"[],", b"{},", b"0,", b"[[")):
            body = begin + value * 50_000 + b"0]}}"
            answer = await http.post(f"{url}{path}", headers=HEADERS, content=body)
            assert answer.status_code == 413, (path, value)
            assert "values at most" in answer.json()["error"]["message"]


@pytest.mark.requirement("MESSAGE-SIZE")
async def test_what_answers_would_repeat_may_not_be_long(tmp_path: Path) -> None:
    asked = message("tools/list", _meta=META)
    long: tuple[dict[str, Any], ...] = ({"id": LONG}, {"id": 10**20}, {"method": LONG})
    async with served_before(quick_host(), tmp_path) as url, httpx2.AsyncClient() as http:
        for path, changes in itertools.product(PATHS, long):
            answer = await http.post(f"{url}{path}", headers=HEADERS, json=asked | changes)
            assert answer.status_code == 400, (path, changes)
            assert answer.json()["id"] is None
            assert answer.json()["error"]["code"] == INVALID_REQUEST
            assert "at most" in answer.json()["error"]["message"]
        longest = asked | {"id": LONG[1:]}
        answer = await http.post(f"{url}/mcp", headers=HEADERS, json=longest)
        assert answer.json()["id"] == longest["id"]
