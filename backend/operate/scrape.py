"""What the store holds, as Prometheus reads it."""

from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from jobs.model import JobStatus
from jobs.ports import JobStore
from jobs.telemetry import PREFIX, STORE_METRICS


class StoreCollector(Collector):
    """Reads the store whenever it is scraped, so that nothing is counted twice or forgotten over a restart."""

    def __init__(self, store: JobStore) -> None:
        self._store = store

    def collect(self) -> Iterator[Metric]:
        """The metrics of ``STORE_METRICS``.

        Raises:
            Unavailable: the store cannot be read.
        """
        counts, facts, workers = self._store.counts(), self._store.facts(), self._store.workers()
        yield _gauge("jobs", "status", {status.value: counts.get(status, 0) for status in JobStatus})
        yield _gauge("jobs_open", "", {"": facts.queued + facts.running})
        yield _gauge("oldest_queued_seconds", "", {"": facts.oldest_seconds})
        ready = sum(worker.ready for worker in workers)
        yield _gauge("workers", "ready", {"true": ready, "false": len(workers) - ready})

    def describe(self) -> Iterator[Metric]:
        """The names alone: registering must not ask the store."""
        for name, text in STORE_METRICS.items():
            yield GaugeMetricFamily(PREFIX + name, text)


def _gauge(name: str, label: str, values: dict[str, float]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(PREFIX + name, STORE_METRICS[name], labels=[label] if label else None)
    for key, value in values.items():
        family.add_metric([key] if label else [], value)
    return family
