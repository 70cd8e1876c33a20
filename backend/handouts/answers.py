"""Answers that are bytes, with what a browser needs to keep them, and how such routes are documented."""

from collections.abc import Iterator, Mapping
from typing import Any

from flask import Response, request

from backend.context import context
from jobs.ports import Artifacts

#: For what a URL names once and for all, and only its holder may see.
FOREVER = "private, max-age=31536000, immutable"

#: For what may change or vanish: a browser keeps it and asks each time.
ASK_EACH_TIME = "private, no-cache"


def bytes_answer(data: bytes, mimetype: str, *, etag: str, cache: str, name: str = "") -> Response:
    """An answer out of memory; 304 where the caller has it already. With ``name`` it is saved, not shown."""
    return _conditional(Response(data, mimetype=mimetype), etag, cache, name)


def stored_answer(key: str, mimetype: str, *, etag: str, cache: str, name: str = "", ranges: bool = False) -> Response:
    """An answer out of the artifacts, streamed; with ``ranges`` a part may be asked for.

    Raises:
        ArtifactMissing: nothing is stored under the key.
    """
    artifacts = context().artifacts
    size = artifacts.size(key)
    response = Response(lazy_chunks(artifacts, key), mimetype=mimetype)
    response.content_length = size
    return _conditional(response, etag, cache, name, size if ranges else None)


def lazy_chunks(artifacts: Artifacts, key: str) -> Iterator[bytes]:
    """What is stored, opened when the first piece is asked for; ArtifactMissing is raised only then."""
    yield from artifacts.chunks(key)


def saved_as(response: Response, name: str) -> Response:
    """Let a browser save the answer under this name, of plain letters, instead of showing it."""
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _conditional(response: Response, etag: str, cache: str, name: str, ranged_size: int | None = None) -> Response:
    response.set_etag(etag)
    response.headers["Cache-Control"] = cache
    if name:
        saved_as(response, name)
    if ranged_size is None:
        response.make_conditional(request)
    else:
        response.make_conditional(request, accept_ranges=True, complete_length=ranged_size)
    return response


def described(
    operation: str,
    summary: str,
    tag: str,
    answers: Mapping[str, str] | None = None,
    problems: Mapping[int, str] | None = None,
    *,
    ranges: bool = False,
) -> dict[str, Any]:
    """Arguments for ``@blueprint.doc``.

    Args:
        answers: media types and what they hold; None where ``@blueprint.output`` says it.
        problems: statuses of refusals and when they come.
        ranges: whether a part may be asked for.
    """
    responses: dict[int, Any] = {}
    if answers is not None:
        responses[200] = {"description": "As asked.", "content": _content(answers)}
    if answers is not None and ranges:
        responses[206] = {"description": "The part asked for.", "content": _content(answers)}
        responses[416] = {"description": "There is no such part.", "content": {}}
    for code, reason in (problems or {}).items():
        responses[code] = {"description": reason, "content": {}}  # ``openapi.finished`` fills it in
    return {"summary": summary, "tags": [tag], "operation_id": operation, "responses": responses}


def _content(answers: Mapping[str, str]) -> dict[str, Any]:
    """Media types with a schema: text is a string, and everything else bytes."""
    return {
        media: {"schema": {"type": "string", "description": text}}
        if media.startswith("text/")
        else {"schema": {"type": "string", "contentMediaType": media, "description": text}}
        for media, text in answers.items()
    }
