"""A submission's multipart body, taken apart and checked before a pixel is decoded.

    content      one file (a batch: one or more)
    style        files      \\  as many in all as the settings allow, at least one;
    style_id     gallery id /  in this order: the files as they come, then the ids
    options      one JSON object of StyleOptions fields and ``preset``
    fresh        true or false: paint again even where an equal picture is there

File names are never looked at.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from typing import IO, Any, Final

from flask import Request
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import FormDataParser

from backend.problems import Problem, spoken
from jobs.settings import Settings

#: Most of a text field, bytes.
MAX_FIELD_BYTES: Final = 100_000

#: What a multipart body has besides its files, at most, bytes.
ENVELOPE_BYTES: Final = 1_000_000

#: Most of a whole batch, bytes.
MAX_BATCH_BYTES: Final = 300_000_000

_FILES: Final = ("content", "style")
_FIELDS: Final = ("style_id", "options", "fresh")
_CHUNK_BYTES: Final = 1 << 18


@dataclass(frozen=True, slots=True)
class Part:
    """One uploaded file; its bytes wait in memory or, where they are many, in a temporary file."""

    field: str
    size: int
    stream: IO[bytes]

    def read(self) -> bytes:
        """All of it."""
        self.stream.seek(0)
        return self.stream.read()

    def chunks(self) -> Iterator[bytes]:
        """All of it, piece by piece."""
        self.stream.seek(0)
        while chunk := self.stream.read(_CHUNK_BYTES):
            yield chunk


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What was sent; nothing of it has been decoded."""

    contents: tuple[Part, ...]
    styles: tuple[Part, ...]
    style_ids: tuple[str, ...]
    options: str
    fresh: bool

    @property
    def paintings(self) -> int:
        """How many style pictures there are in all."""
        return len(self.styles) + len(self.style_ids)

    def digest(self, kind: str) -> str:
        """SHA-256 of every part: equal for equal submissions of one kind."""
        whole = sha256(kind.encode())
        for part in (*self.contents, *self.styles):
            whole.update(f"\0{part.field} {part.size}\0".encode())
            for chunk in part.chunks():
                whole.update(chunk)
        for text in (*self.style_ids, self.options, str(self.fresh)):
            whole.update(f"\0{len(text)}\0{text}".encode())
        return whole.hexdigest()


def read_form(request: Request, settings: Settings, most_contents: int) -> Form:
    """Take the body apart.

    Args:
        most_contents: files called ``content`` that may be sent.

    Raises:
        Problem: 400 the body is damaged, 413 too large, 415 no multipart, 422 a part is missing or unknown.
    """
    _check_type(request)
    request.max_content_length = _most_bytes(settings, most_contents)
    request.max_form_parts = most_contents + 64  # more than can be right: the exact limits come with a better answer
    request.max_form_memory_size = MAX_FIELD_BYTES
    _parse(request)
    _check_names(request)
    contents, styles = (_files(request, field, settings) for field in _FILES)
    form = Form(
        contents=contents,
        styles=styles,
        style_ids=tuple(request.form.getlist("style_id")),
        options=_one(request, "options") or "{}",
        fresh=_flag(request, "fresh"),
    )
    _check_counts(form, settings, most_contents)
    return form


def _most_bytes(settings: Settings, most_contents: int) -> int:
    files = (most_contents + settings.max_styles) * settings.max_upload_bytes
    return (files if most_contents == 1 else min(files, MAX_BATCH_BYTES)) + ENVELOPE_BYTES


def _check_type(request: Request) -> None:
    if request.mimetype != "multipart/form-data":
        raise Problem(
            415,
            "not_multipart",
            f"The body is {request.mimetype[:80] or 'of no declared type'}, but it must be multipart/form-data.",
            hint="Send the pictures as files: curl -F content=@photo.jpg -F style=@painting.jpg",
        )


