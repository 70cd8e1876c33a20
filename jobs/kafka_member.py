"""A worker's membership in the group that shares the topic: a thread which listens, whatever the worker is doing.

The worker's loop must never wait for a server that is frozen, and Kafka must hear of a member all the time; so the
consumer lives in a thread of its own, and only there. It listens as long as the loop does: when the loop has been
silent for ``Membership.silence_seconds``, the thread is silent too, and Kafka gives the partitions to others.

Kafka's listeners run in the client's own thread, where a call that waits for an answer would wait for ever: they
change nothing but our own books and the pausing of partitions.
"""

import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from kafka import ConsumerRebalanceListener, KafkaConsumer, OffsetAndMetadata, TopicPartition
from kafka.errors import (
    CommitFailedError,
    CorruptRecordError,
    KafkaError,
    RebalanceInProgressError,
    RetriableError,
    UnsupportedCodecError,
)

from jobs.errors import Misconfigured, Unavailable
from jobs.kafka_address import Address, missing_topic
from jobs.kafka_tracker import Place, Tracker
from jobs.telemetry import BusMetrics, logger

_LISTEN_MS = 200
_POLL_MS = 1_000  # a message ends it at once; the shorter, the more often it ends in the midst of a rebalance
_COMMIT_MS = 3_000
_CLOSE_MS = 2_000
_LONGEST_PAUSE_SECONDS = 5.0
_UNREADABLE = (UnicodeDecodeError, CorruptRecordError, UnsupportedCodecError)
_CONSUMER = {
    "enable_auto_commit": False,
    "auto_offset_reset": "earliest",  # else jobs sent before the first worker started would be lost
    "max_poll_records": 1,
    "request_timeout_ms": 30_000,
    "fetch_max_wait_ms": 500,
    "max_partition_fetch_bytes": 262_144,
    "fetch_max_bytes": 1_048_576,
    "allow_auto_create_topics": False,
    "metadata_max_age_ms": 60_000,
    "bootstrap_timeout_ms": 3_000,
    "reconnect_backoff_max_ms": 1_000,
    "metrics_enabled": True,  # for the age of the last heartbeat
}


@dataclass(frozen=True, slots=True)
class Membership:
    """How Kafka tells the living from the dead."""

    session_seconds: float = 30.0  #: without a sign of the process, its partitions go to others
    heartbeat_seconds: float = 3.0
    silence_seconds: float = 60.0  #: the same without a sign of the loop; short, as every rebalance may wait for it
    most_open: int = 500  #: messages that are open here, above which no more are fetched


