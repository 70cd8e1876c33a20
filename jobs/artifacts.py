"""Artifacts in a folder: a key is a path below it.

Whatever is there is whole: it is written under a hidden name, synced and renamed, and removed by renaming it back to a
hidden name first. So a process may be killed, or the power be cut, at any moment.
"""

import errno
import os
import stat
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from jobs.errors import ArtifactMissing, Unavailable
from jobs.folders import HIDDEN, NO_LINKS, claim, hidden, link, make_folder, move, remove, sync_folder, sync_tree, write
from jobs.layout import FORMAT_BYTES, FORMAT_NAME, check_format, check_key, check_part, is_key
from jobs.terms import Entry

#: Age at which a hidden leftover cannot be somebody's work any more.
STALE_SECONDS = 3600.0

_TRIES = 3
_DISK_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


class FolderArtifacts:
    """``jobs.ports.Artifacts`` in a folder, for any number of threads and processes of one user.

    Files are 0600 and folders 0700, for what people upload is private. Symbolic links are never followed. ``list`` of a
    key finds the key itself, as ``delete`` and ``copy`` do.

    Args:
        root: made where it is missing.

    Raises:
        Unavailable: the folder cannot be made or read.
        NewerVersion: its layout is of a newer version of this program.
    """

    def __init__(self, root: Path) -> None:
        with _unavailable(root):
            make_folder(root)
            self.root = root.resolve()
        self._check_format()
        self._sweep()

    def put(self, key: str, data: bytes) -> None:
        """See the port."""
        self._store(key, data, _replace)

    def create(self, key: str, data: bytes) -> bool:
        """See the port; where the file system has no links, ``put`` at the same moment may replace what was created."""
        return self._store(key, data, claim)

    def get(self, key: str) -> bytes:
        """See the port."""
        with self._finding(key), self._open(key) as file:
            return file.read()

    def size(self, key: str) -> int:
        """See the port."""
        with self._finding(key), self._open(key) as file:
            return os.fstat(file.fileno()).st_size

    def chunks(
        self, key: str, chunk_bytes: int = 65_536, *, start: int = 0, stop: int | None = None
    ) -> Iterator[bytes]:
        """See the port; the file is closed after the last piece, or with the iterator."""
        check_part(start, stop)
        with self._finding(key):
            pieces = _pieces(self._open(key), self.root / key, chunk_bytes, start, stop)
        next(pieces)
        return pieces

    def list(self, prefix: str) -> tuple[Entry, ...]:
        """See the port."""
        path = self._path(prefix)
        with _unavailable(path):
            return tuple(sorted(_entries(path, prefix), key=lambda entry: entry.key))

    def copy(self, source: str, target: str) -> None:
        """See the port; hard links where the file system has them, since ``put`` never changes a file in place.

        Where nothing is under ``target``, everything appears there at once.
        """
        path = self._path(target)
        entries = self.list(source)
        if not entries:
            raise _nothing(source)
        with self._finding(source):
            make_folder(path.parent, self.root)
            staging = hidden(path.parent, "part")
            try:
                for entry in entries:
                    link(self.root / entry.key, Path(f"{staging}{entry.key.removeprefix(source)}"))
                sync_tree(staging)
                move(staging, path)
                self._sync_up(path.parent)
            finally:
                remove(staging)

    def delete(self, prefix: str) -> None:
        """See the port; a folder vanishes at once and is emptied afterwards."""
        path = self._path(prefix)
        trash = hidden(path.parent, "trash")
        with _unavailable(path):
            try:
                path.rename(trash)
            except (FileNotFoundError, NotADirectoryError):
                return
            self._sync_up(path.parent)
            remove(trash)

    def link(self, key: str, seconds: int, *, name: str = "") -> str | None:
        """See the port: a folder has no addresses."""
        check_key(key)
        return None

    def jobs(self) -> tuple[str, ...]:
        """See the port."""
        with _unavailable(self.root):
            names = sorted(path.name for path in self.root.iterdir() if is_key(path.name))
            return tuple(name for name in names if any(_entries(self.root / name, name)))

    def check(self) -> None:
        """See the port: writes and removes a small file."""
        probe = hidden(self.root, "part")
        with _unavailable(self.root):
            try:
                write(probe, b"nst\n")
            finally:
                probe.unlink(missing_ok=True)

    def _path(self, key: str) -> Path:
        """Where a key is, or would be."""
        path = self.root / check_key(key)
        if os.path.realpath(path.parent) != str(path.parent):
            raise Unavailable(f"{path.parent} leads through a symbolic link, which is not followed; replace it")
        return path

    @contextmanager
    def _finding(self, key: str) -> Iterator[None]:
        """What the system refuses, as ArtifactMissing where that is all, else as Unavailable."""
        with _unavailable(self.root / key):
            try:
                yield
            except (FileNotFoundError, NotADirectoryError) as error:
                if not self.root.is_dir():
                    raise
                raise _nothing(key) from error

    def _open(self, key: str) -> BinaryIO:
        """The file of a key for reading, unbuffered."""
        path = self._path(key)
        descriptor = os.open(path, os.O_RDONLY | NO_LINKS)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise FileNotFoundError(errno.ENOENT, "it is no file", str(path))
        return os.fdopen(descriptor, "rb", buffering=0)

    def _store(self, key: str, data: bytes, place: Callable[[Path, Path], bool]) -> bool:
        """Write a file and give it its name by ``place``; what that says."""
        path = self._path(key)
        with _unavailable(path):
            for _ in range(_TRIES):
                with suppress(FileNotFoundError):  # somebody removed the folder at this very moment
                    return self._place(path, data, place)
            return self._place(path, data, place)

    def _place(self, path: Path, data: bytes, place: Callable[[Path, Path], bool]) -> bool:
        make_folder(path.parent, self.root)
        part = hidden(path.parent, "part")
        try:
            write(part, data)
            placed = place(part, path)
            if not placed and path.is_dir():
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
            self._sync_up(path.parent)  # also of another's file: who is told that it is there may count on it
            return placed
        finally:
            part.unlink(missing_ok=True)

    def _sync_up(self, folder: Path) -> None:
        """Make the names on the way to a file last, also those that another process has only just made."""
        while folder != self.root:
            sync_folder(folder)
            folder = folder.parent
        sync_folder(self.root)

    def _check_format(self) -> None:
        path = self.root / FORMAT_NAME
        with _unavailable(path):
            if not path.exists():
                self._place(path, FORMAT_BYTES, _replace)
            written = path.read_bytes()
        check_format(written, str(path), str(self.root))

    def _sweep(self) -> None:
        """Remove what a crash has left, where it can be removed."""
        oldest = time.time() - STALE_SECONDS
        for folder, folders, files in os.walk(self.root):
            for name in filter(HIDDEN.fullmatch, (*folders, *files)):
                path = Path(folder, name)
                with suppress(OSError):
                    if path.lstat().st_mtime < oldest:
                        remove(path)
            folders[:] = [name for name in folders if not name.startswith(".")]


