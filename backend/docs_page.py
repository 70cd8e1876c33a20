"""The API's document as a page: rendered here, without a script and without a request to anybody."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, cast

from apiflask import APIFlask
from flask import Response, current_app, render_template_string
from markupsafe import Markup, escape

from backend.problem_codes import PROBLEM_CODES

_PAGE: Final = Path(__file__).with_name("docs.html")
_Plain = dict[str, Any]


def register(app: APIFlask) -> None:
    """Serve the page at /api/docs."""

    @app.get("/api/docs")
    @app.doc(hide=True)
    def docs() -> Response:
        return _page(cast(_Plain, cast(APIFlask, current_app)._get_spec("json")))


def _page(document: _Plain) -> Response:
    groups = [(tag, list(_operations(document, tag["name"]))) for tag in document.get("tags", ())]
    schemas = {name: _fields(schema) for name, schema in sorted(document["components"]["schemas"].items())}
    html = render_template_string(
        _PAGE.read_text("utf-8"),
        info=document["info"],
        groups=groups,
        schemas=schemas,
        problems=PROBLEM_CODES,
        marked=_marked,
    )
    return Response(html, mimetype="text/html", headers={"Cache-Control": "no-cache"})


def _marked(text: str) -> Markup:
    """The text with what is between backticks as code."""
    parts = re.split(r"`([^`]+)`", text)
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if number % 2 else escape(part) for number, part in enumerate(parts)
    )


def _operations(document: _Plain, tag: str) -> Iterator[_Plain]:
    """What the page shows of each operation of a tag."""
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if tag not in operation.get("tags", ()):
                continue
            yield {
                "id": operation.get("operationId", f"{method}{path}"),
                "method": method.upper(),
                "path": path,
                "summary": operation.get("summary", ""),
                "description": operation.get("description", ""),
                "parameters": [
                    (one["name"], one["in"], _kind(one.get("schema", {})), _note(one))
                    for one in operation.get("parameters", ())
                ],
                "bodies": [
                    (media, _fields(content.get("schema", {})))
                    for media, content in operation.get("requestBody", {}).get("content", {}).items()
                ],
                "responses": [
                    (code, response.get("description", ""), [*_answers(response)])
                    for code, response in sorted(operation["responses"].items())
                ],
            }


def _answers(response: _Plain) -> Iterator[tuple[str, str]]:
    """Media types and, where it has one, the name of the answer's schema."""
    for media, content in response.get("content", {}).items():
        yield media, content.get("schema", {}).get("$ref", "").rpartition("/")[2]


def _fields(schema: _Plain) -> list[tuple[str, str, str, bool, list[Any]]]:
    """Name, type, note, whether it is required, and the fields within."""
    required = schema.get("required", ())
    return [
        (name, _kind(field), _note(field), name in required, _fields(field) if "properties" in field else [])
        for name, field in schema.get("properties", {}).items()
    ]


def _kind(schema: _Plain) -> str:
    """The type in a word or two."""
    if "$ref" in schema:
        return str(schema["$ref"].rpartition("/")[2])
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_kind(one) for one in schema["anyOf"]))
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    if schema.get("format") == "binary":
        return "file"
    kind = schema.get("type", "any")
    if kind == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    return " or ".join(kind) if isinstance(kind, list) else str(schema.get("format", kind))


def _note(field: _Plain) -> str:
    """Description, default and limits in one line."""
    schema = field.get("schema", field)
    facts = [str(field.get("description") or schema.get("description", ""))]
    if schema.get("default") not in (None, [], ""):
        facts.append(f"default {schema['default']}")
    limits = {"minimum": "at least", "maximum": "at most"}
    facts += [f"{word} {schema[name]:,.15g}" for name, word in limits.items() if name in schema]
    return "; ".join(fact for fact in facts if fact)
