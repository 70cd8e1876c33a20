"""A request id, a place in a trace, one log line and one measurement for each request."""

import os
import re
import time
from collections.abc import Mapping
from typing import Final, cast
from uuid import uuid4

from flask import Flask, Response, current_app, g, request
from structlog.contextvars import bind_contextvars, clear_contextvars

from backend.context import context
from jobs.spans import Spans, open_spans
from jobs.telemetry import logger
from jobs.tracing import HEADER, Trace, trace_id

_log = logger(__name__)

_SANE_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_ACCEPTED: Final = re.compile(r"/api/(job|batche)s/(\w+)")
_SPANS: Final = "nst_spans"
#: Asked by machines every few seconds: of no interest to whoever looks for slow requests.
_UNTRACED: Final = frozenset({"/healthz", "/readyz", "/metrics"})


def register(app: Flask, spans: Spans | None = None) -> None:
    """Follow every request of the app from its start to its answer; by default, spans are as the environment says."""
    app.extensions[_SPANS] = spans or open_spans("nst-backend", os.environ)
    app.before_request(_start)
    app.after_request(_end)


def close(app: Flask) -> None:
    """Send the spans that are left, before the process ends."""
    cast(Spans, app.extensions[_SPANS]).close()


def current_trace() -> str:
    """The ``traceparent`` that what this request leads to belongs to."""
    return str(g.trace)


def _start() -> None:
    g.started = time.perf_counter()
    given = request.headers.get("X-Request-ID", "")
    g.request_id = given if _SANE_ID.fullmatch(given) else uuid4().hex
    g.trace = _begun(request.headers.get(HEADER, ""))
    clear_contextvars()  # the thread has answered others before
    bind_contextvars(request_id=g.request_id, trace_id=trace_id(g.trace))


def _begun(parent: str) -> str:
    if request.path in _UNTRACED:
        return str(Trace.after(parent))
    spans: Spans = current_app.extensions[_SPANS]
    g.span = spans.begin(request.method if request.method in _METHODS else "OTHER", parent, serves=True)
    return str(g.span.traceparent)


def _end(response: Response) -> Response:
    response.headers["X-Request-ID"] = g.request_id
    seconds = time.perf_counter() - g.started
    # The template, not the path: ids belong neither into labels nor, as permissions to look, into logs.
    route = request.url_rule.rule if request.url_rule else "unmatched"
    method = request.method if request.method in _METHODS else "OTHER"
    waits = "?wait" if "wait" in request.args else ""  # a long poll is slow by intention: it is no measure of speed
    context().metrics.seconds.labels(route + waits, method, str(response.status_code)).observe(seconds)
    facts = {"problem": g.problem_code} if "problem_code" in g else _accepted(response)
    if "span" in g:
        failure = facts.get("problem", "error") if response.status_code >= 500 else ""
        g.span.end(name=f"{method} {route}", failure=failure, status=response.status_code, **facts)
    _log.info(
        "answered",
        route=route,
        method=method,
        status=response.status_code,
        milliseconds=round(seconds * 1000, 1),
        **facts,
    )
    return response


def _accepted(response: Response) -> Mapping[str, str]:
    """Which job or batch a submission has become, so that its line is found together with the worker's."""
    match = _ACCEPTED.fullmatch(response.headers.get("Location", "")) if response.status_code == 202 else None
    return {"job_id" if match[1] == "job" else "batch_id": match[2]} if match else {}
