"""A ledger of each kind, and a store that is open on it."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from sora_mcp.store.sql import SqlJobStore
from tests.store.ledgers import BACKENDS, Ledger, new_ledger


@pytest.fixture(params=BACKENDS)
async def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[Ledger]:
    async with new_ledger(request.param, tmp_path) as ledger:
        yield ledger


@pytest.fixture
async def store(ledger: Ledger) -> AsyncGenerator[SqlJobStore]:
    async with ledger.open() as store:
        yield store
