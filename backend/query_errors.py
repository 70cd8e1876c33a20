"""What is wrong with a query parameter, in the words of this service instead of those of the library that found it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from apiflask.exceptions import HTTPError
from pydantic import ValidationError

from backend.problems import Problem

_TRUE_OR_FALSE: Final = ("it must be true or false", "Write {name}=true, or leave it out.")
_WHOLE: Final = ("it must be a whole number", "Write it in digits, or leave it out.")
_NUMBER: Final = ("it must be a number", "Write it in digits, or leave it out.")

#: By pydantic's name of the error: what the value must be, and what to do; its facts and ``name`` are filled in.
_SENTENCES: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "bool_parsing": _TRUE_OR_FALSE,
        "bool_type": _TRUE_OR_FALSE,
        "int_parsing": _WHOLE,
        "int_parsing_size": _WHOLE,
        "int_from_float": _WHOLE,
        "int_type": _WHOLE,
        "float_parsing": _NUMBER,
        "float_type": _NUMBER,
        "finite_number": ("it must be a finite number", "Write it in digits, or leave it out."),
        "greater_than_equal": ("the least is {ge}", "Choose more, or leave it out."),
        "less_than_equal": ("the most is {le}", "Choose less, or leave it out."),
        "literal_error": ("it must be {expected}", "Write one of these, or leave it out."),
    }
)
_OTHERWISE: Final = ("it must be something else", "The parameters of this route are at /api/docs.")
_MOST_LETTERS: Final = 60


def problem_of_query(error: HTTPError) -> Problem:
    """APIFlask's refusal of a parameter that the route's model does not allow."""
    if not isinstance(error.__cause__, ValidationError):
        hint = "The parameters of this route are at /api/docs."
        return Problem(error.status_code, "bad_request", "The request cannot be understood.", hint=hint)
    first = error.__cause__.errors(include_url=False)[0]
    name = ".".join(str(part) for part in first["loc"])
    limit, hint = _SENTENCES.get(first["type"], _OTHERWISE)
    facts = {"name": name} | {fact: _written(value) for fact, value in first.get("ctx", {}).items()}
    detail = f"{name} is {_shown(first['input'])}, but {limit.format(**facts)}."
    return Problem(error.status_code, "invalid_parameter", detail, hint=hint.format(**facts), field=name)


def _shown(value: object) -> str:
    """What was sent, as one printable line."""
    text = str(value)
    return ascii(text if len(text) <= _MOST_LETTERS else f"{text[:_MOST_LETTERS]}...")


def _written(value: Any) -> str:
    """A limit as a person writes it; of the words that are allowed, without their quotes."""
    if isinstance(value, str):
        return value.replace("'", "")
    return f"{value:,.15g}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)
