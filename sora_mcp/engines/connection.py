"""The way to one host, through the `openai` package (only used here).

The typed `client.videos` methods are passed over: they cannot send nested JSON, guess at shapes
that other hosts do not keep, and `videos.poll()` stops at statuses it does not know. The client's
plain `get`, `post` and `delete` give the same authentication, multipart encoding and errors.
"""

from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import Any, cast

import anyio
import httpx2
import openai
from openai import AsyncOpenAI, omit
from pydantic import SecretStr

from sora_mcp.engines.dialects import Request
from sora_mcp.engines.host_client import MOST_BYTES, HostClient
from sora_mcp.engines.tracing import Observe, unobserved

SUBMIT_TIMEOUT = httpx2.Timeout(60.0, connect=10.0)
"""A submission that has no answer after this is of unknown outcome."""
STANDING_TIMEOUT = httpx2.Timeout(3600.0, connect=5.0)
"""Without a byte of a video for so long, nobody knows what became of the request for it."""
LOOK_TIMEOUT = httpx2.Timeout(20.0, connect=5.0)
CONTENT_TIMEOUT = httpx2.Timeout(20.0, connect=5.0, read=90.0)
"""A gateway may fetch the whole file itself before it sends the first byte of it."""

SUBMIT_SECONDS = 60.0
LOOK_SECONDS = 20.0
OPEN_SECONDS = 120.0
"""For a request and its whole answer (of a file: until it begins), since the time-outs above are
for each part of it, and a host may send a byte a second."""

_EVER = 100 * 365 * 24 * 3600
"""Seconds: the SDK goes by this machine's clock, and whoever asks may know better."""

_NO_REPEATS = {"x-litellm-num-retries": "0"}
"""LiteLLM sends a failed submission twice more by itself, and each may be paid for. Told to every
host: one that does not know the header leaves it aside."""


class ErrorAnswered(Exception):
    """The host answered with the status of an error."""

    def __init__(self, response: httpx2.Response) -> None:
        super().__init__(f"HTTP {response.status_code}")
        self.response = response
        self.status = response.status_code


class ConnectionBroke(Exception):
    """The host was not reached, or did not answer; the cause says which."""


