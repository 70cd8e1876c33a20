"""A topic on a real Kafka, with everybody who sends and listens there."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from secrets import token_hex
from typing import Any
from unittest.mock import patch

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from prometheus_client import CollectorRegistry

from jobs.kafka import KafkaBus
from jobs.kafka_member import Membership
from jobs.ports import JobBus
from jobs.telemetry import BusMetrics
from jobs.terms import Ticket
from scripts.servers import KafkaServer

PATIENCE_SECONDS = 30.0
QUICK = Membership(session_seconds=2, heartbeat_seconds=0.3, silence_seconds=2)


@dataclass
class Office:
    """A topic and its dead letters on a server, with everybody who was opened on it."""

    server: KafkaServer
    topic: str
    opened: list[KafkaBus] = field(default_factory=list)

    def open(self, membership: Membership = QUICK, **settings: Any) -> KafkaBus:
        """One more member, or sender."""
        bus = KafkaBus(self.server.url(self.topic), group=self.topic, membership=membership, **settings)
        self.opened.append(bus)
        return bus

    def counting(self, membership: Membership = QUICK) -> tuple[KafkaBus, CollectorRegistry]:
        """One more member, and what it counts."""
        registry = CollectorRegistry()
        return self.open(membership, metrics=BusMetrics.on(registry)), registry

    def close(self) -> None:
        """Let everybody leave."""
        for bus in self.opened:
            bus.close()

    def send(self, *values: bytes | None) -> None:
        """Put bytes on the topic that no bus has made."""
        producer = KafkaProducer(**self.server.client_settings())
        for value in values:
            producer.send(self.topic, value, key=b"somebody", partition=0).get(10)
        producer.close()

    def send_raw(self, key: bytes | None, value: bytes | None, headers: list[tuple[str, bytes | None]]) -> None:
        """Put a record on the topic that a client of another kind may have made, and ours refuses to make."""
        producer = KafkaProducer(max_request_size=2_000_000, **self.server.client_settings())
        assert producer.partitions_for(self.topic)
        with patch("kafka.producer.producer_batch.sum", lambda sizes: 0, create=True):  # it cannot add up a null
            future, *_ = producer._accumulator.append(TopicPartition(self.topic, 0), None, key, value, headers)
        producer._sender.wakeup()
        future.get(10)
        producer.close()

    def committed(self) -> dict[int, int]:
        """The group's offsets, of partitions that have one."""
        reader = KafkaConsumer(group_id=self.topic, enable_auto_commit=False, **self.server.client_settings())
        found = {part: reader.committed(TopicPartition(self.topic, part)) for part in range(4)}
        reader.close()
        return {part: offset for part, offset in found.items() if offset is not None}

    def dead(self, count: int) -> list[Any]:
        """The dead letters, as soon as there are so many."""
        reader = KafkaConsumer(auto_offset_reset="earliest", **self.server.client_settings())
        reader.assign([TopicPartition(f"{self.topic}.dlq", 0)])
        letters: list[Any] = []
        deadline = time.monotonic() + PATIENCE_SECONDS
        while len(letters) < count and time.monotonic() < deadline:
            for records in reader.poll(200).values():
                letters += records
        reader.close()
        return letters


@contextmanager
def opened(server: KafkaServer, partitions: int) -> Iterator[Office]:
    """A new topic with dead letters; whoever is opened on it is closed."""
    topic = server.make_topic(f"jobs-{token_hex(4)}", partitions)
    server.make_topic(f"{topic}.dlq", 1)
    office = Office(server, topic)
    yield office
    office.close()


def arrived(*buses: JobBus, count: int) -> list[Ticket]:
    """The tickets that arrive at any of them, until there are so many."""
    tickets: list[Ticket] = []
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline and len(tickets) < count:
        for bus in buses:
            tickets += bus.poll(0.02)
    return tickets


def ids(tickets: list[Ticket]) -> list[str]:
    """Of the jobs."""
    return [ticket.spec.id for ticket in tickets]


def until(true: Callable[[], bool], *polled: JobBus) -> None:
    """Wait for something, while these members listen."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not true():
        assert time.monotonic() < deadline, "it did not happen"
        for bus in polled:
            bus.poll(0)
        time.sleep(0.02)


def listen(seconds: float, *polled: JobBus) -> None:
    """Let these members live for so long."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        for bus in polled:
            bus.poll(0)
        time.sleep(0.02)
