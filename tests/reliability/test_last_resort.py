"""What nobody has thought of ends no worker: it is logged, and tried again."""

from pathlib import Path

import anyio
import pytest
from anyio.lowlevel import checkpoint

from sora_mcp.videos.models import JobStatus
from tests.fakes.videos_api import held
from tests.harness import KEY, OWNER, a_host, app_in, make, videos_from
from tests.reliability.faults import FETCH
from tests.serving import serving
from tests.store.ledgers import Ledger

SPOIL = "UPDATE jobs SET document = json_remove(document, '$.prompt')"
MEND = "UPDATE jobs SET document = json_set(document, '$.prompt', 'a cat')"
DUE = "UPDATE jobs SET run_at = 0, lease_owner = NULL, lease_until = NULL"


async def test_a_row_that_becomes_unreadable_during_a_step_ends_no_worker(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    host = a_host()
    fetching, gate = anyio.Event(), anyio.Event()
    host.fail(FETCH, held(fetching, gate))
    home = Ledger(None, tmp_path / "home")
    async with videos_from(host, tmp_path) as videos:
        with anyio.fail_after(60):
            job = await videos.start(await videos.plan.generate(OWNER, prompt="a cat"))
            await fetching.wait()
            await home.execute(SPOIL)
            gate.set()
            while sum(job.id in record.getMessage() for record in caplog.records) < 2:
                await checkpoint()
            await home.execute(MEND)
            await home.execute(DUE)
            assert (await make(videos, "a dog")).status is JobStatus.COMPLETED
            assert (await videos.wait(OWNER, job.id, 60)).status is JobStatus.COMPLETED


async def test_a_row_that_cannot_be_read_ends_no_worker(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    host = a_host(statuses=("queued", *["in_progress"] * 1000))
    home = Ledger(None, tmp_path / "home")
    async with serving(host.app()) as url:
        settings = {"base_url": f"{url}/v1", "api_key": KEY}
        async with app_in(tmp_path, **settings) as app:
            videos = await app.videos()
            job = await videos.start(await videos.plan.generate(OWNER, prompt="a cat"))
            await videos.wait_for_answer(job, 20)
        await home.execute(SPOIL)
        await home.execute(DUE)
        host.statuses = ("completed",)
        caplog.clear()
        async with app_in(tmp_path, **settings) as app:
            videos = await app.videos()
            with anyio.fail_after(60):
                while not caplog.records:
                    await checkpoint()
                await home.execute(MEND)
                await home.execute(DUE)
                assert (await make(videos, "a dog")).status is JobStatus.COMPLETED
                assert (await videos.wait(OWNER, job.id, 60)).status is JobStatus.COMPLETED
