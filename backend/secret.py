"""What owner tokens are derived from: a setting, or a file that is made once."""

import os
import secrets
from contextlib import suppress
from pathlib import Path

from jobs.errors import Unavailable
from jobs.settings import Settings

_BYTES = 32


def owner_secret(settings: Settings) -> bytes:
    """The secret of the settings, else that of ``<data_dir>/secret``, which is made where it is missing.

    Raises:
        Unavailable: the file cannot be read or made.
    """
    if settings.secret is not None:
        return settings.secret.get_secret_value().encode()
    path = settings.data_dir / "secret"
    try:
        if not path.exists():
            _make(path)
        return path.read_text().strip().encode()
    except OSError as error:
        raise Unavailable(f"{path} cannot be used ({error.strerror}); set NST_SECRET, or mend the folder") from error


def _make(path: Path) -> None:
    """Whole or not at all; where another process does the same, the first one counts."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".secret.{secrets.token_hex(8)}")
    fresh.touch(0o600)
    try:
        fresh.write_text(secrets.token_hex(_BYTES))
        with suppress(FileExistsError):
            os.link(fresh, path)
    finally:
        fresh.unlink()
