"""A worker whose servers are slow, forgetful or silent, and a rendering process that they must not hinder."""

from collections import deque
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from consumer.attempt import Attempt
from consumer.child import Child
from consumer.messages import Command, Ended, Report, Told
from consumer.stopping import Stopping
from consumer.tickets import Tickets
from jobs.errors import JobNotFound, Unavailable
from jobs.model import JobStatus, Progress
from jobs.terms import Ticket
from tests.consumer.workshop import Workshop
from tests.jobs.memory_bus import MemoryBus, Topic


def test_whatever_was_reported_during_a_slow_turn_is_read_in_the_next(workshop: Workshop) -> None:
    workshop.submit()
    job = workshop.ports.store.claim("somebody")
    assert job
    said: deque[Report] = deque(Told(Progress(iteration=number)) for number in range(300))
    child = Scripted(workshop, said)
    turns: list[int] = []

    def tick() -> bool:
        turns.append(attempt.progress.iteration if attempt.progress else 0)
        said.append(Ended(JobStatus.SUCCEEDED, result=True))
        return True

    attempt = Attempt(job, child, workshop.ports.store, workshop.settings, Stopping(), tick)
    assert attempt.run() == Ended(JobStatus.SUCCEEDED, result=True)
    assert turns == [299]


def test_a_message_of_a_job_that_is_nowhere_does_not_end_the_worker(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def nowhere(tickets: Tickets, ticket: Ticket) -> None:
        asked.append(ticket.spec.id)
        raise JobNotFound(ticket.spec.id)

    topic = Topic()
    workshop.ports = replace(workshop.ports, bus=MemoryBus(topic))
    monkeypatch.setattr(Tickets, "_look_after", nowhere)
    job_id = workshop.submit(iterations=60)
    first = workshop.ports.store.get(job_id).spec
    with workshop.working():
        workshop.ports.bus.publish([first])
        workshop.running(job_id, iteration=5)
        workshop.until_true(lambda: len(asked) >= 3)
        assert workshop.ended(job_id).status is JobStatus.SUCCEEDED


def test_a_worker_that_is_asked_to_stop_does_not_wait_long_for_a_store_that_is_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workshop = Workshop(tmp_path, drain_seconds=0)
    job_id = workshop.submit(iterations=400)
    with workshop.working() as (_, child, stopping):  # which fails where the worker does not end
        workshop.running(job_id, iteration=5)
        for call in ("claim", "get", "announce", "beat", "release", "finish", "withdraw"):
            monkeypatch.setattr(workshop.ports.store, call, _away)
        stopping.ask()
        workshop.until_true(lambda: child.pid is None)


def test_jobs_of_which_others_took_care_are_not_remembered(workshop: Workshop) -> None:
    topic = Topic()
    ports = replace(workshop.ports, bus=MemoryBus(topic))
    tickets = Tickets(ports, Stopping(), patience_seconds=60)
    job = workshop.ports.store.get(workshop.submit())
    ports.bus.publish([replace(job.spec, id="e" * 32)])
    assert tickets.hear(1)
    assert len(tickets._forgotten) == 1
    ports.bus.settle("e" * 32)  # as a partition that goes to another
    tickets.settle()
    assert not tickets._forgotten


def test_a_disk_that_is_full_for_a_while_costs_no_job_an_attempt(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id, other = workshop.submit(iterations=40), workshop.submit(iterations=3)
    with workshop.working():
        workshop.running(job_id, iteration=6)
        with monkeypatch.context() as patched:
            patched.setattr(workshop.ports.artifacts, "check", _no_room)
            _block(workshop, job_id)
            waiting = workshop.until(job_id, lambda job: job.error is not None)
        assert waiting.error and (waiting.error.code, waiting.attempt) == ("storage", 0)
        assert workshop.ended(job_id).status is JobStatus.SUCCEEDED
        assert workshop.ended(other).status is JobStatus.SUCCEEDED


def test_a_job_that_alone_cannot_be_stored_is_not_tried_for_ever(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path, max_attempts=1)
    job_id = workshop.submit(iterations=40)
    with workshop.working():
        workshop.running(job_id, iteration=6)
        _block(workshop, job_id)
        job = workshop.ended(job_id)
    assert (job.status, job.attempt) == (JobStatus.FAILED, 1)
    assert job.error and job.error.code == "storage"


class Scripted(Child):
    """Has said everything before it is asked."""

    def __init__(self, workshop: Workshop, said: deque[Report]) -> None:
        super().__init__(lambda connection, settings: None, workshop.settings)
        self._said = said

    def send(self, command: Command) -> None:
        """Nobody reads it."""

    def receive(self, timeout_seconds: float) -> Report | None:
        """The next one."""
        return self._said.popleft() if self._said else None


def _block(workshop: Workshop, job_id: str) -> None:
    """Let nothing more be written by the job's first attempt."""
    folder = workshop.settings.data_dir / "jobs" / job_id
    (folder / "a1").rename(folder / "moved")
    (folder / "a1").write_text("in the way, as a disk without room would be")


def _no_room() -> None:
    raise Unavailable("no room is left")


def _away(*_: object, **__: object) -> Any:
    raise Unavailable("the store is on fire")
