"""What every adapter of artifacts agrees on: which keys there are, and which version of the layout is written."""

import re

from jobs.errors import NewerVersion, Unavailable

#: The version of the layout, as the file ``FORMAT`` beside the jobs says.
FORMAT = 1

#: Name of that file; no key begins with it.
FORMAT_NAME = "FORMAT"

#: What that file holds.
FORMAT_BYTES = f"{FORMAT}\n".encode()

LONGEST_KEY = 512

_KEY = re.compile(rf"(?!{FORMAT_NAME}(/|$))[\w-][\w.-]{{0,199}}(/[\w-][\w.-]{{0,199}})*", re.ASCII)


def is_key(key: str) -> bool:
    """Whether this is a key: segments of letters, digits, ``-``, ``_`` and ``.`` that do not begin with a dot."""
    return len(key) <= LONGEST_KEY and _KEY.fullmatch(key) is not None


def check_key(key: str) -> str:
    """The key.

    Raises:
        ValueError: it is none.
    """
    if not is_key(key):
        raise ValueError(f"{key[:80]!r} is no key of artifacts")
    return key


def check_part(start: int, stop: int | None) -> None:
    """Raise ValueError unless these are the ends of a part: bytes from the beginning."""
    if start < 0 or (stop is not None and stop < 0):
        raise ValueError(f"a part begins and ends at byte 0 or above, not at {start} and {stop}")


def check_format(written: bytes, where: str, place: str) -> None:
    """Compare the layout's version with this program's.

    Args:
        written: what the file ``FORMAT`` holds.
        where: that file, for people.
        place: what has this layout, for people.

    Raises:
        Unavailable: it holds no number.
        NewerVersion: it is above ``FORMAT``.
    """
    written = written[:20].strip()
    if not written.isdigit():
        raise Unavailable(f"{where} must hold a number, the version of the layout; restore it, or use a new folder")
    if int(written) > FORMAT:
        raise NewerVersion(f"{place} has layout {int(written)}, and this program knows {FORMAT}; use the newer program")
