"""The file of the SQLite store: made, shared, refused, and still there after the worst."""

import os
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from jobs.errors import NewerVersion, Unavailable
from jobs.model import JobStatus
from jobs.ports import JobStore
from jobs.sqlite import SqliteStore
from jobs.sqlite_schema import VERSION
from jobs.terms import Policy
from tests.jobs.jobs_made import enqueued, job

#: Programs that are given the file as their first argument.
START = """
import os, signal, sys, time
from pathlib import Path
from jobs.terms import Policy
from jobs.sqlite import SqliteStore
from tests.jobs.jobs_made import job
path = Path(sys.argv[1])
"""
ENQUEUE_AND_DIE = """
print(SqliteStore(path, Policy()).enqueue([job()]).ids[0], flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
OPEN_AT = """
time.sleep(max(0, float(sys.argv[2]) - time.time()))
print(sum(SqliteStore(path, Policy()).counts().values()))
"""
FORK = """
store = SqliteStore(path, Policy())
store.enqueue([job()])
child = os.fork()
if child == 0:
    for _ in range(20):
        store.enqueue([job()])
    store.close()
    os._exit(0)
for _ in range(20):
    store.enqueue([job()])
assert os.waitpid(child, 0)[1] == 0
store.enqueue([job()])
print(sum(store.counts().values()))
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "jobs.sqlite"


@pytest.fixture
def store(path: Path) -> Iterator[SqliteStore]:
    store = SqliteStore(path, Policy())
    yield store
    store.close()


def _start(repository: Path, program: str, *arguments: object) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", START + program, *map(str, arguments)]
    return subprocess.Popen(command, cwd=repository, stdout=subprocess.PIPE, text=True)


def _execute(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as other, other:
        other.execute(statement)


def test_a_store_is_a_job_store(path: Path) -> None:
    store: JobStore = SqliteStore(path, Policy())
    store.close()


def test_the_folder_is_made(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "jobs.sqlite"
    first, second = SqliteStore(path, Policy()), SqliteStore(path, Policy())
    id = enqueued(first)
    assert second.get(id).id == id
    first.close()
    second.close()


def test_a_relative_path_is_kept_when_the_folder_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    store = SqliteStore(Path("jobs #1?.sqlite"), Policy())
    monkeypatch.chdir("/")
    enqueued(store)
    store.close()
    assert (tmp_path / "jobs #1?.sqlite").is_file()


def test_every_write_is_on_the_disk_before_it_is_answered(store: SqliteStore) -> None:
    with store._file.reading() as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
        assert connection.execute("PRAGMA synchronous").fetchone()[0] == 2  # FULL
        assert connection.execute("PRAGMA busy_timeout").fetchone()[0] == 10_000


def test_a_job_survives_the_death_of_the_process_that_took_it(path: Path, repository: Path) -> None:
    process = _start(repository, ENQUEUE_AND_DIE, path)
    id = process.communicate(timeout=60)[0].strip()
    assert process.returncode == -signal.SIGKILL
    store = SqliteStore(path, Policy())
    assert store.get(id).status is JobStatus.QUEUED
    store.close()


def test_several_processes_can_open_a_new_file_at_once(path: Path, repository: Path) -> None:
    processes = [_start(repository, OPEN_AT, path, time.time() + 1.5) for _ in range(4)]
    answers = [process.communicate(timeout=60)[0].strip() for process in processes]
    assert answers == ["0"] * 4


def test_several_threads_can_open_a_new_file_at_once(tmp_path: Path) -> None:
    for number in range(10):
        start = threading.Barrier(8)
        opened: list[bool] = []

        def open_it(path: Path = tmp_path / f"{number}.sqlite", start: threading.Barrier = start) -> None:
            start.wait()
            store = SqliteStore(path, Policy())
            store.check()
            opened.append(store.filled())  # noqa: B023
            store.close()

        threads = [threading.Thread(target=open_it) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert opened == [False] * 8


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_store_can_be_used_on_both_sides_of_a_fork(path: Path, repository: Path) -> None:
    process = _start(repository, FORK, path)
    assert process.communicate(timeout=60)[0].strip() == "42"
    with closing(sqlite3.connect(path)) as other:
        assert other.execute("PRAGMA integrity_check").fetchone()[0] == "ok"


def test_a_closed_store_opens_again_when_it_is_used(store: SqliteStore) -> None:
    id = enqueued(store)
    store.close()
    store.close()
    assert store.get(id).id == id


def test_the_connections_of_threads_that_ended_are_closed(store: SqliteStore) -> None:
    for _ in range(20):
        thread = threading.Thread(target=store.counts)
        thread.start()
        thread.join()
    assert len(store._file._opened) <= 2


def test_a_file_of_a_newer_version_is_refused_and_left_alone(path: Path) -> None:
    SqliteStore(path, Policy()).close()
    _execute(path, f"PRAGMA user_version = {VERSION + 1}")
    before = path.read_bytes()
    with pytest.raises(NewerVersion, match=rf"{path.name}.*newer version.*version {VERSION + 1}"):
        SqliteStore(path, Policy())
    assert path.read_bytes() == before


def test_a_file_that_is_no_database_is_refused_and_left_alone(path: Path) -> None:
    path.write_bytes(b"a photo" * 1000)
    with pytest.raises(Unavailable, match=rf"{path.name}.*not a database.*another"):
        SqliteStore(path, Policy())
    assert path.read_bytes() == b"a photo" * 1000


def test_the_database_of_another_program_is_refused_and_left_alone(path: Path) -> None:
    _execute(path, "CREATE TABLE jobs (name TEXT)")
    with pytest.raises(Unavailable, match=rf"{path.name} is the database of another program"):
        SqliteStore(path, Policy())
    with closing(sqlite3.connect(path)) as other:
        assert [row[0] for row in other.execute("SELECT name FROM sqlite_master")] == ["jobs"]


def test_a_damaged_file_says_so(path: Path) -> None:
    store = SqliteStore(path, Policy())
    store.enqueue([job() for _ in range(200)])
    store.close()
    data = path.read_bytes()
    path.write_bytes(data[:8192] + b"\xff" * (len(data) - 8192))
    with pytest.raises(Unavailable, match=rf"{path.name}.*malformed.*damaged"):
        SqliteStore(path, Policy()).counts()


def test_a_folder_in_place_of_the_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=f"{tmp_path.name}.*unable to open"):
        SqliteStore(tmp_path, Policy())


def test_a_file_in_place_of_the_folder_is_refused(path: Path) -> None:
    path.write_bytes(b"")
    with pytest.raises(Unavailable, match="check the folder"):
        SqliteStore(path / "jobs.sqlite", Policy())


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="nothing is read-only for this user")
def test_a_read_only_file_is_refused(path: Path) -> None:
    SqliteStore(path, Policy()).close()
    path.chmod(stat.S_IREAD)
    with pytest.raises(Unavailable, match=f"{path.name}.*readonly.*right to write"):
        SqliteStore(path, Policy())


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="nothing is read-only for this user")
def test_a_read_only_folder_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(Unavailable, match="check that the folder exists"):
            SqliteStore(tmp_path / "jobs.sqlite", Policy())
    finally:
        tmp_path.chmod(0o700)


