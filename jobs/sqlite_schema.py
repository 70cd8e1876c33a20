"""The file of the SQLite store: its tables, its connections, and its errors in words.

Every thread of every process has a connection of its own, opened when it is first needed: none crosses a fork.
"""

import os
import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from jobs.errors import NewerVersion, Unavailable

#: What ``PRAGMA user_version`` says of a file with these tables.
VERSION = 2
#: How long a write waits for another process, seconds.
BUSY_SECONDS = 10.0
_OLDEST_SQLITE = (3, 35)  # UPDATE ... RETURNING

_QUEUE = "CREATE INDEX jobs_queue ON jobs (rank, seq, not_before, work) WHERE status = 'queued'"
#: ``arrival``: when the newest job came, at least; ``filled``: everything in storage is here too.
_SINCE_2 = (
    "CREATE TABLE marks (name TEXT PRIMARY KEY, value REAL NOT NULL)",
    "CREATE TABLE names (name TEXT PRIMARY KEY, holder TEXT NOT NULL, expires_at REAL NOT NULL)",
)

#: A purged job keeps its row, emptied, under a status that ``JobStatus`` does not have. There is no index of the status
#: alone: it would be preferred to the small ones that also know the order.
TABLES = (
    """CREATE TABLE jobs (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        client TEXT NOT NULL,
        batch TEXT,
        fingerprint TEXT NOT NULL,
        priority INTEGER NOT NULL,
        rank REAL NOT NULL,
        work REAL NOT NULL,
        created_at REAL NOT NULL,
        status TEXT NOT NULL,
        version INTEGER NOT NULL,
        token INTEGER NOT NULL,
        attempt INTEGER NOT NULL,
        worker TEXT NOT NULL,
        lease_until REAL NOT NULL,
        not_before REAL NOT NULL,
        cancel_requested INTEGER NOT NULL,
        reused INTEGER NOT NULL,
        started_at REAL,
        finished_at REAL,
        expires_at REAL,
        result INTEGER,
        spec TEXT NOT NULL,
        progress TEXT,
        frames TEXT NOT NULL,
        error TEXT,
        parting TEXT NOT NULL DEFAULT ''
    )""",
    _QUEUE,
    "CREATE INDEX jobs_waiting ON jobs (created_at) WHERE status = 'queued'",
    "CREATE INDEX jobs_leases ON jobs (lease_until) WHERE status = 'running'",
    "CREATE INDEX jobs_open ON jobs (client) WHERE status IN ('queued', 'running')",
    "CREATE INDEX jobs_equal ON jobs (fingerprint, seq) WHERE status = 'succeeded'",
    "CREATE INDEX jobs_pace ON jobs (finished_at) WHERE status = 'succeeded' AND reused = 0",
    "CREATE INDEX jobs_client ON jobs (client, created_at, seq) WHERE status != 'purged'",
    "CREATE INDEX jobs_batch ON jobs (batch, seq) WHERE batch IS NOT NULL",
    "CREATE INDEX jobs_expiry ON jobs (expires_at, status)",
    """CREATE TABLE keys (
        client TEXT NOT NULL,
        key TEXT NOT NULL,
        fingerprint TEXT NOT NULL,
        ids TEXT NOT NULL,
        expires_at REAL NOT NULL,
        PRIMARY KEY (client, key)
    ) WITHOUT ROWID""",
    "CREATE INDEX keys_expiry ON keys (expires_at)",
    "CREATE TABLE workers (id TEXT PRIMARY KEY, expires_at REAL NOT NULL, worker TEXT NOT NULL)",
    "CREATE TABLE checks (one INTEGER PRIMARY KEY, checked_at REAL NOT NULL)",
    *_SINCE_2,
    f"PRAGMA user_version = {VERSION}",
)

#: What makes version 2 of a file of version 1, whose order was by priority first. ``:aging`` is in seconds.
_FROM_1 = (
    "ALTER TABLE jobs ADD COLUMN rank REAL NOT NULL DEFAULT 0",
    "ALTER TABLE jobs ADD COLUMN parting TEXT NOT NULL DEFAULT ''",
    "UPDATE jobs SET rank = created_at - :aging * priority",
    "DROP INDEX jobs_queue",
    _QUEUE,
    *_SINCE_2,
    "INSERT INTO marks SELECT 'arrival', max(created_at) FROM jobs HAVING count(*) > 0",
    "INSERT INTO marks SELECT 'filled', 1 FROM jobs LIMIT 1",
    f"PRAGMA user_version = {VERSION}",
)

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
        self._opened: dict[sqlite3.Connection, tuple[int, threading.Thread]] = {}
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
        with self._translated():
            yield self.connection()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction that nobody else can write into, committed at the end unless something is raised."""
        with self._translated():
            connection = self.connection()
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
        if held is not None and self._opened.get(held, (0,))[0] == os.getpid():
            return held
        self._close(dead_only=True)
        self._local.connection = opened = self._open("rw")
        self._opened[opened] = (os.getpid(), threading.current_thread())
        return opened

    def check(self, now: float) -> None:
        """Raise Unavailable unless something can be written into the file."""
        with self._translated():
            self._path.stat()
        self.read(_CHECK, (now,))

    def close(self) -> None:
        """Close the connections of all threads of this process; using the file again opens new ones."""
        self._close(dead_only=False)

    def _close(self, dead_only: bool) -> None:
        for connection, (process, thread) in list(self._opened.items()):
            if process == os.getpid() and not (dead_only and thread.is_alive()):
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
            for statement in _FROM_1 if first else ():
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
