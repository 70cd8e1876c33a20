"""What the service needs from the outside: a store that keeps, a bus that carries, artifacts that last.

Each port has adapters beside this file, chosen by a URL in ``jobs.wiring``, and one suite of tests that all of them
pass. The truth about who may run a job is the store's alone; see ``jobs.model`` for the states, ``jobs.errors`` for
what goes wrong.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from jobs.model import FrameRef, Job, JobError, JobSpec, JobStatus, Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How long a store lets things last."""

    lease_seconds: float = 15.0  #: a worker that is silent for so long has lost its job
    max_attempts: int = 3  #: claims of one job, crashes included
    result_ttl_seconds: float = 7 * 86_400.0  #: from the end of a job to its purge
    key_ttl_seconds: float = 86_400.0  #: how long an idempotency key is remembered


@dataclass(frozen=True, slots=True)
class Caps:
    """The most jobs that may wait; 0 is no limit."""

    queued: int = 0  #: in the whole queue
    open_per_client: int = 0  #: queued and running, of one client


@dataclass(frozen=True, slots=True)
class Idempotency:
    """A client's promise that all submissions under this key are the same one."""

    client: str
    key: str
    fingerprint: str  #: of the submission


@dataclass(frozen=True, slots=True)
class Enqueued:
    """The jobs of a submission; ``new`` is false where an idempotency key found them."""

    ids: tuple[str, ...]
    new: bool


class Beat(StrEnum):
    """What the store says to a worker that tells of its progress."""

    OK = "ok"  #: the lease is renewed
    CANCEL = "cancel"  #: the lease is renewed, and somebody wants the job to stop
    LOST = "lost"  #: another attempt holds the job, or it is over: stop, and write nothing more
    MISSING = "missing"  #: the store does not know the job: it has lost its data


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How an attempt ended for good."""

    status: JobStatus  #: a terminal one
    progress: Progress | None = None
    frames: tuple[FrameRef, ...] = ()
    result: int | None = None  #: token of the attempt that holds the result
    error: JobError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """A worker as it presents itself."""

    id: str
    ready: bool  #: its child has loaded the engine
    device: str = ""
    backbone: str = ""  #: what ``backbone="auto"`` is there
    why: str = ""
    backbones: tuple[str, ...] = ()  #: those whose weights are there
    job: str = ""  #: id of the job it runs
    version: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a queued job stands: 1 is next. ``seconds`` until it starts is an estimate, None without experience."""

    position: int
    seconds: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueFacts:
    """The queue at a glance."""

    queued: int
    running: int
    oldest_seconds: float  #: how long the longest-waiting queued job has waited
    queued_work: float  #: sum of ``JobSpec.work`` of all queued jobs
    remaining_seconds: float | None  #: until all running jobs are over, on one worker; None without experience
    seconds_per_work: float | None  #: of recent jobs, for a ``JobSpec.work`` of 1


