"""Any host that speaks the Videos API, through the `openai` package (only used here).

The typed `client.videos` methods are passed over: they cannot send nested JSON, guess at shapes
that other hosts do not keep, and `videos.poll()` stops at statuses it does not know. The client's
plain `get`, `post` and `delete` give the same authentication, multipart encoding and errors.
"""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any, cast
from urllib.parse import quote, urlsplit

import httpx2
import openai
from openai import AsyncOpenAI, omit
from pydantic import SecretStr

from sora_mcp.engines.answers import (
    Body,
    elsewhere,
    json_of,
    poll_after,
    retry_after,
    why,
    words_of,
)
from sora_mcp.engines.assets import Assets
from sora_mcp.engines.dialects import RETIRED, Dialect, error_words, parse_job
from sora_mcp.videos.errors import (
    ContentMissing,
    EngineBusy,
    EngineError,
    EngineFault,
    EngineJobMissing,
    EngineRefused,
    KeyRejected,
    NotSent,
    OperationMissing,
    OutcomeUnknown,
    QuotaExceeded,
)
from sora_mcp.videos.models import EngineFacts, EngineJob, Job, JobStatus, Operation, Submission
from sora_mcp.videos.ports import EngineDefaults, EngineLimits
from sora_mcp.videos.spending import OPENAI_HOST

SUBMIT_TIMEOUT = httpx2.Timeout(60.0, connect=10.0)
"""A submission that has no answer after this is of unknown outcome."""
LOOK_TIMEOUT = httpx2.Timeout(20.0, connect=5.0)
PROBE_TIMEOUT = httpx2.Timeout(5.0)
LIST_LIMIT = 100

_NEVER_LEFT = (
    httpx2.ConnectError,
    httpx2.ConnectTimeout,
    httpx2.PoolTimeout,
    httpx2.UnsupportedProtocol,
    httpx2.LocalProtocolError,
)


