"""A bus inside one process: what the worker's loop is tried with before a server carries its jobs.

As a real one does, it remembers what was sent and not settled, and delivers that again to whoever opens it next.
"""

import queue
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

from jobs.model import Job, JobSpec
from jobs.terms import Ticket


@dataclass
class Topic:
    """What was sent and is not settled, in order."""

    kept: dict[str, JobSpec] = field(default_factory=dict)
    buried: list[Job] = field(default_factory=list)
    members: list["MemoryBus"] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)


class MemoryBus:
    """One member on a topic; everything unsettled is delivered to it when it joins."""

    carries = True

    def __init__(self, topic: Topic) -> None:
        self._topic = topic
        self._arriving: queue.SimpleQueue[Ticket] = queue.SimpleQueue()
        self._unsettled: dict[str, Ticket] = {}
        self._held = False
        with topic.lock:
            for spec in topic.kept.values():
                self._arriving.put(Ticket(spec))
            topic.members.append(self)

    def publish(self, specs: Sequence[JobSpec]) -> None:
        """Keep them, and wake everybody."""
        with self._topic.lock:
            for spec in specs:
                self._topic.kept[spec.id] = spec
                for member in self._topic.members:
                    member._arriving.put(Ticket(spec))

    def poll(self, timeout_seconds: float) -> tuple[Ticket, ...]:
        """One ticket, unless held."""
        if self._held:
            return ()
        try:
            ticket = self._arriving.get(timeout=timeout_seconds) if timeout_seconds else self._arriving.get_nowait()
        except queue.Empty:
            return ()
        self._unsettled[ticket.spec.id] = ticket
        return (ticket,)

    def hold(self) -> None:
        """Deliver nothing."""
        self._held = True

    def resume(self) -> None:
        """Deliver again."""
        self._held = False

    def settle(self, job_id: str) -> None:
        """Forget it, here and for those who join later."""
        self._unsettled.pop(job_id, None)
        with self._topic.lock:
            self._topic.kept.pop(job_id, None)

    def bury(self, job: Job) -> None:
        """Lay it with the dead, and forget it."""
        self.settle(job.id)
        with self._topic.lock:
            self._topic.buried.append(job)

    def unsettled(self) -> tuple[Ticket, ...]:
        """What was delivered here."""
        return tuple(self._unsettled.values())

    def check(self) -> None:
        """Always there."""

    def close(self) -> None:
        """Leave the topic."""
        with self._topic.lock:
            self._topic.members.remove(self)
