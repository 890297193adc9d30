"""What OpenTelemetry sees of a video: one trace, from the call to the finished file."""

from pathlib import Path

import anyio
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from tests.fakes.videos_api import answer
from tests.harness import KEY
from tests.server.surface import client_before, made, quick_host

exporter = InMemorySpanExporter()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(exporter))


def span_id(span: ReadableSpan) -> int:
    context = span.get_span_context()
    assert context is not None
    return context.span_id


def children(of: ReadableSpan) -> list[ReadableSpan]:
    found = [span for span in exporter.get_finished_spans() if span.parent is not None]
    return [span for span in found if span.parent and span.parent.span_id == span_id(of)]


def named(name: str, spans: list[ReadableSpan]) -> ReadableSpan:
    return next(span for span in spans if span.name == name)


async def test_the_steps_of_a_job_and_its_requests_belong_to_the_call_that_asked_for_it(
    tmp_path: Path,
) -> None:
    # There is one provider a process, for good; without exporters it does nothing.
    trace.set_tracer_provider(provider)
    exporter.clear()
    host = quick_host()
    host.fail("GET /videos/{id}/content", answer(500, {}))
    with anyio.fail_after(60):
        async with client_before(host, tmp_path) as client:
            await client.call_tool("get_engine", {})  # starts the worker, and asks for no job
            video_id = await made(client)
    calls = [s for s in exporter.get_finished_spans() if s.name == "tools/call generate_video"]
    call = named("tools/call generate_video", [s for s in calls if s.kind is trace.SpanKind.SERVER])
    submit, failed, fetched = (
        span for span in children(call) if span.name in ("video submit", "video download")
    )
    assert (submit.attributes or {})["sora_mcp.video_id"] == video_id
    request = named("POST", children(submit))
    assert request.kind is trace.SpanKind.CLIENT
    assert (request.attributes or {})["http.response.status_code"] == 200
    assert named("GET", children(failed)).status.status_code is trace.StatusCode.ERROR
    assert named("GET", children(fetched)).status.status_code is not trace.StatusCode.ERROR
    assert KEY not in str([span.to_json() for span in exporter.get_finished_spans()])
