"""The worker with a bus that carries: it wakes, it remembers for a store that forgets, and it is settled."""

import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from jobs.bus import EmptyBus
from jobs.errors import Unavailable
from jobs.model import Job, JobSpec, JobStatus
from jobs.ports import JobStore
from jobs.terms import Outcome, Ticket
from jobs.wiring import open_ports
from tests.consumer import engines
from tests.consumer.workshop import Workshop
from tests.jobs.memory_bus import MemoryBus, Topic


@pytest.fixture
def topic() -> Topic:
    """What was sent."""
    return Topic()


@pytest.fixture
def workshop(tmp_path: Path, topic: Topic) -> Workshop:
    """A workshop whose worker hears of jobs through a bus."""
    made = Workshop(tmp_path)
    made.ports = replace(made.ports, bus=MemoryBus(topic))
    return made


def test_a_job_that_is_over_is_settled(workshop: Workshop, topic: Topic) -> None:
    job_id = workshop.submit(iterations=3)
    workshop.ports.bus.publish([workshop.ports.store.get(job_id).spec])
    with workshop.working():
        workshop.ended(job_id)
        workshop.until(job_id, lambda _: not topic.kept)


def test_a_job_that_the_store_has_forgotten_is_remembered_through_the_bus(workshop: Workshop) -> None:
    job_id = workshop.submit(iterations=3)
    spec = workshop.ports.store.get(job_id).spec
    _lose_the_store(workshop)
    workshop.ports.bus.publish([spec])
    with workshop.working():
        workshop.until_known(job_id)
        assert workshop.ended(job_id).status is JobStatus.SUCCEEDED


def test_what_was_delivered_before_the_store_forgot_it_is_not_settled(workshop: Workshop) -> None:
    waiting = workshop.submit(iterations=3)
    bus = workshop.ports.bus
    bus.publish([workshop.ports.store.get(waiting).spec])
    assert len(bus.poll(1)) == 1  # delivered, and not yet done
    _lose_the_store(workshop)
    with workshop.working():
        workshop.until_known(waiting)
        assert workshop.ended(waiting).status is JobStatus.SUCCEEDED


def test_what_arrives_twice_is_done_once(workshop: Workshop) -> None:
    job_id = workshop.submit(iterations=3)
    spec = workshop.ports.store.get(job_id).spec
    with workshop.working():
        workshop.ports.bus.publish([spec])
        first = workshop.ended(job_id)
        workshop.ports.bus.publish([spec])
        other = workshop.submit(iterations=3)
        workshop.ended(other)
    assert workshop.ports.store.get(job_id) == first


def test_what_arrives_for_a_job_whose_pictures_are_gone_is_settled(workshop: Workshop, topic: Topic) -> None:
    job_id = workshop.submit(iterations=3)
    spec = workshop.ports.store.get(job_id).spec
    workshop.ports.store.cancel(job_id)
    workshop.ports.store.purge(job_id)
    workshop.ports.artifacts.delete(job_id)
    workshop.ports.bus.publish([spec])
    with workshop.working():
        other = workshop.submit(iterations=3)
        workshop.ended(other)
        workshop.until(other, lambda _: not topic.kept)


def test_a_job_that_has_failed_is_buried(workshop: Workshop, topic: Topic) -> None:
    job_id = workshop.submit(seed=engines.NUMERICAL)
    workshop.ports.bus.publish([workshop.ports.store.get(job_id).spec])
    with workshop.working():
        failed = workshop.ended(job_id)
        workshop.until(job_id, lambda _: bool(topic.buried))
    assert [job.id for job in topic.buried] == [job_id]
    assert topic.buried[0].error == failed.error
    assert not topic.kept


def test_a_job_that_runs_while_the_store_forgets_everything_runs_on(workshop: Workshop) -> None:
    job_id = workshop.submit(iterations=150)
    workshop.ports.bus.publish([workshop.ports.store.get(job_id).spec])
    with workshop.working():
        workshop.running(job_id, iteration=10)
        _empty_the_store(workshop)
        workshop.until_known(job_id)
        job = workshop.ended(job_id)
    assert (job.status, job.token, job.attempt) == (JobStatus.SUCCEEDED, 1, 1)
    assert [frame.iteration for frame in job.frames] == list(range(0, 151, 5))


