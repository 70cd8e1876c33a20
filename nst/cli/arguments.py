"""The flags. Those of the options are derived from ``nst.options.knobs()``: a knob added there appears here."""

import argparse
import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any, NoReturn

from nst import __version__
from nst.errors import InvalidOption, NstError
from nst.options import PRESETS, Knob, knobs

USAGE = """nst CONTENT STYLE... -o OUT [flags]
       nst --batch DIR STYLE... -o OUTDIR [flags]
       nst weights list | fetch NAME | path"""

EPILOG = """examples:
  nst photo.jpg painting.jpg -o result.png
  nst photo.jpg a.jpg b.jpg --blend 2,1 --preset fine --timelapse making.mp4 -o result.png
  nst --batch holiday/ painting.jpg --preset draft -o painted/

exit codes:
  0 done            1 unexpected          2 a flag or an option     3 a picture
  4 an output       5 weights             6 the device              7 a checkpoint
  8 not a number    9 batch, some skipped                           130 Ctrl-C, 143 SIGTERM"""

#: The flags that only an older command line has, and what they mean here.
OLDER_FLAGS: Mapping[str, str] = MappingProxyType({
    "content_image_path": "classic: the photo",
    "style_image_path": "classic: the painting",
    "model": "classic: vgg16 or vgg19 (default vgg19)",
    "init_method": "classic: random, content or style (default content)",
    "total_iterations": "classic: iterations (default 20000)",
    "height": "classic: height of the result in px (default 400)",
    "output_file": "classic: file name (default output_image.jpg) under data/output/combined_<content>_<style>/",
    "content": "classic-mean: the photo",
    "style": "classic-mean: the painting",
    "output": "classic-mean: the result (default output.jpg)",
    "max_size": "classic-mean: long side of the result in px (default 512)",
    "steps": "classic-mean: iterations (default 300)",
})  # fmt: skip

FLAGS_HINT = "`nst --help` lists the flags."


class UsageError(NstError):
    """The command line is not one of ours."""

    code = "usage"
    exit_code = 2


class Parser(argparse.ArgumentParser):
    """argparse, with its complaints as our own error."""

    def error(self, message: str) -> NoReturn:
        """Raise UsageError, where argparse would print its usage and leave."""
        raise UsageError(message, hint=FLAGS_HINT)


def parse(argv: Sequence[str]) -> dict[str, Any]:
    """What was given on the command line, by name, and nothing that was not; ``pictures`` are the positional words.

    Raises:
        UsageError: a flag is unknown, or lacks its value.
    """
    parser = build_parser()
    given, unknown = parser.parse_known_intermixed_args(_normalized(argv))
    for word in unknown:
        raise UsageError(f"there is no flag {word.partition('=')[0]}", hint=_nearest_flag(parser, word))
    return vars(given)


def build_parser() -> Parser:
    """Every flag, in groups; a flag that is not given leaves no trace in the result."""
    parser = Parser(
        prog="nst", usage=USAGE, epilog=EPILOG, allow_abbrev=False, argument_default=argparse.SUPPRESS,
        description="Paint a photo in the style of one or more paintings.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument(
        "pictures", nargs="*", default=[], metavar="CONTENT STYLE...", help="the photo, then the paintings"
    )
    _add_main_flags(parser.add_argument_group("what to make"))
    _add_knobs(parser.add_argument_group("common options"), advanced=False)
    _add_watching_flags(parser.add_argument_group("watching and keeping"))
    _add_machine_flags(parser.add_argument_group("the machine"))
    _add_knobs(parser.add_argument_group("advanced options"), advanced=True)
    _add_older_flags(parser.add_argument_group("older command lines, translated", "with - or _; never mixed with ours"))
    return parser


def convert(knob: Knob, text: str) -> Any:
    """The words of a flag as a knob's value; its limits are ``StyleOptions``' business.

    Raises:
        InvalidOption: not a number where one is asked for.
    """
    if knob.optional and text == "auto":
        return None
    if knob.kind is tuple:
        return tuple(_scalar(knob, knob.item or str, item.strip()) for item in text.split(",")) if text else ()
    return _scalar(knob, knob.kind, text)


def flag(name: str) -> str:
    """The flag of an option: ``style_weight`` is ``--style-weight``."""
    return "--" + name.replace("_", "-")


def _scalar(knob: Knob, kind: type, text: str) -> Any:
    return text if kind is str else number(knob.name, text)


