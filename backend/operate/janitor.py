"""Deletes what nobody may see any more: jobs past their retention, and pictures that belong to no job."""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from backend.context import Context
from jobs import keys
from jobs.errors import ArtifactMissing, JobNotFound, JobPurged
from jobs.model import Job
from jobs.recovery import recover, seal
from jobs.telemetry import logger

#: How long a folder without a job must have been seen before it is brought back or deleted.
ORPHAN_SECONDS: Final = 3600.0

#: How often the whole folder of artifacts is looked through: that asks the store about every job.
TIDY_SECONDS: Final = 600.0

_log = logger(__name__)


class Janitor:
    """Sweeps up behind the jobs of one service; several at once do no harm.

    Args:
        clock: seconds that only ever grow.
    """

    def __init__(self, context: Context, clock: Callable[[], float] = time.monotonic) -> None:
        self._context, self._clock = context, clock
        self._orphans: dict[str, float] = {}  # id, and when it was first seen
        self._next_tidy = float("-inf")

    def run(self, stop: threading.Event, every_seconds: float = 10.0) -> None:
        """Sweep again and again until ``stop`` is set; whatever goes wrong is logged and tried again."""
        while not stop.is_set():
            try:
                self.expire()
                if self._clock() >= self._next_tidy:
                    self._next_tidy = self._clock() + TIDY_SECONDS
                    self.tidy()
            except Exception as error:
                _log.warning("a sweep failed", reason=str(error) or type(error).__name__)
            stop.wait(every_seconds)

    def sweep(self) -> None:
        """Everything once.

        Raises:
            Unavailable: the store or the artifacts cannot be used now; what was done is done.
        """
        self.expire()
        self.tidy()

    def expire(self) -> None:
        """Purge the jobs that have outlived their retention, then delete their pictures."""
        while expired := self._context.store.expired():
            purged = [job_id for job_id in expired if self._context.store.purge(job_id)]
            for job_id in purged:
                self._context.metrics.purged.inc()
                self._context.artifacts.delete(job_id)
            _log.info("jobs purged", count=len(purged))
            if not purged:  # somebody else was faster, or the store cannot
                return

    def tidy(self) -> None:
        """Seal what is over, delete the pictures of purged jobs, and settle folders that no job explains."""
        found = self._context.artifacts.jobs()
        orphans = [job_id for job_id in found if self._unexplained(job_id)]
        now = self._clock()
        self._orphans = {job_id: self._orphans.get(job_id, now) for job_id in orphans}
        for job_id, since in list(self._orphans.items()):
            if now - since >= ORPHAN_SECONDS:
                self._settle(job_id)
                del self._orphans[job_id]

    def _unexplained(self, job_id: str) -> bool:
        """Whether the store does not know this job; that of a purged one is deleted here."""
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
        if not job.status.terminal:
            return
        try:
            self._context.artifacts.size(keys.manifest(job.id))
        except ArtifactMissing:
            seal(self._context.ports, job)

    def _settle(self, job_id: str) -> None:
        """Bring a job back, so that it ends and is purged one day; delete what is no job. Damaged records are left."""
        try:
            self._context.artifacts.size(keys.spec(job_id))
        except ArtifactMissing:
            _log.info("a folder without a job is deleted", job_id=job_id)
            self._context.artifacts.delete(job_id)
        else:
            with suppress(JobPurged):
                recover(self._context.ports, job_id)
