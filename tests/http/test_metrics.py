"""What an operator can watch, and who may."""

import re
import subprocess
import sys
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr

from sora_mcp.app import App, open_app
from sora_mcp.signatures import signed_headers
from sora_mcp.store.opening import open_store
from sora_mcp.store.peek import LEDGER
from sora_mcp.videos.models import JobStatus
from sora_mcp.videos.ports import EngineLimits
from sora_mcp.videos.spending import Price
from tests.fakes.receiver import SECRET, FakeReceiver
from tests.fakes.videos_api import FakeHost, answer, error
from tests.harness import KEY, OWNER, a_host, app_in, make, settings_in, small_mp4
from tests.http.served import bearer, served
from tests.reliability.faults import LOOK, SUBMIT
from tests.server.processes import ROOT
from tests.serving import serving, unused_port

Numbers = dict[tuple[str, frozenset[tuple[str, str]]], float]


@asynccontextmanager
async def watched(
    host: FakeHost, folder: Path, **settings: Any
) -> AsyncGenerator[tuple[App, httpx2.AsyncClient, str]]:
    """A server, a client of it, and the name of its engine."""
    async with (
        serving(host.app()) as url,
        app_in(folder, base_url=f"{url}/v1", api_key=KEY, **settings) as app,
        served(app) as own_url,
        httpx2.AsyncClient(base_url=own_url) as http,
    ):
        yield app, http, url.removeprefix("http://")


async def numbers(http: httpx2.AsyncClient) -> Numbers:
    """The samples by name and labels."""
    answer = await http.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    families = list(text_string_to_metric_families(answer.text))
    assert all(family.documentation for family in families)
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
    }


def number(found: Numbers, name: str, **labels: str) -> float:
    return found[f"sora_mcp_{name}", frozenset(labels.items())]


async def test_the_work_of_a_server_is_told_in_numbers(tmp_path: Path) -> None:
    host = a_host(statuses=("queued", "completed"))
    host.fail(SUBMIT, error(400, "Bad size.", "invalid_value"))
    host.fail(LOOK, answer(500, {}))
    price = Price("*", "*", "*", 0.5)
    async with watched(host, tmp_path, prices=(price,)) as (app, http, engine):
        videos = await app.videos()
        await make(videos, "a dog", seconds=1)
        done = await make(videos, "a cat", seconds=2)
        found = await numbers(http)
        text = (await http.get("/metrics")).text

    def requests(method: str, outcome: str, part: str = "count") -> float:
        labels = {"engine": engine, "method": method, "outcome": outcome}
        return number(found, f"engine_request_seconds_{part}", **labels)

    assert number(found, "jobs", status="completed") == 1
    assert number(found, "jobs", status="failed") == 1
    assert number(found, "jobs", status="waiting") == 0
    assert number(found, "spent_today_usd") == 1.0
    assert number(found, "oldest_waiting_job_seconds") == 0
    assert (requests("POST", "ok"), requests("POST", "refused")) == (1, 1)
    assert requests("GET", "failed") == 1
    assert requests("GET", "ok", "sum") > 0
    assert number(found, "downloads_total") == 1
    assert number(found, "downloaded_bytes_total") == len(small_mp4())
    assert number(found, "lease_takeovers_total") == 0
    for private in (done.id, "video_0001", "a cat", OWNER, KEY):
        assert private not in text


async def test_requests_are_sorted_by_the_time_they_took(tmp_path: Path) -> None:
    async with watched(a_host(), tmp_path) as (app, http, engine):
        await make(await app.videos())
        found = await numbers(http)
    labels = {"engine": engine, "method": "POST", "outcome": "ok"}
    buckets = [
        number(found, "engine_request_seconds_bucket", le=limit, **labels)
        for limit in ("0.05", "0.25", "1.0", "10.0", "60.0", "+Inf")
    ]
    assert buckets == sorted(buckets)
    assert buckets[-1] == number(found, "engine_request_seconds_count", **labels) == 1


async def test_a_host_that_does_not_answer_is_counted(tmp_path: Path) -> None:
    nobody = f"127.0.0.1:{unused_port()}"
    async with (
        app_in(tmp_path, base_url=f"http://{nobody}/v1", api_key=KEY) as app,
        served(app) as url,
        httpx2.AsyncClient(base_url=url) as http,
    ):
        await make(await app.videos())
        found = await numbers(http)
    unanswered = {"engine": nobody, "method": "POST", "outcome": "unanswered"}
    assert number(found, "engine_request_seconds_count", **unanswered) == 5


