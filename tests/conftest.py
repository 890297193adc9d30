"""What every test shares."""

import signal

import pytest

pytest_plugins = ["tests.buckets"]


def pytest_configure() -> None:
    """A shell lets what it starts in the background ignore Ctrl+C, and so would our children."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def anyio_backend() -> str:
    """The MCP SDK's HTTP side and the drivers run on asyncio."""
    return "asyncio"