class Member:
    """Listens to the topic and commits what the tracker allows.

    Args:
        address: the servers and the topic.
        group: who shares the topic.
        membership: its times.
        tracker: what is open.
        arrived: what to do with a record of kafka-python.
        skipped: what to do where a record lies that kafka-python cannot read, and why it cannot.
        tidied: called between two looks, in the same thread.
        metrics: what is counted.
    """

    def __init__(
        self,
        address: Address,
        group: str,
        membership: Membership,
        tracker: Tracker,
        arrived: Callable[[Any], None],
        skipped: Callable[[Place, Exception], None],
        tidied: Callable[[], None],
        metrics: BusMetrics,
    ) -> None:
        self._address, self._group, self._membership, self._tracker = address, group, membership, tracker
        self._arrived, self._skipped, self._tidied, self._metrics = arrived, skipped, tidied, metrics
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._seen_at = time.monotonic()
        self._failing = False
        self._contact_at = 0.0
        self.fault: Misconfigured | None = None  # written by the thread alone

    def attend(self) -> None:
        """The loop is alive; joins the group the first time."""
        self._seen_at = time.monotonic()
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="kafka-member", daemon=True)
            self._thread.start()

    def note_rebalance(self) -> None:
        """Partitions were dealt anew."""
        self._metrics.rebalances.inc()

    def close(self) -> None:
        """Commit and leave the group."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join((_COMMIT_MS + 2 * _CLOSE_MS) / 1000)  # it is a daemon: a frozen broker keeps nobody

    def _run(self) -> None:
        pause, began = 0.5, time.monotonic()
        while not self._stop.is_set():
            try:
                with self._joined() as consumer:
                    began = time.monotonic()
                    self._listen(consumer)
            except Unavailable as error:
                self._complain(error)
            except Exception as error:  # whatever the client may think of: the worker goes on, and it is tried again
                logger(__name__).exception("listening to Kafka failed", error=type(error).__name__)
            if time.monotonic() - began > _LONGEST_PAUSE_SECONDS:  # it went well for a while
                pause = 0.5
            self._stop.wait(pause)
            pause = min(_LONGEST_PAUSE_SECONDS, 2 * pause)

    @contextmanager
    def _joined(self) -> Iterator[KafkaConsumer]:
        times = self._membership
        consumer = self._address.open(
            KafkaConsumer,
            group_id=self._group,
            session_timeout_ms=int(times.session_seconds * 1000),
            heartbeat_interval_ms=int(times.heartbeat_seconds * 1000),
            max_poll_interval_ms=int(times.silence_seconds * 1000),
            **_CONSUMER,
        )
        try:
            self._look_at_topic(consumer)
            consumer.subscribe([self._address.topic], listener=_Books(consumer, self._tracker, self))
            yield consumer
        except KafkaError as error:
            raise self._address.explained(error) from error
        finally:
            with suppress(KafkaError):
                consumer.close(autocommit=False, timeout_ms=_CLOSE_MS)
            self._tracker.keep(())

    def _look_at_topic(self, consumer: KafkaConsumer) -> None:
        partitions = consumer.partitions_for_topic(self._address.topic)
        if not partitions:
            raise missing_topic(self._address.topic, ",".join(self._address.servers))
        if len(partitions) == 1:
            logger(__name__).warning(
                "the topic has one partition: one worker hears of new jobs, the others look into the store for them",
                topic=self._address.topic,
            )
        if self._failing:
            logger(__name__).info("Kafka can be used again")
        self.fault, self._failing = None, False

    def _listen(self, consumer: KafkaConsumer) -> None:
        self._contact_at = time.monotonic()
        while not self._stop.is_set():
            if time.monotonic() - self._seen_at > self._membership.silence_seconds:
                self._stop.wait(_LISTEN_MS / 1000)
                continue
            self._pause_or_resume(consumer)
            for partition, records in self._polled(consumer).items():
                # Of one that was taken away meanwhile, somebody else gets them: to keep them would let this member
                # commit, when it is dealt the partition again, beyond what that one has open.
                if partition in consumer.assignment():
                    for record in records:
                        self._arrived(record)
            self._tidied()
            self._commit(consumer)
        self._commit(consumer)

    def _polled(self, consumer: KafkaConsumer) -> dict[TopicPartition, list[Any]]:
        try:
            polled: dict[TopicPartition, list[Any]] = consumer.poll(_POLL_MS)
        except _UNREADABLE as error:
            self._skip(consumer, error)
            return {}
        except RetriableError:  # it goes on by itself
            self._stop.wait(_LISTEN_MS / 1000)
            return {}
        return polled

    def _skip(self, consumer: KafkaConsumer, error: Exception) -> None:
        """Go on behind a record that cannot be read: the client alone would stay at it for ever.

        Also what its sender sent in one batch behind it is lost so, record by record, for the client reads a batch
        from its beginning. Ours never send one such.
        """
        unread = consumer._fetcher._next_partition_records  # the client does not say where the record lies
        if not unread:
            raise error
        where = unread.topic_partition
        with suppress(KafkaError, ValueError):  # the partition may be taken away in this moment
            offset = max(unread.next_fetch_offset, consumer.position(where, timeout_ms=_LISTEN_MS) or 0)
            consumer.seek(where, offset + 1)
            self._skipped(Place(where.partition, offset), error)

    @property
    def full(self) -> bool:
        """Whether nothing more is to be fetched."""
        return len(self._tracker) >= self._membership.most_open

    def _pause_or_resume(self, consumer: KafkaConsumer) -> None:
        paused, assigned = consumer.paused(), consumer.assignment()
        with suppress(KafkaError, KeyError):  # a partition may be taken away in this moment
            if self.full:
                consumer.pause(*(assigned - paused))
            elif paused:
                consumer.resume(*paused)

    def _commit(self, consumer: KafkaConsumer) -> None:
        """Commit what is due. A commit that fails costs a second delivery and nothing else."""
        topic, assigned = self._address.topic, consumer.assignment()
        due = self._tracker.due({owned.partition for owned in assigned})
        if due:
            offsets = {TopicPartition(topic, partition): OffsetAndMetadata(o, "", -1) for partition, o in due.items()}
            try:
                consumer.commit(offsets, timeout_ms=_COMMIT_MS)
                self._tracker.committed(due)
            except (CommitFailedError, RebalanceInProgressError):
                self._metrics.commit_errors.labels("rebalanced").inc()
            except KafkaError:
                self._metrics.commit_errors.labels("unavailable").inc()
        self._note_contact(consumer)
        self._metrics.unsettled.set(len(self._tracker))
        self._metrics.lag.set(sum(self._behind(consumer, owned) for owned in assigned))

    def _note_contact(self, consumer: KafkaConsumer) -> None:
        """When the last heartbeat was sent; before the first one, the client says that it was endless ago.

        Raises:
            Unavailable: none was for the time of a session. Kafka has forgotten this member by now, and the client may
                not know: when a look of ours ends at the moment at which a rebalance does, it waits for that for ever
                (kafka-python 3.0.12).
        """
        ago = consumer.metrics()["consumer-coordinator-metrics"]["last-heartbeat-seconds-ago"]
        if 0 <= ago < self._membership.silence_seconds:
            self._metrics.contact.set(time.time() - ago)
            self._contact_at = max(self._contact_at, time.monotonic() - ago)
        if time.monotonic() - self._contact_at > self._membership.session_seconds:
            raise Unavailable("this worker has lost the group of workers, and joins it again")

    def _behind(self, consumer: KafkaConsumer, owned: TopicPartition) -> int:
        with suppress(KafkaError, AssertionError, KeyError):
            end, safe = consumer.highwater(owned), self._tracker.safe(owned.partition)
            if end is not None and safe is not None:
                return max(0, int(end) - safe)
        return 0

    def _complain(self, error: Unavailable) -> None:
        self.fault = error if isinstance(error, Misconfigured) else None
        if not self._failing:
            logger(__name__).warning("Kafka cannot be used; jobs are taken from the store", error=str(error))
        self._failing = True


class _Books(ConsumerRebalanceListener):  # type: ignore[misc]  # published without types
    """Keeps the books when partitions are dealt anew; see the module."""

    def __init__(self, consumer: KafkaConsumer, tracker: Tracker, member: Member) -> None:
        self._consumer, self._tracker, self._member = consumer, tracker, member

    def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        """Nothing is known yet: all are revoked whenever the group changes, and most are dealt to the same again."""

    def on_partitions_lost(self, lost: Collection[TopicPartition]) -> None:
        """They have been somebody else's for a while."""
        logger(__name__).warning("Kafka has thought this worker dead, and given its partitions to others")
        self._tracker.drop({gone.partition for gone in lost})

    def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        """New partitions arrive unpaused, also where no more is to be fetched."""
        self._tracker.keep({new.partition for new in assigned})
        logger(__name__).info("partitions were dealt", partitions=len(assigned))
        self._member.note_rebalance()
        if self._member.full:
            self._consumer.pause(*assigned)
