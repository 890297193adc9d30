"""Other processes that use a ledger: run as `python -m tests.store.children`.

A child answers each line of JSON on stdin, `[command, argument…]`, with a line of JSON.
"""

import json
import subprocess
import sys
from contextlib import AsyncExitStack
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread

from sora_mcp.store import database
from sora_mcp.store.sql import SqlJobStore
from sora_mcp.videos.errors import SpendingRefused
from sora_mcp.videos.models import JobStatus
from sora_mcp.videos.ports import Budget
from tests.store.ledgers import Ledger, a_job, add, claim, claim_one


class Child:
    """The parent's end of such a process."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.store.children"],
            cwd=Path(__file__).parents[2],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    async def ask(self, command: str, *arguments: Any) -> Any:
        """Have the child do something, and wait for its answer."""
        with anyio.fail_after(60):
            answer = await anyio.to_thread.run_sync(
                self._ask, [command, *arguments], abandon_on_cancel=True
            )
        return json.loads(answer)

    def _ask(self, question: list[Any]) -> str:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline()

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.kill()
        self.process.communicate()


async def ask_all(children: list[Child], command: str, *arguments: Any) -> list[Any]:
    """Have several children do the same at once."""
    answers: list[Any] = []

    async def ask(child: Child) -> None:
        answers.append(await child.ask(command, *arguments))

    async with anyio.create_task_group() as tasks:
        for child in children:
            tasks.start_soon(ask, child)
    return answers


class _Commands:
    """What a child can do."""

    def __init__(self, stack: AsyncExitStack) -> None:
        self._stack = stack
        self._store: SqlJobStore | None = None

    async def open(self, url: str | None, home: str) -> bool:
        """Open a ledger, instead of the one that was open."""
        await self._stack.aclose()
        self._store = await self._stack.enter_async_context(Ledger(url, Path(home)).open())
        return True

    async def has_loaded(self, module: str) -> bool:
        """Whether a module has been imported."""
        return module in sys.modules

    async def spend(self, times: int, budget: float) -> int:
        """Add jobs that cost a dollar; how many there was money for."""
        admitted = 0
        for _ in range(times):
            try:
                job = a_job(self.store, estimated_cost_usd=1)
                await self.store.add(job, Budget(budget, budget))
            except SpendingRefused:
                continue
            admitted += 1
        return admitted

    async def add_with_key(self, key: str) -> str:
        """Add a job under an idempotency key, unless there is one; the id of the one there is."""
        return (await add(self.store, idempotency_key=key, fingerprint="same")).id

    async def shift_clock(self, hours: float) -> bool:
        """Have this process's clock be wrong from now on."""

        class Shifted(datetime):
            @classmethod
            def now(cls, tz: tzinfo | None = None) -> datetime:
                return datetime.now(tz) + timedelta(hours=hours)

        database.__dict__["datetime"] = Shifted
        return True

    async def claim_all(self, limit: int) -> list[str]:
        """Claim until nothing is left; the ids."""
        ids: list[str] = []
        while claims := await claim(self.store, self._name, limit=limit):
            ids += [found.job.id for found in claims]
        return ids

    async def claim_some(self, lease_seconds: float) -> list[str]:
        """Claim once; the ids."""
        claims = await claim(self.store, self._name, lease_seconds=lease_seconds)
        return [found.job.id for found in claims]

    async def make(self, status: str) -> str:
        """Add a job and bring it to a status; its id."""
        await add(self.store)
        job = await claim_one(self.store)
        await self.store.save(job.model_copy(update={"status": JobStatus(status)}))
        return job.id

    async def forget(self, video_id: str) -> bool:
        """Mark a job as deleted."""
        job = await self.store.get(video_id)
        assert job is not None
        await self.store.mark_deleted(job)
        return True

    @property
    def store(self) -> SqlJobStore:
        """The ledger that is open."""
        assert self._store is not None
        return self._store

    @property
    def _name(self) -> str:
        return f"child-{id(self)}"


async def _answer_questions() -> None:
    async with AsyncExitStack() as stack:
        commands = _Commands(stack)
        while line := await anyio.to_thread.run_sync(sys.stdin.readline):
            command, *arguments = json.loads(line)
            answer = await getattr(commands, command)(*arguments)
            sys.stdout.write(json.dumps(answer) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    anyio.run(_answer_questions)
