"""JSON logs, and the one list of metric names.

Logs are lines of JSON on standard error; ``job_id`` and ``request_id`` are bound to the context and appear in every
line. Metrics are declared here and nowhere else; no label ever holds an id.
"""

import logging
import sys
from dataclasses import dataclass

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

PREFIX = "nst_"


def configure_logging(level: str) -> None:
    """Make every log line of this process, also of libraries, one JSON object on standard error."""
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
    handler = logging.StreamHandler(sys.stderr)
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


@dataclass(frozen=True, slots=True)
class ApiMetrics:
    """What the API counts itself."""

    submitted: Counter
    seconds: Histogram
    viewers: Gauge
    purged: Counter

    @classmethod
    def on(cls, registry: CollectorRegistry) -> "ApiMetrics":
        """Declare them."""
        return cls(
            Counter(f"{PREFIX}jobs_submitted", "Submissions, by what became of them.", ["result"], registry=registry),
            Histogram(
                f"{PREFIX}http_request_seconds",
                "Time to answer a request.",
                ["route", "method", "code"],
                registry=registry,
                buckets=_SECONDS,
            ),
            Gauge(f"{PREFIX}viewers", "Event streams and long polls that are open.", registry=registry),
            Counter(f"{PREFIX}jobs_purged", "Jobs deleted at the end of their retention.", registry=registry),
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

        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(f"{PREFIX}{name}", text, labels, registry=registry)

        def histogram(name: str, text: str, buckets: tuple[float, ...]) -> Histogram:
            return Histogram(f"{PREFIX}{name}", text, registry=registry, buckets=buckets)

        return cls(
            counter("jobs_finished", "Jobs ended by this worker, by status and reason.", "status", "reason"),
            histogram("job_wait_seconds", "From submission to the first start.", _LONG_SECONDS),
            histogram("job_run_seconds", "From a start to its end.", _LONG_SECONDS),
            histogram("worker_idle_seconds", "Between two jobs, where one was waiting.", _SECONDS),
            counter("attempts", "Attempts that did not end their job, by cause.", "cause"),
            counter("child_restarts", "Restarts of the rendering process, by reason.", "reason"),
            counter("leases_lost", "Jobs that another worker took over from this one."),
            Gauge(f"{PREFIX}worker_ready", "1 when the engine is loaded.", registry=registry),
        )


#: What the API reads from the store whenever it is scraped: name and help.
STORE_METRICS = {
    "jobs": "Jobs in the store, by status.",
    "jobs_open": "Queued and running jobs: the signal to scale workers by.",
    "oldest_queued_seconds": "How long the longest-waiting queued job has waited.",
    "workers": "Workers that are alive, by readiness.",
}
