"""Numbers for Prometheus: what this process has done, and how the ledger stands.

https://prometheus.io/docs/instrumenting/exposition_formats/. Loaded when it is first asked for.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate

from prometheus_client import CollectorRegistry
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector
from starlette.responses import Response

from sora_mcp.videos.measuring import LIMITS, Census, Measures
from sora_mcp.videos.models import JobStatus
from sora_mcp.videos.ports import Receipt

PREFIX = "sora_mcp_"


def exposition(measures: Measures, census: Census, accept: str) -> Response:
    """The numbers in the form that an `Accept` header prefers: Prometheus' text or OpenMetrics."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Numbers(measures, census))
    encode, content_type = choose_encoder(accept)
    return Response(encode(registry), headers={"Content-Type": content_type})


@dataclass(frozen=True, eq=False)  # the registry keeps it by identity
class _Numbers(Collector):
    measures: Measures
    census: Census

    def collect(self) -> Iterator[Metric]:
        yield from self._of_the_ledger()
        yield self._requests()
        yield from self._counts()

    def _of_the_ledger(self) -> Iterator[Metric]:
        jobs = GaugeMetricFamily(
            f"{PREFIX}jobs", "Jobs in the ledger, without deleted ones.", labels=["status"]
        )
        for status in JobStatus:
            jobs.add_metric([status], self.census.jobs.get(status, 0))
        yield jobs
        for name, text, value in (
            (
                "oldest_waiting_job_seconds",
                "Age of the oldest job that waits for an engine; 0 without one.",
                self.census.longest_wait,
            ),
            (
                "spent_today_usd",
                "Spent or reserved by everyone since midnight UTC, estimates included.",
                self.census.spent_today_usd,
            ),
            (
                "webhooks_waiting",
                "Ends of jobs that have yet to be told to SORA_MCP_WEBHOOK_URL.",
                self.census.untold,
            ),
        ):
            yield GaugeMetricFamily(PREFIX + name, text, value=value)

    def _requests(self) -> Metric:
        requests = HistogramMetricFamily(
            f"{PREFIX}engine_request_seconds",
            "Requests to engines, and the time until their answers began.",
            labels=["engine", "method", "outcome"],
        )
        for labels, times in self.measures.requests.items():
            limits = [*map(str, LIMITS), "+Inf"]
            buckets = list(zip(limits, accumulate(times.counts), strict=True))
            requests.add_metric(labels, buckets, sum_value=times.seconds)
        return requests

    def _counts(self) -> Iterator[Metric]:
        measures = self.measures
        for name, text, count in (
            ("downloads", "Videos fetched from engines.", measures.downloads),
            ("downloaded_bytes", "Bytes of these videos.", measures.downloaded_bytes),
            (
                "lease_takeovers",
                "Jobs taken over from a worker that had stopped, or fallen silent.",
                measures.takeovers,
            ),
        ):
            yield CounterMetricFamily(PREFIX + name, text, value=count)
        sent = CounterMetricFamily(
            f"{PREFIX}webhooks_sent",
            "Tries to tell the end of a job to SORA_MCP_WEBHOOK_URL.",
            labels=["outcome"],
        )
        for receipt in Receipt:
            sent.add_metric([receipt.name.lower()], measures.told[receipt])
        yield sent
        heard = CounterMetricFamily(
            f"{PREFIX}webhooks_heard", "Webhooks of hosts that came in.", labels=["outcome"]
        )
        for outcome in ("accepted", "refused", "not_now"):
            heard.add_metric([outcome], measures.heard[outcome])
        yield heard
