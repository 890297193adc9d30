"""OpenTelemetry spans: nothing without an SDK and an exporter, which whoever runs us brings.

A job is worked on long after the call that asked for it, perhaps by another process: its row keeps
where in which trace that was (W3C Trace Context), so that its steps belong to the same trace.
"""

from collections.abc import Generator
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from opentelemetry.util.types import AttributeValue

from sora_mcp.videos.models import Job

_TRACEPARENT = "traceparent"


def traceparent() -> str | None:
    """The present span as a `traceparent` header says it; None where nobody traces."""
    carrier: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(carrier)
    return carrier.get(_TRACEPARENT)


@contextmanager
def span(
    name: str,
    attributes: dict[str, AttributeValue],
    *,
    parent: str | None = None,
    kind: SpanKind = SpanKind.INTERNAL,
) -> Generator[Span]:
    """A span below `parent`, a `traceparent` (empty: below none); else below the present one.

    It tells the kind of an error and not its words, which may be a host's or a person's.
    """
    context = None
    if parent is not None:
        context = TraceContextTextMapPropagator().extract({_TRACEPARENT: parent}, Context())
    tracer = trace.get_tracer("sora_mcp")
    with tracer.start_as_current_span(
        name,
        context,
        kind,
        attributes,
        record_exception=False,
        set_status_on_exception=False,
    ) as current:
        try:
            yield current
        except Exception as error:
            current.set_attribute("error.type", type(error).__name__)
            current.set_status(Status(StatusCode.ERROR))
            raise


@contextmanager
def step_span(step: str, job: Job) -> Generator[None]:
    """A span of a worker's step, below the call that asked for the job."""
    attributes: dict[str, AttributeValue] = {
        "sora_mcp.video_id": job.id,
        "sora_mcp.operation": job.operation.value,
        "sora_mcp.engine": job.engine,
    }
    # Never below the present span: that is of whichever call happened to start the worker.
    with span(f"video {step}", attributes, parent=job.traceparent or ""):
        yield
