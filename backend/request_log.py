"""A request id, one log line and one measurement for each request."""

import re
import time
from typing import Final
from uuid import uuid4

from flask import Flask, Response, g, request
from structlog.contextvars import bind_contextvars, clear_contextvars

from backend.context import context
from jobs.telemetry import logger

_log = logger(__name__)

_SANE_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def register(app: Flask) -> None:
    """Follow every request of the app from its start to its answer."""
    app.before_request(_start)
    app.after_request(_end)


def _start() -> None:
    g.started = time.perf_counter()
    given = request.headers.get("X-Request-ID", "")
    g.request_id = given if _SANE_ID.fullmatch(given) else uuid4().hex
    clear_contextvars()  # the thread has answered others before
    bind_contextvars(request_id=g.request_id)


def _end(response: Response) -> Response:
    response.headers["X-Request-ID"] = g.request_id
    seconds = time.perf_counter() - g.started
    # The template, not the path: ids belong neither into labels nor, as permissions to look, into logs.
    route = request.url_rule.rule if request.url_rule else "unmatched"
    method = request.method if request.method in _METHODS else "OTHER"
    context().metrics.seconds.labels(route, method, str(response.status_code)).observe(seconds)
    facts = {"problem": g.problem_code} if "problem_code" in g else {}
    _log.info(
        "answered",
        route=route,
        method=method,
        status=response.status_code,
        milliseconds=round(seconds * 1000, 1),
        **facts,
    )
    return response
