"""What a host's refusals and broken connections mean: for the money, and for what to do next."""

import re
from dataclasses import dataclass
from typing import Any, cast

import httpx2

from sora_mcp.engines.answers import json_of, retry_after, why, words_of
from sora_mcp.engines.dialects import RETIRED
from sora_mcp.engines.reading import HostWords, error_words, parse_job, status_of
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
from sora_mcp.videos.models import JobStatus, Operation, Submission

_NEVER_LEFT = (
    httpx2.ConnectError,
    httpx2.ConnectTimeout,
    httpx2.PoolTimeout,
    httpx2.UnsupportedProtocol,
    httpx2.LocalProtocolError,
)
_NO_QUOTA = frozenset({"insufficient_quota", "budget_exceeded"})
_BUDGET = re.compile(r"crossed budget|budget has been exceeded", re.IGNORECASE)
_NOT_CONNECTED = re.compile(
    r"^litellm\..* - Cannot connect to host .*No fallback was attempted", re.DOTALL
)
"""LiteLLM could not reach its provider and asked no other, so nobody has the request."""
_MODELS_NAMED = 20


@dataclass(frozen=True)
class SettingNames:
    """Where the operator sets an engine's address and key."""

    address: str = "SORA_MCP_BASE_URL"
    key: str = "SORA_MCP_API_KEY"


HOST_SETTINGS = SettingNames()
"""Those of the host that no file names."""


class Failures:
    """Turns the failures of one host into our errors."""

    def __init__(
        self, name: str, words: HostWords, settings: SettingNames, *, retired: bool
    ) -> None:
        """`retired`: it is OpenAI's own service."""
        self._name = name
        self._words = words
        self._settings = settings
        self._retired = retired

    def refusal(
        self, response: httpx2.Response, submission: Submission, models: list[str]
    ) -> EngineError:
        """What a refused submission means for the money: only a clear no is a no."""
        status = response.status_code
        code, message = error_words(json_of(response), self._words)
        said = self._said(response, submission.source_engine_job_id)
        if self._retired and status in (400, 401, 403, 404, 405, 410):
            return EngineRefused(RETIRED, reason="retired")
        if self._has_taken(response):
            return OutcomeUnknown(
                f"{self._name} answers {status}, but with a job that is under way, so it seems to "
                "have taken the request."
            )
        kind = _kind_of(response)
        if kind in _NO_QUOTA or code in _NO_QUOTA or _BUDGET.search(message or ""):
            return QuotaExceeded(f"{said} The account at the host has no quota left.")
        match 401 if rejects_key(response) else status:
            case 303:
                return OutcomeUnknown(
                    f"{self._name} took the request, but answers with a redirect (303) instead of "
                    "a job. Redirects are not followed."
                )
            case 500 if _NOT_CONNECTED.search(message or ""):
                return NotSent(f"{said} Nothing was sent: it cannot reach the provider behind it.")
            case 401 | 403:
                return KeyRejected(
                    f"{said} The operator sets the key in {self._settings.key}; check that it "
                    "belongs to this host."
                )
            case 402:
                return QuotaExceeded(f"{said} The account at the host has no credit left.")
            case 429:
                return EngineBusy(said, retry_after=retry_after(response))
            case 503 if "retry-after" in response.headers:
                return EngineBusy(said, retry_after=retry_after(response))
            case 404 | 405 | 501 if submission.operation is not Operation.GENERATE:
                return OperationMissing(
                    f"{self._name} cannot {submission.operation} videos. {said}"
                )
            case 404 | 405 if not code and not _named(submission, models):
                return EngineRefused(
                    f"{said} Check that {self._settings.address} is the host's Videos API, "
                    "such as http://127.0.0.1:8000/v1."
                )
            case _ if 300 <= status < 500 and status not in (408, 425):
                return EngineRefused(
                    f"{said}{_named(submission, models)}", reason=code or "engine_refused"
                )
            case _:
                return OutcomeUnknown(said)

    def _has_taken(self, response: httpx2.Response) -> bool:
        """Whether a refusal holds a job that is being made, or is made."""
        job = parse_job(json_of(response), self._words)
        said = cast("dict[str, Any]", json_of(response)).get("status") if job else None
        return status_of(said) in (JobStatus.QUEUED, JobStatus.IN_PROGRESS, JobStatus.COMPLETED)

    def answered(self, error: EngineError, response: httpx2.Response) -> EngineError:
        """A refusal by a host that answers with the video itself.

        There a fault that the host puts into words is the end of the job, although work was done;
        a fault of something in between (no JSON) leaves it open.
        """
        if not isinstance(error, OutcomeUnknown) or not isinstance(json_of(response), dict):
            return error
        return EngineRefused(error.message, reason="generation_failed", charged="unknown")

    def look(self, response: httpx2.Response, job_id: str | None = None) -> EngineError:
        """A look or a download that the host refused; `job_id`: its own id of a single job."""
        said = self._said(response, job_id)
        if response.status_code == 404 and job_id is not None:
            return EngineJobMissing(said)
        if rejects_key(response):
            return KeyRejected(f"{said} The operator sets the key in {self._settings.key}.")
        return EngineFault(said, retry_after=retry_after(response))

    def no_job(self, response: httpx2.Response, job_id: str | None = None) -> str:
        """What to say of an answer that should be a job, and is none."""
        words = words_of(response, self._words.about(job_id))
        return f"{self._name} answered with something that is no job: {words}"

    def content(self, response: httpx2.Response, job_id: str) -> EngineError:
        """A file that the host does not give."""
        if response.status_code in (404, 410):
            return ContentMissing(self._said(response, job_id))
        return self.look(response, job_id)

    def submission_broke(self, error: Exception) -> EngineError:
        """A submission whose connection was not made, or broke."""
        if self._retired:
            return EngineRefused(RETIRED, reason="retired")
        cause = why(error, self._words)
        if _never_left(error):
            return NotSent(
                f"{self._name} could not be reached ({cause}), so nothing was sent. "
                f"Check that the host runs and that {self._settings.address} is right."
            )
        return OutcomeUnknown(f"The connection to {self._name} broke before it answered ({cause}).")

    def look_broke(self, error: Exception) -> EngineError:
        """A look whose connection was not made, or broke."""
        if _never_left(error):
            return NotSent(f"{self._name} could not be reached ({why(error, self._words)}).")
        return EngineFault(f"The connection to {self._name} broke ({why(error, self._words)}).")

    def _said(self, response: httpx2.Response, job_id: str | None) -> str:
        if response.has_redirect_location:
            return (
                f"{self._name} redirects ({response.status_code}) to "
                f"{self._words(_target(response))}. Redirects are not followed, so that the key "
                f"stays with its host: if that place is right, set {self._settings.address} to it."
            )
        words = words_of(response, self._words.about(job_id))
        return f"{self._name} says ({response.status_code}): {words}"


