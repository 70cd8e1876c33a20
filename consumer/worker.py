"""The loop of a worker: take the best job, follow its attempt, tell the store how it ended.

It loads no torch and holds no device; its child does. Whatever happens to a job or to a server, the loop goes on.
"""

import os
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from secrets import token_hex

from prometheus_client import CollectorRegistry

from consumer.about import about
from consumer.attempt import Attempt, Crashed, Ending, Lost, beat_seconds, told
from consumer.child import Child, ChildDied
from consumer.gpus import RENEW_SECONDS, Gpu
from consumer.messages import REFUSED, Ended, Paused
from consumer.stopping import Stopping
from consumer.tickets import Tickets
from jobs.errors import JobsError, Unavailable
from jobs.model import Job, JobError
from jobs.recovery import seal
from jobs.settings import Settings
from jobs.spans import Silent, Spans, begin_attempt, end_attempt
from jobs.telemetry import PeerMetrics, WorkerMetrics, logger
from jobs.terms import Beat, Outcome
from jobs.terms import Worker as Presence
from jobs.wiring import Ports
from nst import __version__

_PRESENCE_SECONDS = 10.0  # a worker silent for so long is not counted as alive
_FINISH_SECONDS = 600.0  # how long a store that cannot be reached is asked again to take a result
_LONGEST_RESTART_SECONDS = 30.0
_LONGEST_PAUSE_SECONDS = 0.5  # between two looks of a worker that has been idle for long
_IDLE_SHARE = 0.05  # of its idle time, such a pause is
_DEVICE_SECONDS = 1.0  # between two looks for a free GPU


class EngineRefused(Exception):
    """The engine cannot be loaded with these settings, however often it is tried."""


