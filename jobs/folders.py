"""Files and folders that are whole or not there, whatever dies meanwhile: the steps that ``jobs.artifacts`` is made of.

Every function raises OSError as the system does.
"""

import errno
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex

#: The names that ``hidden`` gives.
HIDDEN = re.compile(r"\.[0-9a-f]{16}\.(part|trash)")

NO_LINKS = getattr(os, "O_NOFOLLOW", 0)  # Windows has no such flag
_LINKS_REFUSED = frozenset({errno.EPERM, errno.EXDEV, errno.EMLINK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP})


def hidden(folder: Path, kind: str) -> Path:
    """A new name that is no key, in the folder that a rename is to stay in."""
    return folder / f".{token_hex(8)}.{kind}"


def make_folder(folder: Path, root: Path | None = None) -> None:
    """Make a folder and those above it, below ``root`` where that is given, for their owner alone."""
    if folder.is_dir() or folder == root:
        return
    if folder.exists() and not folder.is_dir():  # another process may have made it since
        raise NotADirectoryError(errno.ENOTDIR, "it is a file, and must be a folder", str(folder))
    make_folder(folder.parent, root)
    folder.mkdir(mode=0o700, exist_ok=True)
    sync_folder(folder.parent)


def write(path: Path, data: bytes) -> None:
    """A new file, for its owner alone; its content lasts, its name does so after ``sync_folder``."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | NO_LINKS, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(descriptor)


def link(source: Path, target: Path) -> None:
    """The same file under a second name, or its bytes where the file system has no links."""
    make_folder(target.parent)
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError as error:
        if error.errno not in _LINKS_REFUSED:
            raise
        write(target, source.read_bytes())


def claim(source: Path, target: Path) -> bool:
    """Rename a file to a name that nothing has; False, and nothing has changed, where something has it."""
    try:
        os.link(source, target, follow_symlinks=False)
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno not in _LINKS_REFUSED:
            raise
        return _claim_without_links(source, target)
    source.unlink()
    return True


def _claim_without_links(source: Path, target: Path) -> bool:
    """As ``claim``, for file systems without links: among all who call this, by a lock that dies with its holder."""
    with _locked(target.parent):
        if os.path.lexists(target):
            return False
        source.rename(target)
        return True


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Have a folder to oneself."""
    if not hasattr(os, "O_DIRECTORY"):
        yield  # Windows needs no lock: its rename never replaces a file
        return
    import fcntl  # Windows has no such module

    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def move(source: Path, target: Path) -> None:
    """Rename a file or a folder; a folder that is already there keeps what has no namesake."""
    try:
        source.replace(target)
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
        for path in list(source.iterdir()):
            move(path, target / path.name)
        sync_folder(target)


def remove(path: Path) -> None:
    """Remove a file or a folder, even while somebody else removes it too."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
        with suppress(FileNotFoundError):
            shutil.rmtree(path)  # once more, for the reason where it could not be
    else:
        path.unlink(missing_ok=True)


def sync_tree(path: Path) -> None:
    """Make the names in a folder last, all the way down."""
    for folder, _, _ in os.walk(path):
        sync_folder(Path(folder))


def sync_folder(folder: Path) -> None:
    """Make the names in a folder last; one that somebody has removed meanwhile needs none."""
    if not hasattr(os, "O_DIRECTORY"):
        return  # Windows cannot open folders, and journals their names by itself
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError:
        return
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
