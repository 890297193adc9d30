"""Exit codes, in one place: what a job or an error means for whoever called the program."""

from enum import IntEnum

from sora_mcp.videos import errors
from sora_mcp.videos.errors import SoraError
from sora_mcp.videos.lifecycle import BAD_ENDS
from sora_mcp.videos.models import Job, JobStatus, Variant


class Exit(IntEnum):
    """What the program's exit code says."""

    OK = 0
    UNEXPECTED = 1
    USAGE = 2
    NOT_CONFIGURED = 3
    TIMED_OUT = 4
    FAILED = 5
    REFUSED = 6
    INTERRUPTED = 130


_REFUSALS = (
    errors.SpendingRefused,
    errors.KeyRejected,
    errors.QuotaExceeded,
    errors.EngineRefused,
)
_REFUSED_CODES = {refusal.code for refusal in _REFUSALS} | {"moderation_blocked", "sentinel_block"}
_CODES = (
    (_REFUSALS, Exit.REFUSED),
    # a folder or database that cannot be used is put right in the configuration
    ((errors.NotConfigured, errors.LedgerError, errors.LibraryError), Exit.NOT_CONFIGURED),
    ((errors.EngineError,), Exit.FAILED),
)


def exit_of_error(error: SoraError) -> Exit:
    """The exit code for an anticipated error; what is left is wrong use."""
    if error.job is not None and (code := exit_of_job(error.job)) is not Exit.OK:
        return code
    for kinds, code in _CODES:
        if isinstance(error, kinds):
            return code
    return Exit.USAGE


def exit_of_job(job: Job) -> Exit:
    """The exit code for where a job stands; an unfinished one is no failure."""
    if job.status in BAD_ENDS:
        refused = job.error is not None and job.error.code in _REFUSED_CODES
        return Exit.REFUSED if refused else Exit.FAILED
    if job.status is JobStatus.COMPLETED and job.file(Variant.VIDEO) is None:
        return Exit.FAILED
    return Exit.OK
