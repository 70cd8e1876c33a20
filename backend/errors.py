"""Whatever goes wrong, as one answer: ``application/problem+json`` with a code, a sentence and a hint."""

import json
from http import HTTPStatus
from typing import Final

from apiflask.exceptions import HTTPError
from flask import Flask, Response, g, request
from werkzeug.exceptions import (
    HTTPException,
    MethodNotAllowed,
    RequestedRangeNotSatisfiable,
    RequestEntityTooLarge,
)
from werkzeug.wrappers import Response as AnyResponse

from backend.problems import PROBLEM_JSON, Problem, spoken
from backend.query_errors import problem_of_query
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
    (KeyReused, 422, "key_reused", "Send a new one with each submission."),
    (ArtifactMissing, 404, "artifact_missing", "Submit the pictures again."),
    (Unavailable, 503, "unavailable", "Try again in a few seconds."),
    (NewerVersion, 503, "newer_version", "Update this program."),
)

#: Code and sentence of the errors of HTTP itself, and what to do about them.
_HTTP_ERRORS: Final = {
    400: ("bad_request", "The request cannot be understood.", "Check how it is written."),
    404: ("not_found", "There is nothing at this address.", "The routes are listed at /api/docs."),
    405: (
        "method_not_allowed",
        "This address takes {methods}, not {method}.",
        "Use one of its methods: see /api/docs.",
    ),
    413: ("too_large", "The body is too large: the most is {most} bytes.", "The limits are at /api/limits."),
    415: ("unsupported_media_type", "The route takes no body of this type.", "Send the one that /api/docs names."),
    416: ("range_not_satisfiable", "There is no such part: the file has {length} bytes.", "Ask within the length."),
}


def register(app: Flask) -> None:
    """Answer every error of the app as a problem."""
    app.register_error_handler(Problem, answer)
    app.register_error_handler(JobsError, lambda error: answer(_of_jobs(error)))
    app.register_error_handler(NstError, lambda error: answer(problem_of_engine(error)))
    app.register_error_handler(HTTPError, lambda error: answer(problem_of_query(error)))
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
        return _of_option(error)
    subject = spoken(field)
    detail = _capital(f"{subject}: {error}" if subject else str(error))
    return Problem(415 if isinstance(error, NotAPicture) else 422, error.code, detail, hint=error.hint, field=field)


def problem_of_jobs(error: JobsError, retry_after: float | None = None) -> Problem:
    """An error about jobs; ``retry_after`` in seconds is used where waiting helps."""
    kinds = (kind for kind in _JOBS_ERRORS if isinstance(error, kind[0]))
    _, status, code, hint = next(kinds, (JobsError, 500, "internal", ""))
    if isinstance(error, Unavailable):
        _log.warning("something is unavailable", reason=str(error))
    detail = _reason(error)
    waiting = (retry_after or TRY_AGAIN_SECONDS) if status in (429, 503) else None
    return Problem(status, code, _capital(detail or hint), hint=hint, retry_after=waiting)


def _reason(error: JobsError) -> str:
    """What is wrong, in the words of HTTP, and without what is nobody else's business."""
    if isinstance(error, Unavailable):
        return "a part of the service cannot be used now"
    return "this Idempotency-Key belongs to another submission" if isinstance(error, KeyReused) else str(error)


def _of_jobs(error: JobsError) -> Problem:
    """An error that a route let pass: with a key, the job that is gone may be what was once answered to it."""
    problem = problem_of_jobs(error)
    if isinstance(error, JobPurged) and "Idempotency-Key" in request.headers:
        problem.hint = "Submit the pictures again, with a new Idempotency-Key."
    return problem


def _of_option(error: InvalidOption) -> Problem:
    unknown = error.field == "option"
    detail = f"There is no option {str(error.value)[:60]!a}." if unknown else _capital(str(error))
    field = f"options.{error.value if unknown else error.field}"[:100]
    hint = error.hint or "The options and their limits are at /api/options."
    return Problem(422, error.code, detail, hint=hint, field=field)


def _of_http(error: HTTPException) -> AnyResponse:
    """What Flask and Werkzeug refuse; headers such as Allow are kept."""
    if error.response is not None or error.code is None or error.code < 400:
        return error.get_response()
    response = answer(_problem_of_http(error, error.code))
    for name, value in error.get_headers():
        if name.lower() not in ("content-type", "content-length"):
            response.headers[name] = value
    return response


def _problem_of_http(error: HTTPException, status: int) -> Problem:
    phrase = HTTPStatus(status).phrase
    otherwise = (phrase.lower().replace(" ", "_"), f"The service refuses this request: {phrase}.", "")
    code, detail, hint = _HTTP_ERRORS.get(status, otherwise)
    return Problem(status, code, detail.format(**_facts(error)), hint=hint)


def _facts(error: HTTPException) -> dict[str, str]:
    """What the sentences about errors of HTTP leave open."""
    match error:
        case MethodNotAllowed():
            methods = sorted(set(error.valid_methods or ()) - {"HEAD", "OPTIONS"})
            return {"methods": " and ".join(methods) or "other methods", "method": request.method[:20]}
        case RequestEntityTooLarge():
            return {"most": f"{request.max_content_length or 0:,}"}
        case RequestedRangeNotSatisfiable():
            return {"length": f"{error.length or 0:,}"}
    return {}


def _of_mistake(error: Exception) -> Response:
    """A mistake of ours: logged in full, answered without details."""
    _log.error("a request failed", exc_info=error)
    hint = "Try again; if it stays, report it with the request id."
    return answer(Problem(500, "internal", "Something went wrong inside the service.", hint=hint))


def _capital(text: str) -> str:
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."