def _target(response: httpx2.Response) -> str:
    """Where a redirect leads: its host, and the path on the same one; no query, no user."""
    asked = response.request.url
    try:
        url = asked.join(response.headers["location"])
    except (httpx2.InvalidURL, ValueError):
        return "an address that is none"
    origin = url.copy_with(userinfo=b"", raw_path=b"/", fragment=None)
    if origin == asked.copy_with(userinfo=b"", raw_path=b"/", fragment=None):
        return f"{url.path} on the same host"
    return str(origin).rstrip("/")


def rejects_key(response: httpx2.Response) -> bool:
    """Whether a host does not take the key, or wants one."""
    # LiteLLM without a database answers so to a key that it does not know.
    unknown_to_litellm = response.status_code == 400 and _kind_of(response) == "no_db_connection"
    return response.status_code in (401, 403) or unknown_to_litellm


def _never_left(error: Exception) -> bool:
    return isinstance(error.__cause__ or error, _NEVER_LEFT)


def _kind_of(response: httpx2.Response) -> str | None:
    """The `type` of an error in OpenAI's envelope."""
    body = json_of(response)
    error = cast("dict[str, object]", body).get("error") if isinstance(body, dict) else None
    kind = cast("dict[str, object]", error).get("type") if isinstance(error, dict) else None
    return kind if isinstance(kind, str) else None


def _named(submission: Submission, models: list[str]) -> str:
    """The models that would do, where the one that was asked for is none of them."""
    if not models or submission.model in models:
        return ""
    if submission.model is None and len(models) == 1:
        return ""
    more = ", …" if len(models) > _MODELS_NAMED else ""
    return f" Its models: {', '.join(models[:_MODELS_NAMED])}{more}."
