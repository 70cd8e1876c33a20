"""What owner tokens are derived from: a setting, or a file that is made once."""

import os
import secrets
from contextlib import suppress
from pathlib import Path

from jobs.errors import Misconfigured, Unavailable
from jobs.folders import hidden, make_folder, sync_folder, write
from jobs.settings import Settings
from jobs.urls import scheme

_BYTES = 32


def secret_warning(settings: Settings) -> str:
    """What is risky about the secret; empty where nothing is."""
    if settings.secret is not None or scheme(settings.store) == "sqlite":
        return ""
    return (
        "NST_SECRET is not set: each backend makes its own in its data_dir, and refuses the owner tokens that others "
        "have given out; set the same NST_SECRET for all of them"
    )


def owner_secret(settings: Settings) -> bytes:
    """The secret of the settings, else that of ``<data_dir>/secret``, which is made where it is missing.

    Raises:
        Misconfigured: that of the settings is so short that somebody could guess it.
        Unavailable: the file cannot be read or made, or holds no secret.
    """
    if settings.secret is not None:
        return _long_enough(settings.secret.get_secret_value().encode())
    path = settings.data_dir / "secret"
    try:
        if not path.exists():
            _make(path)
        secret = path.read_text().strip().encode()
    except OSError as error:
        raise Unavailable(f"{path} cannot be used ({error.strerror}); set NST_SECRET, or mend the folder") from error
    if len(secret) < _BYTES:
        raise Unavailable(f"{path} holds no secret, but {len(secret)} bytes; restore it, or delete it for a new one")
    return secret


def _long_enough(secret: bytes) -> bytes:
    if len(secret) < _BYTES:
        raise Misconfigured(
            f"NST_SECRET has {len(secret)} bytes, but owner tokens could be guessed with fewer than {_BYTES}; "
            "set what `openssl rand -hex 32` prints, or nothing at all for a file in the data folder"
        )
    return secret


def _make(path: Path) -> None:
    """Whole, lasting, or not at all; where another process does the same, the first one counts."""
    make_folder(path.parent)
    fresh = hidden(path.parent, "part")
    write(fresh, secrets.token_hex(_BYTES).encode())
    try:
        with suppress(FileExistsError):
            os.link(fresh, path)
        sync_folder(path.parent)
    finally:
        fresh.unlink()
