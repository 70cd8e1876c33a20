"""The API's document: what APIFlask cannot read off the routes, and the finishing of the whole."""

import json
import re
from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, Final

from backend.follow.job_answers import ProblemAnswer
from backend.problems import PROBLEM_JSON
from jobs.settings import Settings
from nst.options import PRESETS, Knob, knobs

_Plain = dict[str, Any]

#: Where a route's header parameters wait until the document is finished: APIFlask knows those of path and query.
_HEADERS: Final = "x-headers"

_REASONS: Final = MappingProxyType(
    {
        400: "The request cannot be understood.",
        401: "An API key is needed, or to be signed in at the proxy, and there is none or another one.",
        403: "The owner token is missing or another one, and there is no operator's API key.",
        404: "There is nothing of this id.",
        409: "The job's status does not allow it.",
        410: "It was there, and has been deleted or has outlived its retention.",
        413: "A file or the whole is too large.",
        415: "The body or a picture is in a format that is not accepted.",
        422: "A part or a value is not allowed; `field` names it.",
        429: "Too many submissions or open jobs of one client.",
        503: "Something is full or away; try again after Retry-After.",
    }
)

#: A submission needs a key where keys are configured.
KEYS: Final[list[str | dict[str, list[Any]]]] = [{}, {"bearer": []}, {"apiKey": []}]
SECURITY_SCHEMES: Final = MappingProxyType(
    {
        "bearer": {"type": "http", "scheme": "bearer", "description": "the API key"},
        "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    }
)

TAGS: Final = (
    {"name": "jobs", "description": "Submit a photo, follow its job, end it."},
    {"name": "batches", "description": "Many photos for the same paintings."},
    {"name": "downloads", "description": "What a job has made."},
    {"name": "gallery", "description": "Styles and photos on offer."},
    {"name": "service", "description": "What can be chosen, limits, health."},
)


def refusals(*codes: int) -> dict[int, Any]:
    """The problems a route may answer, for ``doc(responses=...)``."""
    return {code: {"description": _REASONS[code], "content": {}} for code in codes}


def parameters(*given: Mapping[str, Any]) -> _Plain:
    """Parameters beside those of path and query, for ``doc(extensions=...)``."""
    return {_HEADERS: [dict(parameter) for parameter in given]}


def _header(name: str, description: str, **schema: Any) -> Mapping[str, Any]:
    schema = {"type": "string", **schema}
    return MappingProxyType({"name": name, "in": "header", "description": description, "schema": schema})


OWNER_TOKEN: Final = _header(
    "X-Owner-Token",
    "the owner_token of the submission's answer; operators send their API key",
    pattern="^[0-9a-f]{64}$",
)
IF_NONE_MATCH: Final = _header("If-None-Match", "the ETag you have; 304 where it is still right")
LAST_EVENT_ID: Final = _header("Last-Event-ID", "the version you have; browsers send it when they come back")
IDEMPOTENCY_KEY: Final = _header(
    "Idempotency-Key",
    "a word of your own for this submission: sent again with the same body, it answers the same job",
    pattern="^[!-~]{1,200}$",
)

_RATE: Final = MappingProxyType(
    {
        "RateLimit-Limit": "submissions in any minute",
        "RateLimit-Remaining": "of these, how many are left",
        "RateLimit-Reset": "seconds until one more is",
    }
)

NOT_MODIFIED: Final[dict[int, Any]] = {304: {"description": "Nothing has changed."}}
EVENT_STREAM: Final[dict[int, Any]] = {
    200: {
        "description": "Events called `status` with the job as data, until it is over.",
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
    },
    204: {"description": "The job is over, and you know its state: do not come back."},
}
NO_KEYS: Final[dict[int, Any]] = {
    403: {"description": "There are no names here to list by, or these are the jobs of somebody else.", "content": {}}
}
SUBMIT_ERRORS: Final = refusals(400, 401, 413, 415, 422, 429, 503)
RETRY_ERRORS: Final = refusals(400, 401, 403, 404, 409, 410, 413, 415, 422, 429, 503)

_FILE: Final = MappingProxyType({"type": "string", "format": "binary", "contentMediaType": "application/octet-stream"})


def _options() -> _Plain:
    """The schema of ``options``."""
    properties = {knob.name: _knob_schema(knob) for knob in knobs()}
    preset = {"type": "string", "enum": list(PRESETS), "description": "a named starting point; the rest goes on top"}
    return {"type": "object", "additionalProperties": False, "properties": {"preset": preset, **properties}}


def _knob_schema(knob: Knob) -> _Plain:
    one = _value_schema(knob.item or knob.kind, knob)
    schema = {"type": "array", "items": one} if knob.kind is tuple else one
    if knob.optional:
        schema = {**schema, "type": [schema["type"], "null"]}
    default = list(knob.default) if isinstance(knob.default, tuple) else knob.default
    return {**schema, "description": f"{knob.help}{f' ({knob.unit})' if knob.unit else ''}", "default": default}


def _value_schema(kind: type, knob: Knob) -> _Plain:
    schema: _Plain = {"type": {str: "string", int: "integer", float: "number"}[kind]}
    limits = {"minimum": knob.minimum, "maximum": knob.maximum, "enum": list(knob.choices) or None}
    return schema | {name: limit for name, limit in limits.items() if limit is not None}


def _submission(content: Mapping[str, Any]) -> _Plain:
    """Header and multipart body of a submission."""
    files = {"type": "array", "items": dict(_FILE), "description": "paintings; they come before those of style_id"}
    ids = {"type": "array", "items": {"type": "string"}, "description": "paintings of GET /api/styles"}
    fresh = {"type": "boolean", "default": False, "description": "paint again even where an equal result is stored"}
    schema = {
        "type": "object",
        "required": ["content"],
        "anyOf": [{"required": ["style"]}, {"required": ["style_id"]}],
        "properties": {"content": content, "style": files, "style_id": ids, "options": _options(), "fresh": fresh},
    }
    encoding = {"options": {"contentType": "application/json"}}
    body = {"required": True, "content": {"multipart/form-data": {"schema": schema, "encoding": encoding}}}
    return {**parameters(IDEMPOTENCY_KEY), "requestBody": body}


def _retry() -> _Plain:
    changes = {"options": {**_options(), "description": "over the old ones"}, "fresh": {"type": "boolean"}}
    schema = {"type": "object", "additionalProperties": False, "properties": changes}
    return {
        **parameters(OWNER_TOKEN, IDEMPOTENCY_KEY),
        "requestBody": {"required": False, "content": {"application/json": {"schema": schema}}},
    }


SUBMIT_JOB: Final = _submission({**_FILE, "description": "the photo: JPEG, PNG or WebP"})
SUBMIT_BATCH: Final = _submission({"type": "array", "items": dict(_FILE), "description": "the photos"})
RETRY_JOB: Final = _retry()


def finished(document: _Plain, settings: Settings) -> _Plain:
    """The document with one name for each schema, every refusal as problem+json, and the limits of this service."""
    document = _plainly_named(document)
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for unused in ("HTTPError", "ValidationError"):
        schemas.pop(unused, None)
    schemas["Problem"] = ProblemAnswer.model_json_schema()
    for path in document["paths"].values():
        for operation in path.values():
            operation.setdefault("parameters", []).extend(operation.pop(_HEADERS, []))
            _narrow(operation.get("requestBody", {}), settings)
            operation["responses"].setdefault("503", {"description": _REASONS[503]})  # a full disk spares no route
            if "429" in operation["responses"]:
                _tell_rate(operation["responses"])
            for code, response in operation["responses"].items():
                _finish_response(int(code), response)
    return document


def _narrow(body: _Plain, settings: Settings) -> None:
    """Write the service's own limits into the options of a body, where they are below those of the options."""
    most = {"size": settings.max_size, "iterations": settings.max_iterations}
    for content in body.get("content", {}).values():
        options = content["schema"].get("properties", {}).get("options", {}).get("properties", {})
        for name in most.keys() & options.keys():
            options[name]["maximum"] = min(most[name], options[name]["maximum"])


def _tell_rate(responses: _Plain) -> None:
    """The headers in which a submission's answer says where its client stands, where there is a limit at all."""
    for code in responses.keys() & {"202", "422", "429", "503"}:
        headers = responses[code].setdefault("headers", {})
        for name, description in _RATE.items():
            headers[name] = {"description": description, "schema": {"type": "integer", "minimum": 0}}


def _finish_response(code: int, response: _Plain) -> None:
    if code in (204, 304):
        response.pop("content", None)
    response.setdefault("description", HTTPStatus(code).phrase)
    if code < 400:
        return
    response["content"] = {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    if code in (429, 503):
        schema = {"type": "integer", "minimum": 1}
        response.setdefault("headers", {})["Retry-After"] = {"description": "seconds", "schema": schema}


def _plainly_named(document: _Plain) -> _Plain:
    """Models inside others are called ``Outer.Inner``, once for each: make that ``Inner``. Texts are Markdown."""
    text = json.dumps(document).replace("``", "`")
    text = re.sub(r"#/components/schemas/\w+\.(\w+)", r"#/components/schemas/\1", text)
    plain: _Plain = json.loads(text)
    schemas = plain.get("components", {}).get("schemas", {})
    plain.get("components", {})["schemas"] = {name.rpartition(".")[2]: schema for name, schema in schemas.items()}
    return plain
