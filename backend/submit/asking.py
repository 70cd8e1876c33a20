"""What may be asked of this service: options within the operator's limits, and sizes that follow from them."""

import json
from collections.abc import Mapping, Set
from typing import Any

from backend.context import Context
from backend.errors import problem_of_engine
from backend.operate.controls import loadable
from backend.problems import Problem
from jobs.settings import Settings
from nst.errors import InvalidOption, NstError
from nst.images import target_size
from nst.layers import LAYERS
from nst.options import StyleOptions

#: Pictures are kept at least this large, so that a somewhat larger result can be made of them later; pixels.
LEAST_KEPT_SIDE = 512


def options_of_json(text: str, context: Context, styles: int) -> StyleOptions:
    """The options of a submission of so many paintings.

    Raises:
        Problem: 400 this is no JSON object; 422 with the field where a value is outside its limits.
    """
    return options_of(json_object(text, "options"), context, styles)


def options_of(values: Mapping[str, Any], context: Context, styles: int) -> StyleOptions:
    """Options from plain values for so many paintings, within the limits of the service.

    Raises:
        Problem: 422 with the field.
    """
    settings = context.settings
    try:
        options = _within(StyleOptions.from_dict(values), values, settings)
        _check_fit(options, styles)
        _check_backbone(options, loadable(context.store.workers()))
    except NstError as error:
        raise problem_of_engine(error) from error
    if options.iterations > settings.max_iterations:
        raise _above("iterations", options.iterations, settings.max_iterations)
    if options.size_by == "long" and options.size > settings.max_size:
        raise _above("size", options.size, settings.max_size, " px")
    return options


def _within(options: StyleOptions, given: Mapping[str, Any], settings: Settings) -> StyleOptions:
    """Sizes and iterations that nobody asked for, at most as large as the service allows."""
    most = {"size": settings.max_size, "iterations": settings.max_iterations}
    changes = {name: min(getattr(options, name), limit) for name, limit in most.items() if name not in given}
    return options.replace(**changes)


def _check_fit(options: StyleOptions, styles: int) -> None:
    """Refuse here what the engine would refuse once it is the job's turn."""
    if options.content_weight == 0 and options.style_weight == 0 and not options.tv_weight:
        limit = "at least one of the three weights must be above 0"
        raise InvalidOption("style_weight", 0, limit, hint="Leave them out for the weights that are published.")
    for field in ("content_layers", "style_layers"):
        _check_layers(field, getattr(options, field))
    if options.blend and len(options.blend) != styles:
        limit = f"there must be one share for each of the {styles} style pictures"
        raise InvalidOption("blend", options.blend, limit, hint="Leave it out for equal shares.")


def _check_backbone(options: StyleOptions, backbones: Set[str]) -> None:
    if options.backbone != "auto" and options.backbone not in backbones:
        limit = f"this service has {', '.join(sorted(backbones))}"
        hint = "Take one of these, or auto. Whoever runs the service gets others by `nst weights fetch NAME`."
        raise InvalidOption("backbone", options.backbone, limit, hint=hint)


def _check_layers(field: str, names: tuple[str, ...]) -> None:
    """Layers of a named backbone have been checked by the options; under ``auto`` they must be somebody's."""
    known = {layer for layers in LAYERS.values() for layer in layers}
    for name in names:
        if name not in known:
            raise InvalidOption(field, name, "no backbone has such a layer", hint="They are listed at /api/options.")


def json_object(text: str | bytes, field: str) -> dict[str, Any]:
    """A JSON object that somebody sent.

    Raises:
        Problem: 400, it is none.
    """
    try:
        values = json.loads(text, object_pairs_hook=_once_each)
    except (ValueError, RecursionError) as error:  # nested deeper than the parser goes
        reason = str(error) if isinstance(error, json.JSONDecodeError) else "it cannot be read"
        raise Problem(400, "bad_json", f"The {field} are no JSON: {reason}.", field=field, hint=_JSON_HINT) from error
    if not isinstance(values, dict):
        raise Problem(400, "bad_json", f"The {field} must be a JSON object.", field=field, hint=_JSON_HINT)
    return values


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object whose names are all different."""
    values = dict(pairs)
    if len(values) < len(pairs):
        raise ValueError("a name appears twice")
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
