"""The bus of many machines: a topic of Apache Kafka, whose group of workers shares its partitions.

Sending is confirmed by the servers. What has arrived stays open until its job is over (``jobs.kafka_tracker``), so that
Kafka remembers for a store which loses its data. Who runs a job is never decided here. Messages that nobody can work on
go to the topic's dead letters, ``TOPIC.dlq``, and never stop those behind them.
"""

import queue
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from prometheus_client import CollectorRegistry

from jobs.errors import Unavailable
from jobs.kafka_address import Address
from jobs.kafka_letters import DeadLetters, Letter
from jobs.kafka_member import Member, Membership
from jobs.kafka_message import Message, Undeliverable, dead_letter, decode, encode
from jobs.kafka_sender import Sender
from jobs.kafka_tracker import Place, Tracker
from jobs.model import Job, JobSpec
from jobs.telemetry import BusMetrics, logger
from jobs.terms import Ticket
from jobs.urls import Tls


class KafkaBus:
    """``JobBus`` on a topic.

    Nothing is opened before it is needed, and then by the process that needs it: the API only sends, a worker only
    listens. ``publish`` and ``check`` may be called from any thread, the rest from one.

    Args:
        url: ``kafka://[USER:PASSWORD@]HOST:9092[,HOST2:9092]/TOPIC``; ``kafkas://`` is TLS.
        group: the consumer group of the workers.
        sasl: how the user of the URL is checked: PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512.
        tls: by which files both ends know each other.
        metrics: what is counted; by default into nothing.
        membership: the times of the group.

    Raises:
        Unavailable: the URL or the files of ``tls`` cannot be used.
    """

    carries = True

    def __init__(
        self,
        url: str,
        *,
        group: str = "nst-workers",
        sasl: str = "SCRAM-SHA-512",
        tls: Tls | None = None,
        metrics: BusMetrics | None = None,
        membership: Membership | None = None,
    ) -> None:
        self._address = Address.parse(url, sasl=sasl, tls=tls or Tls())
        self._metrics = metrics or BusMetrics.on(CollectorRegistry())
        self._tracker = Tracker()
        self._held = self._letters_sought = False
        self._sender = Sender(self._address, self._address.topic)
        self._undertaker = Sender(self._address, self._address.dead_letters)
        self._letters = DeadLetters(self._undertaker, self._tracker, self._metrics)
        self._arrived: queue.SimpleQueue[Ticket] = queue.SimpleQueue()
        self._member = Member(
            self._address,
            group,
            membership or Membership(),
            self._tracker,
            self._take,
            self._miss,
            self._letters.deliver,
            self._metrics,
        )

    def publish(self, specs: Sequence[JobSpec]) -> None:
        """Send jobs; raises Unavailable within nine seconds where the servers do not confirm every one."""
        self._sender.send([encode(spec) for spec in specs])
        self._metrics.published.inc(len(specs))

    def poll(self, timeout_seconds: float) -> tuple[Ticket, ...]:
        """What has arrived. A server that is silent is no error here; one that refuses this worker is."""
        self._member.attend()
        if self._member.fault is not None:
            raise type(self._member.fault)(str(self._member.fault))
        if self._held:
            time.sleep(timeout_seconds)
            return ()
        try:
            return (self._arrived.get(timeout=timeout_seconds) if timeout_seconds else self._arrived.get_nowait(),)
        except queue.Empty:
            return ()

    def hold(self) -> None:
        """Hand out nothing. Fetching goes on, or the offsets of a fleet that is never idle would stand still."""
        self._held = True

    def resume(self) -> None:
        """Hand out again, first what has come meanwhile."""
        self._held = False

    def settle(self, job_id: str) -> None:
        """The job's messages need not be delivered again."""
        self._tracker.settle(job_id)

    def bury(self, job: Job) -> None:
        """Put the job's message with the dead letters, and settle it once it is there: soon, or when Kafka is back."""
        if job.id in self._letters:
            return
        place = next((ticket.place for ticket in self._tracker.tickets() if ticket.spec.id == job.id), None)
        facts = {
            "reason": "failed",
            "code": job.error.code if job.error else "",
            "error": job.error.message if job.error else "",
            "attempts": job.attempt,
            "worker": job.worker,
        }
        origin = self._origin(place) if isinstance(place, Place) else {}
        self._letters.add(Letter(dead_letter(encode(job.spec), facts | origin), "failed", job.id))

    def unsettled(self) -> tuple[Ticket, ...]:
        """The jobs that are open here, without those that are being buried."""
        return tuple(ticket for ticket in self._tracker.tickets() if ticket.spec.id not in self._letters)

    def check(self) -> None:
        """Ask a server whether the topic is there; raises Unavailable within three seconds.

        Jobs can be sent without a topic of dead letters, but not forgotten when they fail: once, a warning says so.
        """
        self._sender.check()
        if not self._letters_sought:
            self._letters_sought = True
            try:
                self._undertaker.check()
            except Unavailable as error:
                logger(__name__).warning("dead letters cannot be written", error=str(error))

    def close(self) -> None:
        """Commit, leave the group and let go of the servers."""
        self._member.close()
        self._sender.close()
        self._undertaker.close()

    def _take(self, record: Any) -> None:
        """A record has arrived, in the member's thread."""
        place = Place(record.partition, record.offset)
        self._metrics.delivered.inc()
        if not self._tracker.arrive(place):
            self._metrics.duplicates.inc()
            return
        try:
            ticket = self._tracker.issue(place, decode(record.value))
        except Undeliverable as error:
            self._refuse(Message(record.key, record.value, tuple(record.headers)), place, error)
            return
        if ticket is None:
            self._metrics.duplicates.inc()
        else:
            self._arrived.put(ticket)

    def _miss(self, place: Place, error: Exception) -> None:
        """What lies there cannot be read at all; its dead letter is an empty one. In the member's thread."""
        if self._tracker.arrive(place):
            why = f"the record cannot be read: {type(error).__name__}: {error}"
            self._refuse(Message(None, None), place, Undeliverable("unreadable", why))

    def _refuse(self, message: Message, place: Place, error: Undeliverable) -> None:
        logger(__name__).error(
            "a message is put with the dead letters", error=str(error), partition=place.partition, offset=place.offset
        )
        facts = {"reason": error.reason, "error": str(error), "first_seen": datetime.now(UTC).isoformat()}
        self._letters.add(Letter(dead_letter(message, facts | self._origin(place)), error.reason, place))

    def _origin(self, place: Place) -> dict[str, object]:
        return {
            "origin_topic": self._address.topic,
            "origin_partition": place.partition,
            "origin_offset": place.offset,
        }
