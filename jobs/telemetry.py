"""JSON logs, and the one list of metric names.

A log line is a JSON object; ``job_id``, ``request_id`` and ``trace_id`` are bound to the context where there is one.
Metrics are declared here and nowhere else; no label ever holds an id.
"""

import logging
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TextIO, TypeVar

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

PREFIX = "nst_"


def configure_logging(level: str, stream: TextIO | None = None) -> None:
    """Make every log line of this process, also of libraries, one JSON object on the stream, or on standard error."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
            foreign_pre_chain=shared,
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())


def logger(name: str) -> structlog.stdlib.BoundLogger:
    """The logger of a module: ``log.info("job claimed", job_id=...)``."""
    bound: structlog.stdlib.BoundLogger = structlog.get_logger(name)
    return bound


_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10)
_LONG_SECONDS = (1, 2, 5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560)

#: The codes of a job's error that workers and stores give; ``docs/api.md`` explains them.
FAILURES = (
    "worker_crashed",
    "storage",
    "internal",
    "too_many_attempts",
    "device",
    "weights",
    "invalid_option",
    "numerical",
    "inputs_missing",
)
#: Why a message is put with the dead letters: no job can be read from it, it is of a version that is not known here,
#: or its job has failed for good.
DEAD_LETTERS = ("unreadable", "version", "failed", "dropped")
#: Why an offset was not committed: the partition had gone to somebody else, or the broker did not answer.
COMMIT_ERRORS = ("rebalanced", "unavailable")
#: Servers that a process asks; the bus, which is listened to, has a metric of its own.
PEERS = ("store", "artifacts")
#: Calls of ``jobs.ports.Artifacts`` that are measured.
STORAGE_CALLS = ("put", "create", "get", "size", "chunks", "list", "copy", "delete", "jobs", "check")


@dataclass(frozen=True, slots=True)
class ApiMetrics:
    """What the API counts itself, its janitor included."""

    submitted: Counter
    seconds: Histogram
    viewers: Gauge
    purged: Counter
    reaped: Counter
    leader: Gauge

    @classmethod
    def on(cls, registry: CollectorRegistry) -> "ApiMetrics":
        """Declare them."""
        declare = _Declaring(registry)
        return cls(
            declare.counter(
                "jobs_submitted", "Submissions, by what became of them.", result=("accepted", "replayed", "refused")
            ),
            declare.histogram(
                "http_request_seconds", "Time to answer a request.", _SECONDS, route=(), method=(), code=()
            ),
            declare.gauge("viewers", "Event streams and long polls that are open."),
            declare.counter("jobs_purged", "Jobs deleted at the end of their retention."),
            declare.counter("jobs_reaped", "Jobs taken back from workers that fell silent."),
            declare.gauge("janitor_leader", "1 in the process that cleans up for all."),
        )


@dataclass(frozen=True, slots=True)
class WorkerMetrics:
    """What a worker counts itself."""

    finished: Counter
    wait_seconds: Histogram
    run_seconds: Histogram
    idle_seconds: Histogram
    attempts: Counter
    child_restarts: Counter
    leases_lost: Counter
    ready: Gauge

    @classmethod
    def on(cls, registry: CollectorRegistry) -> "WorkerMetrics":
        """Declare them."""
        declare = _Declaring(registry)
        finished = declare.counter(
            "jobs_finished", "Jobs ended by this worker, by status and reason.", status=(), reason=()
        )
        for status, reason in (("succeeded", ""), ("cancelled", ""), *(("failed", code) for code in FAILURES)):
            finished.labels(status, reason)
        return cls(
            finished,
            declare.histogram("job_wait_seconds", "From submission to the first start.", _LONG_SECONDS),
            declare.histogram("job_run_seconds", "From a start to its end.", _LONG_SECONDS),
            declare.histogram("worker_idle_seconds", "Between two jobs, where one was waiting.", _SECONDS),
            declare.counter(
                "attempts", "Attempts that did not end their job, by cause.", cause=("failed", "crashed", "storage")
            ),
            declare.counter(
                "child_restarts", "Restarts of the rendering process, by reason.", reason=("crash", "start")
            ),
            declare.counter("leases_lost", "Jobs that another worker took over from this one."),
            declare.gauge("worker_ready", "1 when the engine is loaded."),
        )


@dataclass(frozen=True, slots=True)
class BusMetrics:
    """What an adapter of a bus counts, in API and worker alike."""

    published: Counter
    delivered: Counter
    duplicates: Counter
    dead_letters: Counter
    commit_errors: Counter
    rebalances: Counter
    unsettled: Gauge
    lag: Gauge
    contact: Gauge

    @classmethod
    def on(cls, registry: CollectorRegistry) -> "BusMetrics":
        """Declare them."""
        declare = _Declaring(registry)
        return cls(
            declare.counter("bus_published", "Messages that the bus has confirmed."),
            declare.counter("bus_delivered", "Messages that have arrived, again or for the first time."),
            declare.counter("bus_duplicates", "Messages that arrived although they had arrived here before."),
            declare.counter("dead_letters", "Messages put with the dead letters, by reason.", reason=DEAD_LETTERS),
            declare.counter("bus_commit_errors", "Commits of an offset that failed, by reason.", reason=COMMIT_ERRORS),
            declare.counter("bus_rebalances", "Times that this worker's partitions were dealt anew."),
            declare.gauge("bus_unsettled", "Messages that were delivered here and whose jobs are not over."),
            declare.gauge("bus_lag", "Messages of this worker's partitions that are not committed."),
            declare.gauge("bus_contact_timestamp_seconds", "When the bus last heard this process; 0 is never."),
        )


@dataclass(frozen=True, slots=True)
class PeerMetrics:
    """How the servers behind a process answer it."""

    contact: Gauge
    storage_seconds: Histogram
    storage_errors: Counter

    @classmethod
    def on(cls, registry: CollectorRegistry, peers: Sequence[str] = PEERS) -> "PeerMetrics":
        """Declare them; every peer counts as met now.

        Args:
            peers: those of ``PEERS`` whose answers this process notes.
        """
        declare = _Declaring(registry)
        metrics = cls(
            declare.gauge("last_contact_timestamp_seconds", "When a server last answered this process.", peer=peers),
            declare.histogram("storage_seconds", "Time of a call to the artifacts.", _SECONDS, op=STORAGE_CALLS),
            declare.counter("storage_errors", "Calls to the artifacts that failed.", op=STORAGE_CALLS),
        )
        for peer in peers:
            metrics.met(peer)
        return metrics

    def met(self, peer: str) -> None:
        """One of ``PEERS`` has answered just now."""
        self.contact.labels(peer).set_to_current_time()


_Metric = TypeVar("_Metric", Counter, Gauge, Histogram)


class _Declaring:
    """Declares metrics of a registry.

    The values of a label that are known beforehand are there from the start, at 0: a first event can only be seen as a
    rise where there was something to rise from.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry

    def counter(self, name: str, text: str, **labels: Sequence[str]) -> Counter:
        return _prepared(Counter(PREFIX + name, text, tuple(labels), registry=self._registry), labels)

    def gauge(self, name: str, text: str, **labels: Sequence[str]) -> Gauge:
        return _prepared(Gauge(PREFIX + name, text, tuple(labels), registry=self._registry), labels)

    def histogram(self, name: str, text: str, buckets: tuple[float, ...], **labels: Sequence[str]) -> Histogram:
        metric = Histogram(PREFIX + name, text, tuple(labels), buckets=buckets, registry=self._registry)
        return _prepared(metric, labels)


def _prepared(metric: _Metric, labels: Mapping[str, Sequence[str]]) -> _Metric:
    for values in product(*labels.values()) if labels else ():
        metric.labels(*values)
    return metric


#: Every group of metrics that is counted in a process.
METRIC_GROUPS = (ApiMetrics, WorkerMetrics, BusMetrics, PeerMetrics)

#: What the API reads from the store whenever it is scraped: name and help. Several APIs tell the same of one
#: store, so that queries take the ``max`` of these and never the ``sum``.
STORE_METRICS = {
    "jobs": "Jobs in the store, by status.",
    "jobs_open": "Queued and running jobs: the signal to scale workers by.",
    "oldest_queued_seconds": "How long the longest-waiting queued job has waited.",
    "workers": "Workers that are alive, by readiness.",
}
