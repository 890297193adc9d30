"""What every test shares."""

import pytest


@pytest.fixture
def anyio_backend() -> str:
    """The MCP SDK's HTTP side and the drivers run on asyncio."""
    return "asyncio"