def test_a_store_that_may_not_write_fails_its_check(store: SqliteStore) -> None:
    with store._file.reading() as connection:
        connection.execute("PRAGMA query_only = ON")
    with pytest.raises(Unavailable, match=r"readonly.*right to write"):
        store.check()
    with pytest.raises(Unavailable):
        store.enqueue([job()])
    with store._file.reading() as connection:
        connection.execute("PRAGMA query_only = OFF")
    store.check()


def test_a_full_disk_takes_nothing_and_keeps_everything(store: SqliteStore) -> None:
    id = enqueued(store)
    with store._file.reading() as connection:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages}")
    many = [job() for _ in range(200)]
    with pytest.raises(Unavailable, match=r"disk is full.*free some space"):
        store.enqueue(many)
    assert store.counts()[JobStatus.QUEUED] == 1
    claimed = store.claim("worker-1")
    assert claimed
    assert claimed.id == id


def test_a_file_that_was_deleted_fails_the_check(store: SqliteStore, path: Path) -> None:
    path.unlink()
    with pytest.raises(Unavailable, match="No such file"):
        store.check()


def test_a_thread_does_not_make_the_file_that_was_deleted_anew(store: SqliteStore, path: Path) -> None:
    store.close()
    path.unlink()
    with pytest.raises(Unavailable, match="unable to open"):
        store.counts()
    assert not path.exists()


def test_closing_while_other_threads_use_the_store_does_no_harm(tmp_path: Path) -> None:
    """In a process of its own, for the harm would be its end."""
    program = """
import sys, threading
from pathlib import Path
from jobs.errors import Unavailable
from jobs.sqlite import SqliteStore
from jobs.terms import Policy

store, over = SqliteStore(Path(sys.argv[1]), Policy()), threading.Event()

def use() -> None:
    while not over.is_set():
        try:
            store.counts()
        except Unavailable:
            pass

threads = [threading.Thread(target=use) for _ in range(4)]
for thread in threads:
    thread.start()
for _ in range(300):
    store.close()
over.set()
for thread in threads:
    thread.join()
"""
    command = (sys.executable, "-c", program, str(tmp_path / "jobs.sqlite"))
    assert subprocess.run(command, timeout=60, check=False).returncode == 0
