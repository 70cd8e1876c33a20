"""Sends messages to one topic, and knows that they are there when it returns."""

import os
import threading
import time
from collections.abc import Sequence
from contextlib import suppress

from kafka import KafkaAdminClient, KafkaProducer
from kafka.errors import (
    InvalidRecordError,
    KafkaError,
    KafkaTimeoutError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
    for_code,
)

from jobs.errors import Unavailable
from jobs.kafka_address import Address, missing_topic
from jobs.kafka_breaker import Breaker
from jobs.kafka_message import Message

_ALTOGETHER_SECONDS = 8.0  # for a call, however many messages
_PAUSE_SECONDS = 2.0
_CHECKED_SECONDS = 1.0  # an answer of ``check`` is good for so long
_CLOSE_SECONDS = 2.0
_OPENING = {"bootstrap_timeout_ms": 2_500, "reconnect_backoff_max_ms": 1_000}
_PRODUCER = {
    "acks": "all",
    # A message that is sent twice does no harm, and an idempotent producer that has lost one may refuse all others.
    "enable_idempotence": False,
    "allow_auto_create_topics": False,
    "linger_ms": 0,
    "max_block_ms": 2_500,
    "request_timeout_ms": 3_000,
    "delivery_timeout_ms": 5_000,
    "max_request_size": 1_048_576,
    "metadata_max_age_ms": 60_000,
    "metrics_enabled": False,
}


_NEVER = (TypeError, ValueError, MessageSizeTooLargeError, RecordListTooLargeError, InvalidRecordError)


class Unsendable(Unavailable):
    """Kafka will not take this message, however often it is sent."""


class Sender:
    """A producer of one topic, made when it is first needed, by the process that needs it. Safe to use from threads.

    Args:
        address: the servers.
        topic: where messages go.
    """

    def __init__(self, address: Address, topic: str) -> None:
        self._address, self._topic = address, topic
        self._breaker = Breaker(_PAUSE_SECONDS)
        self._opening = threading.Lock()
        self._producer: KafkaProducer | None = None
        self._not_opened: Unavailable | None = None
        self._not_opened_at = float("-inf")
        self._process = os.getpid()
        self._checking = threading.Lock()
        self._checked_at = float("-inf")
        self._found: Unavailable | None = None

    def send(self, messages: Sequence[Message]) -> None:
        """Send them all; the servers have confirmed every one when this returns, within nine seconds.

        Raises:
            Unsendable: they never will.
            Unavailable: they have not; some of the messages may arrive nevertheless.
        """
        with self._breaker.attempt():
            refused = self._sent(messages, time.monotonic() + _ALTOGETHER_SECONDS)
        if refused is not None:  # which says nothing about the servers, nor about the messages of others
            raise refused

    def check(self) -> None:
        """Raise Unavailable unless the topic is there, on servers that answer; within three seconds."""
        with self._checking:
            if time.monotonic() - self._checked_at > _CHECKED_SECONDS:
                self._found = self._missing()
                self._checked_at = time.monotonic()
            if self._found is not None:
                raise type(self._found)(str(self._found))

    def close(self) -> None:
        """Let go of the servers; what is not confirmed by now is given up."""
        with self._opening:
            producer, self._producer = self._producer, None
        if producer is None or self._process != os.getpid():
            return
        try:
            producer.close(timeout=_CLOSE_SECONDS)
        except KafkaError:  # it waited for messages in vain, and stopped there
            producer._sender.force_close()
            with suppress(KafkaError):
                producer.close(timeout=_CLOSE_SECONDS)

    def _sent(self, messages: Sequence[Message], until: float) -> Unsendable | None:
        """Send them; why one of them never can be."""
        producer = self._opened(until)
        try:
            sent = [producer.send(self._topic, message.value, message.key, [*message.headers]) for message in messages]
            for confirmed in sent:
                confirmed.get(timeout=max(0.1, until - time.monotonic()))
        except _NEVER as error:
            return Unsendable(f"Kafka takes no such message on the topic {self._topic} ({type(error).__name__})")
        except (KafkaError, OSError) as error:
            raise self._why(error) from None
        return None

    def _opened(self, until: float) -> KafkaProducer:
        if not self._opening.acquire(timeout=max(0.0, until - time.monotonic())):
            raise self._address.explained(KafkaTimeoutError())
        try:
            if self._process != os.getpid():  # a fork inherits connections, but not the threads that serve them
                self._producer, self._process = None, os.getpid()
            if self._producer is None:
                self._producer = self._open()
            return self._producer
        finally:
            self._opening.release()

    def _open(self) -> KafkaProducer:
        """Those who waited here while another one tried in vain are told so, and do not try one after the other."""
        if self._not_opened is not None and time.monotonic() - self._not_opened_at < _PAUSE_SECONDS:
            raise type(self._not_opened)(str(self._not_opened))
        try:
            return self._address.open(KafkaProducer, **_OPENING, **_PRODUCER)
        except Unavailable as error:
            self._not_opened, self._not_opened_at = error, time.monotonic()
            raise

    def _why(self, error: Exception) -> Unavailable:
        """To a producer, a topic that is missing and a server that is silent are the same."""
        if isinstance(error, KafkaTimeoutError):
            with suppress(Unavailable):
                self.check()
                return self._address.explained(error)
            return self._found or self._address.explained(error)
        return self._address.explained(error)

    def _missing(self) -> Unavailable | None:
        """Why nothing can be sent; None where it can."""
        try:
            admin = self._address.open(KafkaAdminClient, **_OPENING, request_timeout_ms=2_500)
        except Unavailable as error:
            return error
        try:
            (topic,) = admin.describe_topics([self._topic])
            kind = for_code(topic["error_code"])
            if topic["error_code"] == 3:
                return missing_topic(self._topic, ",".join(self._address.servers))
            return self._address.explained(kind()) if topic["error_code"] else None
        except (KafkaError, OSError) as error:
            return self._address.explained(error)
        finally:
            admin.close()
