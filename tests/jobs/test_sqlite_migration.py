"""A file of the first version of the SQLite store, opened by this one."""

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from jobs.errors import NewerVersion, Unavailable
from jobs.model import Job, JobStatus, new_id
from jobs.sqlite import SqliteStore
from jobs.sqlite_rows import insertion, row_from_job
from jobs.sqlite_schema import VERSION
from jobs.terms import Beat, Place, Policy
from tests.jobs.jobs_made import enqueued, job, succeeded

#: The tables as the first version made them.
VERSION_1 = """
CREATE TABLE jobs (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    client TEXT NOT NULL,
    batch TEXT,
    fingerprint TEXT NOT NULL,
    priority INTEGER NOT NULL,
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
    error TEXT
);
CREATE INDEX jobs_queue ON jobs (priority DESC, seq, not_before, work) WHERE status = 'queued';
CREATE INDEX jobs_waiting ON jobs (created_at) WHERE status = 'queued';
CREATE INDEX jobs_leases ON jobs (lease_until) WHERE status = 'running';
CREATE INDEX jobs_open ON jobs (client) WHERE status IN ('queued', 'running');
CREATE INDEX jobs_equal ON jobs (fingerprint, seq) WHERE status = 'succeeded';
CREATE INDEX jobs_pace ON jobs (finished_at) WHERE status = 'succeeded' AND reused = 0;
CREATE INDEX jobs_client ON jobs (client, created_at, seq) WHERE status != 'purged';
CREATE INDEX jobs_batch ON jobs (batch, seq) WHERE batch IS NOT NULL;
CREATE INDEX jobs_expiry ON jobs (expires_at, status);
CREATE TABLE keys (
    client TEXT NOT NULL,
    key TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    ids TEXT NOT NULL,
    expires_at REAL NOT NULL,
    PRIMARY KEY (client, key)
) WITHOUT ROWID;
CREATE INDEX keys_expiry ON keys (expires_at);
CREATE TABLE workers (id TEXT PRIMARY KEY, expires_at REAL NOT NULL, worker TEXT NOT NULL);
CREATE TABLE checks (one INTEGER PRIMARY KEY, checked_at REAL NOT NULL);
PRAGMA user_version = 1;
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "jobs.sqlite"


def _file(path: Path, *jobs: Job) -> None:
    """A file of version 1 that holds these jobs."""
    with closing(sqlite3.connect(path)) as old, old:
        old.execute("PRAGMA journal_mode = WAL")
        old.executescript(VERSION_1)
        for each in jobs:
            row = row_from_job(each)
            old.execute(insertion(row), row)


def _version(path: Path) -> int:
    with closing(sqlite3.connect(path)) as file:
        return int(file.execute("PRAGMA user_version").fetchone()[0])


def test_every_job_of_an_old_file_is_there(path: Path) -> None:
    over = job(status=JobStatus.SUCCEEDED, result=1, finished_at=5.0, expires_at=9e9)
    given = [job(), job(status=JobStatus.RUNNING, token=2, attempt=2, worker="w", lease_until=9e9), over]
    _file(path, *given)
    with closing(SqliteStore(path, Policy())) as store:
        assert [store.get(each.id) for each in given] == given
        assert store.beat(given[1].id, 2) is Beat.OK
        assert store.finish(given[1].id, 2, succeeded(2))
        assert store.finish(given[1].id, 2, succeeded(2))
    assert _version(path) == VERSION


def test_the_order_of_an_old_queue_is_that_of_the_new(path: Path) -> None:
    old = [job(created_at=1e9), job(created_at=1e9 + 100, priority=-1), job(created_at=1e9 + 650, priority=1)]
    old.append(job(created_at=1e9 + 750))
    _file(path, *old)
    with closing(SqliteStore(path, Policy())) as store:
        new = enqueued(store)
        ids = [old[0].id, old[2].id, old[1].id, old[3].id, new]
        assert [store.place(id) for id in ids] == [Place(position, None) for position in range(1, 6)]
        assert [each.id for _ in ids if (each := store.claim("worker"))] == ids


def test_an_old_file_with_jobs_counts_as_filled(path: Path, tmp_path: Path) -> None:
    _file(path, job())
    _file(tmp_path / "empty.sqlite")
    with closing(SqliteStore(path, Policy())) as store:
        assert store.filled()
    with closing(SqliteStore(tmp_path / "empty.sqlite", Policy())) as store:
        assert not store.filled()


def test_several_threads_can_open_an_old_file_at_once(path: Path) -> None:
    _file(path, *(job(id=new_id()) for _ in range(20)))
    start, counts = threading.Barrier(6), []

    def open_it() -> None:
        start.wait()
        with closing(SqliteStore(path, Policy())) as store:
            counts.append(store.counts()[JobStatus.QUEUED])

    threads = [threading.Thread(target=open_it) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts == [20] * 6


def test_an_old_file_that_cannot_be_brought_up_to_date_stays_as_it_was(path: Path) -> None:
    _file(path, job())
    with closing(sqlite3.connect(path)) as other, other:
        other.execute("CREATE TABLE names (one)")  # in the way
    with pytest.raises(Unavailable, match=path.name):
        SqliteStore(path, Policy())
    assert _version(path) == 1
    with closing(sqlite3.connect(path)) as other:
        assert "rank" not in {row[1] for row in other.execute("PRAGMA table_info(jobs)")}


def test_the_new_tables_are_those_of_a_new_file(path: Path, tmp_path: Path) -> None:
    _file(path)
    SqliteStore(path, Policy()).close()
    SqliteStore(tmp_path / "new.sqlite", Policy()).close()
    assert _made(path) == _made(tmp_path / "new.sqlite")


def test_a_file_of_a_later_version_is_still_refused(path: Path) -> None:
    _file(path)
    with closing(sqlite3.connect(path)) as other:
        other.execute(f"PRAGMA user_version = {VERSION + 1}")
    with pytest.raises(NewerVersion):
        SqliteStore(path, Policy())


def _made(path: Path) -> tuple[set[str], set[str]]:
    """The columns of every table, and the indexes."""
    with closing(sqlite3.connect(path)) as file:
        tables = [row[0] for row in file.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        columns = {
            f"{table}.{row[1]} {row[2]} {row[3]} {row[5]}"
            for table in tables
            for row in file.execute(f"PRAGMA table_info({table})")
        }
        indexes = {
            row[0] for row in file.execute("SELECT sql FROM sqlite_master WHERE type = 'index' AND sql NOT NULL")
        }
    return columns, indexes
