"""Exit codes, in one place: what a job or an error means for whoever called the program."""

import re
from enum import IntEnum

from sora_mcp.videos import errors
from sora_mcp.videos.errors import SoraError
from sora_mcp.videos.lifecycle import BAD_ENDS
from sora_mcp.videos.models import Job, JobError, JobStatus, Variant


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
_CODES = (
    (_REFUSALS, Exit.REFUSED),
    # a folder or database that cannot be used is put right in the configuration
    ((errors.NotConfigured, errors.LedgerError, errors.LibraryError), Exit.NOT_CONFIGURED),
    ((errors.EngineError,), Exit.FAILED),
)
_REFUSED_CODES = {refusal.code for refusal in _REFUSALS}
_CONTENT = re.compile(r"moderation|content_?(policy|filter)|policy_violation|sentinel|safety|nsfw")
"""In the codes of hosts that stop a job for what it would show, perhaps after it was taken."""


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
        return Exit.REFUSED if _was_refused(job) else Exit.FAILED
    if job.status is JobStatus.COMPLETED and job.file(Variant.VIDEO) is None:
        return Exit.FAILED
    return Exit.OK


def _was_refused(job: Job) -> bool:
    """Whether the host said no: to the key, the account, the content, or the whole request."""
    error = job.error
    if error is None:
        return False
    never_taken = job.submitted_at is not None and job.engine_job_id is None
    return (
        error.code in _REFUSED_CODES
        or refuses_content(error)
        or (never_taken and error.charged == "no" and not error.retry and not _is_missing(error))
    )


def refuses_content(error: JobError) -> bool:
    """Whether a host will not show what was asked for."""
    return _CONTENT.search(error.code.lower()) is not None


def _is_missing(error: JobError) -> bool:
    """An operation that the host does not have: nobody refused anything."""
    return error.code == errors.OperationMissing.code