async def test_jobs_that_wait_and_those_that_another_worker_left_are_counted(
    tmp_path: Path,
) -> None:
    host = a_host(statuses=("queued", "in_progress"))
    async with serving(host.app()) as url:
        settings = {"base_url": f"{url}/v1", "api_key": KEY, "max_active_jobs": 1}
        async with open_app(settings_in(tmp_path, **settings), follow_jobs=False) as app:
            videos = await app.videos()
            first = await videos.start(await videos.plan.generate(OWNER, prompt="a cat"))
            await videos.start(await videos.plan.generate(OWNER, prompt="a dog"))
        async with open_store(None, tmp_path / "home") as store:
            limits = {first.engine: EngineLimits(max_active=1, min_interval=0)}
            [claim] = await store.claim(
                "gone", limit=9, submissions=9, lease_seconds=60, limits=limits
            )
            taken = {"status": JobStatus.QUEUED, "engine_job_id": "video_0001"}
            await store.save(claim.job.model_copy(update=taken), run_in=0, keep_lease=True)
            await store.release("gone")
            left = await store.get(first.id)
        async with (
            app_in(tmp_path, **settings) as app,
            served(app) as own_url,
            httpx2.AsyncClient(base_url=own_url) as http,
        ):
            assert left is not None
            await (await app.videos()).wait_for_change([left], 60)
            found = await numbers(http)
    assert number(found, "lease_takeovers_total") == 1
    assert number(found, "jobs", status="waiting") == 1
    assert number(found, "oldest_waiting_job_seconds") > 0


async def test_webhooks_both_ways_are_counted(tmp_path: Path) -> None:
    async with FakeReceiver([500]) as receiver, serving(receiver.app()) as hook:
        settings = {
            "openai_webhook_secret": SECRET,
            "webhook_url": SecretStr(hook),
            "webhook_secret": SECRET,
        }
        async with watched(a_host(), tmp_path, **settings) as (app, http, _):
            await http.post("/webhooks/openai", content=b"{}")
            await make(await app.videos())
            await receiver.taken(1)
            found = await numbers(http)
    assert number(found, "webhooks_heard_total", outcome="refused") == 1
    assert number(found, "webhooks_heard_total", outcome="accepted") == 0
    assert number(found, "webhooks_sent_total", outcome="not_now") == 1
    assert number(found, "webhooks_sent_total", outcome="never") == 0
    assert number(found, "webhooks_waiting") + number(
        found, "webhooks_sent_total", outcome="taken"
    ) in (1, 2)


async def test_a_webhook_that_cannot_be_heard_for_want_of_the_ledger_is_counted(
    tmp_path: Path,
) -> None:
    ledger = tmp_path / "home" / LEDGER
    async with watched(a_host(), tmp_path, openai_webhook_secret=SECRET) as (_, http, _):
        ledger.mkdir(parents=True)
        headers = signed_headers(SECRET, "msg_1", int(time.time()), b"{}")
        answer = await http.post("/webhooks/openai", content=b"{}", headers=headers)
        ledger.rmdir()
        found = await numbers(http)
    assert answer.status_code == 503
    assert number(found, "webhooks_heard_total", outcome="not_now") == 1


@pytest.mark.parametrize("given", [None, "wrong"])
async def test_numbers_are_behind_access_control(given: str | None, tmp_path: Path) -> None:
    secret = SecretStr("token")
    async with watched(a_host(), tmp_path, auth_token=secret) as (_, http, _):
        refused = await http.get("/metrics", headers=bearer(given) if given else {})
        allowed = await http.get("/metrics", headers=bearer("token"))
    assert refused.status_code == 401
    assert "sora_mcp_" not in refused.text
    assert allowed.status_code == 200


async def test_a_server_without_jobs_is_watched_without_making_a_ledger(tmp_path: Path) -> None:
    async with watched(a_host(), tmp_path) as (_, http, _):
        found = await numbers(http)
        assert not (tmp_path / "home" / LEDGER).exists()
    assert number(found, "spent_today_usd") == 0
    assert number(found, "jobs", status="completed") == 0


async def test_the_page_of_the_metrics_names_each_of_them_and_its_kind(tmp_path: Path) -> None:
    async with watched(a_host(), tmp_path) as (app, http, _):
        await make(await app.videos())
        text = (await http.get("/metrics")).text
    told = {
        family.name + "_total" * (family.type == "counter"): family.type
        for family in text_string_to_metric_families(text)
    }
    page = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
    assert dict(re.findall(r"^\| `(sora_mcp_\w+)` \| (\w+) \|", page, re.MULTILINE)) == told


def test_nothing_of_it_is_loaded_before_somebody_asks() -> None:
    script = "import sys, sora_mcp.http.serve; sys.exit('prometheus_client' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
