"""Steps of jobs sent to an OpenTelemetry collector, over HTTP. The variables of OpenTelemetry say where and how."""

from threading import Thread

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    set_span_in_context,
)
from opentelemetry.trace import Span as OtelSpan

from jobs.spans import Fact, Span
from jobs.tracing import Trace
from nst import __version__

_CLOSING_SECONDS = 2  # a collector that is away must not keep a worker from ending


class OtlpSpans:
    """Sends from a thread of its own; open it after a fork."""

    def __init__(self, service: str) -> None:
        resource = Resource.create({"service.name": service, "service.version": __version__})
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self._tracer = self._provider.get_tracer("nst", __version__)

    def begin(self, name: str, parent: str = "", *, since: float | None = None, serves: bool = False) -> Span:
        """See ``Spans``."""
        above = Trace.parse(parent)
        return _OtlpSpan(
            self._tracer.start_span(
                name,
                context=set_span_in_context(NonRecordingSpan(_context(above))) if above else None,
                kind=SpanKind.SERVER if serves else SpanKind.INTERNAL,
                start_time=_nanoseconds(since),
            )
        )

    def close(self) -> None:
        """See ``Spans``."""
        # It sends what is left for as long as it likes: OpenTelemetry does not keep to a limit that it is given.
        closing = Thread(target=self._provider.shutdown, name="spans-closing", daemon=True)
        closing.start()
        closing.join(_CLOSING_SECONDS)


class _OtlpSpan:
    def __init__(self, span: OtelSpan) -> None:
        self._span = span

    @property
    def traceparent(self) -> str:
        """See ``Span``."""
        own = self._span.get_span_context()
        return str(Trace(f"{own.trace_id:032x}", f"{own.span_id:016x}", bool(own.trace_flags.sampled)))

    def end(self, *, at: float | None = None, failure: str = "", name: str = "", **facts: Fact) -> None:
        """See ``Span``."""
        if name:
            self._span.update_name(name)
        self._span.set_attributes({f"nst.{key}": value for key, value in facts.items()})
        if failure:
            self._span.set_status(Status(StatusCode.ERROR, failure))
        self._span.end(_nanoseconds(at))


def _context(trace: Trace) -> SpanContext:
    flags = TraceFlags(TraceFlags.SAMPLED if trace.sampled else TraceFlags.DEFAULT)
    return SpanContext(int(trace.trace_id, 16), int(trace.span_id, 16), is_remote=True, trace_flags=flags)


def _nanoseconds(seconds: float | None) -> int | None:
    return None if seconds is None else int(seconds * 1e9)
