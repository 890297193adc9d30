"""What an owner may ask for holds for all replicas together."""

from contextlib import AsyncExitStack
from pathlib import Path

import httpx2

from tests.harness import app_in
from tests.http.served import META, MODERN, TOKENS, bearer, message, served, tokens_file
from tests.store.postgres import needs_postgres, postgres

PER_MINUTE = 4
REPLICAS = 3

pytestmark = needs_postgres


async def test_more_requests_than_a_minute_allows_are_refused_whichever_replica_they_reach(
    tmp_path: Path,
) -> None:
    settings = {
        "engine": "embedded",
        "auth_tokens_file": tokens_file(tmp_path),
        "max_requests_per_minute": PER_MINUTE,
    }
    asked = message("tools/list", _meta=META)
    names = MODERN | {"Mcp-Method": "tools/list"}
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context((await postgres()).database())
        urls: list[str] = []
        for number in range(REPLICAS):
            folder = tmp_path / str(number)
            app = await stack.enter_async_context(app_in(folder, database_url=database, **settings))
            urls.append(await stack.enter_async_context(served(app)))
        http = await stack.enter_async_context(httpx2.AsyncClient(timeout=60))
        # No replica gets more than it would allow itself; were the minute to end meanwhile, one of
        # the two would still see too many.
        answers = [
            await http.post(f"{url}/mcp", headers=names | bearer(TOKENS["anna"]), json=asked)
            for _ in range(PER_MINUTE)
            for url in urls
        ]
        other = await http.post(f"{urls[0]}/mcp", headers=names | bearer(TOKENS["ben"]), json=asked)
    assert [answer.status_code for answer in answers[:PER_MINUTE]] == [200] * PER_MINUTE
    refused = [answer for answer in answers if answer.status_code == 429]
    assert len(refused) >= len(answers) - 2 * PER_MINUTE
    assert all(1 <= int(answer.headers["retry-after"]) <= 60 for answer in refused)
    assert other.status_code == 200
