"""What the gallery shows, and how it is read: the catalogue of the examples, and files that somebody dropped."""

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

from backend.gallery.previews import measured
from jobs.telemetry import logger
from nst.errors import NstError
from nst.images import MAX_PIXELS

#: Longest text taken from a sidecar, characters.
MOST_TEXT = 500

#: Largest file of the styles folder, bytes.
MOST_BYTES = 100_000_000

_TEXTS = ("title", "author", "source", "licence", "description")
_log = logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exhibit:
    """A picture on offer."""

    id: str  #: unique among its kind; of letters, digits and dashes
    title: str
    author: str = ""
    source: str = ""
    licence: str = ""
    description: str = ""
    path: Path
    width: int  #: pixels, upright
    height: int
    digest: str  #: of the file's bytes: changes when the picture does
    dropped: bool = False  #: from the styles folder: its metadata is somebody's own affair


@dataclass(frozen=True, slots=True, kw_only=True)
class Style(Exhibit):
    """A painting that a job may name by its id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Photo(Exhibit):
    """A photo to try the service with."""


Kind = TypeVar("Kind", Style, Photo)


class Unusable(Exception):
    """Why a file of the styles folder is skipped."""


def catalogue(path: Path) -> Mapping[str, Any]:
    """The facts about the examples; none where they are not installed."""
    try:
        facts = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        _log.warning("the catalogue of the examples cannot be read", file=str(path), reason=str(error))
        return {}
    return facts if isinstance(facts, dict) else {}


def built_in(kind: type[Kind], folder: Path, entries: Iterable[Mapping[str, str]]) -> tuple[Kind, ...]:
    """The exhibits of one part of the catalogue; what is missing is skipped with a warning."""
    found: list[Kind] = []
    for entry in entries:
        path = folder / entry["file"]
        try:
            data = path.read_bytes()
            width, height = measured(data, MAX_PIXELS)
        except (NstError, OSError) as error:
            _log.warning("an example picture is skipped", file=str(path), reason=str(error))
            continue
        texts: dict[str, Any] = {name: entry.get(name, "") for name in _TEXTS}
        found.append(kind(id=entry["id"], path=path, width=width, height=height, digest=digest_of(data), **texts))
    return tuple(found)


def signature_of(path: Path) -> tuple[int, ...]:
    """What changes when the picture or its sidecar does."""
    signature: list[int] = []
    for file in (path, path.with_suffix(".json")):
        try:
            facts = file.stat()
            signature += (facts.st_mtime_ns, facts.st_size, facts.st_ino)
        except OSError:
            signature.append(0)
    return tuple(signature)


def check_place(path: Path) -> None:
    """Raise Unusable unless this is a plain file that is meant to be seen."""
    if path.name.startswith("."):
        raise Unusable("it is hidden")
    if not path.resolve().is_relative_to(path.parent.resolve()):
        raise Unusable("it is a link to somewhere outside of the folder")
    if not path.is_file():  # and not a pipe, which would be read forever
        raise Unusable("it is no regular file")
    if path.stat().st_size > MOST_BYTES:
        raise Unusable(f"it has more than {MOST_BYTES:,} bytes")


def sidecar(path: Path) -> dict[str, str]:
    """The texts beside a picture; empty where there are none, or where they cannot be used."""
    if not path.is_file():
        return {}
    try:
        check_place(path)
        facts = json.loads(path.read_bytes())
        if not isinstance(facts, dict):
            raise Unusable("it is no JSON object")
    except (Unusable, OSError, ValueError, RecursionError) as error:
        _log.warning("a sidecar of the styles folder is skipped", file=path.name, reason=str(error))
        return {}
    return {name: facts[name][:MOST_TEXT] for name in _TEXTS if isinstance(facts.get(name), str)}


def digest_of(data: bytes) -> str:
    """What tells two files apart: 16 hexadecimal digits."""
    return sha256(data).hexdigest()[:16]


def slug(stem: str) -> str:
    """An id made of a file's name: lower-case letters, digits and dashes."""
    plain = unicodedata.normalize("NFKD", stem).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:64].strip("-") or "style"


def title_of(stem: str) -> str:
    """A title made of a file's name."""
    words = re.sub(r"[-_\s]+", " ", stem).strip() or stem
    return words[:1].upper() + words[1:MOST_TEXT]
