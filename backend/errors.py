"""Whatever goes wrong, as one answer: ``application/problem+json`` with a code, a sentence and a hint."""

import json
from typing import Any, Final

from apiflask.exceptions import HTTPError
from flask import Flask, Response, g
from pydantic import ValidationError
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from backend.problems import PROBLEM_JSON, Problem
from jobs.errors import (
    ArtifactMissing,
    JobNotFound,
    JobPurged,
    JobsError,
    KeyReused,
    NewerVersion,
    QueueFull,
    TooManyJobs,
    Unavailable,
)
from jobs.telemetry import logger
from nst.errors import InvalidOption, NotAPicture, NstError

_log = logger(__name__)

#: Seconds after which to try again where nothing better is known.
TRY_AGAIN_SECONDS: Final = 5.0

#: Status and code of each error about jobs, and what to do; the first that fits.
_JOBS_ERRORS: Final[tuple[tuple[type[JobsError], int, str, str], ...]] = (
    (JobPurged, 410, "job_purged", "Submit the pictures again."),
    (JobNotFound, 404, "job_not_found", "Check the id, or submit the pictures again."),
    (QueueFull, 503, "queue_full", "Try again later."),
    (TooManyJobs, 429, "too_many_jobs", "Wait until some of your jobs are over, or cancel them."),
    (KeyReused, 422, "key_reused", "Use a new Idempotency-Key for another submission."),
    (ArtifactMissing, 404, "artifact_missing", "Submit the pictures again."),
    (Unavailable, 503, "unavailable", "Try again in a few seconds."),
    (NewerVersion, 503, "newer_version", "Update this program."),
)

#: What to do about the errors of HTTP itself; the rest need no hint.
_HTTP_HINTS: Final = {
    400: ("bad_request", "Check how the request is written."),
    404: ("not_found", "The routes are listed at /api/docs."),
    405: ("method_not_allowed", "The Allow header names the methods of this route."),
    413: ("too_large", "Send smaller or fewer files; the limits are at /api/limits."),
    415: ("unsupported_media_type", "Send the content type that /api/docs names."),
    416: ("range_not_satisfiable", "Ask for a range within the length."),
}


def register(app: Flask) -> None:
    """Answer every error of the app as a problem."""
    app.register_error_handler(Problem, answer)
    app.register_error_handler(JobsError, lambda error: answer(problem_of_jobs(error)))
    app.register_error_handler(NstError, lambda error: answer(problem_of_engine(error)))
    app.register_error_handler(ValidationError, lambda error: answer(_of_model(error)))
    app.register_error_handler(HTTPError, lambda error: answer(_of_query(error)))
    app.register_error_handler(HTTPException, _of_http)
    app.register_error_handler(Exception, _of_mistake)


def answer(problem: Problem) -> Response:
    """The problem as a response."""
    body = json.dumps(problem.to_dict(instance=f"urn:request:{g.get('request_id', '')}"))
    response = Response(body, problem.status, mimetype=PROBLEM_JSON)
    response.headers.extend(dict(problem.headers))
    response.headers["Cache-Control"] = "no-store"
    g.problem_code = problem.code
    if problem.status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="nst"'
    return response


def problem_of_engine(error: NstError, field: str = "") -> Problem:
    """An error about options or pictures; ``field`` is the part of the request, where the error does not know it."""
    if isinstance(error, InvalidOption):
        name = error.value if error.field == "option" else error.field
        return Problem(422, error.code, _sentence(error), hint=error.hint, field=f"options.{name}"[:100])
    status = 415 if isinstance(error, NotAPicture) else 422
    return Problem(status, error.code, _sentence(error, field), hint=error.hint, field=field)


def problem_of_jobs(error: JobsError, retry_after: float | None = None) -> Problem:
    """An error about jobs; ``retry_after`` in seconds is used where waiting helps."""
    kinds = (kind for kind in _JOBS_ERRORS if isinstance(error, kind[0]))
    _, status, code, hint = next(kinds, (JobsError, 500, "internal", ""))
    if isinstance(error, Unavailable):
        _log.warning("something is unavailable", reason=str(error))
    detail = "a part of the service cannot be used now" if isinstance(error, Unavailable) else str(error)
    waiting = (retry_after or TRY_AGAIN_SECONDS) if status in (429, 503) else None
    return Problem(status, code, _capital(detail or hint), hint=hint, retry_after=waiting)


def _of_http(error: HTTPException) -> AnyResponse:
    """What Flask and Werkzeug refuse; headers such as Allow are kept."""
    if error.response is not None or error.code is None or error.code < 400:
        return error.get_response()
    code, hint = _HTTP_HINTS.get(error.code, (error.name.lower().replace(" ", "_"), ""))
    problem = Problem(error.code, code, error.description or error.name, hint=hint)
    response = answer(problem)
    for name, value in error.get_headers():
        if name.lower() not in ("content-type", "content-length"):
            response.headers[name] = value
    return response


def _of_query(error: HTTPError) -> Problem:
    """What APIFlask refuses: parameters that the route's model does not allow."""
    places = error.detail if isinstance(error.detail, dict) else {}
    fields: Any = next(iter(places.values()), None)
    if not isinstance(fields, dict) or not fields:
        return Problem(error.status_code, "bad_request", error.message or "The request cannot be understood.")
    name, messages = next(iter(fields.items()))
    return Problem(error.status_code, "invalid_parameter", _capital(f"{name}: {messages[0]}"), field=str(name))


def _of_model(error: ValidationError) -> Problem:
    first = error.errors(include_url=False, include_input=False)[0]
    name = ".".join(str(part) for part in first["loc"])
    return Problem(422, "invalid_value", _capital(f"{name}: {first['msg']}"), field=name)


def _of_mistake(error: Exception) -> Response:
    """A mistake of ours: logged in full, answered without details."""
    _log.error("a request failed", exc_info=error)
    hint = "Try again; if it stays, report it with the request id."
    return answer(Problem(500, "internal", "Something went wrong inside the service.", hint=hint))


def _sentence(error: NstError, subject: str = "") -> str:
    names = {"content": "the photo", "style": "the painting", "style_id": "the painting"}
    kind, bracket, number = subject.partition("[")
    text = f"{names[kind]} {bracket}{number}: {error}" if kind in names else str(error)
    return _capital(text.replace(" :", ":"))


def _capital(text: str) -> str:
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."
