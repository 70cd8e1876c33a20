"""What one option is and what it may be set to, and the check of a value against that (standard library only)."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from nst.errors import InvalidOption


@dataclass(frozen=True, slots=True)
class Knob:
    """What a person should know about one option, and what it may be set to."""

    name: str
    kind: type  # str, int, float, or tuple (a list of names or of numbers)
    default: Any
    help: str
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    item: type | None = None  # of a tuple
    optional: bool = False  # None means: what the objective, the backbone or the optimiser publishes as its default
    advanced: bool = True


def checked(knob: Knob, value: Any) -> Any:
    """``value`` as the knob's own type.

    Raises:
        InvalidOption: it is of another type or outside the limits.
    """
    if value is None and knob.optional:
        return None
    if knob.kind is tuple:
        if isinstance(value, str) or not isinstance(value, (tuple, list)):
            raise InvalidOption(knob.name, value, "it must be a list")
        return tuple(_checked_item(knob, knob.item or str, item) for item in value)
    return _checked_item(knob, knob.kind, value)


def _checked_item(knob: Knob, kind: type, value: Any) -> Any:
    check: Callable[[Knob, Any], Any] = {str: _text, int: _whole, float: _real}[kind]
    return check(knob, value)


def _text(knob: Knob, value: Any) -> str:
    if not isinstance(value, str):
        raise InvalidOption(knob.name, value, "it must be a word")
    if knob.choices and value not in knob.choices:
        raise InvalidOption(
            knob.name, value, f"it must be one of {', '.join(knob.choices)}", hint=did_you_mean(value, knob.choices)
        )
    return value


def _whole(knob: Knob, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value or value % 1:
        raise InvalidOption(knob.name, value, "it must be a whole number")
    _check_range(knob, value)
    return int(value)


def _real(knob: Knob, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise InvalidOption(knob.name, value, "it must be a number")
    if value != value or abs(value) == math.inf:  # math.isfinite overflows for the integers that JSON may hold
        raise InvalidOption(knob.name, value, "it must be a finite number")
    _check_range(knob, value)
    return float(value)


def _check_range(knob: Knob, value: float) -> None:
    unit = f" {knob.unit}" if knob.unit else ""
    if knob.minimum is not None and value < knob.minimum:
        raise InvalidOption(knob.name, value, f"the least is {number(knob.minimum)}{unit}")
    if knob.maximum is not None and value > knob.maximum:
        raise InvalidOption(knob.name, value, f"the most is {number(knob.maximum)}{unit}")


def number(value: float) -> str:
    """A limit as a person writes it: whole numbers with every digit, others in their shortest form."""
    return str(value) if isinstance(value, int) else f"{value:g}"


def did_you_mean(word: str, known: tuple[str, ...]) -> str:
    """A hint that names the one meant; empty where none comes close."""
    close = get_close_matches(word, known, n=1)
    return f"Did you mean {close[0]!r}?" if close else ""