class Worker:
    """One worker with one rendering child; ``run`` returns when ``stopping`` asks for it."""

    def __init__(
        self,
        settings: Settings,
        ports: Ports,
        child: Child,
        metrics: WorkerMetrics,
        stopping: Stopping,
        *,
        peers: PeerMetrics | None = None,
        spans: Spans | None = None,
    ) -> None:
        self.id = f"{socket.gethostname()}-{os.getpid()}-{token_hex(3)}"
        self._settings, self._ports, self._child = settings, ports, child
        self._metrics, self._stopping = metrics, stopping
        self._peers, self._spans = peers or PeerMetrics.on(CollectorRegistry()), spans or Silent()
        self._tickets = Tickets(ports, stopping, patience_seconds=3 * beat_seconds(settings))
        self._gpu = Gpu(ports.store, self.id, settings.device)
        self._job = ""
        self._announced_at = self._settled_at = float("-inf")
        self._ready = False
        self._free_since: float | None = None
        self._idle_since = time.monotonic()
        self._failed_starts = 0
        self._was_ready = False
        self._child_started_at = 0.0
        self._storage_failed = False

    def run(self) -> None:
        """Work until asked to stop."""
        try:
            while not self._stopping.requested:
                self._turn()
        finally:
            with suppress(JobsError):
                self._ports.store.withdraw(self.id)
            self._child.kill()
            with suppress(JobsError):  # after the child: the next worker finds the memory free
                self._gpu.free()

    def _turn(self) -> None:
        try:
            self._tick()
            if not self._gpu.take():
                self._child.kill()  # it would still hold the GPU that is another's now
                self._stopping.sleep(_DEVICE_SECONDS)
                return
            self._await_storage()
            if self._child_is_ready() and (job := self._next()) is not None:
                with about(job.spec):
                    self._work(job)
        except JobsError as error:
            logger(__name__).warning("waiting for a server", error=str(error))
            self._stopping.sleep(1)

    def _await_storage(self) -> None:
        """After a disk was full, take no further job until something can be written: it would fail as the last did."""
        if self._storage_failed:
            self._ports.artifacts.check()
            self._storage_failed = False

    def _can_store(self) -> bool:
        """Whether only this job cannot be stored; it must not be tried for ever then."""
        with suppress(JobsError):
            self._ports.artifacts.check()
            return True
        return False

    def _next(self) -> Job | None:
        """The best job there is; the bus wakes a worker that finds none."""
        job = self._ports.store.claim(self.id)
        if job is None:
            self._free_since = None
            if self._tickets.hear(self._pause()):
                self._idle_since = time.monotonic()  # where one job comes, there may come more
        return job

    def _pause(self) -> float:
        """How long to wait for a job: the longer there was none, the longer, for many idle workers ask one store."""
        idle = time.monotonic() - self._idle_since
        return max(self._settings.poll_seconds, min(_LONGEST_PAUSE_SECONDS, _IDLE_SHARE * idle))

    def _child_is_ready(self) -> bool:
        if self._child.pid is None:
            self._start_child()
        try:
            self._child.receive(0 if self._child.ready else self._settings.poll_seconds)
        except ChildDied as error:
            if error.code == REFUSED and not self._was_ready:  # later, a device that went may come back
                raise EngineRefused("the engine refuses the settings; the log says why") from error
            self._failed_starts += 1
            pause = min(_LONGEST_RESTART_SECONDS, 0.5 * 2**self._failed_starts)
            logger(__name__).error("no rendering process", error=str(error), next_start_seconds=pause)
            self._metrics.child_restarts.labels("start").inc()
            self._stopping.sleep(pause)
            self._start_child()
        if self._child.ready:
            self._failed_starts, self._was_ready = 0, True
        elif time.monotonic() - self._child_started_at > self._settings.stall_seconds:
            logger(__name__).error("the rendering process does not become ready", restarted=True)
            self._start_child()
        return self._child.ready is not None

    def _start_child(self) -> None:
        self._child.start()
        self._child_started_at = time.monotonic()

    def _work(self, job: Job) -> None:
        self._note_start(job)
        span = begin_attempt(self._spans, job)
        with self._tickets.busy(job.id):
            attempt = Attempt(job, self._child, self._ports.store, self._settings, self._stopping, self._tick)
            began = time.monotonic()
            ending = attempt.run()
            self._metrics.run_seconds.observe(time.monotonic() - began)
            end_attempt(span, replace(job, progress=attempt.progress), *told(ending))
            self._close(job, attempt, ending)
        if self._child.pid is None and self._gpu.held and not self._stopping.requested:
            self._start_child()
        self._job, self._free_since = "", time.monotonic()
        self._idle_since = self._free_since

    def _tell(self, attempt: Attempt) -> None:
        """What the child reported last; ``finish`` takes it along, ``release`` does not."""
        with suppress(Unavailable):
            self._ports.store.beat(attempt.job.id, attempt.job.token, attempt.progress, attempt.frames)

    def _note_start(self, job: Job) -> None:
        self._job = job.id
        logger(__name__).info("job started", token=job.token, attempt=job.attempt)
        if self._free_since is not None:
            self._metrics.idle_seconds.observe(time.monotonic() - self._free_since)
        if job.token == 1 and job.started_at:
            self._metrics.wait_seconds.observe(max(0.0, job.started_at - job.spec.created_at))

    def _close(self, job: Job, attempt: Attempt, ending: Ending) -> None:
        match ending:
            case Ended(error=JobError(code="storage")):
                self._storage_failed = not self._can_store()
                self._hand_back(job, attempt, "storage", ending.error, counts=not self._storage_failed)
            case Ended(retry=True):
                self._hand_back(job, attempt, "failed", ending.error)
            case Ended():
                self._finish(job, attempt, ending)
            case Paused():
                self._tell(attempt)
                self._conclude(attempt, lambda: self._ports.store.release(job.id, job.token, counts=False))
                logger(__name__).info("job handed back", iteration=ending.iteration)
            case Crashed():
                self._metrics.child_restarts.labels("crash").inc()
                error = JobError("worker_crashed", ending.why, "Try again; choose a smaller size if it happens again.")
                self._hand_back(job, attempt, "crashed", error)
            case Lost():
                self._metrics.leases_lost.inc()
                logger(__name__).warning("job lost to another attempt")

    def _hand_back(
        self, job: Job, attempt: Attempt, cause: str, error: JobError | None, *, counts: bool = True
    ) -> None:
        self._tell(attempt)
        delay = self._settings.retry_seconds * 2 ** (job.attempt - 1)
        release = partial(self._ports.store.release, job.id, job.token)
        self._metrics.attempts.labels(cause).inc()
        logger(__name__).warning("attempt failed", attempt=job.attempt, cause=error and error.message)
        if self._conclude(attempt, lambda: release(delay_seconds=delay, counts=counts, error=error)):
            self._seal(job)

    def _finish(self, job: Job, attempt: Attempt, ending: Ended) -> None:
        outcome = Outcome(
            status=ending.status,
            progress=attempt.progress,
            frames=attempt.frames,
            result=job.token if ending.result else None,
            error=ending.error,
        )
        if self._conclude(attempt, lambda: self._ports.store.finish(job.id, job.token, outcome)):
            self._seal(job)
        else:
            self._metrics.leases_lost.inc()

    def _seal(self, job: Job) -> None:
        """Of a job that is over, write the manifest, which outlives the store, and drop the checkpoints."""
        try:
            ended = self._ports.store.get(job.id)
            if not ended.status.terminal:
                return
            self._metrics.finished.labels(ended.status, ended.error.code if ended.error else "").inc()
            logger(__name__).info("job finished", status=ended.status)
            seal(self._ports, ended)
        except JobsError as error:
            logger(__name__).warning("the manifest was not written", error=str(error))

    def _conclude(self, attempt: Attempt, tell: Callable[[], bool]) -> bool:
        """Tell the store how a job ended, again and again while it cannot be reached; not for long when asked to stop.

        Returns:
            False where the job is another's by now.
        """
        until = time.monotonic() + _FINISH_SECONDS
        while True:
            try:
                return tell() or (self._is_forgotten(attempt.job) and attempt.remind() and tell())
            except Unavailable as error:
                logger(__name__).warning("the store cannot be reached", error=str(error))
                if self._stopping.requested:
                    until = min(until, time.monotonic() + self._settings.drain_seconds)
                if time.monotonic() >= until or self._stopping.urgent:
                    return False
                self._tick()
                time.sleep(1)

    def _is_forgotten(self, job: Job) -> bool:
        return self._ports.store.beat(job.id, job.token) is Beat.MISSING

    def _tick(self) -> bool:
        """Show the bus and the store that this worker lives, and settle what was delivered and is over.

        One that cannot be reached must not keep the other from hearing of it, nor anything wrong with another's job
        end the work on this one.

        Returns:
            Whether the device is this worker's still.
        """
        now = time.monotonic()
        ready = self._child.ready is not None
        self._metrics.ready.set(ready)
        with suppress(JobsError):
            self._tickets.hear(0)
        with suppress(JobsError):
            if now - self._announced_at > min(_PRESENCE_SECONDS / 3, RENEW_SECONDS) or ready != self._ready:
                self._announced_at, self._ready = now, ready
                self._ports.store.announce(self._presence(), _PRESENCE_SECONDS)
                self._peers.met("store")
                self._gpu.keep()
        with suppress(JobsError):
            if now - self._settled_at > 1:
                self._settled_at = now
                self._tickets.settle()
        return self._gpu.held

    def _presence(self) -> Presence:
        facts = self._child.ready
        return Presence(
            id=self.id,
            ready=facts is not None,
            device=facts.device if facts else "",
            backbone=facts.backbone if facts else "",
            why=facts.why if facts else "",
            backbones=facts.backbones if facts else (),
            job=self._job,
            version=__version__,
        )
