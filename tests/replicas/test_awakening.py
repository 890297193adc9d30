"""A worker that was frozen in a step wakes up when others have long gone on."""

import re
from pathlib import Path

import anyio
import anyio.lowlevel
import httpx2
import pytest

from sora_mcp.app import open_app
from sora_mcp.videos.models import JobStatus
from tests.fakes.videos_api import held
from tests.harness import HURRY, KEY, OWNER, a_host, app_in, settings_in
from tests.reliability.faults import FETCH
from tests.serving import serving
from tests.store.ledgers import new_ledger
from tests.store.postgres import needs_postgres

pytestmark = needs_postgres


@pytest.mark.parametrize("keep_files", [False, True])
async def test_who_wakes_up_after_a_deletion_leaves_only_files_that_were_to_be_kept(
    keep_files: bool, tmp_path: Path, s3: str, bucket: str
) -> None:
    host = a_host(statuses=("completed",))
    frozen, wake = anyio.Event(), anyio.Event()
    host.fail(FETCH, held(frozen, wake))
    here, elsewhere = tmp_path / "here", tmp_path / "elsewhere"
    async with new_ledger("postgres", tmp_path) as ledger, serving(host.app()) as url:
        settings = {
            "base_url": f"{url}/v1",
            "api_key": KEY,
            "database_url": ledger.url,
            "storage_url": bucket,
        }
        with anyio.fail_after(90):
            async with open_app(settings_in(here, **settings), hurry=HURRY, grace=80) as first:
                videos = await first.videos()
                job = await videos.start(await videos.plan.generate(OWNER, prompt="a cat"))
                await frozen.wait()
                async with anyio.create_task_group() as tasks:
                    # It claims nothing more and renews no lease, but its step has yet to end.
                    tasks.start_soon(first.stop_following)
                    while await first.trouble() != "stopping":
                        await anyio.lowlevel.checkpoint()
                    await ledger.execute("UPDATE jobs SET lease_owner = NULL, lease_until = NULL")
                    async with app_in(elsewhere, **settings) as second:
                        others = await second.videos()
                        assert (await others.wait(OWNER, job.id, 60)).status is JobStatus.COMPLETED
                        deletion = await others.delete(
                            OWNER, job.id, keep_files=keep_files, timeout=60
                        )
                        assert deletion.finished
                    wake.set()
        async with httpx2.AsyncClient(base_url=s3) as http:
            listing = await http.get(f"/{bucket.split('/')[2]}", params={"list-type": 2})
    left = {Path(key).suffix for key in re.findall(r"<Key>(.*?)</Key>", listing.text)}
    assert left == ({".mp4", ".json", ".webp", ".jpg"} if keep_files else set())
