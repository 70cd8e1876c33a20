"""What the janitor deletes, and what it leaves alone."""

import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from structlog.testing import capture_logs

from backend.operate.janitor import LEADER, LEADER_SECONDS, ORPHAN_SECONDS, Janitor
from jobs import keys
from jobs.artifacts import FolderArtifacts
from jobs.errors import JobNotFound, JobPurged, Unavailable
from jobs.model import Job, JobStatus, new_id, to_line
from jobs.sqlite import SqliteStore
from tests.backend.handouts import Handouts, handouts
from tests.jobs.jobs_made import enqueued, spec


class _Clock:
    """Seconds that pass when they are told to."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Handouts]:
    with handouts(tmp_path) as service:
        yield service


def _purged(service: Handouts) -> float:
    return service.context.registry.get_sample_value("nst_jobs_purged_total") or 0.0


def test_a_job_past_its_retention_is_purged_with_its_pictures(tmp_path: Path) -> None:
    with handouts(tmp_path, result_ttl_seconds=1e-6) as service:
        old, waiting = [service.done() for _ in range(3)], service.put_inputs()
        Janitor(service.context).sweep()
        assert service.context.artifacts.jobs() == (waiting.id,)
        for job in old:
            with pytest.raises(JobPurged):
                service.context.store.get(job.id)
        assert _purged(service) == 3


def test_a_job_within_its_retention_stays(service: Handouts) -> None:
    job = service.done()
    Janitor(service.context).sweep()
    assert service.get(f"/api/jobs/{job.id}/result").status_code == 200 and _purged(service) == 0


def test_pictures_that_a_purge_has_left_are_deleted(service: Handouts) -> None:
    job = service.done()
    assert service.context.store.purge(job.id)
    Janitor(service.context).sweep()
    assert service.context.artifacts.jobs() == ()


def test_a_folder_without_job_and_record_is_deleted_after_an_hour(service: Handouts) -> None:
    clock, orphan = _Clock(), new_id()
    service.context.artifacts.put(keys.content(orphan), b"x")
    janitor = Janitor(service.context, clock)
    janitor.sweep()
    clock.now += ORPHAN_SECONDS - 1
    janitor.sweep()
    assert service.context.artifacts.jobs() == (orphan,)
    clock.now += 1
    janitor.sweep()
    assert service.context.artifacts.jobs() == ()


def test_a_folder_whose_job_arrives_in_time_is_no_orphan(service: Handouts) -> None:
    clock, late = _Clock(), new_id()
    service.context.artifacts.put(keys.content(late), b"x")
    janitor = Janitor(service.context, clock)
    janitor.sweep()
    service.context.artifacts.put(keys.spec(late), b"{}")
    clock.now += 2 * ORPHAN_SECONDS
    janitor.sweep()
    service.context.artifacts.delete(keys.spec(late))
    janitor.sweep()
    assert service.context.artifacts.jobs() == (late,)


def test_what_is_no_job_stays_for_a_bucket_may_be_shared(service: Handouts) -> None:
    clock, foreign = _Clock(), ("backups", "models", new_id().upper(), f"{new_id()}0")
    for name in foreign:
        service.context.artifacts.put(f"{name}/x", b"x")
    janitor = Janitor(service.context, clock)
    for _ in range(3):
        janitor.sweep()
        clock.now += 2 * ORPHAN_SECONDS
    assert set(service.context.artifacts.jobs()) == set(foreign)


def test_a_copy_that_was_never_finished_is_deleted(service: Handouts) -> None:
    clock, done, copy = _Clock(), spec(), new_id()
    service.context.artifacts.put(keys.spec(done.id), to_line(done.to_dict()))
    service.context.artifacts.copy(done.id, copy)
    janitor = Janitor(service.context, clock)
    janitor.sweep()
    clock.now += 2 * ORPHAN_SECONDS
    janitor.sweep()
    assert service.context.artifacts.jobs() == (done.id,)


def test_a_folder_with_a_damaged_record_stays(service: Handouts) -> None:
    clock, lost = _Clock(), new_id()
    service.context.artifacts.put(keys.spec(lost), b"{}")  # damaged, perhaps: no reason to delete anything
    janitor = Janitor(service.context, clock)
    for _ in range(3):
        janitor.sweep()
        clock.now += 2 * ORPHAN_SECONDS
    assert service.context.artifacts.jobs() == (lost,)


def test_an_accepted_submission_that_the_store_never_saw_becomes_a_job(service: Handouts) -> None:
    clock, asked = _Clock(), spec()
    service.context.artifacts.put(keys.spec(asked.id), to_line(asked.to_dict()))
    janitor = Janitor(service.context, clock)
    janitor.sweep()
    with pytest.raises(JobNotFound):
        service.context.store.get(asked.id)
    clock.now += 2 * ORPHAN_SECONDS
    janitor.sweep()
    assert service.context.store.get(asked.id).status is JobStatus.QUEUED


def test_a_job_that_ended_without_a_worker_is_sealed(service: Handouts) -> None:
    id = enqueued(service.context.store)
    service.context.artifacts.put(keys.checkpoint(id, 1), b"x")
    running = service.context.store.claim("worker", id)
    assert running
    service.context.store.release(id, running.token)
    service.context.store.cancel(id)
    Janitor(service.context, _Clock()).sweep()
    manifest = json.loads(service.context.artifacts.get(keys.manifest(id)))
    assert manifest["status"] == "cancelled"
    assert keys.checkpoint(id, 1) not in [entry.key for entry in service.context.artifacts.list(id)]


def test_a_job_that_is_over_is_looked_at_once(service: Handouts) -> None:
    job, clock = service.done(), _Clock()
    service.context.artifacts.put(keys.manifest(job.id), to_line(job.to_dict()))
    janitor, asked = Janitor(service.context, clock), list[str]()
    size = FolderArtifacts.size

    def counted(self: FolderArtifacts, key: str) -> int:
        asked.append(key)
        return size(self, key)

    with patch.object(FolderArtifacts, "size", counted):
        janitor.sweep()
        janitor.sweep()
    assert asked == [keys.manifest(job.id)]


def _slowly(service: Handouts, clock: _Clock, then: Callable[[], None] = lambda: None) -> Any:
    """A store that takes as long for each job as a leader may be silent, and something that happens meanwhile."""
    get = SqliteStore.get

    def slow(self: SqliteStore, job_id: str) -> Job:
        clock.now += LEADER_SECONDS
        then()
        return get(self, job_id)

    return patch.object(SqliteStore, "get", slow)


def test_a_leader_keeps_its_name_during_long_work(service: Handouts, monkeypatch: pytest.MonkeyPatch) -> None:
    clock, held = _Clock(), list[float]()
    for _ in range(5):
        service.put_inputs()
    reserve = SqliteStore.reserve

    def noted(self: SqliteStore, name: str, holder: str, ttl_seconds: float) -> bool:
        held.extend([clock.now] if name == LEADER else [])
        return reserve(self, name, holder, ttl_seconds)

    monkeypatch.setattr(SqliteStore, "reserve", noted)
    with _slowly(service, clock):
        Janitor(service.context, clock).look()
    assert held == [1000.0 + LEADER_SECONDS * number for number in range(5)]


def test_who_has_lost_the_name_during_long_work_leaves_the_rest(service: Handouts) -> None:
    clock, seen = _Clock(), list[float]()
    for _ in range(5):
        service.put_inputs()
    janitor = Janitor(service.context, clock)

    def lost() -> None:
        seen.append(clock.now)
        with closing(sqlite3.connect(service.context.settings.data_dir / "jobs.sqlite")) as database:
            database.execute("UPDATE names SET holder = 'another' WHERE name = ?", (LEADER,))
            database.commit()

    with _slowly(service, clock, lost):
        janitor.look()
    assert len(seen) == 1 and _leader(service) == 0


def test_a_stop_is_heard_during_long_work(service: Handouts) -> None:
    clock, stop, seen = _Clock(), threading.Event(), list[float]()
    for _ in range(5):
        service.put_inputs()

    def asked() -> None:
        seen.append(clock.now)
        stop.set()

    with _slowly(service, clock, asked):
        Janitor(service.context, clock).run(stop, every_seconds=0.001)
    assert len(seen) == 1
    assert service.context.store.reserve(LEADER, "another", 1)


def test_the_janitor_outlives_a_store_that_is_away(service: Handouts, monkeypatch: pytest.MonkeyPatch) -> None:
    stop, calls = threading.Event(), list[int]()

    def broken(self: object, limit: int = 100) -> tuple[str, ...]:
        calls.append(limit)
        if len(calls) == 3:
            stop.set()
        raise Unavailable("away")

    monkeypatch.setattr(type(service.context.store), "expired", broken)
    Janitor(service.context).run(stop, every_seconds=0.001)
    assert len(calls) == 3


def test_an_outage_is_one_line_of_the_log_and_its_end_another(
    service: Handouts, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop, rounds = threading.Event(), list[int]()
    reserve = type(service.context.store).reserve

    def away(self: SqliteStore, name: str, holder: str, ttl_seconds: float) -> bool:
        rounds.extend([len(rounds) + 1] if name == LEADER else [])
        if rounds[-1] == 8:
            stop.set()
        if rounds[-1] % 4:  # rounds 4 and 8 go well
            raise Unavailable("no answer")
        return reserve(self, name, holder, ttl_seconds)

    monkeypatch.setattr(SqliteStore, "reserve", away)
    with capture_logs() as lines:
        Janitor(service.context).run(stop, every_seconds=0.001)
    told = [line["event"] for line in lines if line["event"].startswith("cleaning up")]
    assert told == ["cleaning up has to wait", "cleaning up goes on"] * 2
    assert [line["reason"] for line in lines if line["log_level"] == "warning"] == ["no answer"] * 2


def _leader(service: Handouts) -> float | None:
    return service.context.registry.get_sample_value("nst_janitor_leader")


def test_of_two_janitors_one_leads_until_it_steps_down(tmp_path: Path) -> None:
    with handouts(tmp_path, result_ttl_seconds=1e-6) as here, handouts(tmp_path, result_ttl_seconds=1e-6) as there:
        first, second = Janitor(here.context), Janitor(there.context)
        first.look()
        here.done()
        second.look()
        assert (_leader(here), _leader(there)) == (1, 0)
        assert here.context.store.expired() != ()
        first.step_down()
        second.step_down()  # it holds nothing
        second.look()
        assert (_leader(here), _leader(there)) == (0, 1)
        assert here.context.store.expired() == ()


def test_a_leader_that_fell_silent_is_followed_by_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backend.operate.janitor.LEADER_SECONDS", 0.01)
    with handouts(tmp_path) as here, handouts(tmp_path) as there:
        Janitor(here.context).look()
        second, deadline = Janitor(there.context), time.monotonic() + 5
        while _leader(there) != 1:
            assert time.monotonic() < deadline
            second.look()


def test_a_janitor_that_stops_lets_the_next_one_lead(service: Handouts) -> None:
    stop = threading.Event()
    janitor = Janitor(service.context)
    running = threading.Thread(target=janitor.run, args=(stop, 0.01))
    running.start()
    deadline = time.monotonic() + 5
    while _leader(service) != 1:
        assert time.monotonic() < deadline
    stop.set()
    running.join()
    assert service.context.store.reserve(LEADER, "another", 1)
    assert _leader(service) == 0


def test_the_jobs_of_workers_that_fell_silent_are_taken_back(tmp_path: Path) -> None:
    with handouts(tmp_path, lease_seconds=0.5) as service:
        job = service.put_inputs()
        service.claim(job)
        janitor, deadline = Janitor(service.context), time.monotonic() + 5
        while service.context.store.get(job.id).status is not JobStatus.QUEUED:
            assert time.monotonic() < deadline
            janitor.look()
        assert service.context.registry.get_sample_value("nst_jobs_reaped_total") == 1


def test_a_job_that_ends_because_its_last_worker_fell_silent_is_sealed_at_once(tmp_path: Path) -> None:
    with handouts(tmp_path, lease_seconds=0.5, max_attempts=1) as service:
        job = service.put_inputs()
        janitor, deadline = Janitor(service.context), time.monotonic() + 5
        janitor.look()  # the folder as a whole is looked through the first time only
        service.claim(job)
        while service.context.store.get(job.id).status is not JobStatus.FAILED:
            assert time.monotonic() < deadline
            janitor.look()
        assert json.loads(service.context.artifacts.get(keys.manifest(job.id)))["status"] == "failed"


def test_a_store_that_was_wiped_is_filled_from_storage(tmp_path: Path) -> None:
    with handouts(tmp_path, store_url=f"sqlite://{tmp_path}/first.sqlite") as before:
        asked = spec()
        before.context.artifacts.put(keys.spec(asked.id), to_line(asked.to_dict()))
    with handouts(tmp_path, store_url=f"sqlite://{tmp_path}/second.sqlite") as service:
        Janitor(service.context).look()
        assert service.context.store.get(asked.id).status is JobStatus.QUEUED
        assert service.context.store.filled()


def test_running_looks_through_the_folder_the_first_time(service: Handouts, monkeypatch: pytest.MonkeyPatch) -> None:
    job, stop = service.done(), threading.Event()
    service.context.store.purge(job.id)
    janitor, tidy = Janitor(service.context), Janitor.tidy

    def once(self: Janitor) -> None:
        tidy(self)
        stop.set()

    monkeypatch.setattr(Janitor, "tidy", once)
    janitor.run(stop, every_seconds=0.001)
    assert service.context.artifacts.jobs() == ()
