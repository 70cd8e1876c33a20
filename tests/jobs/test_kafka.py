"""The bus of many machines, on a real Kafka: what is sent, delivered, settled and committed."""

import time
from collections.abc import Callable, Iterator

import pytest
from kafka import KafkaConsumer, TopicPartition

from jobs.kafka_member import Membership
from jobs.model import JobSpec
from jobs.ports import JobBus
from scripts.servers import KafkaServer
from tests.jobs.bus_contract import BusContract
from tests.jobs.jobs_made import spec
from tests.jobs.kafka_office import PATIENCE_SECONDS, Office, arrived, ids, listen, opened, until


@pytest.fixture
def counter(kafka: KafkaServer) -> Iterator[Office]:
    """A topic of one partition for this test, in which there is an order."""
    with opened(kafka, 1) as office:
        yield office


@pytest.fixture
def office(kafka: KafkaServer) -> Iterator[Office]:
    """A topic of four partitions for this test."""
    with opened(kafka, 4) as office:
        yield office


class TestKafkaBus(BusContract):
    """Carries between processes and machines."""

    delivers = True

    @pytest.fixture
    def make_bus(self, counter: Office) -> Callable[[], JobBus]:
        """All in one group on one topic."""
        return counter.open


def test_a_message_has_the_job_as_its_key_and_the_trace_as_its_header(counter: Office) -> None:
    trace = f"00-{'a' * 32}-{'b' * 16}-01"
    sent = spec(trace=trace)
    counter.open().publish([sent])
    reader = KafkaConsumer(auto_offset_reset="earliest", **counter.server.client_settings())
    reader.assign([TopicPartition(counter.topic, 0)])
    ((record,),) = reader.poll(10_000).values()
    reader.close()
    assert record.key == sent.id.encode()
    assert dict(record.headers)["traceparent"] == trace.encode()
    assert record.value.startswith(b'{"v":1,')


def test_a_batch_arrives_whole_from_every_partition(office: Office) -> None:
    sent = [spec() for _ in range(20)]
    office.open().publish(sent)
    assert {*ids(arrived(office.open(), count=20))} == {job.id for job in sent}


def test_the_offset_stays_at_the_lowest_job_that_is_not_over(counter: Office) -> None:
    worker = counter.open()
    sent = [spec() for _ in range(4)]
    worker.publish(sent)
    arrived(worker, count=4)
    worker.settle(sent[0].id)
    worker.settle(sent[2].id)
    worker.settle(sent[3].id)
    until(lambda: counter.committed() == {0: 1}, worker)
    worker.settle(sent[1].id)
    until(lambda: counter.committed() == {0: 4}, worker)


def test_a_long_job_does_not_keep_those_behind_it_from_arriving(counter: Office) -> None:
    worker = counter.open(Membership(most_open=3))
    sent = [spec() for _ in range(8)]
    worker.publish(sent)
    long = arrived(worker, count=1)
    rest: list[str] = []
    while len(rest) < 7:
        (ticket,) = arrived(worker, count=1)
        rest.append(ticket.spec.id)
        worker.settle(ticket.spec.id)
    assert ids(long) + rest == [job.id for job in sent]


def test_no_more_is_fetched_than_a_worker_may_have_open(counter: Office) -> None:
    worker = counter.open(Membership(most_open=3))
    sent = [spec() for _ in range(8)]
    worker.publish(sent)
    assert len(arrived(worker, count=3)) == 3
    assert all(not worker.poll(0.05) for _ in range(10))
    for ticket in worker.unsettled():
        worker.settle(ticket.spec.id)
    assert ids(arrived(worker, count=1)) == [sent[3].id]


def test_a_member_whose_loop_hangs_loses_its_jobs_to_another(counter: Office) -> None:
    first = counter.open()
    sent = [spec()]
    first.publish(sent)
    assert arrived(first, count=1)
    second = counter.open()  # the first is not polled any more
    assert ids(arrived(second, count=1)) == [sent[0].id]


def test_a_member_that_lost_a_partition_does_not_commit_it(counter: Office) -> None:
    first = counter.open()
    sent = [spec(), spec()]
    first.publish(sent)
    assert len(arrived(first, count=2)) == 2
    second = counter.open()
    assert len(arrived(second, count=2)) == 2
    second.settle(sent[0].id)
    until(lambda: counter.committed() == {0: 1}, second)
    for job in sent:
        first.settle(job.id)
    listen(1.5, first, second)
    assert counter.committed() == {0: 1}


def test_a_job_much_longer_than_the_silence_allowed_costs_no_membership(counter: Office) -> None:
    worker, registry = counter.counting(Membership(session_seconds=3, heartbeat_seconds=0.3, silence_seconds=1))
    worker.publish([spec()])
    assert arrived(worker, count=1)
    worker.hold()
    listen(4, worker)  # a topic that is new to the group may be dealt twice at first, or thrice
    before = registry.get_sample_value("nst_bus_rebalances_total")
    listen(5, worker)
    worker.resume()
    worker.publish([spec()])
    assert arrived(worker, count=1)  # one that was thrown out would have to join again for it
    assert registry.get_sample_value("nst_bus_rebalances_total") == before


def test_what_is_dealt_to_a_busy_worker_is_handed_out_later_and_nothing_is_left_unfetched(office: Office) -> None:
    busy, registry = office.counting()
    busy.hold()
    busy.poll(0)
    until(lambda: registry.get_sample_value("nst_bus_rebalances_total") == 1, busy)
    sent: list[JobSpec] = []
    taken: list[str] = []
    for _ in range(3):  # others come, take some, and leave the rest to the busy one
        guest = office.open()
        sent += [spec() for _ in range(8)]
        office.opened[0].publish(sent[-8:])
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not (tickets := guest.poll(0.02)):
            assert busy.poll(0) == ()
            assert time.monotonic() < deadline
        guest.settle(tickets[0].spec.id)
        taken.append(tickets[0].spec.id)
        guest.close()
    assert all(not busy.poll(0.02) for _ in range(10))
    busy.resume()
    left = {job.id for job in sent} - {*taken}
    come: list[str] = []  # some twice: what was dealt to a guest in between may have come before
    while not {*come} >= left:
        come += ids(arrived(busy, count=1))
        assert time.monotonic() < deadline + PATIENCE_SECONDS


def test_what_arrives_twice_has_one_ticket_and_is_settled_once(counter: Office) -> None:
    worker, registry = counter.counting()
    twice, after = spec(), spec()
    worker.publish([twice, twice, after])
    assert ids(arrived(worker, count=2)) == [twice.id, after.id]
    assert registry.get_sample_value("nst_bus_duplicates_total") == 1
    worker.settle(twice.id)
    until(lambda: counter.committed() == {0: 2}, worker)
