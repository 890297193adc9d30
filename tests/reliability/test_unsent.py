"""What has not been sent is known to be so, whatever comes between: it is sent later, once."""

import re
from pathlib import Path

import anyio
from starlette.requests import Request
from starlette.responses import Response

from sora_mcp.videos.models import Job, JobStatus
from tests.fakes.storage import Fault, PassOn, Storage, says
from tests.fakes.videos_api import error
from tests.harness import OWNER, app_in, make, videos_from
from tests.reliability.test_bucket import begun, in_trouble
from tests.server.surface import quick_host
from tests.serving import serving
from tests.store.ledgers import Ledger


def holds(path: str, gate: anyio.Event, *reached: anyio.Event) -> Fault:
    """Answer matching requests when the gate opens; each of the first ones is told of."""
    coming = iter(reached)

    async def hold(request: Request, body: bytes, pass_on: PassOn) -> Response | None:
        if re.search(path, f"{request.method} {request.url.path} {body!r}"):
            if (event := next(coming, None)) is not None:
                event.set()
            await gate.wait()
        return None

    return hold


async def test_a_refused_first_frame_that_takes_long_to_forget_does_not_hold_up_its_remix(
    tmp_path: Path, storage: Storage, place: str
) -> None:
    host = quick_host()
    forgetting, gate = anyio.Event(), anyio.Event()
    async with videos_from(host, tmp_path, storage_url=place) as videos:
        source = await make(videos, "a cat")
        host.fail("POST /videos/{id}/remix", error(404, "Not Found"))
        host.fail("POST /videos", error(400, "This image cannot be used.", "invalid_value"))
        storage.fault = holds("(DELETE|POST) .*references/", gate, forgetting)
        plan = await videos.plan.remix(OWNER, video_id=source.id, prompt="at night")
        remix = await videos.start(plan)
        await forgetting.wait()
        # The worker looks for what is due meanwhile.
        await make(videos, "a dog")
        gate.set()
        remix = await videos.wait(OWNER, remix.id, 60)
    assert remix.status is JobStatus.COMPLETED
    assert [fields["prompt"] for fields in host.accepted][1:] == ["a dog", plan.job.whole_prompt]


async def test_a_job_that_comes_back_while_a_step_of_it_is_under_way_waits_for_it(
    tmp_path: Path, storage: Storage, place: str
) -> None:
    host = quick_host()
    reading, gate = anyio.Event(), anyio.Event()
    settings = {"storage_url": place, "input_dirs": (tmp_path,)}
    async with videos_from(host, tmp_path, **settings) as videos:
        first = await make(videos, "a cat")
        storage.fault = holds("GET .*references/", gate, reading)
        uri = f"sora://videos/{first.id}/thumbnail.webp"
        job = await begun(videos, "on it goes", input_reference=uri)
        await reading.wait()
        # As another process does that has taken it over, and knows that sending is safe.
        await Ledger(None, tmp_path / "home").execute(
            "UPDATE jobs SET status = 'waiting', queue_engine = engine, slot_engine = NULL, "
            "lease_owner = NULL, lease_until = NULL WHERE status = 'submitting'"
        )
        await make(videos, "a dog")
        storage.fault = says(403, "AccessDenied", only="GET .*references/")
        gate.set()
        await in_trouble(videos, job)
        storage.fault = None
        job = await videos.wait(OWNER, job.id, 60)
    assert job.status is JobStatus.COMPLETED


async def test_what_was_not_sent_yet_waits_again_when_the_server_stops(
    tmp_path: Path, storage: Storage, place: str
) -> None:
    host = quick_host()
    gate, *reading = (anyio.Event() for _ in range(3))
    home = Ledger(None, tmp_path / "home")

    async def standing(job: Job) -> tuple[str, int]:
        rows = await home.execute("SELECT id, status, lease_until FROM jobs")
        return next((row.status, row.lease_until or 0) for row in rows if row.id == job.id)

    async with serving(host.app()) as base_url:
        settings = {
            "base_url": f"{base_url}/v1",
            "storage_url": place,
            "input_dirs": (tmp_path,),
        }
        async with app_in(tmp_path, **settings) as app:
            videos = await app.videos()
            first = await make(videos, "a cat")
            storage.fault = holds("GET .*references/", gate, *reading)
            uri = f"sora://videos/{first.id}/thumbnail.webp"
            stuck, other = [await begun(videos, p, input_reference=uri) for p in ("one", "two")]
            for event in reading:
                await event.wait()
            await home.execute(
                f"CREATE TRIGGER refuse BEFORE UPDATE ON jobs WHEN NEW.id = '{stuck.id}' "
                "AND NEW.status = 'waiting' BEGIN SELECT RAISE(ABORT, 'no'); END"
            )
            _, leased_until = await standing(stuck)
        storage.fault = None
        gate.set()
        assert (await standing(other))[0] == JobStatus.WAITING
        status, released_at = await standing(stuck)
        assert status == JobStatus.SUBMITTING
        assert released_at < leased_until
        await home.execute("DROP TRIGGER refuse")
        async with app_in(tmp_path, **settings) as app:
            other = await (await app.videos()).wait(OWNER, other.id, 60)
    assert other.status is JobStatus.COMPLETED
    assert [fields["prompt"] for fields in host.accepted] == ["a cat", "two"]