class VideosApiEngine:
    """One host: one base URL, one key, one dialect."""

    def __init__(
        self,
        *,
        name: str,
        base_url: str,
        dialect: Dialect,
        limits: EngineLimits,
        api_key: SecretStr | None = None,
        transport: httpx2.AsyncBaseTransport | None = None,
        public: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        """One host.

        `transport`: the way to an engine inside this process; then there is no host to name.
        `public`: the way to files that the host keeps elsewhere; the public web by default.
        """
        self.name = name
        self.base_url = None if transport else base_url
        self.limits = limits
        self.free = transport is not None
        self.defaults: EngineDefaults = dialect.defaults
        self._dialect = dialect
        self._retired = urlsplit(base_url).hostname == OPENAI_HOST
        self._cannot_list = False
        # The SDK insists on a key, even where a host wants none.
        self._headers: dict[str, Any] = {} if api_key else {"Authorization": omit}
        self._assets = Assets(base_url, public=public)
        # Redirects are not followed: a key and a prompt go to the host they were meant for.
        self._client = _client(base_url, api_key, httpx2.AsyncClient(transport=transport))
        # A submission gets a connection of its own: on a kept one that the host closes at that
        # moment nobody could tell whether the request arrived.
        self._submitter = _client(
            base_url,
            api_key,
            httpx2.AsyncClient(
                transport=transport, limits=httpx2.Limits(max_keepalive_connections=0)
            ),
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()
        await self._submitter.close()
        await self._assets.close()

    def fields(self, submission: Submission) -> dict[str, str]:
        """The fields that would be sent, without the image."""
        return self._dialect.fields(submission)

    async def facts(self) -> EngineFacts:
        """What the host can do, as far as it tells."""
        models: list[str] = [self.defaults.model] if self.defaults.model else []
        notes = list(self._dialect.notes)
        if not self._retired:
            try:
                answer = await self._get("/models", PROBE_TIMEOUT)
                listed = cast("dict[str, Any]", answer).get("data", [])
                models = [str(model["id"]) for model in listed] or models
            except EngineError as error:
                notes.append(f"The models could not be listed: {error.message}")
            except (AttributeError, KeyError, TypeError):
                notes.append("The host's list of models has an unknown shape.")
        return EngineFacts(
            name=self.name,
            base_url=self.base_url,
            models=tuple(models[:50]),
            sizes=self._dialect.sizes,
            seconds=self._dialect.seconds,
            operations=dict(self._dialect.operations),
            options=dict(self._dialect.options),
            notes=tuple(notes),
        )

    async def submit(self, submission: Submission) -> EngineJob:
        """Send one request, once. Raises what the port says."""
        path = self._dialect.paths[submission.operation]
        fields: dict[str, Any] = dict(self.fields(submission))
        options: dict[str, Any] = {"timeout": SUBMIT_TIMEOUT, "headers": dict(self._headers)}
        files: list[tuple[str, tuple[str, bytes, str]]] = []
        if submission.operation is Operation.GENERATE:
            # Multipart is the one form that every host of this dialect reads.
            options["headers"]["Content-Type"] = "multipart/form-data"
            if submission.reference is not None:
                files = [
                    ("input_reference", ("first_frame.png", submission.reference, "image/png"))
                ]
        elif submission.operation is Operation.REMIX:
            path = path.format(source=_segment(submission.source_engine_job_id or ""))
        else:
            fields["video"] = {"id": submission.source_engine_job_id}
        try:
            response = await self._submitter.post(
                path,
                body=fields,
                files=files or None,
                options=cast("Any", options),
                cast_to=httpx2.Response,
            )
        except openai.APIStatusError as error:
            job = self._job(error.response)
            if job is not None and job.status is JobStatus.FAILED:
                return job
            raise self._refusal(error.response, submission.operation) from error
        except openai.APIConnectionError as error:
            raise self._submission_broke(error) from error
        job = self._job(response)
        if job is None:
            raise OutcomeUnknown(
                f"{self.name} answered with something that is no job: {words_of(response)}"
            )
        return job

    async def retrieve(self, engine_job_id: str) -> EngineJob:
        """Look at one job."""
        path = f"/videos/{_segment(engine_job_id)}"
        try:
            response = await self._client.get(
                path,
                cast_to=httpx2.Response,
                options={"timeout": LOOK_TIMEOUT, "headers": self._headers},
            )
        except openai.APIStatusError as error:
            # vLLM-Omni answers for a failed job with its error status and the job in the body.
            job = self._job(error.response)
            if job is not None:
                return job
            if error.status_code == 404:
                raise EngineJobMissing(f"{self.name} says: {words_of(error.response)}") from error
            raise self._fault(error.response) from error
        except openai.APIConnectionError as error:
            raise self._look_broke(error) from error
        job = self._job(response)
        if job is None:
            raise EngineFault(
                f"{self.name} answered with something that is no job: {words_of(response)}"
            )
        return job

    async def list_jobs(self) -> Sequence[EngineJob] | None:
        """The newest jobs in one request; None from a host that has shown that it cannot list."""
        if self._cannot_list or self._dialect.operations.get("list") == "missing":
            return None
        try:
            answer = await self._get(f"/videos?limit={LIST_LIMIT}&order=desc", LOOK_TIMEOUT)
        except OperationMissing:
            self._cannot_list = True
            return None
        found: object = answer
        if isinstance(answer, dict):
            found = cast("dict[str, Any]", answer).get("data")
        if not isinstance(found, list):
            self._cannot_list = True
            return None
        jobs = [parse_job(entry) for entry in cast("list[object]", found)]
        return [job for job in jobs if job is not None]

    async def cancel(self, engine_job_id: str) -> bool:
        """Stop and forget a job, where the host can."""
        return await self._delete(f"/videos/{_segment(engine_job_id)}")

    async def release(self, engine_job_id: str) -> None:
        """Let an engine on this machine drop its copy of a file."""
        if self._dialect.releases_files:
            await self._delete(f"/videos/{_segment(engine_job_id)}/content")

    async def _delete(self, path: str) -> bool:
        try:
            await self._client.delete(
                path,
                cast_to=httpx2.Response,
                options={"timeout": LOOK_TIMEOUT, "headers": self._headers},
            )
        except openai.OpenAIError:
            return False
        return True

    @asynccontextmanager
    async def open_content(self, job: Job, offset: int) -> AsyncGenerator["Body"]:
        """Open the finished video at a byte offset."""
        assert job.engine_job_id is not None  # noqa: S101  # only a job at an engine is finished
        headers = {**self._headers, "Accept-Encoding": "identity"}
        if offset:
            headers["Range"] = f"bytes={offset}-"
        request = self._client.videos.with_streaming_response.download_content(  # pyright: ignore[reportDeprecated]  # OpenAI's own service is gone, other hosts' are not
            job.engine_job_id, extra_headers=headers, timeout=LOOK_TIMEOUT
        )
        try:
            async with request as response:
                yield Body(self.name, response.http_response)
                return
        except openai.APIStatusError as error:
            place = elsewhere(error.response, job)
            if place is None:
                raise self._no_content(error.response) from error
        except openai.APIConnectionError as error:
            raise self._look_broke(error) from error
        # Without the key: it belongs to the host.
        keyless = {name: value for name, value in headers.items() if name != "Authorization"}
        async with self._assets.open(place, keyless) as found:
            yield Body(self.name, found)

    def _no_content(self, response: httpx2.Response) -> EngineError:
        if response.status_code in (404, 410):
            return ContentMissing(f"{self.name} says: {words_of(response)}")
        return self._fault(response)

    def _job(self, response: httpx2.Response) -> EngineJob | None:
        job = parse_job(json_of(response))
        if job is None:
            return None
        error = job.error
        if error is not None and self.free:
            error = error.model_copy(update={"charged": "no"})
        return job.model_copy(update={"poll_after": poll_after(response), "error": error})

    async def _get(self, path: str, timeout: httpx2.Timeout) -> object:
        try:
            response = await self._client.get(
                path,
                cast_to=httpx2.Response,
                options={"timeout": timeout, "headers": self._headers},
            )
        except openai.APIStatusError as error:
            if error.status_code in (400, 404, 405, 422, 501):
                raise OperationMissing(f"{self.name} says: {words_of(error.response)}") from error
            raise self._fault(error.response) from error
        except openai.APIConnectionError as error:
            raise self._look_broke(error) from error
        return json_of(response)

    def _refusal(self, response: httpx2.Response, operation: Operation) -> EngineError:
        """What a refused submission means for the money: only a clear no is a no."""
        status = response.status_code
        code, _ = error_words(json_of(response))
        said = f"{self.name} says ({status}): {words_of(response)}"
        if self._retired and status in (400, 401, 403, 404, 405, 410):
            return EngineRefused(RETIRED, reason="retired")
        match status:
            case 401 | 403:
                return KeyRejected(
                    f"{said} The operator sets the key in SORA_MCP_API_KEY; check that it belongs "
                    "to this host."
                )
            case 402:
                return QuotaExceeded(f"{said} The account at the host has no credit left.")
            case 429 if code == "insufficient_quota":
                return QuotaExceeded(f"{said} The account at the host has no quota left.")
            case 429:
                return EngineBusy(said, retry_after=retry_after(response))
            case 503 if "retry-after" in response.headers:
                return EngineBusy(said, retry_after=retry_after(response))
            case 404 | 405 | 501 if operation is not Operation.GENERATE:
                return OperationMissing(f"{self.name} cannot {operation} videos. {said}")
            case 404 | 405 if not code:
                return EngineRefused(
                    f"{said} Check that SORA_MCP_BASE_URL is the host's Videos API, "
                    "such as http://127.0.0.1:8000/v1."
                )
            case _ if 300 <= status < 500 and status not in (408, 425):
                return EngineRefused(said, reason=code or "engine_refused")
            case _:
                return OutcomeUnknown(said)

    def _fault(self, response: httpx2.Response) -> EngineError:
        said = f"{self.name} says ({response.status_code}): {words_of(response)}"
        if response.status_code in (401, 403):
            return KeyRejected(f"{said} The operator sets the key in SORA_MCP_API_KEY.")
        return EngineFault(said)

    def _submission_broke(self, error: openai.APIConnectionError) -> EngineError:
        if self._retired:
            return EngineRefused(RETIRED, reason="retired")
        if isinstance(error.__cause__, _NEVER_LEFT):
            return NotSent(
                f"{self.name} could not be reached ({why(error)}), so nothing was sent. "
                "Check that the host runs and that SORA_MCP_BASE_URL is right."
            )
        return OutcomeUnknown(
            f"The connection to {self.name} broke before it answered ({why(error)})."
        )

    def _look_broke(self, error: openai.APIConnectionError) -> EngineError:
        if isinstance(error.__cause__, _NEVER_LEFT):
            return NotSent(f"{self.name} could not be reached ({why(error)}).")
        return EngineFault(f"The connection to {self.name} broke ({why(error)}).")


def _segment(engine_job_id: str) -> str:
    """An engine's id as one segment of a path."""
    if engine_job_id in ("", ".", ".."):
        raise EngineJobMissing(f"{engine_job_id!r} is not the id of a job.")
    return quote(engine_job_id, safe="")


def _client(
    base_url: str, api_key: SecretStr | None, http_client: httpx2.AsyncClient
) -> AsyncOpenAI:
    # The SDK would take organisation and project from OpenAI's environment variables and send
    # them to any host. A submission must never be repeated by itself, and looks are repeated by
    # the ledger, which survives a restart: so no retries.
    return AsyncOpenAI(
        base_url=base_url,
        api_key=api_key.get_secret_value() if api_key else "none",
        max_retries=0,
        default_headers={
            "OpenAI-Organization": cast("Any", omit),
            "OpenAI-Project": cast("Any", omit),
        },
        http_client=http_client,
    )
