"""What the bus has delivered to this worker: heard, looked after, and settled once the jobs are over.

The bus only wakes and remembers. A job whose message is here and which the store has forgotten is brought back from
storage; a bus that cannot be used costs nothing but its waking.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace

from consumer.stopping import Stopping
from jobs.bus import EmptyBus
from jobs.errors import JobNotFound, JobPurged, Unavailable
from jobs.model import Job, JobStatus
from jobs.recovery import recover
from jobs.telemetry import logger
from jobs.terms import Ticket
from jobs.wiring import Ports

_AT_ONCE = 20  # each is a question to the store, and a worker may have hundreds


class Tickets:
    """A worker's dealings with the bus. Its methods raise Unavailable for the store and the artifacts only.

    Args:
        ports: bus, store and artifacts.
        stopping: what may cut waiting short.
        patience_seconds: how long whoever runs a job that the store has forgotten may take to say so, before the job
            is brought back as one that nobody runs.
    """

    def __init__(self, ports: Ports, stopping: Stopping, patience_seconds: float) -> None:
        self._ports, self._bus, self._stopping = ports, ports.bus, stopping
        self._patience_seconds = patience_seconds
        self._forgotten: dict[str, float] = {}  # since when
        self._mine = ""
        self._turn = 0
        self._complaint = ""

    def hear(self, timeout_seconds: float) -> bool:
        """Listen for so long, which is the sign of life too; whether anything has come."""
        try:
            tickets = self._bus.poll(timeout_seconds)
        except Unavailable as error:
            self._complain(str(error))
            self._stopping.sleep(timeout_seconds)
            return False
        self._complain("")
        for ticket in tickets:
            self._look_after(ticket)
        return bool(tickets)

    @contextmanager
    def busy(self, job_id: str) -> Iterator[None]:
        """Have nothing new delivered while this worker runs a job, of which it knows more than the store."""
        self._mine = job_id
        with suppress(Unavailable):
            self._bus.hold()
        try:
            yield
        finally:
            self._mine = ""
            with suppress(Unavailable):
                self._bus.resume()

    def settle(self) -> None:
        """Settle what is over, also by others' hands: some at each call, every one in its turn."""
        tickets = self._bus.unsettled()
        for job_id in self._forgotten.keys() - {ticket.spec.id for ticket in tickets}:  # others took care of them
            del self._forgotten[job_id]
        start = self._turn if self._turn < len(tickets) else 0
        self._turn = start + _AT_ONCE
        for ticket in tickets[start : start + _AT_ONCE]:
            self._look_after(ticket)

    def _look_after(self, ticket: Ticket) -> None:
        job_id = ticket.spec.id
        if job_id == self._mine:
            return
        try:
            job = self._ports.store.get(job_id)
        except JobPurged:
            job = None
        except JobNotFound:
            if self._may_be_told_of(job_id):
                return
            job = self._brought_back(job_id)
        self._forgotten.pop(job_id, None)
        self._end(job_id, job)

    def _may_be_told_of(self, job_id: str) -> bool:
        """Whether it is too early to believe that nobody runs a job that the store has forgotten."""
        now = time.monotonic()
        return now - self._forgotten.setdefault(job_id, now) < self._patience_seconds

    def _brought_back(self, job_id: str) -> Job | None:
        with suppress(JobPurged):
            # Its message is on the bus still, which keeps whatever is not settled.
            return recover(replace(self._ports, bus=EmptyBus()), job_id)
        return None

    def _end(self, job_id: str, job: Job | None) -> None:
        """Settle what is over; None is gone, and nothing can be done for it."""
        with suppress(Unavailable):
            if job is None:
                logger(__name__).info("a message of a job that is gone", job_id=job_id)
                self._bus.settle(job_id)
            elif job.status is JobStatus.FAILED:
                self._bus.bury(job)
            elif job.status.terminal:
                self._bus.settle(job_id)

    def _complain(self, error: str) -> None:
        """Once for each trouble, not ten times a second."""
        if error and error != self._complaint:
            logger(__name__).warning("the bus cannot be used; jobs are taken from the store", error=error)
        elif self._complaint and not error:
            logger(__name__).info("the bus can be used again")
        self._complaint = error
