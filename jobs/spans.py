"""How long the steps of a job took, for whoever collects traces: the port, and the adapter that tells nobody.

Steps name each other by their ``traceparent`` (``jobs.tracing``), which goes through API, message and worker whether
or not anybody collects. With the extra ``otel`` and OpenTelemetry's own variables they are sent to a collector, and
without, nothing is imported and nothing is kept.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Final, Protocol

from jobs.model import Job
from jobs.telemetry import logger
from jobs.tracing import Trace

#: Variables that say where spans are sent to, and so that they are.
ADDRESSES: Final = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")

Fact = str | int | float | bool


class Span(Protocol):
    """A step that has begun."""

    @property
    def traceparent(self) -> str:
        """What follows from this step names it so."""

    def end(self, *, at: float | None = None, failure: str = "", name: str = "", **facts: Fact) -> None:
        """The step is over.

        Args:
            at: when, in seconds since 1970; now by default.
            failure: what went wrong; empty where nothing did.
            name: a better name than it began with.
            facts: what a person who looks for slow or failed steps would filter by.
        """


class Spans(Protocol):
    """Takes down steps. Never raises and never waits: whoever works must not notice."""

    def begin(self, name: str, parent: str = "", *, since: float | None = None, serves: bool = False) -> Span:
        """A step after the one whose ``traceparent`` is given, or the first of a trace.

        Args:
            since: when it began, in seconds since 1970; now by default.
            serves: whether it answers somebody who waits for it.
        """

    def close(self) -> None:
        """Send what is left; afterwards nothing is sent."""


@dataclass(frozen=True, slots=True)
class _Untold:
    traceparent: str

    def end(self, *, at: float | None = None, failure: str = "", name: str = "", **facts: Fact) -> None:
        """Nobody listens."""


class Silent:
    """Hands the trace on and keeps nothing."""

    def begin(self, name: str, parent: str = "", *, since: float | None = None, serves: bool = False) -> Span:
        """See ``Spans``."""
        return _Untold(str(Trace.after(parent)))

    def close(self) -> None:
        """See ``Spans``."""


def open_spans(service: str, environment: Mapping[str, str]) -> Spans:
    """What the variables of OpenTelemetry ask for; ``service`` is the name of this process there.

    Where they ask for what is not installed, or cannot be used, the log says so and the work goes on.
    """
    if not _asked(environment):
        return Silent()
    if find_spec("opentelemetry") is None:
        logger(__name__).warning("no traces are sent", reason="OpenTelemetry is not installed: it is the extra otel")
        return Silent()
    try:
        from jobs.otlp import OtlpSpans

        return OtlpSpans(service)
    except Exception as error:  # a misspelt address or certificate of a mere observer
        logger(__name__).warning("no traces are sent", reason=str(error) or type(error).__name__)
        return Silent()


def _asked(environment: Mapping[str, str]) -> bool:
    exporter = environment.get("OTEL_TRACES_EXPORTER", "")
    if exporter == "none" or environment.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return False
    return exporter == "otlp" or any(environment.get(name) for name in ADDRESSES)


def begin_attempt(spans: Spans, job: Job) -> Span:
    """The step of one attempt; before the first one, the wait for it is told too."""
    if job.token == 1 and job.started_at is not None:
        spans.begin("wait in the queue", job.spec.trace, since=job.spec.created_at).end(
            at=max(job.started_at, job.spec.created_at), job_id=job.id, priority=job.spec.priority
        )
    return spans.begin("attempt", job.spec.trace)


def end_attempt(span: Span, job: Job, how: str, failure: str = "") -> None:
    """The attempt is over.

    Args:
        job: as it was claimed, or as it is now.
        how: what became of it: a status, or handed_back, crashed, lost.
        failure: the code of the error; empty where there was none.
    """
    progress = job.progress
    options = job.spec.options
    span.end(
        failure=failure,
        job_id=job.id,
        status=how,
        attempt=job.attempt,
        size=progress.size if progress and progress.size else options.size,
        backbone=progress.backbone if progress and progress.backbone else options.backbone,
    )
