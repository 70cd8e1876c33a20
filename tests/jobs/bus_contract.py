"""What every bus keeps to. An adapter inherits ``BusContract`` and supplies ``make_bus``; ``delivers`` says whether it
carries anything at all: the bus of one machine does not, because the store's own queue is enough there.
"""

import time
from collections.abc import Callable

import pytest

from jobs.model import Job, JobError, JobSpec, JobStatus
from jobs.ports import JobBus
from jobs.terms import Ticket
from tests.jobs.jobs_made import spec

_PATIENCE_SECONDS = 30.0


class BusContract:
    """The suite; every test opens buses on a topic of its own."""

    delivers: bool

    @pytest.fixture
    def make_bus(self) -> Callable[[], JobBus]:
        """Opens one more member on the topic of this test."""
        raise NotImplementedError

    def test_what_is_sent_arrives_as_it_was(self, make_bus: Callable[[], JobBus]) -> None:
        sender, worker = make_bus(), make_bus()
        sent = [spec(), spec()]
        sender.publish(sent)
        assert self._arrived(worker, sent) == (sent if self.delivers else [])
        _close(sender, worker)

    def test_a_poll_of_nothing_ends_with_its_timeout(self, make_bus: Callable[[], JobBus]) -> None:
        bus = make_bus()
        assert bus.poll(0) == ()
        assert bus.poll(0.05) == ()
        _close(bus)

    def test_nothing_new_is_delivered_to_a_worker_that_is_busy(self, make_bus: Callable[[], JobBus]) -> None:
        sender, worker = make_bus(), make_bus()
        worker.hold()
        sent = [spec()]
        sender.publish(sent)
        assert all(not worker.poll(0.02) for _ in range(5))
        worker.resume()
        assert self._arrived(worker, sent) == (sent if self.delivers else [])
        _close(sender, worker)

    def test_what_was_delivered_is_unsettled_until_it_is_settled(self, make_bus: Callable[[], JobBus]) -> None:
        sender, worker = make_bus(), make_bus()
        sent = [spec(), spec()]
        sender.publish(sent)
        self._arrived(worker, sent)
        assert [ticket.spec for ticket in worker.unsettled()] == (sent if self.delivers else [])
        worker.settle(sent[0].id)
        assert [ticket.spec for ticket in worker.unsettled()] == (sent[1:] if self.delivers else [])
        _close(sender, worker)

    def test_what_is_buried_is_settled(self, make_bus: Callable[[], JobBus]) -> None:
        sender, worker = make_bus(), make_bus()
        sent = [spec(), spec()]
        sender.publish(sent)
        self._arrived(worker, sent)
        worker.bury(Job(spec=sent[0], status=JobStatus.FAILED, error=JobError("internal", "the engine failed")))
        assert [ticket.spec for ticket in worker.unsettled()] == (sent[1:] if self.delivers else [])
        _close(sender, worker)
        second = make_bus()
        assert self._arrived(second, sent[1:]) == (sent[1:] if self.delivers else [])
        _close(second)

    def test_burying_what_nobody_delivered_or_twice_does_no_harm(self, make_bus: Callable[[], JobBus]) -> None:
        bus = make_bus()
        failed = Job(spec=spec(), status=JobStatus.FAILED)
        bus.bury(failed)
        bus.bury(failed)
        assert bus.unsettled() == ()
        _close(bus)

    def test_settling_what_nobody_delivered_or_twice_does_no_harm(self, make_bus: Callable[[], JobBus]) -> None:
        bus = make_bus()
        bus.settle("f" * 32)
        bus.settle("f" * 32)
        _close(bus)

    def test_what_is_not_settled_is_delivered_again_to_the_next(self, make_bus: Callable[[], JobBus]) -> None:
        sender, first = make_bus(), make_bus()
        sent = [spec(), spec()]
        sender.publish(sent)
        self._arrived(first, sent)
        first.settle(sent[0].id)
        _close(first)  # as a worker that dies
        second = make_bus()
        assert self._arrived(second, sent[1:]) == (sent[1:] if self.delivers else [])
        _close(sender, second)

    def test_a_bus_that_is_there_passes_its_check(self, make_bus: Callable[[], JobBus]) -> None:
        bus = make_bus()
        bus.check()
        _close(bus)

    def _arrived(self, bus: JobBus, expected: list[JobSpec]) -> list[JobSpec]:
        """What arrives until all of the expected has; at once nothing, where nothing is carried."""
        arrived: list[Ticket] = []
        deadline = time.monotonic() + (_PATIENCE_SECONDS if self.delivers else 0.1)
        while time.monotonic() < deadline and len(arrived) < len(expected):
            arrived += bus.poll(0.05)
        return [ticket.spec for ticket in arrived]


def _close(*buses: JobBus) -> None:
    for bus in buses:
        bus.close()
