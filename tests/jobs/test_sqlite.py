"""The SQLite store: the contract of every store, and what depends on the clock."""

import sqlite3
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from jobs import sqlite_statements as sql
from jobs.errors import JobNotFound, JobPurged, Unavailable
from jobs.model import JobStatus
from jobs.ports import JobStore
from jobs.sqlite import SqliteStore
from jobs.terms import Place, Policy
from tests.jobs.jobs_made import enqueued, finished, frames, progress, running, succeeded
from tests.jobs.store_contract import StoreContract

DAY = 86_400.0


class TestSqliteStore(StoreContract):
    """The contract of every store."""

    @pytest.fixture
    def make_store(self, tmp_path: Path) -> Callable[[Policy], JobStore]:
        return partial(SqliteStore, tmp_path / "data" / "jobs.sqlite")


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "jobs.sqlite"


@pytest.fixture
def store(path: Path, clock: Clock) -> Iterator[SqliteStore]:
    store = SqliteStore(path, Policy(), clock)
    yield store
    store.close()


def test_a_lease_lasts_exactly_as_long_as_the_policy_says(store: SqliteStore, clock: Clock) -> None:
    held = running(store)
    assert held.lease_until == clock.now + 15
    clock.now += 15
    assert store.claim("worker-2") is None
    clock.now += 0.01
    assert store.claim("worker-2")


def test_a_delay_lasts_exactly_as_long_as_it_should(store: SqliteStore, clock: Clock) -> None:
    held = running(store)
    store.release(held.id, 1, delay_seconds=60)
    clock.now += 59.9
    assert store.claim("worker-2") is None
    clock.now += 0.1
    assert store.claim("worker-2")


def test_a_job_of_lower_priority_that_waits_long_enough_is_the_equal_of_another(
    store: SqliteStore, clock: Clock
) -> None:
    idle = enqueued(store, priority=-1)
    clock.now += 599
    plain = enqueued(store)
    assert [store.place(id) for id in (plain, idle)] == [Place(1, None), Place(2, None)]
    clock.now += 1
    equal = enqueued(store)
    assert [store.place(id) for id in (plain, idle, equal)] == [Place(position, None) for position in (1, 2, 3)]


def test_a_clock_that_is_set_back_lets_nobody_go_first(store: SqliteStore, clock: Clock) -> None:
    first = enqueued(store)
    clock.now -= 3600
    second, urgent = enqueued(store), enqueued(store, priority=1)
    claimed = [store.claim("worker-1") for _ in range(3)]
    assert [each.id for each in claimed if each] == [urgent, first, second]


def test_a_delayed_job_does_not_block_the_ones_behind_it(store: SqliteStore) -> None:
    held = running(store, priority=1)
    store.release(held.id, 1, delay_seconds=60)
    other = enqueued(store)
    claimed = store.claim("worker-2")
    assert claimed
    assert claimed.id == other


def test_a_queued_job_whose_attempts_are_used_up_is_not_started(path: Path, clock: Clock) -> None:
    store = SqliteStore(path, Policy(max_attempts=2), clock)
    spent, fine = enqueued(store, attempt=2), enqueued(store)
    claimed = store.claim("worker-1")
    assert claimed
    assert claimed.id == fine
    assert store.get(spent).status is JobStatus.FAILED
    store.close()


def test_only_the_last_twenty_jobs_teach_how_long_work_takes(store: SqliteStore, clock: Clock) -> None:
    for number in range(30):
        held = running(store)
        clock.now += 100 if number < 10 else 2
        store.finish(held.id, 1, succeeded())
    assert store.facts().seconds_per_work == pytest.approx(2 / held.spec.work)


def test_a_purged_job_is_forgotten_after_thirty_days(store: SqliteStore, clock: Clock) -> None:
    old, new = finished(store), finished(store)
    store.purge(old.id)
    clock.now += 30 * DAY - 1
    store.purge(new.id)
    with pytest.raises(JobPurged):
        store.get(old.id)
    clock.now += 2
    store.purge("any")
    with pytest.raises(JobNotFound) as caught:
        store.get(old.id)
    assert not isinstance(caught.value, JobPurged)
    with pytest.raises(JobPurged):
        store.get(new.id)


def test_nothing_of_a_person_is_left_of_a_purged_job(store: SqliteStore, path: Path) -> None:
    secret = {"client": "Ada Lovelace", "batch": "Ada's batch", "fingerprint": "Ada's picture"}
    held = running(store, **secret)
    store.beat(held.id, 1, progress(3, note="Ada's note"), frames(1))
    store.finish(held.id, 1, succeeded())
    store.purge(held.id)
    store.close()  # which moves the write-ahead log into the file
    left = {other.name: other.read_bytes() for other in path.parent.iterdir()}
    assert not [name for name, data in left.items() if b"Ada" in data]
    assert [name for name, data in left.items() if held.id.encode() in data]


