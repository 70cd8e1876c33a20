"""Pictures onto disk: whole, or not at all."""

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from secrets import token_hex
from types import MappingProxyType

from nst.errors import OutputError
from nst.images.encoding import encode
from nst.images.picture import Picture

_FORMATS = MappingProxyType({".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP"})


def write_picture(
    picture: Picture, path: str | Path, *, bits: int = 8, quality: int = 95, text: Mapping[str, str] | None = None
) -> None:
    """Write a picture as PNG, JPEG or WebP, by the path's extension; otherwise as ``encode``.

    Raises:
        OutputError: the extension is unknown, the format cannot hold the picture, or the file cannot be written;
            whatever was at ``path`` before is then still there.
    """
    path = Path(path)
    write_atomically(path, encode(picture, _format(path), bits=bits, quality=quality, text=text))


def check_writable(path: str | Path) -> None:
    """Make sure, before hours of work, that a picture can be written to ``path``, by writing an empty neighbour.

    Raises:
        OutputError: the extension is unknown, the path is a folder, or its folder is missing or cannot be written to.
    """
    path = Path(path)
    _format(path)
    probe = _neighbour(path)
    try:
        if path.is_dir():
            raise OutputError(f"{path} is a folder", hint="Give the path of a picture file.")
        probe.touch(exist_ok=False)
        probe.unlink()
    except (OSError, ValueError) as error:
        raise _refusal(path, error) from error


def write_atomically(path: str | Path, data: bytes) -> None:
    """Put ``data`` into a file: afterwards it is there as a whole, also over a power cut, or the old one is untouched.

    Raises:
        OutputError: the folder is missing or cannot be written to, the disk is full, or the path is a folder.
    """
    path = Path(path)
    part = _neighbour(path)
    try:
        try:
            _write_synced(part, data)
            part.replace(path)
            _sync_folder(path.parent)
        finally:
            part.unlink(missing_ok=True)
    except (OSError, ValueError) as error:
        raise _refusal(path, error) from error


def _write_synced(path: Path, data: bytes) -> None:
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    """Make the rename itself last; some file systems do not know how, and the file is whole all the same."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _format(path: Path) -> str:
    try:
        return _FORMATS[path.suffix.lower()]
    except KeyError:
        known = ", ".join(_FORMATS)
        raise OutputError(f"{path}: no picture format has this extension", hint=f"End it in one of {known}.") from None


def _neighbour(path: Path) -> Path:
    """A new name in the same folder, for the rename that follows has to stay within a file system."""
    return path.parent / f".{token_hex(8)}.part"


def _refusal(path: Path, error: Exception) -> OutputError:
    reason = getattr(error, "strerror", None) or str(error)
    hint = "Choose a folder that exists, can be written to and has room."
    with suppress(OSError, ValueError):
        if not path.parent.exists():
            hint = f"Make the folder {path.parent} first."
    return OutputError(f"{path} cannot be written ({reason})", hint=hint)
