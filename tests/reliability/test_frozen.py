"""A process that is frozen past its lease loses its job to another one, and does no harm after.

So does a step that was too slow to keep its lease, in the process that goes on with the job.
"""

import signal
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path

import anyio
import pytest
from anyio.abc import Process
from anyio.lowlevel import checkpoint
from starlette.requests import Request
from starlette.responses import Response

from sora_mcp.store.peek import LEDGER
from sora_mcp.videos.models import JobStatus
from tests.fakes.videos_api import held
from tests.harness import KEY, OWNER, a_host, app_in, make, videos_from
from tests.reliability.faults import FETCH, LOOK
from tests.reliability.test_kills import check_promises, generating, recovered
from tests.serving import serving
from tests.store.ledgers import Ledger


@pytest.mark.parametrize("route", [LOOK, FETCH])
async def test_a_frozen_process_that_wakes_up_finds_its_job_done_by_another(
    route: str, tmp_path: Path
) -> None:
    host = a_host()
    sleeper: list[Process] = []
    frozen = anyio.Event()

    async def freeze(request: Request, carry_out: Callable[[], Awaitable[Response]]) -> Response:
        # Not in the middle of a write: SQLite has no remedy against a frozen writer.
        with closing(sqlite3.connect(tmp_path / "home" / LEDGER, timeout=20)) as ledger:
            ledger.execute("BEGIN IMMEDIATE")
            sleeper[0].send_signal(signal.SIGSTOP)
        frozen.set()
        return await carry_out()

    host.fail(route, freeze)
    with anyio.fail_after(100):
        async with serving(host.app()) as url:
            async with generating("a cat", tmp_path, f"{url}/v1") as process:
                sleeper.append(process)
                await frozen.wait()
                jobs = await recovered(tmp_path, f"{url}/v1")
                process.send_signal(signal.SIGCONT)
                assert await process.wait() == 0
            after = await recovered(tmp_path, f"{url}/v1")
    check_promises(host, jobs, tmp_path)
    assert [(job.id, job.status, job.files) for job in after] == [
        (job.id, job.status, job.files) for job in jobs
    ]
    assert len(host.accepted) == 1


@pytest.mark.parametrize("route", [LOOK, FETCH])
async def test_a_step_that_lost_its_lease_has_no_other_beside_it(
    route: str, tmp_path: Path
) -> None:
    host = a_host()
    under_way, gate = anyio.Event(), anyio.Event()
    host.fail(route, held(under_way, gate))
    home = Ledger(None, tmp_path / "home")
    lapse = "UPDATE jobs SET lease_owner = NULL, lease_until = NULL"
    async with videos_from(host, tmp_path) as videos:
        with anyio.fail_after(60):
            job = await videos.start(await videos.plan.generate(OWNER, prompt="a cat"))
            await under_way.wait()
            sent = [path for _, path in host.requests if path.startswith("/v1/videos/video_0001")]
            await home.execute(lapse)
            # The worker is woken, and finds the first job due beside the second.
            assert (await make(videos, "a dog")).status is JobStatus.COMPLETED
            again = [path for _, path in host.requests if path.startswith("/v1/videos/video_0001")]
            assert again == sent
            gate.set()
            await home.execute(lapse)
            assert (await videos.wait(OWNER, job.id, 60)).status is JobStatus.COMPLETED
    assert len(host.accepted) == 2


async def test_a_lease_is_kept_when_looks_that_began_before_it_end(tmp_path: Path) -> None:
    host = a_host(statuses=("queued", *["in_progress"] * 100))
    looking, seen, fetching, fetched = (anyio.Event() for _ in range(4))
    home = Ledger(None, tmp_path / "home")

    async def as_it_is(_: Request, carry_out: Callable[[], Awaitable[Response]]) -> Response:
        return await carry_out()

    async def leases(status: JobStatus) -> list[tuple[str, int, int]]:
        rows = await home.execute("SELECT id, fence, lease_until, status FROM jobs")
        return [(row.id, row.fence, row.lease_until) for row in rows if row.status == status]

    async with serving(host.app()) as url:
        settings = {"base_url": f"{url}/v1", "api_key": KEY}
        async with app_in(tmp_path, **settings) as app:
            videos = await app.videos()
            for prompt in ("a cat", "a dog"):
                job = await videos.start(await videos.plan.generate(OWNER, prompt=prompt))
                await videos.wait_for_answer(job, 60)
        # Both are due at once: one worker looks at them side by side.
        await home.execute("UPDATE jobs SET run_at = 0, lease_until = NULL, lease_owner = NULL")
        host.statuses = ("completed",)
        host.fail(LOOK, as_it_is, held(looking, seen))
        host.fail(FETCH, held(fetching, fetched))
        async with app_in(tmp_path, **settings) as app:
            videos = await app.videos()
            with anyio.fail_after(60):
                await looking.wait()
                await fetching.wait()
                seen.set()
                while not await leases(JobStatus.COMPLETED):
                    await checkpoint()
                [held_one] = await leases(JobStatus.DOWNLOADING)
                while (now := await leases(JobStatus.DOWNLOADING)) == [held_one]:
                    await checkpoint()
                assert [lease[:2] for lease in now] == [held_one[:2]], "renewed, not taken anew"
                fetched.set()
                assert (await videos.wait(OWNER, held_one[0], 60)).status is JobStatus.COMPLETED
