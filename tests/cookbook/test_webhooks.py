"""The cookbook's receiver, told by a real server."""

import json
import sys
import time
from pathlib import Path

import anyio
import httpx2
from anyio.streams.buffered import BufferedByteReceiveStream
from pydantic import SecretStr

from sora_mcp.signatures import signed_headers
from tests.cookbook.examples import LONGEST, put, small
from tests.fakes.receiver import SECRET
from tests.harness import app_in, make
from tests.http.served import served
from tests.serving import unused_port

PORT = "5678"
"""Of the receiver, on the page."""


async def test_a_program_is_told_of_a_video_and_has_it(tmp_path: Path) -> None:
    port = unused_port()
    place = put(tmp_path, "receiver.py", {PORT: str(port)})
    url = f"http://127.0.0.1:{port}/"
    settings = {"webhook_url": SecretStr(url), "webhook_secret": SECRET}
    with anyio.fail_after(LONGEST):
        async with (
            await anyio.open_process(
                [sys.executable, str(place)],
                cwd=tmp_path,
                env=small(tmp_path, SORA_MCP_WEBHOOK_SECRET=SECRET.get_secret_value()),
                stderr=None,
            ) as receiver,
            app_in(tmp_path, size="256x256", seconds=1, **settings) as app,
            served(app),
        ):
            job = await make(await app.videos())
            assert receiver.stdout is not None
            said = await BufferedByteReceiveStream(receiver.stdout).receive_until(b"\n", 1000)
            async with httpx2.AsyncClient() as stranger:
                body = json.dumps({"type": "video.completed", "data": {}}).encode()
                signed = signed_headers(SECRET, "msg_1", int(time.time()), body)
                forged = await stranger.post(url, content=body + b" ", headers=signed)
                signed = signed_headers(SECRET, "msg_2", int(time.time()) - 310, body)
                stale = await stranger.post(url, content=body, headers=signed)
            receiver.kill()
    assert said.decode() == f"video.completed {job.id} completed"
    assert (tmp_path / f"{job.id}.mp4").stat().st_size == job.files[0].bytes
    assert [forged.status_code, stale.status_code] == [400, 400]