def _parse(request: Request) -> None:
    """Read the body into parts; Flask alone would take a damaged one for an empty one."""
    request.form_data_parser_class = partial(FormDataParser, silent=False)  # type: ignore[assignment]
    opened: list[IO[bytes]] = []
    open_one = request._get_file_stream

    def open_file(*about: Any, **more: Any) -> IO[bytes]:
        opened.append(open_one(*about, **more))
        return opened[-1]

    request._get_file_stream = open_file  # type: ignore[method-assign]
    try:
        request._load_form_data()
    except Exception as error:
        for stream in opened:
            stream.close()
        if isinstance(error, RequestEntityTooLarge):
            raise _too_large(request) from error
        if not isinstance(error, ValueError):
            raise
        reason = f"The multipart body is damaged ({error})."
        raise Problem(400, "bad_request", reason, hint="Let the client library write it.") from error


def _too_large(request: Request) -> Problem:
    detail = (
        f"The body is too large: at most {request.max_content_length:,} bytes in all, {request.max_form_parts} parts "
        f"and {request.max_form_memory_size:,} bytes of text may be sent."
    )
    return Problem(413, "too_large", detail, hint="Send smaller or fewer files; the limits are at /api/limits.")


def _check_names(request: Request) -> None:
    for given, known, other in ((request.files, _FILES, _FIELDS), (request.form, _FIELDS, _FILES)):
        for name in given:
            if name in known:
                continue
            if name in other:
                what = "a text field, not a file" if name in _FIELDS else "a file, not a text field"
                raise Problem(422, "wrong_part", f"{name} must be {what}.", field=name, hint=_file_hint(name))
            raise Problem(
                422,
                "unknown_part",
                f"There is no part called {_short(name)}.",
                field=_short(name).strip("'"),
                hint=f"The parts are {', '.join((*_FILES, *_FIELDS))}.",
            )


def _file_hint(name: str) -> str:
    return f"With curl: -F {name}=@picture.jpg" if name in _FILES else f"With curl: -F {name}=value"


def _files(request: Request, field: str, settings: Settings) -> tuple[Part, ...]:
    files = request.files.getlist(field)
    names = [field] if len(files) == 1 else [f"{field}[{number}]" for number in range(len(files))]
    return tuple(_part(name, file, settings.max_upload_bytes) for name, file in zip(names, files, strict=True))


def _part(field: str, file: FileStorage, most: int) -> Part:
    size = file.stream.seek(0, os.SEEK_END)
    if not size:
        raise Problem(
            422, "missing_field", f"The file of {spoken(field)} is empty.", field=field, hint="Choose a picture."
        )
    if size > most:
        raise Problem(
            413,
            "file_too_large",
            f"The file of {spoken(field)} has {size:,} bytes; the most is {most:,}.",
            field=field,
            hint="Make the picture smaller, or save it as a JPEG.",
        )
    return Part(field, size, file.stream)


def _one(request: Request, field: str) -> str:
    values = request.form.getlist(field)
    if len(values) > 1:
        raise Problem(
            422, "too_many_parts", f"{field} was sent {len(values)} times.", field=field, hint="Send it once."
        )
    return values[0] if values else ""


def _flag(request: Request, field: str) -> bool:
    value = _one(request, field).strip().lower()
    if value not in ("", "true", "false"):
        detail = f"{field} is {_short(value)}, but it must be true or false."
        raise Problem(422, "invalid_value", detail, field=field, hint="Write true, or leave it out.")
    return value == "true"


def _check_counts(form: Form, settings: Settings, most_contents: int) -> None:
    limits = (("content", len(form.contents), most_contents), ("style", form.paintings, settings.max_styles))
    for field, count, most in limits:
        if not count:
            hint = "Send a file called content." if field == "content" else "Send a file called style, or a style_id."
            raise Problem(422, "missing_field", f"There is no {field}.", field=field, hint=hint)
        if count > most:
            raise Problem(
                422,
                "too_many_parts",
                f"There are {count} pictures for {field}; the most is {most}.",
                field=field,
                hint="Several photos can be sent to /api/batches."
                if field == "content" and most == 1
                else "Send fewer.",
            )


def _short(text: str | None, most: int = 60) -> str:
    """What somebody sent, as one printable line; a part may have no name at all."""
    text = text or ""
    return ascii(text if len(text) <= most else f"{text[:most]}...")
