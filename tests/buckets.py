"""A real S3 server on loopback, and a new bucket on it for each test that wants one."""

import secrets
from collections.abc import AsyncGenerator, Iterator

import anyio
import httpx2
import pytest

from tests.fakes.storage import Storage, aws
from tests.serving import serving


@pytest.fixture(scope="session")
def s3() -> Iterator[str]:
    """The root URL of an S3 server, for the whole run."""
    # Slow to import, and most runs need none.
    moto = pytest.importorskip("moto.server", reason="needs the group `integration`")
    server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def place(s3: str) -> str:
    """The address of an empty place in a new bucket."""
    name = f"videos-{secrets.token_hex(6)}"
    httpx2.put(f"{s3}/{name}").raise_for_status()
    return f"s3://{name}/a/prefix"


@pytest.fixture
def bucket(s3: str, place: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A place that this process reaches straight away."""
    for name, value in aws(s3).items():
        monkeypatch.setenv(name, value)
    return place


@pytest.fixture
async def storage(s3: str, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Storage]:
    """The way by which this process reaches its places, for at most two minutes."""
    storage = Storage(s3)
    async with serving(storage.app()) as url:
        for name, value in aws(url).items():
            monkeypatch.setenv(name, value)
        with anyio.fail_after(120):
            yield storage