def test_a_job_that_ends_while_the_store_has_forgotten_it_is_not_lost(workshop: Workshop) -> None:
    store = Forgetful(workshop.ports.store, forget=lambda: _empty_the_store(workshop))
    workshop.ports = replace(workshop.ports, store=store)
    job_id = workshop.submit(iterations=10)
    with workshop.working():
        workshop.until_true(lambda: store.forgot)
        workshop.until_known(job_id)
        job = workshop.ended(job_id)
    assert (job.status, job.token) == (JobStatus.SUCCEEDED, 1)


def test_a_worker_whose_bus_is_away_works_from_the_store(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path)
    workshop.ports = replace(workshop.ports, bus=Broken())
    with capture_logs() as lines, workshop.working():
        jobs = [workshop.ended(workshop.submit(iterations=2)) for _ in range(3)]
    assert {job.status for job in jobs} == {JobStatus.SUCCEEDED}
    assert [line["error"] for line in lines if "bus cannot be used" in line["event"]] == ["the broker is on fire"]


def test_a_worker_whose_store_is_away_still_shows_the_bus_that_it_lives(
    workshop: Workshop, topic: Topic, monkeypatch: pytest.MonkeyPatch
) -> None:
    bus = Counting(topic)
    workshop.ports = replace(workshop.ports, bus=bus)
    with workshop.working():
        workshop.ended(workshop.submit(iterations=2))
        for call in ("claim", "get", "announce", "beat"):
            monkeypatch.setattr(workshop.ports.store, call, _away)
        before = bus.polls
        workshop.until_true(lambda: bus.polls >= before + 3)


def test_what_is_logged_during_a_job_says_which_job_and_which_trace(workshop: Workshop) -> None:
    job_id = workshop.submit(iterations=3)
    trace = f"00-{'a' * 32}-{'b' * 16}-01"
    spec = replace(workshop.ports.store.get(job_id).spec, id="c" * 32, trace=trace)
    workshop.ports.artifacts.copy(job_id, spec.id)
    workshop.ports.store.enqueue([Job(spec=spec)])
    with capture_logs(processors=[merge_contextvars]) as lines, workshop.working():
        workshop.ended(spec.id)
        workshop.until(spec.id, lambda _: any(line["event"] == "job finished" and _of(spec, line) for line in lines))
    ours = [line for line in lines if _of(spec, line)]
    assert {"job started", "job finished"} <= {line["event"] for line in ours}
    assert {line["trace_id"] for line in ours} == {"a" * 32}
    assert all("trace_id" not in line for line in lines if line.get("job_id") == job_id)


class Broken(EmptyBus):
    """Cannot be used."""

    def poll(self, timeout_seconds: float) -> tuple[Ticket, ...]:
        """Raise, as for a wrong password."""
        raise Unavailable("the broker is on fire")


class Counting(MemoryBus):
    """Counts the signs of life."""

    polls = 0

    def poll(self, timeout_seconds: float) -> tuple[Ticket, ...]:
        """As it is, and counted."""
        self.polls += 1
        return super().poll(timeout_seconds)


class Forgetful:
    """A store that loses its data just before it is told of a job's end."""

    def __init__(self, store: JobStore, forget: Callable[[], None]) -> None:
        self._store, self._forget = store, forget
        self.forgot = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def finish(self, job_id: str, token: int, outcome: Outcome) -> bool:
        """Forget, the first time."""
        if not self.forgot:
            self.forgot = True
            self._forget()
        return self._store.finish(job_id, token, outcome)


def _of(spec: JobSpec, line: Mapping[str, Any]) -> bool:
    return line.get("job_id") == spec.id


def _away(*_: object) -> Any:
    raise Unavailable("the store is on fire")


def _lose_the_store(workshop: Workshop) -> None:
    bus = workshop.ports.bus
    workshop.ports.store.close()
    for path in workshop.settings.data_dir.glob("jobs.sqlite*"):
        path.unlink()
    workshop.ports = replace(open_ports(workshop.settings), bus=bus)


def _empty_the_store(workshop: Workshop) -> None:
    """As FLUSHALL does, under a worker that runs."""
    with closing(sqlite3.connect(workshop.settings.data_dir / "jobs.sqlite", timeout=10)) as connection:
        connection.execute("DELETE FROM jobs")
        connection.commit()