@contextmanager
def _unavailable(path: Path) -> Iterator[None]:
    """What the system refuses, as Unavailable."""
    try:
        yield
    except OSError as error:
        reason = "the disk is full" if error.errno in _DISK_FULL else error.strerror or str(error)
        raise Unavailable(f"{path}: {reason}") from error


def _nothing(key: str) -> ArtifactMissing:
    return ArtifactMissing(f"nothing is stored under {key}")


def _replace(source: Path, target: Path) -> bool:
    source.replace(target)
    return True


def _pieces(file: BinaryIO, path: Path, chunk_bytes: int, start: int, stop: int | None) -> Iterator[bytes]:
    with file:
        yield b""  # begun: from here on, closing the iterator closes the file
        with _unavailable(path):
            file.seek(start)
            left = sys.maxsize if stop is None else stop - start
            while left > 0 and (piece := file.read(min(chunk_bytes, left))):
                left -= len(piece)
                yield piece


def _entries(path: Path, key: str) -> Iterator[Entry]:
    """The files at or under a path in any order; what vanishes meanwhile is left out."""
    try:
        status = path.lstat()
        names = [inside.name for inside in path.iterdir()] if stat.S_ISDIR(status.st_mode) else []
    except (FileNotFoundError, NotADirectoryError):
        return
    if stat.S_ISREG(status.st_mode):
        yield Entry(key, status.st_size)
    for name in names:
        if not name.startswith("."):
            yield from _entries(path / name, f"{key}/{name}")