class JobStore(Protocol):
    """Keeps every job's state and decides, by leases, who may run it. Its clock is the only one that counts.

    Safe to use from any number of threads and processes. Every method may raise Unavailable.
    """

    def enqueue(
        self, jobs: Sequence[Job], *, caps: Caps | None = None, idempotency: Idempotency | None = None
    ) -> Enqueued:
        """Take all of these jobs or none of them; afterwards they survive a power cut.

        The jobs are new (queued) or, where the answer was already in storage, terminal; only queued ones count against
        ``caps``. A job whose id is already known is left as it is.

        Raises:
            QueueFull, TooManyJobs: the caps do not allow it.
            KeyReused: the key was used with another fingerprint.
        """

    def recall(self, idempotency: Idempotency) -> Enqueued | None:
        """The jobs that were taken under this key; None where it is new.

        Raises:
            KeyReused: the key was used with another fingerprint.
        """

    def claim(self, worker: str, job_id: str | None = None) -> Job | None:
        """Take the lease of the best job that may run now: highest priority, then oldest; or of one job in particular.

        A running job whose lease has expired may be taken over. One whose attempts are used up becomes failed
        (``too_many_attempts``), one that somebody wanted cancelled becomes cancelled, and neither is returned.
        """

    def beat(
        self, job_id: str, token: int, progress: Progress | None = None, frames: Sequence[FrameRef] | None = None
    ) -> Beat:
        """Renew the lease; replace progress and the list of frames where they are given."""

    def finish(self, job_id: str, token: int, outcome: Outcome) -> bool:
        """End the job; False where the token no longer holds it, and then nothing has changed."""

    def release(
        self, job_id: str, token: int, *, delay_seconds: float = 0.0, counts: bool = True, error: JobError | None = None
    ) -> bool:
        """Give the job back to the queue, to start again no earlier than ``delay_seconds`` from now.

        With ``counts=False`` the attempt is not counted (a worker that shuts down). A job whose attempts are used up
        becomes failed with ``error``, one that somebody wanted cancelled becomes cancelled. False where the token no
        longer holds it.
        """

    def cancel(self, job_id: str) -> Job:
        """Cancel a queued job at once, ask for it at a running one, leave a terminal one; raises as ``get``."""

    def get(self, job_id: str) -> Job:
        """The job now.

        Raises:
            JobNotFound, JobPurged: there is no such job.
        """

    def wait(self, job_id: str, version: int, timeout_seconds: float) -> Job:
        """The job as soon as its version is above ``version``, or after the timeout; raises as ``get``."""

    def place(self, job_id: str) -> Place | None:
        """Where a queued job stands; None for any other."""

    def equal(self, fingerprint: str) -> Job | None:
        """The newest succeeded job of this fingerprint."""

    def of_client(self, client: str, limit: int = 100, before: float | None = None) -> tuple[Job, ...]:
        """A client's jobs, newest first; with ``before`` only those created earlier than that."""

    def of_batch(self, batch: str) -> tuple[Job, ...]:
        """The jobs of a batch in the order in which they were submitted."""

    def facts(self) -> QueueFacts:
        """The queue, its numbers and its pace."""

    def counts(self) -> dict[JobStatus, int]:
        """How many jobs there are of each status."""

    def expired(self, limit: int = 100) -> tuple[str, ...]:
        """Ids of terminal jobs that have outlived their retention."""

    def purge(self, job_id: str) -> bool:
        """Forget a terminal job but for the fact that it was there; False where it is not terminal."""

    def announce(self, worker: Worker, ttl_seconds: float) -> None:
        """Make a worker known for so long; again and again while it lives."""

    def withdraw(self, worker_id: str) -> None:
        """Forget a worker that shuts down."""

    def workers(self) -> tuple[Worker, ...]:
        """The workers that are alive."""

    def check(self) -> None:
        """Raise Unavailable unless the store can be read and written."""

    def close(self) -> None:
        """Close what this thread and its siblings have opened."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """A job that the bus has delivered and that is not settled yet; ``place`` is the adapter's own affair."""

    spec: JobSpec
    place: object = None


class JobBus(Protocol):
    """Carries new jobs to workers, at least once each. It wakes and remembers; it never decides who runs what.

    ``publish`` is used by the API; the rest by one worker, from one thread. Every method may raise Unavailable.
    """

    def publish(self, specs: Sequence[JobSpec]) -> None:
        """Send jobs; they are confirmed when this returns."""

    def poll(self, timeout_seconds: float) -> tuple[Ticket, ...]:
        """What has arrived, waiting up to so long for it. Called often, also during a job: it is the sign of life."""

    def hold(self) -> None:
        """The worker is busy: deliver nothing new until ``resume``."""

    def resume(self) -> None:
        """The worker is free again."""

    def settle(self, job_id: str) -> None:
        """The job is over, by whomever: it need not be delivered again."""

    def unsettled(self) -> tuple[Ticket, ...]:
        """What was delivered here and is not over, as far as this worker knows."""

    def check(self) -> None:
        """Raise Unavailable unless jobs can be sent."""

    def close(self) -> None:
        """Leave."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A stored artifact: its key and its size in bytes."""

    key: str
    size: int


class Artifacts(Protocol):
    """Bytes under keys such as ``<job id>/a1/frames/10.jpg``: pictures, records, checkpoints.

    Keys are relative, of letters, digits, ``-``, ``_``, ``.`` and ``/``; any other is a ValueError. A prefix names
    whole segments: ``x/a1`` is no prefix of ``x/a10/y``. Every method may raise Unavailable.
    """

    def put(self, key: str, data: bytes) -> None:
        """Store under a key, replacing what was there; whole or not at all, and it survives a power cut."""

    def get(self, key: str) -> bytes:
        """What is stored.

        Raises:
            ArtifactMissing: nothing is.
        """

    def size(self, key: str) -> int:
        """Bytes stored; raises as ``get``."""

    def chunks(self, key: str, chunk_bytes: int = 65_536) -> Iterator[bytes]:
        """What is stored, piece by piece; raises as ``get``.

        It is opened before this returns, so that a later deletion does not cut it short.
        """

    def list(self, prefix: str) -> tuple[Entry, ...]:
        """Everything under a prefix, by key."""

    def copy(self, source: str, target: str) -> None:
        """Make everything under one prefix also be under another, independent of what becomes of the source.

        Raises:
            ArtifactMissing: there is nothing, or it vanished meanwhile.
        """

    def delete(self, prefix: str) -> None:
        """Remove the key, and everything under it as a prefix; nothing happens where nothing is."""

    def jobs(self) -> tuple[str, ...]:
        """The first segment of every key: the ids of jobs that have anything stored."""

    def check(self) -> None:
        """Raise Unavailable unless something can be written."""
