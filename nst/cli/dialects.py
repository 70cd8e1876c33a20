"""Two older command lines, translated into ours: the flags that users of two widely used ports type from memory.

    classic        --content_image_path P --style_image_path P [--total_iterations N --height N ...]
    classic-mean   --content P --style P [--max_size N --steps N ...]

Each is named after its objective, because the same number on ``--style-weight`` means something else in each of them.
Flags that are spelled as ours (``--content-weight``, ``--style-weight``, ``--optimizer`` ...) belong to whichever the
other flags determine.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from nst.cli.arguments import FLAGS_HINT, UsageError, flag, number
from nst.errors import InvalidOption
from nst.knob import did_you_mean

_OWN: Mapping[str, tuple[str, ...]] = MappingProxyType({
    "classic": (
        "content_image_path", "style_image_path", "model", "init_method", "total_iterations", "height", "output_file",
    ),
    "classic-mean": ("content", "style", "output", "max_size", "steps"),
})  # fmt: skip

#: Ours, and said by an older flag; together they would contradict each other.
_OURS = ("pictures", "out", "batch", "preset", "options", "size", "size_by", "iterations", "objective", "init")

#: What both ports do: one size, every iteration.
_SINGLE_SCALE: Mapping[str, Any] = MappingProxyType({"scales": 1, "plateau": 0.0})

#: Options that an older command line calls otherwise, so that an error uses the name that was typed.
OLDER_NAMES: Mapping[str, Mapping[str, str]] = MappingProxyType({
    "classic": {"size": "height", "iterations": "total_iterations", "init": "init_method"},
    "classic-mean": {"size": "max_size", "iterations": "steps"},
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Translation:
    """An older command line in our words; ``notes`` say what was converted."""

    content: Path
    style: Path
    out: Path
    values: Mapping[str, Any]  # of StyleOptions
    notes: tuple[str, ...] = ()


def dialect_of(given: Mapping[str, Any]) -> str | None:
    """The older command line that these flags belong to; None if they are ours.

    Raises:
        UsageError: a mixture.
    """
    used = {dialect: [name for name in own if name in given] for dialect, own in _OWN.items()}
    found = [dialect for dialect, names in used.items() if names]
    if not found:
        return None
    mine = flag(used[found[0]][0])
    if len(found) == 2:
        theirs = flag(used[found[1]][0])
        raise UsageError(f"{mine} and {theirs} belong to two different command lines", hint="Use the flags of one.")
    for name in _OURS:
        if given.get(name):
            what = "a picture without a flag" if name == "pictures" else flag(name)
            raise UsageError(f"{mine} belongs to an older command line, {what} to ours", hint="Use one of the two.")
    return found[0]


def translate(dialect: str, given: Mapping[str, Any], chosen: Mapping[str, Any]) -> Translation:
    """The older flags in ``given`` as options, with the options ``chosen`` by flags of ours on top.

    Raises:
        UsageError: a picture is missing.
        InvalidOption: a value is no number, or no model.
    """
    return (_classic if dialect == "classic" else _classic_mean)(given, chosen)


def _classic(given: Mapping[str, Any], chosen: Mapping[str, Any]) -> Translation:
    content, style = _picture(given, "content_image_path"), _picture(given, "style_image_path")
    values = {
        "objective": "classic", "content_weight": 1e5, "style_weight": 3e4, "tv_weight": 1.0, "optimizer": "lbfgs",
        "learning_rate": 1.0, "size_by": "height", "size": _number(given, "height", 400),
        "iterations": _number(given, "total_iterations", 20_000), "init": given.get("init_method", "content"),
        "backbone": _model(given, chosen), **_SINGLE_SCALE, **chosen,
    }  # fmt: skip
    folder = Path("data", "output", f"combined_{content.stem}_{style.stem}")
    out = folder / given.get("output_file", "output_image.jpg")
    if values["optimizer"] != "adam" or values["learning_rate"] is None:
        return Translation(content, style, out, values)
    rate = values["learning_rate"] / 255
    note = f"learning rate {values['learning_rate']:g} of 0..255 is {rate:.3g} of our 0..1"
    return Translation(content, style, out, {**values, "learning_rate": rate}, (note,))


def _classic_mean(given: Mapping[str, Any], chosen: Mapping[str, Any]) -> Translation:
    values = {
        "objective": "classic-mean", "content_weight": 1.0, "style_weight": 1e6, "backbone": "vgg19",
        "size": _number(given, "max_size", 512), "iterations": _number(given, "steps", 300), **_SINGLE_SCALE, **chosen,
    }  # fmt: skip
    out = Path(given.get("output", "output.jpg"))
    return Translation(_picture(given, "content"), _picture(given, "style"), out, values)


def _picture(given: Mapping[str, Any], name: str) -> Path:
    if not given.get(name):
        raise UsageError(f"{flag(name)} is missing", hint=FLAGS_HINT)
    return Path(given[name])


def _number(given: Mapping[str, Any], name: str, default: int) -> float:
    return number(name, given[name]) if name in given else default


def _model(given: Mapping[str, Any], chosen: Mapping[str, Any]) -> str:
    model = given.get("model", "vgg19")
    if "model" in given and "backbone" in chosen:
        raise UsageError("--model and --backbone say the same", hint="Use one of the two.")
    if model not in ("vgg16", "vgg19"):
        raise InvalidOption("model", model, "it must be vgg16 or vgg19", hint=did_you_mean(model, ("vgg16", "vgg19")))
    return str(model)
