"""One more try of a job that is over: its stored pictures, its options with some changes, a new id."""

import json
import struct
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from flask import Request

from backend.context import Context
from backend.problems import Problem
from backend.submit.asking import kept_sides, options_of, result_size
from backend.submit.intake import Plan, discard, keep
from backend.submit.pictures import StoredPicture
from jobs import keys
from jobs.errors import ArtifactMissing
from jobs.model import Job, new_id
from nst.options import StyleOptions

_MOST_BYTES: Final = 100_000
_BODY_HINT: Final = 'Send {"options": {"size": 512}}, or nothing.'
_IHDR: Final = slice(16, 24)  # of a PNG: width and height


@dataclass(frozen=True, slots=True)
class Changes:
    """What shall be different this time."""

    options: dict[str, Any]
    fresh: bool

    def digest(self, id: str) -> str:
        """SHA-256 of the whole wish."""
        return sha256(json.dumps(["retry", id, self.options, self.fresh], sort_keys=True).encode()).hexdigest()


def read_changes(request: Request) -> Changes:
    """The JSON body, which may be missing: ``{"options": {...}, "fresh": false}``.

    Raises:
        Problem: 400 it is no JSON object, 413 it is too large, 415 it is something else, 422 it has other members.
    """
    request.max_content_length = _MOST_BYTES
    body = request.get_data()
    if not body:
        return Changes({}, False)
    if not request.is_json:
        reason = "The body must be application/json."
        raise Problem(415, "not_json", reason, hint=f"Say so in Content-Type. {_BODY_HINT}")
    values = _members(body)
    for name in sorted(values.keys() - {"options", "fresh"}):
        detail = f"There is no member {name[:60]!a}."
        raise Problem(422, "unknown_part", detail, field=name[:60], hint="The members are options and fresh.")
    options, fresh = values.get("options", {}), values.get("fresh", False)
    if not isinstance(options, dict):
        raise Problem(422, "invalid_value", "options must be a JSON object.", field="options", hint=_BODY_HINT)
    if not isinstance(fresh, bool):
        detail = "fresh must be true or false."
        raise Problem(422, "invalid_value", detail, field="fresh", hint="Write it without quotation marks.")
    return Changes(options, fresh)


def _members(body: bytes) -> dict[str, Any]:
    try:
        values = json.loads(body)
    except (ValueError, RecursionError) as error:  # nested deeper than the parser goes
        reason = f": {error}" if isinstance(error, json.JSONDecodeError) else ""
        raise Problem(400, "bad_json", f"The body is no JSON{reason}.", hint=_BODY_HINT) from error
    if not isinstance(values, dict):
        raise Problem(400, "bad_json", "The body is no JSON object.", hint=_BODY_HINT)
    return values


def again(context: Context, old: Job, changes: Changes, client: str) -> Job:
    """The new job with its pictures in storage, for ``admit``.

    Raises:
        Problem: 409 the job is not over, 410 its pictures are gone, 422 the options are outside their limits, or need
            more pixels than were kept.
        Unavailable: the pictures cannot be stored.
    """
    if not old.status.terminal:
        raise Problem(409, "job_not_over", f"The job is {old.status}.", hint="Wait until it is over, or cancel it.")
    content, styles = _inputs(context, old)
    options = _merged(context, old, changes)
    width, height = _size(context, old, options, content)
    _check_pixels(old, options, max(width, height), content, styles)
    plan = Plan(
        id=new_id(),
        client=client,
        options=options,
        width=width,
        height=height,
        style_ids=old.spec.style_ids,
        fresh=changes.fresh,
        retry_of=old.id,
    )
    try:
        return keep(context, plan, content, styles)
    except BaseException:
        discard(context, [plan.id])
        raise


def _inputs(context: Context, old: Job) -> tuple[StoredPicture, list[StoredPicture]]:
    names = [keys.content(old.id), *(keys.style(old.id, number) for number in range(1, old.spec.styles + 1))]
    try:
        content, *styles = (StoredPicture.of(context.artifacts.get(name)) for name in names)
    except ArtifactMissing as error:
        hint = "Upload the pictures again."
        raise Problem(410, "inputs_gone", "The pictures of this job are no longer stored.", hint=hint) from error
    return content, styles


def _merged(context: Context, old: Job, changes: Changes) -> StyleOptions:
    """The old options with changes on top; a preset starts anew."""
    base = {} if "preset" in changes.options else old.spec.options.to_dict()
    return options_of(base | changes.options, context, old.spec.styles)


def _size(context: Context, old: Job, options: StyleOptions, content: StoredPicture) -> tuple[int, int]:
    before = old.spec.options
    if (options.size, options.size_by) == (before.size, before.size_by):
        return old.spec.width, old.spec.height  # exactly: the stored photo's shape is a rounded one
    return result_size(*_sides(content), options, context.settings)


def _check_pixels(
    old: Job, options: StyleOptions, long_side: int, content: StoredPicture, styles: list[StoredPicture]
) -> None:
    kept = kept_sides(max(old.spec.width, old.spec.height), old.spec.options)
    needed = kept_sides(long_side, options)
    if not _enough(content, kept[0], needed[0]):
        raise _too_small("options.size", "photo", max(_sides(content)))
    for style in styles:
        if not _enough(style, kept[1], needed[1]):
            field = "options.style_scale" if options.style_scale > old.spec.options.style_scale else "options.size"
            raise _too_small(field, "painting", max(_sides(style)))


def _enough(picture: StoredPicture, kept: int, needed: int) -> bool:
    """Whether no detail is missing: what is smaller than the bound of its time was stored in full."""
    have = max(_sides(picture))
    return needed <= have or have < kept


def _too_small(field: str, what: str, pixels: int) -> Problem:
    return Problem(
        422,
        "inputs_too_small",
        f"The {what} was kept at {pixels} pixels on its long side, too few for these options.",
        field=field,
        hint="Upload the pictures again with these options.",
    )


def _sides(picture: StoredPicture) -> tuple[int, int]:
    width, height = struct.unpack(">II", picture.data[_IHDR])
    return width, height
