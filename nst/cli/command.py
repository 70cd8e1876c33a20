"""Words into a ``Command``: everything that one call of ``nst`` is asked to do, checked as far as words can be."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nst.cli.arguments import FLAGS_HINT, UsageError, convert, flag, number, parse
from nst.cli.dialects import OLDER_NAMES, Translation, dialect_of, translate
from nst.errors import InvalidOption, PictureError, PictureNotFound
from nst.images import read_settings
from nst.options import StyleOptions, knobs

_SUFFIXES: Mapping[str, tuple[str, ...]] = {
    "timelapse": (".mp4", ".gif", ".webp"),
    "log": (".csv", ".jsonl"),
    "plot": (".png", ".svg", ".pdf"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One call of ``nst``.

    With ``batch``, ``content`` and ``out`` are folders; with ``makes_folder``, that of ``out`` is made if need be.
    """

    content: Path
    styles: tuple[Path, ...]
    out: Path
    makes_folder: bool = False
    options: StyleOptions
    batch: bool = False
    bits: int = 8
    quality: int | None = None
    frames: Path | None = None
    timelapse: Path | None = None
    log: Path | None = None
    plot: Path | None = None
    checkpoint: Path
    resume: bool = False
    device: str = "auto"
    threads: int | None = None
    weights: Path | None = None
    json_events: bool = False
    quiet: bool = False
    debug: bool = False
    notes: tuple[str, ...] = ()


def read_command(argv: Sequence[str]) -> Command:
    """What these words ask for.

    Raises:
        UsageError: the words make no command.
        InvalidOption: an option's value is outside its limits.
        PictureError: ``--options`` names a picture that cannot be read.
    """
    given = parse(argv)
    chosen = {knob.name: convert(knob, given[knob.name]) for knob in knobs() if knob.name in given}
    inputs: dict[str, Any]
    dialect = dialect_of(given)
    if dialect:
        translation = translate(dialect, given, chosen)
        options = _older_options(dialect, translation)
        inputs = {"content": translation.content, "styles": (translation.style,), "makes_folder": dialect == "classic"}
        command = _command(given, options, translation.out, notes=translation.notes, **inputs)
    else:
        inputs = _inputs(given)
        command = _command(given, _options(given, chosen), _out(given), **inputs)
    _check(command, given)
    return command


def _command(given: Mapping[str, Any], options: StyleOptions, out: Path, **rest: Any) -> Command:
    """What was given, over what ``Command`` has by default."""
    words = {name: given[name] for name in ("device", "resume", "json_events", "quiet", "debug") if name in given}
    paths = {name: Path(given[name]) for name in ("frames", "timelapse", "log", "plot", "weights") if name in given}
    limits = {"bits": (8, 16), "quality": (1, 100), "threads": (1, 1024)}
    wholes = {name: _whole(name, given[name], *limit) for name, limit in limits.items() if name in given}
    facts: dict[str, Any] = {
        "checkpoint": Path(given.get("checkpoint", f"{out}.checkpoint")),
        **words,
        **paths,
        **wholes,
    }
    return Command(out=out, options=options, **facts, **rest)


def _options(given: Mapping[str, Any], chosen: Mapping[str, Any]) -> StyleOptions:
    """The flags over the preset, or over the file."""
    if "preset" in given and "options" in given:
        raise UsageError("--preset and --options are two starting points", hint="Use one of the two.")
    if "options" in given:
        return _read_options(Path(given["options"])).replace(**chosen)
    return StyleOptions.preset(given.get("preset", "standard"), **chosen)


def _read_options(path: Path) -> StyleOptions:
    if path.suffix.lower() != ".json":
        return _options_of_picture(path)
    try:
        return StyleOptions.from_json(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UsageError(f"--options {path}: {reason}", hint="Give a JSON file or a picture made by nst.") from error


def _options_of_picture(path: Path) -> StyleOptions:
    try:
        settings = read_settings(path)
    except PictureNotFound:
        raise
    except PictureError as error:  # which names no file
        raise UsageError(f"--options {path}: {error}", hint="Give a .json file or a picture made by nst.") from error
    if settings is None:
        raise UsageError(f"--options {path}: no options are written in it", hint="Give a picture made by nst.")
    return StyleOptions.from_json(settings)


def _older_options(dialect: str, translation: Translation) -> StyleOptions:
    """The translated options; a complaint uses the name that was typed."""
    try:
        return StyleOptions(**translation.values)
    except InvalidOption as error:
        name = OLDER_NAMES[dialect].get(error.field, error.field)
        raise InvalidOption(name, error.value, error.limit, hint=error.hint) from error


def _inputs(given: Mapping[str, Any]) -> dict[str, Any]:
    pictures = [Path(word) for word in given["pictures"]]
    if "batch" in given:
        pictures = [Path(given["batch"]), *pictures]
    if len(pictures) < 2:
        missing = "the photo and the painting are" if not pictures else "a painting is"
        raise UsageError(f"{missing} missing", hint="Usage: nst CONTENT STYLE... -o OUT")
    for path in pictures:
        if path.suffix == ".checkpoint":
            raise UsageError(f"{path} is no picture", hint=f"To go on from it: --resume --checkpoint {path}")
    return {"content": pictures[0], "styles": tuple(pictures[1:]), "batch": "batch" in given}


def _out(given: Mapping[str, Any]) -> Path:
    if not given.get("out"):
        raise UsageError("-o OUT is missing", hint=FLAGS_HINT)
    return Path(given["out"])


def _whole(name: str, text: str, least: int, most: int) -> int:
    value = number(name, text)
    if not (least <= value <= most and value == int(value)) or (name == "bits" and value not in (8, 16)):
        limit = "it must be 8 or 16" if name == "bits" else f"it must be a whole number from {least} to {most}"
        raise InvalidOption(name, value, limit)
    return int(value)


def _check(command: Command, given: Mapping[str, Any]) -> None:
    """What no single flag can see."""
    for name, suffixes in _SUFFIXES.items():
        path: Path | None = getattr(command, name)
        if path is not None and path.suffix.lower() not in suffixes:
            raise InvalidOption(name, str(path), f"its name must end in {', '.join(suffixes)}")
    if command.options.save_every == 0 and (command.frames or command.timelapse):
        raise UsageError("--save-every 0 keeps no frames for --frames or --timelapse", hint="Choose 1 or more.")
    if command.bits == 16 and command.out.suffix.lower() != ".png" and not command.batch:
        raise UsageError(f"--bits 16 needs a PNG, and {command.out} is none", hint="Let OUT end in .png.")
    if command.batch:
        for name in ("timelapse", "log", "plot", "checkpoint"):
            if name in given:
                raise UsageError(f"{flag(name)} is for one picture, --batch for many", hint="Leave one out.")
    _check_paths(command)


def _check_paths(command: Command) -> None:
    """No file is written twice, or over what is read."""
    written = [command.out, command.checkpoint, command.timelapse, command.log, command.plot, command.frames]
    taken = {path.resolve(): "is read" for path in (command.content, *command.styles)}
    for path in filter(None, written):
        place = path.resolve()
        if place in taken:
            raise UsageError(f"{path} would be written, but it {taken[place]} too", hint="Name another file.")
        taken[place] = "is written"
