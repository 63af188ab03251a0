"""Counts for Prometheus."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from oneshot.serve.answering.worker import Worker

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)


class Metrics:
    """One server's counts, in a registry of their own."""

    def __init__(self, worker: Worker) -> None:
        registry = self._registry = CollectorRegistry()
        self.requests = Counter(
            "oneshot_requests",
            "Requests by route and status",
            ["route", "status"],
            registry=registry,
        )
        self.seconds = Histogram(
            "oneshot_request_seconds",
            "Time of a request",
            ["route"],
            buckets=SECONDS,
            registry=registry,
        )
        self.tokens = Counter("oneshot_tokens", "Tokens that were answered", registry=registry)
        self.facts_spoke = Counter(
            "oneshot_facts_spoke", "Facts that spoke in answers", registry=registry
        )
        self.write_seconds = Histogram(
            "oneshot_write_seconds", "Time of a write", buckets=SECONDS, registry=registry
        )
        self._gauge("oneshot_waiting", "Answers that wait for their turn", lambda: worker.waiting)
        self._gauge("oneshot_answering", "Answers under way", lambda: worker.answering)

    def text(self) -> tuple[bytes, str]:
        """All counts as Prometheus reads them, and the type of that text."""
        return generate_latest(self._registry), CONTENT_TYPE_LATEST

    def _gauge(self, name: str, what: str, value: Callable[[], float]) -> None:
        Gauge(name, what, registry=self._registry).set_function(value)
