"""Servers of the embedded API that several test files use."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from openai import AsyncOpenAI
from renderers import instant, never_ends, renderer
from serving import in_process, over_http, served


@pytest.fixture
async def client(tmp_path: Path) -> AsyncGenerator[AsyncOpenAI]:
    """The SDK on a server with the real renderer, over HTTP."""
    async with served(tmp_path / "embedded", over_http) as client:
        yield client


@pytest.fixture(params=[in_process, over_http], ids=["in_process", "over_http"])
async def either(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[AsyncOpenAI]:
    """The same, both ways."""
    async with served(tmp_path / "embedded", request.param) as client:
        yield client


@pytest.fixture
async def quick(tmp_path: Path) -> AsyncGenerator[AsyncOpenAI]:
    """The SDK on a server whose clips are made at once and are none."""
    command = renderer(instant, tmp_path / "notes")
    async with served(tmp_path / "embedded", renderer=command) as client:
        yield client


@pytest.fixture
async def stuck(tmp_path: Path) -> AsyncGenerator[AsyncOpenAI]:
    """The SDK on a server whose one renderer never gets done."""
    command = renderer(never_ends, tmp_path / "notes")
    async with served(tmp_path / "embedded", renderer=command, max_renders=1) as client:
        yield client