class Connection:
    """Requests to one host, each sent once. Redirects are not followed: a key and a prompt go to
    the host that they were meant for.

    Its methods raise `ErrorAnswered` and `ConnectionBroke`.
    """

    def __init__(
        self,
        base_url: str,
        api_key: SecretStr | None,
        transport: httpx2.AsyncBaseTransport | None = None,
        most_submitted: int = MOST_BYTES,
        observe: Observe = unobserved,
    ) -> None:
        """A way to a host.

        `transport`: the way to an engine inside this process.
        `most_submitted`: bytes of the answer to a submission, which may hold a video.
        `observe`: told of every request.
        """
        self.address = base_url.rstrip("/")
        # The SDK insists on a key, even where a host wants none.
        self._headers: dict[str, Any] = {} if api_key else {"Authorization": omit}
        self.headers = dict(_NO_REPEATS)
        if api_key is not None:
            self.headers["Authorization"] = f"Bearer {api_key.get_secret_value()}"
        self.http = HostClient(transport=transport, observe=observe)
        self._client = _client(base_url, api_key, self.http)
        # A submission gets a connection of its own: on a kept one that the host closes at that
        # moment nobody could tell whether the request arrived.
        self._submit_http = HostClient(
            transport=transport,
            observe=observe,
            limits=httpx2.Limits(max_keepalive_connections=0),
            most=most_submitted,
        )
        self._submitter = _client(base_url, api_key, self._submit_http)

    async def close(self) -> None:
        """Close what is open."""
        await self._client.close()
        await self._submitter.close()

    async def get(self, path: str) -> httpx2.Response:
        """Look at something."""
        with _our_errors(), _within(LOOK_SECONDS):
            return await self._client.get(path, cast_to=httpx2.Response, options=self._looking)

    async def delete(self, path: str) -> httpx2.Response:
        """Delete something."""
        with _our_errors(), _within(LOOK_SECONDS):
            return await self._client.delete(path, cast_to=httpx2.Response, options=self._looking)

    @property
    def _looking(self) -> Any:
        return {"timeout": LOOK_TIMEOUT, "headers": self._headers}

    async def post(self, request: Request) -> httpx2.Response:
        """Send a submission."""
        options: dict[str, Any] = {"timeout": SUBMIT_TIMEOUT, "headers": dict(self._headers)}
        files: list[tuple[str, tuple[str, bytes, str]]] = []
        if request.encoding == "multipart":
            options["headers"]["Content-Type"] = "multipart/form-data"
            if request.file is not None:
                name, png = request.file
                files = [(name, ("first_frame.png", png, "image/png"))]
        with _our_errors(), _within(SUBMIT_SECONDS):
            return await self._submitter.post(
                request.path,
                body=request.fields,
                files=files or None,
                options=cast("Any", options),
                cast_to=httpx2.Response,
            )

    def check_signature(self, secret: SecretStr, headers: Mapping[str, str], body: bytes) -> None:
        """Check a message that was signed with a secret, whenever that was.

        Raises:
            ValueError: It was not, or is malformed.
        """
        try:
            self._client.webhooks.verify_signature(
                body, headers, secret=secret.get_secret_value(), tolerance=_EVER
            )
        except openai.InvalidWebhookSignatureError as error:
            raise ValueError(str(error)) from error
        except TypeError as error:  # it compares no letters but ASCII's
            raise ValueError("The signature has characters that none has.") from error

    @asynccontextmanager
    async def stand(self, request: Request) -> AsyncGenerator[httpx2.Response]:
        """Send a submission whose answer is the video; the answer, unread unless it is an error."""
        body: dict[str, Any] = {"json": request.fields}
        if request.encoding == "multipart":
            parts: dict[str, Any] = {name: (None, value) for name, value in request.fields.items()}
            if request.file is not None:
                name, png = request.file
                parts[name] = ("first_frame.png", png, "image/png")
            body = {"files": parts}
        url = self.address + request.path
        try:
            async with self._submit_http.stream(
                "POST", url, headers=self.headers, timeout=STANDING_TIMEOUT, **body
            ) as response:
                yield response
        except httpx2.HTTPError as error:
            raise ConnectionBroke(str(error)) from error

    @asynccontextmanager
    async def content(
        self, engine_job_id: str, headers: Mapping[str, str]
    ) -> AsyncGenerator[httpx2.Response]:
        """The file of a job, unread."""
        request = self._client.videos.with_streaming_response.download_content(  # pyright: ignore[reportDeprecated]  # OpenAI's own service is gone, other hosts' are not
            engine_job_id, extra_headers=self._headers | dict(headers), timeout=CONTENT_TIMEOUT
        )
        with _our_errors():
            async with AsyncExitStack() as stack:
                with _within(OPEN_SECONDS):
                    response = await stack.enter_async_context(request)
                yield response.http_response


@contextmanager
def _our_errors() -> Generator[None]:
    try:
        yield
    except openai.APIStatusError as error:
        raise ErrorAnswered(error.response) from error
    except openai.OpenAIError as error:
        raise ConnectionBroke(str(error)) from (error.__cause__ or error)


@contextmanager
def _within(seconds: float) -> Generator[None]:
    try:
        with anyio.fail_after(seconds):
            yield
    except TimeoutError:
        raise ConnectionBroke(f"it sent no whole answer within {seconds:g} s") from None


def _client(
    base_url: str, api_key: SecretStr | None, http_client: httpx2.AsyncClient
) -> AsyncOpenAI:
    # The SDK would take organisation and project from OpenAI's environment variables and send
    # them to any host. A submission must never be repeated by itself, and looks are repeated by
    # the ledger, which survives a restart: so no retries, here or in a gateway between.
    return AsyncOpenAI(
        base_url=base_url,
        api_key=api_key.get_secret_value() if api_key else "none",
        max_retries=0,
        default_headers={
            "OpenAI-Organization": cast("Any", omit),
            "OpenAI-Project": cast("Any", omit),
            **_NO_REPEATS,
        },
        http_client=http_client,
    )
