"""What goes on beside the protocol: jobs that an earlier process left."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import anyio
from starlette.requests import Request
from starlette.responses import Response

from tests.harness import KEY, a_host, app_in
from tests.http.served import served
from tests.server.surface import client_of
from tests.serving import serving


async def test_a_server_goes_on_with_unfinished_jobs_before_any_tool_is_called(
    tmp_path: Path,
) -> None:
    host, looked_at = a_host(statuses=("queued",)), anyio.Event()

    async def notice(request: Request, carry_out: Callable[[], Awaitable[Response]]) -> Response:
        looked_at.set()
        return await carry_out()

    async with serving(host.app()) as url:
        settings = {"base_url": f"{url}/v1", "api_key": KEY}
        async with app_in(tmp_path, **settings) as app, client_of(app) as client:
            await client.call_tool("generate_video", {"prompt": "a cat"})
        host.fail("GET /videos/{id}", notice)
        async with app_in(tmp_path, **settings) as app, served(app):
            with anyio.fail_after(60):
                await looked_at.wait()
