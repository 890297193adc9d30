"""One list answers for many jobs, however many there are."""

from pathlib import Path

import anyio
import pytest

from benchmarks.ledgers import at_host, fill
from sora_mcp.app import open_app
from sora_mcp.engines.videos_api import LIST_LIMIT
from tests.engines.hosts import KINDS, an_engine
from tests.fakes.hosts.base import Host
from tests.harness import KEY, settings_in
from tests.serving import serving

PATH = "/v1/videos"


def a_host(kind: str, jobs: int) -> tuple[Host, list[str]]:
    """A host that has jobs already, and their ids."""
    host = KINDS[kind].host()
    return host, [host.take({"prompt": "a cat"}).id for _ in range(jobs)]


async def listed(kind: str, host: Host, wanted: list[str]) -> set[str]:
    with anyio.fail_after(60):
        async with serving(host.app()) as url, an_engine(KINDS[kind], f"{url}/v1") as engine:
            await engine.profile()
            host.requests.clear()
            return {job.id for job in await engine.list_jobs(wanted) or ()}


async def test_older_pages_of_a_list_are_read_while_wanted_jobs_are_missing() -> None:
    host, jobs = a_host("sglang", 250)
    assert await listed("sglang", host, jobs[::10]) >= set(jobs[::10])
    assert host.requests == [("GET", PATH)] * 3


@pytest.mark.parametrize(
    ("kind", "wanted"), [("sglang", []), ("sglang", ["gone"]), ("fastvideo", None)]
)
async def test_one_page_is_read_where_more_would_not_pay_or_cannot_be_had(
    kind: str, wanted: list[str] | None
) -> None:
    host, jobs = a_host(kind, 250)
    assert len(await listed(kind, host, jobs if wanted is None else wanted)) == LIST_LIMIT
    assert host.requests == [("GET", PATH)]


async def test_jobs_that_are_followed_are_not_looked_at_one_by_one_where_the_host_lists(
    tmp_path: Path,
) -> None:
    host, jobs = a_host("sglang", 150)
    async with serving(host.app()) as url:
        await fill(None, tmp_path / "home", at_host(jobs, url))
        settings = settings_in(tmp_path, base_url=f"{url}/v1", api_key=KEY)
        with anyio.fail_after(60):
            async with open_app(settings) as app, anyio.create_task_group() as tasks:
                tasks.start_soon(app.resume)
                seen: set[str] = set()
                async for change in app.changes():
                    seen.add(change.video_id)
                    if len(seen) == len(jobs):
                        break
                tasks.cancel_scope.cancel()
    asked = [path for _, path in host.requests if path.startswith(PATH)]
    assert set(asked) == {PATH}
    assert len(asked) < len(jobs) / 20
