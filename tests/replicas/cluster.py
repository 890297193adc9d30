"""Several `sora-mcp` processes on one PostgreSQL, before one fake host or none."""

import signal
from collections import defaultdict
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
from anyio.abc import Process, TaskGroup, TaskStatus
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from tests.server.processes import environment, serving_process, sora_mcp

ANSWER_SECONDS = 0.1
"""A host that takes its time would see another replica come meanwhile."""


class Cluster:
    """Replicas that share a database and a folder; each shows the host a key of its own."""

    def __init__(self, tasks: TaskGroup, folder: Path, database: str, host: str | None) -> None:
        self._tasks = tasks
        self._folder = folder
        engine = {"SORA_MCP_ENGINE": "auto", "SORA_MCP_BASE_URL": f"{host}/v1"} if host else {}
        self._variables = engine | {
            "SORA_MCP_DATABASE_URL": database,
            "SORA_MCP_SECRET_KEYS": "the-same-key-for-every-replica-of-these",
            "SORA_MCP_MIN_SUBMIT_INTERVAL": "0",
            "SORA_MCP_MAX_ACTIVE_JOBS": "500",
        }
        self.processes: dict[str, Process] = {}

    async def serve(self, name: str, *options: str, port: int = 0, **variables: str) -> str:
        """Start a replica, again after it has ended; its root URL."""
        arguments = ("serve", "--transport", "http", "--port", str(port), *options)
        process = await self.start(name, *arguments, **variables)

        async def run(*, task_status: TaskStatus[str]) -> None:
            async with serving_process(process) as url:
                task_status.started(url)
                await process.wait()

        url = await self._tasks.start(run)
        return url.removesuffix("/mcp")

    async def start(self, name: str, *arguments: str, **variables: str) -> Process:
        """Start a command."""
        own = {"SORA_MCP_API_KEY": f"sk-of-{name}"}
        env = environment(self._folder, **self._variables, **own, **variables)
        self.processes[name] = process = await sora_mcp(*arguments, env=env)
        return process

    async def end(self, name: str, number: signal.Signals) -> int:
        """Send a replica a signal and wait for its end; its exit code."""
        process = self.processes[name]
        process.send_signal(number)
        return await process.wait()


class Overlaps:
    """ASGI middleware before a host: notices when a job is looked at twice at once."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._open: dict[str, list[str]] = defaultdict(list)
        self.found: list[str] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        path = scope.get("path", "")
        if scope["type"] != "http" or not path.startswith("/v1/videos/"):
            await anyio.sleep(ANSWER_SECONDS)
            await self._app(scope, receive, send)
            return
        replica = Headers(scope=scope)["authorization"].removeprefix("Bearer sk-of-")
        if self._open[path]:
            self.found.append(f"{path}: {', '.join(self._open[path])}, now {replica}")
        self._open[path].append(replica)
        try:
            if await _is_awaited(receive, ANSWER_SECONDS):
                await self._app(scope, receive, send)
        finally:
            self._open[path].remove(replica)


async def _is_awaited(receive: Receive, seconds: float) -> bool:
    """False as soon as the client of a GET has gone, such as with its process; else True then."""
    with anyio.move_on_after(seconds):
        while (await receive())["type"] != "http.disconnect":
            pass
        return False
    return True


@asynccontextmanager
async def cluster(folder: Path, database: str, host: str | None) -> AsyncGenerator[Cluster]:
    """A cluster without replicas as yet; all that were started end with the block.

    `host`: its root URL; without one each replica has the embedded engine.
    """
    async with anyio.create_task_group() as tasks:
        replicas = Cluster(tasks, folder, database, host)
        try:
            yield replicas
        finally:
            for process in replicas.processes.values():
                if process.returncode is None:
                    process.kill()
