"""What the janitor deletes, and what it leaves alone."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.operate.janitor import ORPHAN_SECONDS, Janitor
from jobs import keys
from jobs.errors import JobNotFound, JobPurged, Unavailable
from jobs.model import JobStatus, new_id, to_line
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
