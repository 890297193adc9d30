"""Which job the present task works for, so that whatever is logged on its behalf can say so."""

from contextvars import ContextVar

current_job: ContextVar[str | None] = ContextVar("current_job", default=None)
