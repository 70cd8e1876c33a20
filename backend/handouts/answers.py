"""Answers that are bytes, with what a browser needs to keep them, and how such routes are documented."""

from collections.abc import Iterator, Mapping
from typing import Any

from flask import Response, request
from werkzeug.datastructures import ContentRange
from werkzeug.exceptions import RequestedRangeNotSatisfiable

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
        RequestedRangeNotSatisfiable: the part is beyond the end.
    """
    artifacts = context().artifacts
    size = artifacts.size(key)
    response = Response(lazy_chunks(artifacts, key), mimetype=mimetype)
    response.content_length = size
    _conditional(response, etag, cache, name)
    if not ranges:
        return response
    response.accept_ranges = "bytes"
    if response.status_code == 200 and (part := _part_asked_for(etag, size)):
        _narrow(response, artifacts, key, part, size)
    return response


def link_answer(key: str, name: str) -> Response | None:
    """Leads to where the artifact can be fetched without this service, to be saved under a name.

    None where the operator wants no links or the artifacts have none, and for what only this service answers well: a
    part, or the headers alone.

    Raises:
        ArtifactMissing: nothing is stored under the key.
    """
    seconds = context().settings.s3_links_seconds
    if not seconds or request.method != "GET" or "Range" in request.headers:
        return None
    artifacts = context().artifacts
    artifacts.size(key)  # a link may lead to nothing, and would say so in another language
    link = artifacts.link(key, seconds, name=name)
    if link is None:
        return None
    return Response(status=307, headers={"Location": link, "Cache-Control": "no-store"})


def lazy_chunks(artifacts: Artifacts, key: str, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
    """What is stored, opened when the first piece is asked for; ArtifactMissing is raised only then."""
    yield from artifacts.chunks(key, start=start, stop=stop)


def saved_as(response: Response, name: str) -> Response:
    """Let a browser save the answer under this name, of plain letters, instead of showing it."""
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _conditional(response: Response, etag: str, cache: str, name: str) -> Response:
    response.set_etag(etag)
    response.headers["Cache-Control"] = cache
    if name:
        saved_as(response, name)
    response.make_conditional(request)
    return response


def _part_asked_for(etag: str, size: int) -> tuple[int, int] | None:
    """The first byte of the part and the one after its last; None where the whole is to be sent.

    That is right for what cannot be understood, for several parts at once, and for a part of another version.
    """
    asked = request.range
    if request.method != "GET" or not size or asked is None or asked.units != "bytes" or len(asked.ranges) != 1:
        return None
    if "If-Range" in request.headers and request.if_range.etag != etag:
        return None
    start, stop = asked.ranges[0]
    start = max(0, size + start) if start < 0 else start  # below 0: so many bytes at the end
    if start >= size:
        raise RequestedRangeNotSatisfiable(size)
    return start, size if stop is None else min(stop, size)


def _narrow(response: Response, artifacts: Artifacts, key: str, part: tuple[int, int], size: int) -> None:
    """Make the answer one of a part."""
    start, stop = part
    response.status_code = 206
    response.response = lazy_chunks(artifacts, key, start, stop)
    response.content_length = stop - start
    response.content_range = ContentRange("bytes", start, stop, size)


def described(
    operation: str,
    summary: str,
    tag: str,
    answers: Mapping[str, str] | None = None,
    problems: Mapping[int, str] | None = None,
    *,
    ranges: bool = False,
    links: bool = False,
) -> dict[str, Any]:
    """Arguments for ``@blueprint.doc``.

    Args:
        answers: media types and what they hold; None where ``@blueprint.output`` says it.
        problems: statuses of refusals and when they come.
        ranges: whether a part may be asked for.
        links: whether the answer may lead to the storage instead.
    """
    responses: dict[int, Any] = {}
    if answers is not None:
        responses[200] = {"description": "As asked.", "content": _content(answers)}
    if answers is not None and ranges:
        responses[206] = {"description": "The part asked for.", "content": _content(answers)}
        responses[416] = {"description": "There is no such part.", "content": {}}
    if links:
        responses[307] = {"description": "Where the storage itself answers a download, if the operator wants that."}
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