def test_jobs_of_the_same_moment_are_listed_the_last_one_first(store: SqliteStore) -> None:
    ids = [enqueued(store, client="a", created_at=5.0) for _ in range(3)]
    assert [each.id for each in store.of_client("a")] == ids[::-1]


def test_a_record_that_cannot_be_understood_is_named(store: SqliteStore, path: Path) -> None:
    id = enqueued(store)
    with sqlite3.connect(path) as other:
        other.execute("UPDATE jobs SET spec = '{}'")
    other.close()
    with pytest.raises(Unavailable, match=id):
        store.get(id)


def test_a_record_that_cannot_be_understood_stops_no_queue_for_good(path: Path, clock: Clock) -> None:
    store = SqliteStore(path, Policy(max_attempts=1), clock)
    enqueued(store)
    with sqlite3.connect(path) as other:
        other.execute("UPDATE jobs SET spec = '{}'")
    other.close()
    fine = enqueued(store)
    with pytest.raises(Unavailable):
        store.claim("worker-1")
    clock.now += 100
    claimed = store.claim("worker-1")
    assert claimed
    assert claimed.id == fine
    store.close()


#: A statement, its values, and the indexes that must answer it.
PLANS: dict[str, tuple[str, dict[str, Any], set[str]]] = {
    "best": (sql.BEST, {"now": 1, "lease": 1}, {"jobs_queue", "jobs_leases"}),
    "claim": (sql.claim(sql.BEST), dict.fromkeys(("now", "lease", "max", "worker"), 1), {"jobs_queue", "jobs_leases"}),
    "spent": (
        sql.end_spent(sql.BEST),
        dict.fromkeys(("now", "lease", "ttl", "max", "error"), 1),
        {"jobs_queue", "jobs_leases"},
    ),
    "ahead": (sql.AHEAD, {"rank": 0, "seq": 1}, {"jobs_queue"}),
    "abandoned": (sql.ABANDONED, {"now": 1, "lease": 1}, {"jobs_leases"}),
    "reap": (sql.REAP, {"now": 1, "lease": 1}, {"jobs_leases"}),
    "remaining": (sql.REMAINING, {"pace": 1}, {"jobs_leases"}),
    "pace": (sql.PACE, {}, {"jobs_pace"}),
    "equal": (sql.EQUAL, {"fingerprint": "f", "now": 1}, {"jobs_equal"}),
    "of client": (sql.OF_CLIENT, {"client": "c", "before": 1, "limit": 1}, {"jobs_client"}),
    "of batch": (sql.OF_BATCH, {"batch": "b"}, {"jobs_batch"}),
    "open": (sql.OPEN_OF_CLIENT, {"client": "c"}, {"jobs_open"}),
    "expired": (sql.EXPIRED, {"now": 1, "limit": 1}, {"jobs_expiry"}),
    "forget": (sql.FORGET_PURGED, {"now": 1}, {"jobs_expiry"}),
    "counts": (sql.COUNTS, {}, {"jobs_expiry"}),
    "facts": (sql.FACTS, {}, {"jobs_leases", "jobs_waiting"}),
    "queued": (sql.QUEUED, {}, {"jobs_waiting"}),
}


@pytest.mark.parametrize("name", PLANS)
def test_no_question_reads_the_whole_table(store: SqliteStore, path: Path, name: str) -> None:
    statement, values, indexes = PLANS[name]
    other = sqlite3.connect(path)
    plan = [row[3] for row in other.execute(f"EXPLAIN QUERY PLAN {statement}", values)]
    other.close()
    table = [line for line in plan if line.split()[1:2] == ["jobs"]]
    assert {word for line in table for word in line.split() if word.startswith("jobs_")} == indexes, plan
    assert all("INDEX" in line or "PRIMARY KEY" in line for line in table), plan


@pytest.mark.parametrize("name", ["best", "equal", "of client", "of batch", "expired"])
def test_no_question_sorts_the_whole_table(store: SqliteStore, path: Path, name: str) -> None:
    statement, values, _ = PLANS[name]
    other = sqlite3.connect(path)
    plan = [row[3] for row in other.execute(f"EXPLAIN QUERY PLAN {statement}", values)]
    other.close()
    sorts = [line for line in plan if "TEMP B-TREE" in line]
    # Of the claim: the few abandoned jobs, and the two that are best of their kind.
    assert len(sorts) <= (2 if name == "best" else 0), plan
