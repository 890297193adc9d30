"""A real S3 server on loopback, and buckets on it."""

import secrets
from collections.abc import Iterator

import httpx2
import pytest

KEY_ID, SECRET = "AKIA-test-4711", "secret-of-the-bucket"


@pytest.fixture(scope="session")
def s3() -> Iterator[str]:
    """The root URL of an S3 server, for the whole run."""
    from moto.server import ThreadedMotoServer  # slow to import, and most runs need none

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def aws(endpoint: str) -> dict[str, str]:
    """The variables by which a bucket at an endpoint is reached."""
    return {
        "AWS_ACCESS_KEY_ID": KEY_ID,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": endpoint,
    }


def new_bucket(endpoint: str) -> str:
    """The address of an empty place in a new bucket."""
    name = f"videos-{secrets.token_hex(6)}"
    httpx2.put(f"{endpoint}/{name}").raise_for_status()
    return f"s3://{name}/a/prefix"


@pytest.fixture
def bucket(s3: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of an empty place in a new bucket, which this process can reach."""
    for name, value in aws(s3).items():
        monkeypatch.setenv(name, value)
    return new_bucket(s3)
