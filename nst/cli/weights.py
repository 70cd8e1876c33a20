"""nst weights list | fetch NAME | path: the one place that fetches anything, and only when asked."""

import sys
from collections.abc import Sequence

from nst.backbones import weights
from nst.cli.arguments import UsageError
from nst.cli.stream import Stream
from nst.knob import did_you_mean

USAGE = """usage: nst weights list            what is on this machine, each file checked
       nst weights fetch NAME...  fetch from where torchvision keeps them, check the hash, keep the convolutions
       nst weights path [NAME]    the folder, or one backbone's file (NST_WEIGHTS_DIR moves it)"""


def run_weights(words: Sequence[str]) -> int:
    """Do what the words after ``nst weights`` ask for; returns the exit status.

    Raises:
        UsageError: they make no command.
        WeightsError: unknown, damaged, not to be had, or not to be written.
    """
    out = Stream(sys.stdout)
    match list(words):
        case ["list"]:
            for line in _table():
                out.line(line)
        case ["fetch", _, *_]:
            for name in words[1:]:
                weights.stored_path(name)  # all names are known before the first is fetched
            for name in words[1:]:
                out.line(str(weights.fetch(name)))
        case ["path"]:
            out.line(str(weights.weights_folder()))
        case ["path", name]:
            out.line(str(weights.stored_path(name)))
        case [] | ["-h" | "--help"]:
            out.line(USAGE)
        case ["fetch"]:
            raise UsageError("nst weights fetch: which?", hint=f"Known: {', '.join(weights.NAMES)}.")
        case [verb, *_]:
            raise UsageError(f"there is no `nst weights {verb}`", hint=did_you_mean(verb, ("list", "fetch", "path")))
    return 0


def _table() -> list[str]:
    rows = []
    for stored in weights.available():
        state = f"{stored.size_bytes / 1e6:.0f} MB" if stored.present else "absent"
        where = stored.problem or (str(stored.path) if stored.present else f"nst weights fetch {stored.name}")
        rows.append(f"{stored.name:12}{state:>8}  {where}")
    return rows
