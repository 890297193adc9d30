"""Many agents, three replicas of which one is killed and all are replaced: nothing goes wrong.

`SORA_MCP_TEST_AGENTS` says how many agents there are (default 3), `SORA_MCP_TEST_VIDEOS` how many
videos each asks for (default: as many); docs/reliability.md has what was measured with more.
"""

import os
import signal
from collections import Counter
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest

from sora_mcp.videos.worker import MAX_STEPS
from tests.fakes.videos_api import error
from tests.harness import a_host
from tests.http.served import bearer
from tests.http.wire import Wire, message_in
from tests.reliability.faults import LIST
from tests.replicas.cluster import Overlaps, cluster
from tests.replicas.proxy import RoundRobin
from tests.serving import serving
from tests.store.postgres import needs_postgres, postgres

AGENTS = int(os.environ.get("SORA_MCP_TEST_AGENTS", "3"))
VIDEOS = int(os.environ.get("SORA_MCP_TEST_VIDEOS", AGENTS))
STATUSES = ("queued", *["in_progress"] * 3, "completed")
AT_WORK = frozenset({"queued", "in_progress"})

MAY_BE_REPEATED = ("The same call may be tried again.", "The ledger broke off")
"""The latter by whoever has given an `idempotency_key`: under such a load a replica may be too busy
to go on with a transaction in time."""

pytestmark = needs_postgres


class Agent:
    """Asks for videos and waits for them; asks again without an answer, or if it may."""

    def __init__(self, http: httpx2.AsyncClient, url: str, name: str) -> None:
        self.name = name
        self.ended: dict[str, str] = {}
        self._wire = Wire(http, f"{url}/mcp", ())
        self._token = bearer(f"token-of-{name}")

    async def work(self, started: anyio.Semaphore) -> None:
        """Ask for videos, all of them first; wait for the end of each."""
        ids: dict[str, str] = {}
        for number in range(VIDEOS):
            prompt = f"{self.name} {number}"
            asked = {"prompt": prompt, "idempotency_key": prompt}
            ids[prompt] = (await self._call("generate_video", **asked))["video_id"]
            started.release()
        for prompt, video_id in ids.items():
            asked = {"video_id": video_id, "wait_seconds": 20}
            while (seen := await self._call("get_video_status", **asked))["status"] in AT_WORK:
                assert seen["prompt"] == prompt
            self.ended[prompt] = seen["status"]

    async def listed(self) -> set[str]:
        """The prompts of all videos that it can see."""
        page = await self._call("list_videos", limit=100)
        return {entry["prompt"] for entry in page["videos"]}

    async def _call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        asked = {"name": tool, "arguments": arguments}
        while True:
            try:
                answer = await self._wire.post("tools/call", asked, self._token)
            except httpx2.TransportError:
                continue
            if answer.status_code == 200:
                message = message_in(answer)
                assert "result" in message, message
                result = message["result"]
                if "structuredContent" in result:
                    return result["structuredContent"]
                assert any(words in str(result) for words in MAY_BE_REPEATED), result


@pytest.mark.parametrize("lists", [True, False])
async def test_a_crowd_loses_nothing_when_a_replica_is_killed_and_all_are_replaced(
    lists: bool, tmp_path: Path
) -> None:
    # With a list one request looks at many jobs; without one, two looks at a job at once are seen.
    host = a_host(statuses=STATUSES, lists_are_looks=True)
    if not lists:
        host.fail(LIST, *[error(404, "There is no list.")] * 99)
    names = [f"agent{number}" for number in range(AGENTS)]
    tokens = tmp_path / "tokens"
    tokens.write_text("\n".join(f"{name}:token-of-{name}" for name in names))
    overlaps = Overlaps(host.app())
    upstreams: list[str] = []
    many = httpx2.Limits(max_connections=None)
    async with (
        (await postgres()).database() as database,
        serving(overlaps) as host_url,
        httpx2.AsyncClient(timeout=60, limits=many) as http,
        serving(RoundRobin(http, upstreams), lifespan="off") as url,
        cluster(tmp_path, database, host_url) as replicas,
    ):
        with anyio.fail_after(200 + 2 * AGENTS * VIDEOS):

            async def serve(name: str, place: int) -> None:
                started = await replicas.serve(name, SORA_MCP_AUTH_TOKENS_FILE=str(tokens))
                upstreams[place : place + 1] = [started]

            for place, name in enumerate("abc"):
                await serve(name, place)
            agents = [Agent(http, url, name) for name in names]
            started = anyio.Semaphore(0)
            async with anyio.create_task_group() as tasks:
                for agent in agents:
                    tasks.start_soon(agent.work, started)
                for _ in range(AGENTS * VIDEOS // 2):
                    await started.acquire()
                assert await replicas.end("a", signal.SIGKILL) == -signal.SIGKILL
                await serve("d", 0)
                # One after the other is told to stop, and another one comes in its place.
                for place, (old, new) in enumerate(["de", "bf", "cg"]):
                    assert await replicas.end(old, signal.SIGTERM) == 0
                    await serve(new, place)
            listed = {agent.name: await agent.listed() for agent in agents}
    sent = Counter(fields["prompt"] for fields in host.accepted)
    ended = {prompt: status for agent in agents for prompt, status in agent.ended.items()}
    assert len(ended) == AGENTS * VIDEOS
    assert set(sent.values()) == {1}
    # What a killed process was about to send may have been sent, for all that anyone knows; where
    # the host has no list, it may have been.
    at_the_kill = [prompt for prompt, status in ended.items() if status == "unknown"]
    assert len(at_the_kill) <= MAX_STEPS
    assert not (lists and sent.keys() & set(at_the_kill))
    assert {ended[prompt] for prompt in ended.keys() - set(at_the_kill)} == {"completed"}
    for agent in agents:
        assert listed[agent.name] == set(agent.ended)
    assert overlaps.found == []
