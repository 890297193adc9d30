"""A real LiteLLM proxy as a process of its own, in front of engines that are served over HTTP.

LiteLLM is no dependency of this project. `SORA_MCP_TEST_LITELLM` names the `litellm` executable of
an environment that has it; `.ci/litellm FOLDER` makes one.
"""

import json
import os
import re
import signal
import subprocess
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx2
from anyio.abc import ByteReceiveStream, Process, TaskStatus
from anyio.streams.text import TextReceiveStream

VARIABLE = "SORA_MCP_TEST_LITELLM"
KEY = "sk-proxy-0815"

START_SECONDS = 180
"""So long the proxy may take to serve; it takes 10–15 s where nothing else is going on."""

_OTHERS = ("SORA_MCP_", "OPENAI_", "LITELLM_", "PYTHON")
"""Variables of whoever runs the tests that would change what is tested."""


@asynccontextmanager
async def litellm_proxy(
    folder: Path, deployments: Mapping[str, Sequence[str]]
) -> AsyncGenerator[str]:
    """A proxy that spreads each model over the engines at these root URLs; gives its own."""
    config = folder / "config.yaml"
    config.write_text(json.dumps(_config(deployments)))  # JSON is YAML
    async with proxy_configured(config) as url:
        yield url


@asynccontextmanager
async def proxy_configured(config: Path) -> AsyncGenerator[str]:
    """A proxy with this configuration file; gives its root URL."""
    folder = config.parent
    command = [os.environ[VARIABLE], "--config", str(config), "--host", "127.0.0.1", "--port", "0"]
    process = await anyio.open_process(
        command,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.STDOUT,
        cwd=folder,
        env=_environment(),
        start_new_session=True,
    )
    async with process, anyio.create_task_group() as tasks:
        try:
            assert process.stdout is not None
            with anyio.fail_after(START_SECONDS):
                url = await tasks.start(_listen, process.stdout, folder / "proxy.log")
                async with httpx2.AsyncClient() as http:
                    health = await http.get(f"{url}/health/liveliness", timeout=None)
            assert health.status_code == 200, health.text
            yield url
        finally:
            _kill(process)


async def _listen(output: ByteReceiveStream, log: Path, *, task_status: TaskStatus[str]) -> None:
    """Keep what the proxy says in a log; it has started once it says at which address."""
    said, serves = "", False
    with log.open("w", encoding="utf-8") as file:
        async for part in TextReceiveStream(output, errors="replace"):
            file.write(part)
            file.flush()
            said = (said + part)[-4_000:]
            address = re.search(r"Uvicorn running on (http://\S+)", said)
            if address is not None and not serves:
                serves = True
                task_status.started(address[1])
    assert serves, f"The proxy ended before it served:\n{said}"


def _config(deployments: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    models = [
        {
            "model_name": model,
            "litellm_params": {
                "model": f"openai/{model}",
                "api_base": f"{engine}/v1",
                "api_key": "unused",
            },
        }
        for model, engines in deployments.items()
        for engine in engines
    ]
    return {"model_list": models, "general_settings": {"master_key": KEY}}


def _environment() -> dict[str, str]:
    # Without it, prices are fetched from the web at every start.
    ours = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "PYTHONUNBUFFERED": "1"}
    return {k: v for k, v in os.environ.items() if not k.startswith(_OTHERS)} | ours


def _kill(process: Process) -> None:
    if process.returncode is None:
        os.killpg(process.pid, signal.SIGKILL)
