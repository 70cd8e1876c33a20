"""Write docs/options.md: the options and presets, rendered from ``nst.options`` so that the page cannot drift."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from nst.knob import number
from nst.options import PRESETS, Knob, knobs

PAGE = Path(__file__).resolve().parents[1] / "docs" / "options.md"
INTRODUCTION = """\
<!-- Written by `make docs` from nst/options.py; do not edit. -->
# Options

Every option of a style transfer, the same in the library (`StyleOptions`), on the command line and in JSON. A dash as
default means: what the objective, the backbone or the optimiser publishes; an empty list means the same for layers.
A value outside its limits is refused with an error that names the option, the value and the limit."""
PRESET_INTRODUCTION = """\
## Presets

A preset is a named starting point: it changes the defaults below, and every option given beside it wins."""


def main() -> None:
    """Write the page."""
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(render(), encoding="utf-8")


def render() -> str:
    """The page as Markdown."""
    return "\n\n".join((INTRODUCTION, _options(), PRESET_INTRODUCTION, _presets())) + "\n"


def _options() -> str:
    heading = ("option", "flag", "default", "values", "unit", "what it is")
    return _table(heading, [_option(knob) for knob in knobs()])


def _option(knob: Knob) -> tuple[str, ...]:
    flag = f"--{knob.name.replace('_', '-')}"
    return f"`{knob.name}`", f"`{flag}`", _shown(knob.default), _values(knob), knob.unit, knob.help


def _values(knob: Knob) -> str:
    """What the option may be set to, in words or as limits."""
    if knob.choices:
        return ", ".join(f"`{choice}`" for choice in knob.choices)
    if knob.item is str:
        return "list of layer names"
    kind = {int: "whole number", float: "number", tuple: "list of numbers"}[knob.kind]
    limits = [number(limit) for limit in (knob.minimum, knob.maximum) if limit is not None]
    return f"{kind}, {' to '.join(limits)}"


def _presets() -> str:
    changed = {name for values in PRESETS.values() for name in values}
    rows = [_preset_row(knob, PRESETS.values()) for knob in knobs() if knob.name in changed]
    return _table(("option", *(f"`{name}`" for name in PRESETS)), rows)


def _preset_row(knob: Knob, presets: Iterable[Any]) -> tuple[str, ...]:
    return f"`{knob.name}`", *(_shown(values.get(knob.name, knob.default)) for values in presets)


def _shown(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, tuple):
        return ", ".join(f"`{item}`" for item in value) or "empty"
    return f"`{value}`"


def _table(heading: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [heading, ("---",) * len(heading), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


if __name__ == "__main__":
    main()
