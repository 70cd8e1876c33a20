"""What may be asked of this service: options within the operator's limits, and sizes that follow from them."""

import json
from collections.abc import Mapping
from typing import Any

from backend.errors import problem_of_engine
from backend.problems import Problem
from jobs.settings import Settings
from nst.errors import InvalidOption, NstError
from nst.images import target_size
from nst.options import StyleOptions

#: Pictures are kept at least this large, so that a somewhat larger result can be made of them later; pixels.
LEAST_KEPT_SIDE = 512


def options_of_json(text: str, settings: Settings, styles: int) -> StyleOptions:
    """The options of a submission of so many paintings.

    Raises:
        Problem: 400 this is no JSON object; 422 with the field where a value is outside its limits.
    """
    return options_of(json_object(text, "options"), settings, styles)


def options_of(values: Mapping[str, Any], settings: Settings, styles: int) -> StyleOptions:
    """Options from plain values for so many paintings, within the limits of the settings.

    Raises:
        Problem: 422 with the field.
    """
    try:
        options = StyleOptions.from_dict(values)
        _check_blend(options, styles)
    except NstError as error:
        raise problem_of_engine(error) from error
    if options.iterations > settings.max_iterations:
        raise _above("iterations", options.iterations, settings.max_iterations)
    if options.size_by == "long" and options.size > settings.max_size:
        raise _above("size", options.size, settings.max_size, " px")
    return options


def _check_blend(options: StyleOptions, styles: int) -> None:
    """Refuse here what the engine would refuse once it is the job's turn."""
    if options.blend and len(options.blend) != styles:
        limit = f"there must be one share for each of the {styles} style pictures"
        raise InvalidOption("blend", options.blend, limit, hint="Leave it out for equal shares.")


def json_object(text: str | bytes, field: str) -> dict[str, Any]:
    """A JSON object that somebody sent.

    Raises:
        Problem: 400, it is none.
    """
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:  # nested deeper than the parser goes
        reason = str(error) if isinstance(error, json.JSONDecodeError) else "it cannot be read"
        raise Problem(400, "bad_json", f"The {field} are no JSON: {reason}.", field=field, hint=_JSON_HINT) from error
    if not isinstance(values, dict):
        raise Problem(400, "bad_json", f"The {field} must be a JSON object.", field=field, hint=_JSON_HINT)
    return values


_JSON_HINT = 'Write them as {"size": 512, "style_weight": 1.5}.'


def result_size(width: int, height: int, options: StyleOptions, settings: Settings) -> tuple[int, int]:
    """The (width, height) in pixels of the result for a photo of ``width`` x ``height``.

    Raises:
        Problem: 422, the result would be too large or too narrow.
    """
    try:
        size = target_size(width, height, options.size, options.size_by, max_pixels=settings.max_size**2)
    except NstError as error:
        raise problem_of_engine(error, "options.size") from error
    if max(size) > settings.max_size:
        raise _above("size", max(size), settings.max_size, " px on the long side of the result")
    return size


def kept_sides(long_side: int, options: StyleOptions) -> tuple[int, int]:
    """Long sides to which the photo and the paintings are reduced for a result of ``long_side``, pixels."""
    return max(LEAST_KEPT_SIDE, long_side), max(LEAST_KEPT_SIDE, round(long_side * options.style_scale))


def _above(name: str, value: int, limit: int, unit: str = "") -> Problem:
    return Problem(
        422,
        "over_limit",
        f"{name} comes to {value}{unit}, but the most here is {limit}.",
        field=f"options.{name}",
        hint="Choose less; the limits of this service are at /api/limits.",
    )
