"""Cleans up for the whole service: jobs past their retention, jobs of workers that fell silent, a store that was wiped,
and pictures that belong to no job.

Every API process has a janitor; the one that holds the name in the store is their leader, and alone does the work.
"""

import json
import os
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final
from uuid import uuid4

from backend.context import Context
from jobs import keys
from jobs.errors import ArtifactMissing, JobNotFound, JobPurged, JobsError
from jobs.model import Job
from jobs.recovery import recover, recover_all, seal
from jobs.telemetry import logger

#: How long a folder without a job must have been seen before it is brought back or deleted.
ORPHAN_SECONDS: Final = 3600.0

#: How often the whole folder of artifacts is looked through: that asks the store about every job.
TIDY_SECONDS: Final = 600.0

#: How often a janitor looks, and how long a leader that has fallen silent is still believed to be there.
ROUND_SECONDS: Final = 10.0
LEADER_SECONDS: Final = 25.0

#: The name that the leader reserves.
LEADER: Final = "janitor"

_log = logger(__name__)


class _OverNow(Exception):
    """Somebody else leads, or this process stops: the next leader does what is left."""


class Janitor:
    """Sweeps up behind the jobs of one service; two at once, as when a leader was only slow, do no harm.

    Args:
        clock: seconds that only ever grow.
    """

    def __init__(self, context: Context, clock: Callable[[], float] = time.monotonic) -> None:
        self._context, self._clock = context, clock
        self._holder = f"{socket.gethostname()}-{os.getpid()}-{uuid4().hex[:8]}"
        self._orphans: dict[str, float] = {}  # id, and when it was first seen
        self._sealed = set[str]()
        self._next_tidy, self._elected_at = float("-inf"), float("-inf")
        self._stop = threading.Event()
        self._leads = self._failing = False

    def run(self, stop: threading.Event, every_seconds: float = ROUND_SECONDS) -> None:
        """Look again and again until ``stop`` is set, then step down; whatever goes wrong is tried again."""
        self._stop = stop
        while not stop.is_set():
            try:
                self.look()
            except Exception as error:
                self._failed(error)
            else:
                self._went_well()
            stop.wait(every_seconds)
        self.step_down()

    def look(self) -> None:
        """Where this is the leader, or may be it now, do what is due.

        Raises:
            Unavailable: the store, the artifacts or the bus cannot be used now; what was done is done.
        """
        if self._elected():
            with suppress(_OverNow):
                self._work()

    def step_down(self) -> None:
        """Let another one lead at once."""
        if self._leads:
            with suppress(JobsError):
                self._context.store.free(LEADER, self._holder)
        self._leads = False
        self._context.metrics.leader.set(0)

    def sweep(self) -> None:
        """Delete all that is due, leader or not.

        Raises:
            Unavailable: the store or the artifacts cannot be used now; what was done is done.
        """
        self.expire()
        self.tidy()

    def expire(self) -> None:
        """Purge the jobs that have outlived their retention, then delete their pictures."""
        while expired := self._context.store.expired():
            purged = [job_id for job_id in expired if self._context.store.purge(job_id)]
            self._context.metrics.purged.inc(len(purged))
            for job_id in purged:  # what is left here, ``tidy`` deletes one day
                self._go_on()
                self._context.artifacts.delete(job_id)
            _log.info("jobs purged", count=len(purged))
            if not purged:  # somebody else was faster, or the store cannot
                return

    def tidy(self) -> None:
        """Seal what is over, delete the pictures of purged jobs, and settle folders that no job explains.

        What else is in storage stays: a bucket may be shared with others.
        """
        found = [name for name in self._context.artifacts.jobs() if keys.is_id(name)]
        self._sealed.intersection_update(found)
        orphans = [job_id for job_id in found if self._unexplained(job_id)]
        now = self._clock()
        self._orphans = {job_id: self._orphans.get(job_id, now) for job_id in orphans}
        for job_id, since in list(self._orphans.items()):
            if now - since >= ORPHAN_SECONDS:
                self._go_on()
                self._settle(job_id)
                del self._orphans[job_id]

    def _work(self) -> None:
        self._reap()
        self.expire()
        self._refill()
        if self._clock() >= self._next_tidy:
            self._next_tidy = self._clock() + TIDY_SECONDS
            self.tidy()

    def _go_on(self) -> None:
        """Keep the name during long work.

        Raises:
            _OverNow: it is lost, or this process stops.
        """
        if self._stop.is_set() or (self._leads and self._due() and not self._elected()):
            raise _OverNow

    def _due(self) -> bool:
        return self._clock() - self._elected_at >= ROUND_SECONDS

    def _elected(self) -> bool:
        led, self._leads = self._leads, False
        try:
            self._leads = self._context.store.reserve(LEADER, self._holder, LEADER_SECONDS)
        finally:
            self._context.metrics.leader.set(self._leads)
        self._elected_at = self._clock()
        if led != self._leads:
            _log.info("this process cleans up" if self._leads else "another process cleans up")
        return self._leads

    def _refill(self) -> None:
        """A store that was wiped gets back what is in storage: nobody needs to ask for his job first."""
        if not self._context.store.filled():
            recover_all(self._context.ports)

    def _reap(self) -> None:
        if reaped := self._context.store.reap():
            self._context.metrics.reaped.inc(len(reaped))
            _log.info("jobs taken back from silent workers", count=len(reaped))
        for job_id in reaped:
            with suppress(JobNotFound):
                self._seal(self._context.store.get(job_id))

    def _failed(self, error: Exception) -> None:
        """One line for an outage, however many rounds it lasts."""
        if not self._failing:
            _log.warning("cleaning up has to wait", reason=str(error) or type(error).__name__)
        self._failing = True

    def _went_well(self) -> None:
        if self._failing:
            _log.info("cleaning up goes on")
        self._failing = False

    def _unexplained(self, job_id: str) -> bool:
        """Whether the store does not know this job; that of a purged one is deleted here."""
        self._go_on()
        try:
            job = self._context.store.get(job_id)
        except JobPurged:
            self._context.artifacts.delete(job_id)
        except JobNotFound:
            return True
        else:
            self._seal(job)
        return False

    def _seal(self, job: Job) -> None:
        """The worker seals what it ends; a job that was cancelled in the queue, or whose worker died then, is left."""
        if not job.status.terminal or job.id in self._sealed:
            return
        try:
            self._context.artifacts.size(keys.manifest(job.id))
        except ArtifactMissing:
            seal(self._context.ports, job)
        self._sealed.add(job.id)

    def _settle(self, job_id: str) -> None:
        """Bring a job back, so that it ends and is purged one day; delete what is no job. Damaged records are left."""
        if self._half_made(job_id):
            _log.info("a folder without a job is deleted", job_id=job_id)
            self._context.artifacts.delete(job_id)
        else:
            with suppress(JobPurged):
                recover(self._context.ports, job_id)

    def _half_made(self, job_id: str) -> bool:
        """Whether no job was ever asked here: no request is there, or that of the job which this is a copy of."""
        try:
            request = json.loads(self._context.artifacts.get(keys.spec(job_id)))
        except ArtifactMissing:
            return True
        except ValueError:
            return False
        named = request.get("id") if isinstance(request, dict) else None
        return isinstance(named, str) and keys.is_id(named) and named != job_id
