"""An OpenTelemetry collector, as small as can be: it takes spans over HTTP and keeps them."""

import gzip
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status


@dataclass(frozen=True, slots=True)
class Received:
    """A span as it came over the wire."""

    service: str
    name: str
    trace_id: str
    span_id: str
    parent_id: str
    seconds: float
    failed: bool
    server: bool
    facts: dict[str, str | int | bool | float]


@dataclass
class Receiver:
    """Where to send, and what has come."""

    address: str = ""
    spans: list[Received] = field(default_factory=list)

    def until(self, true: Callable[[list[Received]], bool]) -> list[Received]:
        """All spans, as soon as something holds for them."""
        deadline = time.monotonic() + 20
        while not true(self.spans):
            assert time.monotonic() < deadline, self.spans
            time.sleep(0.02)
        return list(self.spans)


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver on a free port."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            if self.path == "/v1/traces":
                receiver.spans.extend(_spans(ExportTraceServiceRequest.FromString(body)))
            self.send_response(200)
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _spans(request: ExportTraceServiceRequest) -> Iterator[Received]:
    for resource in request.resource_spans:
        told = {fact.key: _plain(fact.value) for fact in resource.resource.attributes}
        for scope in resource.scope_spans:
            for span in scope.spans:
                yield _received(str(told["service.name"]), span)


def _received(service: str, span: Span) -> Received:
    return Received(
        service,
        span.name,
        span.trace_id.hex(),
        span.span_id.hex(),
        span.parent_span_id.hex(),
        (span.end_time_unix_nano - span.start_time_unix_nano) / 1e9,
        span.status.code == Status.STATUS_CODE_ERROR,
        span.kind == Span.SPAN_KIND_SERVER,
        {fact.key: _plain(fact.value) for fact in span.attributes},
    )


def _plain(value: AnyValue) -> str | int | bool | float:
    return getattr(value, str(value.WhichOneof("value")))  # type: ignore[no-any-return]
