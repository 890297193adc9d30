"""One tree of everything that can be expected to go wrong.

Each class says when it is raised; the message says what happened and what to do next, in words
fit for an agent. `code` is stable, `charged` says whether money may have been spent, `retry`
whether the same request may be sent again. Anything else that is raised is a defect.
"""

from typing import ClassVar

from sora_mcp.videos.models import Charged, Job, JobError


class SoraError(Exception):
    """Base of every anticipated failure."""

    code: ClassVar[str] = "error"
    charged: Charged = "no"
    retry: bool = False

    def __init__(self, message: str, *, job: Job | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.job = job


class InvalidRequest(SoraError):
    """An argument is wrong; the message names the values that would do."""

    code = "invalid_request"


class NotConfigured(SoraError):
    """A setting is missing or contradicts another; the message names it."""

    code = "not_configured"


class VideoNotFound(SoraError):
    """No video of the caller has this id."""

    code = "video_not_found"


class NotReady(SoraError):
    """The video is not finished, so it has no files yet."""

    code = "not_ready"
    retry = True


class WebhookRefused(SoraError):
    """A message is not one of an engine's: forged, stale, or not in the form they have."""

    code = "webhook_refused"


class OutsideFolders(SoraError):
    """A path is not inside a folder that the operator allows; the message lists them."""

    code = "outside_folders"


class InvalidReference(SoraError):
    """A first-frame image cannot be used as one."""

    code = "invalid_reference"


class KeyConflict(SoraError):
    """An `idempotency_key` was used before, with other arguments."""

    code = "idempotency_conflict"


class SpendingRefused(SoraError):
    """A limit on cost forbids it; the message names the operator's setting."""

    code = "spending_refused"


class LibraryError(SoraError):
    """The library could not keep or give a file: no space, no permission, missing folder."""

    code = "library_unavailable"
    retry = True


class StorageUnavailable(LibraryError):
    """The object storage took or gave nothing; what was made waits here until it does again."""

    code = "storage_unavailable"

    def __init__(self, what: str, fix: str) -> None:
        """`what` happened, and how to `fix` it: one sentence each."""
        super().__init__(f"{what} {fix}")
        self.what = what
        self.fix = fix


class LedgerError(SoraError):
    """The ledger could not be opened, read or written."""

    code = "ledger_unavailable"
    retry = True


class LedgerBroke(LedgerError):
    """The ledger broke off after a request was taken, or while it was: it may have been sent."""

    charged = "unknown"
    retry = False

    def __init__(self, video_id: str) -> None:
        """`video_id`: which the request has, if it was taken."""
        super().__init__(
            f"The ledger broke off, but the request may have been taken, as {video_id}. Call "
            "get_video_status with it in a while; if it is unknown then, nothing was sent."
        )


class LedgerRefused(LedgerError):
    """The database does not take a value, and never will."""

    retry = False


class LedgerForbidden(LedgerError):
    """The database does not let us in, or is not there: until its operator or ours changes that."""


class LedgerTooNew(LedgerError):
    """A newer program has changed the ledger: no trying again helps."""

    retry = False


class EngineError(SoraError):
    """Base of what an engine or the way to it does wrong."""

    code = "engine_error"


class NotSent(EngineError):
    """The request provably never left: no connection was made. Sending again is safe."""

    code = "engine_unreachable"
    retry = True


class EngineBusy(EngineError):
    """The engine took nothing and asked to come again later (429; 503 with `Retry-After`)."""

    code = "engine_busy"
    retry = True

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class EngineRefused(EngineError):
    """The engine refused the request for good: a bad value, moderation, a missing model."""

    code = "engine_refused"

    def __init__(
        self, message: str, *, reason: str = "engine_refused", charged: Charged = "no"
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.charged = charged


class KeyRejected(EngineError):
    """The engine did not accept the API key (401, 403)."""

    code = "key_rejected"


class QuotaExceeded(EngineError):
    """The account at the engine has no credit or quota left."""

    code = "quota_exceeded"


class OperationMissing(EngineError):
    """The engine has no such operation (404, 405 or 501 on its path)."""

    code = "operation_missing"


class OutcomeUnknown(EngineError):
    """The request left but no usable answer came back: the engine may be working on it."""

    code = "outcome_unknown"
    charged: Charged = "unknown"


class EngineFault(EngineError):
    """A look at the engine failed in a way that may pass: 5xx, reset, time-out, nonsense."""

    code = "engine_fault"
    retry = True

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        """`retry_after`: seconds for which the engine asked not to be looked at again."""
        super().__init__(message)
        self.retry_after = retry_after


class GaveUp(EngineError):
    """The engine has not told how a job ended, and is not asked any more."""

    code = "gave_up"
    charged: Charged = "unknown"


class EngineJobMissing(EngineError):
    """The engine does not know the job (404).

    `for_good`: it is certain; otherwise it may know it again in a moment.
    """

    code = "engine_job_missing"

    def __init__(self, message: str, *, for_good: bool = False) -> None:
        super().__init__(message)
        self.for_good = for_good


class ContentMissing(EngineError):
    """The engine finished the job but no longer has its file (404 or 410 on the content)."""

    code = "content_missing"


class ContentInvalid(EngineError):
    """What the engine sent is not a video: JSON, HTML, truncated or undecodable."""

    code = "content_invalid"
    retry = True


def job_error(error: SoraError, *, charged: Charged | None = None) -> JobError:
    """The part of an error that a job remembers."""
    code = error.reason if isinstance(error, EngineRefused) else error.code
    return JobError(
        code=code, message=error.message, charged=charged or error.charged, retry=error.retry
    )
