"""Addresses of servers as the settings give them: taken apart, and shown without their password."""

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

_PASSWORD = re.compile(r"(?<=://)([^/@:]*):[^/@]*@")


@dataclass(frozen=True, slots=True)
class Tls:
    """Files in PEM by which both ends of a connection know each other; None is the system's own, or none."""

    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None


def shown(url: str) -> str:
    """The URL for people: where it holds a password, with stars in its place."""
    return _PASSWORD.sub(r"\1:***@", url)


def scheme(url: str) -> str:
    """What stands before the colon, in small letters."""
    return url.partition(":")[0].lower()


def path(url: str) -> Path:
    """The path of ``scheme:///absolute`` or ``scheme:relative``."""
    return Path(unquote(urlsplit(url).path))
