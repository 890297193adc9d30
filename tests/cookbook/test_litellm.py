"""A real LiteLLM proxy with a budget, as the cookbook sets it up, in front of a host of Wan."""

import os
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import httpx2
import pytest

from sora_mcp.cli.outcome import Exit
from tests.cookbook.examples import Ended, in_shell, put, run, small
from tests.fakes.hosts.vllm_omni import VllmOmniHost
from tests.gateways.proxy import KEY, VARIABLE, proxy_configured
from tests.harness import small_mp4
from tests.serving import serving

pytestmark = pytest.mark.skipif(
    not os.environ.get(VARIABLE), reason=f"{VARIABLE} names no litellm executable"
)


@asynccontextmanager
async def proxied(host: VllmOmniHost, folder: Path, budget: str) -> AsyncGenerator[str]:
    """The proxy of the cookbook before this host; gives its address."""
    async with serving(host.app()) as url:
        config = put(
            folder,
            "litellm.yaml",
            {
                "127.0.0.1:8091": url.removeprefix("http://"),
                "os.environ/LITELLM_MASTER_KEY": KEY,
                "max_budget: 2.00": f"max_budget: {budget}",
            },
        )
        async with proxy_configured(config) as proxy:
            yield proxy.removeprefix("http://")


async def made(
    folder: Path, proxy: str, changes: Mapping[str, str] | None = None, seconds: str = "1"
) -> Ended:
    """How the commands of the cookbook end: a second costs 0.05 USD."""
    put(folder, "litellm.sh", {"127.0.0.1:4000": proxy, **(changes or {})})
    variables = {"SORA_MCP_ENGINE": "auto", "LITELLM_MASTER_KEY": KEY, "SORA_MCP_SECONDS": seconds}
    return await run(*in_shell("litellm.sh"), env=small(folder, **variables), folder=folder)


async def test_limits_of_our_own_refuse_before_anything_is_sent_and_the_proxys_after_them(
    tmp_path: Path,
) -> None:
    host = VllmOmniHost(mp4=small_mp4())
    async with (
        proxied(host, tmp_path, "0.08") as proxy,
        httpx2.AsyncClient(
            base_url=f"http://{proxy}/v1", headers={"Authorization": f"Bearer {KEY}"}, timeout=60
        ) as others,
    ):
        too_long = await made(tmp_path, proxy, seconds="20")
        too_much = await made(tmp_path, proxy, {"DAILY_BUDGET_USD=0.90": "DAILY_BUDGET_USD=0.04"})
        assert host.accepted == []
        good = await made(tmp_path, proxy)
        with anyio.fail_after(60):
            order = {"model": "wan", "prompt": "A kite", "seconds": "1"}
            answers = [await others.post("/videos", data=order)]
            while answers[-1].status_code == 200:
                answers.append(await others.post("/videos", data=order))
        refused = await made(tmp_path, proxy)
        look = await others.get(f"/videos/{answers[0].json()['id']}")
    assert (too_long.code, too_much.code, good.code) == (Exit.REFUSED, Exit.REFUSED, Exit.OK)
    assert "SORA_MCP_MAX_COST_USD" in too_long.said
    assert "SORA_MCP_DAILY_BUDGET_USD" in too_much.said
    price, path = good.printed.splitlines()[-2:]
    assert price == "It would cost about 0.05 USD."
    assert Path(path).read_bytes() == small_mp4()
    assert refused.code == Exit.REFUSED
    assert "crossed budget" in refused.said
    assert "Nothing was charged." in refused.said
    assert len(host.accepted) == len(answers)
    assert look.status_code == 429