def number(name: str, text: str) -> float:
    """A number in any usual spelling, ``1e6`` included; whole ones stay whole.

    Raises:
        InvalidOption: ``text`` is no number.
    """
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    raise InvalidOption(name, text, "it must be a number")


def _normalized(argv: Sequence[str]) -> list[str]:
    """``--a_b`` as ``--a-b``, and a negative number glued to its flag so that argparse does not take it for a flag."""
    words: list[str] = []
    for word in argv:
        name, equals, value = word.partition("=")
        if words and re.match(r"-[\d.]|-(inf|nan)", word, re.I) and re.fullmatch(r"--[^=]+", words[-1]):
            words[-1] += f"={word}"
        else:
            words.append(name.replace("_", "-") + equals + value if word.startswith("--") else word)
    return words


def _nearest_flag(parser: Parser, word: str) -> str:
    known = [flag for line in parser.format_help().split() if (flag := line.strip("[],")).startswith("--")]
    close = get_close_matches(word.partition("=")[0], known, n=1)
    return f"Did you mean {close[0]}?" if close else FLAGS_HINT


def _add_main_flags(group: "argparse._ArgumentGroup") -> None:
    group.add_argument("-o", "--out", metavar="OUT", help="the result: .png, .jpg or .webp (with --batch, a folder)")
    group.add_argument("--batch", metavar="DIR", help="stylise every picture of this folder; goes on where it stopped")
    group.add_argument("--preset", metavar="NAME", help=f"a starting point: {', '.join(PRESETS)}")
    group.add_argument("--options", metavar="FILE", help="options from a JSON file, or out of a picture made earlier")
    group.add_argument("--bits", metavar="N", help="8 or 16 bits a channel, in a PNG (default 8)")
    group.add_argument("--quality", metavar="N", help="of a JPEG or a WebP, 1 to 100")
    group.add_argument("--version", action="version", version=f"nst {__version__}")


def _add_watching_flags(group: "argparse._ArgumentGroup") -> None:
    group.add_argument("--frames", metavar="DIR", help="keep numbered pictures here, every --save-every iterations")
    group.add_argument("--timelapse", metavar="FILE", help="a film of the making: .mp4, .gif or .webp")
    group.add_argument("--log", metavar="FILE", help="the losses of each iteration: .csv or .jsonl")
    group.add_argument("--plot", metavar="FILE", help="the losses as a picture: .png, .svg or .pdf")
    group.add_argument("--resume", action="store_true", help="go on from the checkpoint that an interrupted run left")
    group.add_argument("--checkpoint", metavar="FILE", help="where the checkpoint lies (default: OUT.checkpoint)")
    group.add_argument("--json-events", action="store_true", help="one JSON object a line on standard output")
    group.add_argument("--quiet", action="store_true", help="say nothing but errors")
    group.add_argument("--debug", action="store_true", help="show where an error comes from")


def _add_machine_flags(group: "argparse._ArgumentGroup") -> None:
    group.add_argument("--device", metavar="NAME", help="auto (default), cpu, cuda, cuda:1 or mps")
    group.add_argument("--threads", metavar="N", help="CPU threads (default: one for each core)")
    group.add_argument("--weights", metavar="FILE", help="the backbone's weights: safetensors or a torchvision file")


def _add_knobs(group: "argparse._ArgumentGroup", *, advanced: bool) -> None:
    for knob in knobs():
        if knob.advanced == advanced:
            group.add_argument(flag(knob.name), metavar=_metavar(knob), help=_help(knob).replace("%", "%%"))


def _add_older_flags(group: "argparse._ArgumentGroup") -> None:
    for name, text in OLDER_FLAGS.items():
        group.add_argument(flag(name), metavar="X", help=text)


def _metavar(knob: Knob) -> str:
    if knob.kind is tuple:
        return "A,B,..." if knob.item is str else "X,Y,..."
    return "NAME" if knob.kind is str else "N" if knob.kind is int else "X"


def _help(knob: Knob) -> str:
    """The knob's help, then its choices or limits, then its default."""
    facts = [" | ".join(knob.choices)] if knob.choices else []
    if knob.minimum is not None and knob.maximum is not None:
        facts.append(f"{knob.minimum:.12g} to {knob.maximum:.12g} {knob.unit}".rstrip())
    if not knob.optional and knob.kind is not tuple:
        facts.append(f"default {knob.default}")
    return f"{knob.help} ({'; '.join(facts)})" if facts else knob.help
