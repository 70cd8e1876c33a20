"""The worker with a bus that carries: it wakes, it remembers for a store that forgets, and it is settled."""

from dataclasses import replace
from pathlib import Path

import pytest

from jobs.model import JobStatus
from jobs.wiring import open_ports
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


def _lose_the_store(workshop: Workshop) -> None:
    bus = workshop.ports.bus
    workshop.ports.store.close()
    for path in workshop.settings.data_dir.glob("jobs.sqlite*"):
        path.unlink()
    workshop.ports = replace(open_ports(workshop.settings), bus=bus)


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
