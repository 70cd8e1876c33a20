"""The file of the SQLite store: its connections, and its errors in words.

Every thread of every process has a connection of its own, opened when it is first needed: none crosses a fork.
"""

import os
import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jobs.errors import NewerVersion, Unavailable
from jobs.sqlite_schema import FROM_1, TABLES, VERSION

#: How long a write waits for another process, seconds.
BUSY_SECONDS = 10.0
_OLDEST_SQLITE = (3, 35)  # UPDATE ... RETURNING

_CHECK = "INSERT OR REPLACE INTO checks VALUES (1, ?)"

#: What to do about an error, by the beginning of SQLite's name for it.
_ADVICE = {
    "SQLITE_FULL": "free some space",
    "SQLITE_READONLY": "give this user the right to write the file and its folder",
    "SQLITE_CANTOPEN": "check that the folder exists and that this user may write there",
    "SQLITE_NOTADB": "move the file away, or name another one",
    "SQLITE_CORRUPT": "the file is damaged: stop the service and put a copy in its place",
    "SQLITE_BUSY": f"another process has been writing for more than {BUSY_SECONDS:g} seconds",
    "SQLITE_IOERR": "look at the disk: it refuses to read or write",
}


@dataclass(frozen=True, slots=True)
class _Owner:
    """Whose a connection is; he holds ``at_work`` while he uses it."""

    process: int
    thread: threading.Thread
    at_work: threading.RLock = field(default_factory=threading.RLock)


class Database:
    """The file, opened; made with its folder and its tables where it is missing.

    Args:
        path: the file.
        aging_seconds: of the policy, for a file of an older version.

    Raises:
        NewerVersion: a newer version of this program wrote it.
        Unavailable: it cannot be read and written; the message says why.
    """

    def __init__(self, path: Path, aging_seconds: float) -> None:
        self._path, self._aging_seconds = path.absolute(), aging_seconds
        self._local = threading.local()
        # A connection that came here through a fork stays here for good: closing it is as wrong as using it.
        self._opened: dict[sqlite3.Connection, _Owner] = {}
        with self._translated():
            self._prepare()

    def read(self, statement: str, values: Mapping[str, Any] | Sequence[Any] = ()) -> list[sqlite3.Row]:
        """All rows of one statement; it may also be a single write, which is then its own transaction."""
        with self.reading() as connection:
            # To the last row, because only then the statement is over and committed.
            return connection.execute(statement, values).fetchall()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """This thread's connection, outside a transaction, its errors as Unavailable."""
        with self._translated(), self._using() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction that nobody else can write into, committed at the end unless something is raised."""
        with self._translated(), self._using() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    def connection(self) -> sqlite3.Connection:
        """This thread's own."""
        held: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if held is not None and held in self._opened and self._opened[held].process == os.getpid():
            return held
        self._close(dead_only=True)
        self._local.connection = opened = self._open("rw")
        self._opened[opened] = _Owner(os.getpid(), threading.current_thread())
        return opened

    @contextmanager
    def _using(self) -> Iterator[sqlite3.Connection]:
        """This thread's connection; no other thread closes it meanwhile, which would crash the process."""
        connection = self.connection()
        owner = self._opened.get(connection)
        with owner.at_work if owner else nullcontext():
            yield connection

    def check(self, now: float) -> None:
        """Raise Unavailable unless something can be written into the file."""
        with self._translated():
            self._path.stat()
        self.read(_CHECK, (now,))

    def close(self) -> None:
        """Close the connections of all threads of this process; using the file again opens new ones."""
        self._close(dead_only=False)

    def _close(self, dead_only: bool) -> None:
        for connection, owner in list(self._opened.items()):
            if owner.process == os.getpid() and not (dead_only and owner.thread.is_alive()):
                with owner.at_work:
                    self._opened.pop(connection, None)
                    connection.close()

    def _open(self, mode: str) -> sqlite3.Connection:
        connection = sqlite3.connect(
            f"{self._path.as_uri()}?mode={mode}",
            uri=True,
            timeout=BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,  # so that ``close`` can close them all
        )
        try:
            connection.row_factory = sqlite3.Row
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA secure_delete = ON")  # what is purged is not left in free pages
        except BaseException:
            connection.close()
            raise
        return connection

    def _prepare(self) -> None:
        if sqlite3.sqlite_version_info < _OLDEST_SQLITE:
            oldest = ".".join(map(str, _OLDEST_SQLITE))
            raise Unavailable(f"Python's SQLite is {sqlite3.sqlite_version}, but it must be at least {oldest}")
        self._path.parent.mkdir(parents=True, exist_ok=True)
        patience = time.monotonic() + BUSY_SECONDS
        while True:
            try:
                return self._make_ready()
            except sqlite3.OperationalError as error:
                # Turning on the write-ahead log does not wait for another process that does the same.
                if not error.sqlite_errorname.startswith("SQLITE_BUSY") or time.monotonic() > patience:
                    raise
                time.sleep(0.02)

    def _make_ready(self) -> None:
        connection = self._open("rwc")
        try:
            if self._version(connection) == 0:
                self._make_tables(connection)
            if self._version(connection) == 1:
                self._migrate(connection)
            connection.execute(_CHECK, (time.time(),))  # what cannot be written is refused now, not at the first job
        finally:
            connection.close()

    def _version(self, connection: sqlite3.Connection) -> int:
        version = int(connection.execute("PRAGMA user_version").fetchone()[0])
        if version > VERSION:
            raise NewerVersion(
                f"{self._path} was written by a newer version of this program (its tables are version {version}, this "
                f"program knows up to {VERSION}); run the newer version, or use another data folder"
            )
        return version

    def _make_tables(self, connection: sqlite3.Connection) -> None:
        connection.execute("PRAGMA journal_mode = WAL")
        with self._from(connection, 0) as first:
            if first and connection.execute("SELECT 1 FROM sqlite_master").fetchone():
                raise Unavailable(f"{self._path} is the database of another program; name another file for the store")
            for statement in TABLES if first else ():
                connection.execute(statement)
        if first:
            _sync_folder(self._path.parent)

    def _migrate(self, connection: sqlite3.Connection) -> None:
        with self._from(connection, 1) as first:
            for statement in FROM_1 if first else ():
                connection.execute(statement, {"aging": self._aging_seconds} if ":aging" in statement else ())

    @contextmanager
    def _from(self, connection: sqlite3.Connection, version: int) -> Iterator[bool]:
        """A transaction, and whether the file still is of this version: another process may be quicker."""
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield self._version(connection) == version
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            name = getattr(error, "sqlite_errorname", "")
            advice = next((advice for start, advice in _ADVICE.items() if name.startswith(start)), "")
            raise Unavailable(f"the store {self._path} cannot be used: {error}{advice and f'; {advice}'}") from error
        except OSError as error:
            reason = error.strerror or error
            raise Unavailable(f"the store {self._path} cannot be used: {reason}; check the folder") from error


def _sync_folder(folder: Path) -> None:
    """Make a new file's name survive a power cut."""
    with suppress(OSError):  # not every system can open a folder, and those that cannot have no need
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
