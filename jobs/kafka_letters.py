"""The topic of dead letters: messages that are no jobs, and jobs that have failed for good."""

import threading
import time
from dataclasses import dataclass

from jobs.errors import Unavailable
from jobs.kafka_message import Message
from jobs.kafka_sender import Sender, Unsendable
from jobs.kafka_tracker import Place, Tracker
from jobs.telemetry import BusMetrics, logger

DROPPED = "dropped"  #: in the metric, the reason of letters that could not be written at all

_PAUSE_SECONDS = 5.0
_AT_ONCE_SECONDS = 5.0  # then the thread has to listen again, or Kafka thinks it dead


@dataclass(frozen=True, slots=True)
class Letter:
    """A message on its way to the dead letters, and what is settled once it is there."""

    message: Message
    reason: str  #: one of ``jobs.telemetry.DEAD_LETTERS``
    owner: str | Place  #: the id of a failed job, or where a message lies that is no job


class DeadLetters:
    """Writes letters, again and again until they are written; nothing is settled before. Each is written at least once:
    a confirmation that is lost, or a worker that dies before it commits, has the same letter written again.

    One that Kafka will never take is logged, counted as ``dropped`` and settled: it must not keep the others waiting.

    ``add`` is safe from any thread, ``deliver`` belongs to one.
    """

    def __init__(self, sender: Sender, tracker: Tracker, metrics: BusMetrics) -> None:
        self._sender, self._tracker, self._metrics = sender, tracker, metrics
        self._lock = threading.Lock()
        self._waiting: dict[str | Place, Letter] = {}
        self._not_before = 0.0
        self._failing = False

    def add(self, letter: Letter) -> None:
        """Have a letter written soon."""
        with self._lock:
            self._waiting[letter.owner] = letter

    def __contains__(self, owner: object) -> bool:
        with self._lock:
            return owner in self._waiting

    def deliver(self) -> None:
        """Write what waits, unless that has just failed."""
        began = time.monotonic()
        if began < self._not_before:
            return
        with self._lock:
            letters = list(self._waiting.values())
        try:
            for letter in letters:
                self._settle(letter, self._written(letter))
                if time.monotonic() - began > _AT_ONCE_SECONDS:
                    break
        except Unavailable as error:
            self._postpone(error)

    def _written(self, letter: Letter) -> str:
        """As what the letter is counted."""
        try:
            self._sender.send([letter.message])
        except Unsendable as error:
            logger(__name__).error(
                "a dead letter cannot be written, and is dropped", why=str(error), of=f"{letter.owner}"
            )
            return DROPPED
        self._failing = False
        return letter.reason

    def _postpone(self, error: Unavailable) -> None:
        self._not_before = time.monotonic() + _PAUSE_SECONDS
        if not self._failing:
            self._failing = True
            logger(__name__).error("dead letters cannot be written; they are kept and tried again", error=str(error))

    def _settle(self, letter: Letter, counted: str) -> None:
        self._metrics.dead_letters.labels(counted).inc()
        if isinstance(letter.owner, Place):
            self._tracker.leave(letter.owner)
        else:
            self._tracker.settle(letter.owner)
        with self._lock:
            self._waiting.pop(letter.owner, None)
