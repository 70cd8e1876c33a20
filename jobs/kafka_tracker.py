"""What was delivered to this worker and is not over, and how far each partition may be committed.

The offset of a partition is committed late: up to its lowest job that is not over, never beyond, so that Kafka delivers
again whatever a dead worker, or a store that has lost its data, leaves undone. One long job holds the offset but
nothing else: what comes after it is delivered and settled as usual. What is over is forgotten at once, so that memory
grows with the jobs that are open, of which ``jobs.kafka_member`` lets a worker hold a few hundred and no more.
"""

import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from jobs.model import JobSpec
from jobs.terms import Ticket


@dataclass(frozen=True, slots=True)
class Place:
    """Where on the topic a message lies."""

    partition: int
    offset: int


class Tracker:
    """The open messages of one member. Safe to use from its threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: dict[int, set[int]] = {}  # partition → offsets
        self._first: dict[int, int] = {}  # partition → the first offset delivered
        self._next: dict[int, int] = {}  # partition → the offset after the last one delivered
        self._committed: dict[int, int] = {}
        self._tickets: dict[str, Ticket] = {}
        self._places: dict[str, set[Place]] = {}

    def __len__(self) -> int:
        return sum(map(len, self._open.values()))

    def keep(self, partitions: Collection[int]) -> None:
        """These partitions are this member's from now on, and no others are.

        Of those that it had before, everything is remembered: they are delivered from what is committed on once more,
        and most of that is known here.
        """
        self.drop(self.partitions() - {*partitions})

    def drop(self, partitions: Collection[int]) -> None:
        """These partitions are somebody else's now, who gets their open messages again."""
        with self._lock:
            for partition in partitions:
                for kept in (self._open, self._first, self._next, self._committed):
                    kept.pop(partition, None)
            for job_id, places in list(self._places.items()):
                self._forget(job_id, {place for place in places if place.partition in partitions})

    def arrive(self, place: Place) -> bool:
        """A message has come; its partition is not committed beyond it until ``leave``.

        Returns:
            False where it has come before.
        """
        partition, offset = place.partition, place.offset
        with self._lock:
            if partition in self._first and self._first[partition] <= offset < self._next[partition]:
                return False
            self._open.setdefault(partition, set()).add(offset)
            self._first[partition] = min(offset, self._first.get(partition, offset))
            self._next[partition] = offset + 1
            return True

    def leave(self, place: Place) -> None:
        """The message at this place needs nothing more."""
        with self._lock:
            self._leave(place)

    def issue(self, place: Place, spec: JobSpec) -> Ticket | None:
        """The ticket of a job whose message has arrived; None where the job has one already."""
        with self._lock:
            known = spec.id in self._tickets
            self._places.setdefault(spec.id, set()).add(place)
            if known:
                return None
            ticket = self._tickets[spec.id] = Ticket(spec, place)
            return ticket

    def settle(self, job_id: str) -> None:
        """The job is over: every message of it leaves."""
        with self._lock:
            for place in self._places.get(job_id, ()):
                self._leave(place)
            self._forget(job_id, self._places.get(job_id, set()).copy())

    def tickets(self) -> tuple[Ticket, ...]:
        """The open jobs, in the order in which they came."""
        with self._lock:
            return tuple(self._tickets.values())

    def partitions(self) -> set[int]:
        """Of which anything has arrived."""
        with self._lock:
            return {*self._open, *self._next}

    def safe(self, partition: int) -> int | None:
        """Up to where everything of a partition is over; None where nothing has arrived."""
        with self._lock:
            return self._safe(partition)

    def due(self, owned: Collection[int]) -> dict[int, int]:
        """What may be committed and is not yet; only of these partitions: anybody else's would be rewound."""
        with self._lock:
            safe = {partition: self._safe(partition) for partition in self._next if partition in owned}
            return {
                partition: offset
                for partition, offset in safe.items()
                if offset is not None and self._committed.get(partition) != offset
            }

    def committed(self, offsets: Mapping[int, int]) -> None:
        """These commits have been confirmed."""
        with self._lock:
            self._committed |= offsets

    def _safe(self, partition: int) -> int | None:
        return min(self._open.get(partition) or {self._next[partition]}) if partition in self._next else None

    def _leave(self, place: Place) -> None:
        self._open.get(place.partition, set()).discard(place.offset)

    def _forget(self, job_id: str, gone: set[Place]) -> None:
        """Without a place left, the job has no ticket."""
        left = self._places.get(job_id, set()) - gone
        if left:
            self._places[job_id] = left
        else:
            self._places.pop(job_id, None)
            self._tickets.pop(job_id, None)
