"""What the service needs from the outside: a store that keeps, a bus that carries, artifacts that last.

Each port has adapters beside this file, chosen by a URL in ``jobs.wiring``, and one suite of tests that all of them
pass. The truth about who may run a job is the store's alone; see ``jobs.model`` for the states, ``jobs.errors`` for
what goes wrong.
"""

from collections.abc import Iterator, Sequence
from typing import Protocol

from jobs.model import FrameRef, Job, JobError, JobSpec, JobStatus, Progress
from jobs.terms import Beat, Caps, Enqueued, Entry, Idempotency, Outcome, Place, QueueFacts, Ticket, Worker


class JobStore(Protocol):
    """Keeps every job's state and decides, by leases, who may run it. Its clock is the only one that counts.

    Safe to use from any number of threads and processes. Every method may raise Unavailable.
    """

    def enqueue(
        self, jobs: Sequence[Job], *, caps: Caps | None = None, idempotency: Idempotency | None = None
    ) -> Enqueued:
        """Take all of these jobs or none of them; afterwards they survive a power cut.

        The jobs are new (queued) or, where the answer was already in storage, terminal; only queued ones count against
        ``caps``. A job whose id is already known is left as it is. A queued one with a lease (``lease_until`` is above
        0) was lost, and is brought back from storage: it waits for as long as a lease lasts from now, because its
        worker may live and adopt it.

        Raises:
            QueueFull, TooManyJobs: the caps do not allow it.
            KeyReused: the key was used with another fingerprint.
        """

    def recall(self, idempotency: Idempotency) -> Enqueued | None:
        """The jobs that were taken under this key; None where it is new.

        Raises:
            KeyReused: the key was used with another fingerprint.
        """

    def retract(self, ids: Sequence[str], idempotency: Idempotency | None = None) -> tuple[str, ...]:
        """Undo a submission that could not be sent, and free its key.

        Returns:
            The jobs that are forgotten as if they had never been; one that a worker has taken already is asked to
            stop instead.
        """

    def let_start(self, ids: Sequence[str]) -> None:
        """Let queued jobs start that were to wait (``Job.not_before``): what they waited for has come about.

        One that was brought back from storage waits for its worker all the same.
        """

    def claim(self, worker: str, job_id: str | None = None) -> Job | None:
        """Take the lease of the best job that may run now: highest priority, then oldest; or of one job in particular.

        A running job whose lease has expired may be taken over. One whose attempts are used up becomes failed
        (``too_many_attempts``), one that somebody wanted cancelled becomes cancelled, and neither is returned.
        """

    def beat(
        self, job_id: str, token: int, progress: Progress | None = None, frames: Sequence[FrameRef] | None = None
    ) -> Beat:
        """Renew the lease; replace progress and the list of frames where they are given.

        MISSING where ``adopt`` is what to do.
        """

    def adopt(self, job: Job) -> bool:
        """Take a running job in again that the store has lost, with its token and a fresh lease.

        Also one that was brought back from storage meanwhile, as long as nobody has claimed it; its token is the
        worker's again. False for any other that the store knows: then ``beat`` says whose it is.
        """

    def finish(self, job_id: str, token: int, outcome: Outcome) -> bool:
        """End the job; False where the token no longer holds it, and then nothing has changed.

        Told again with the same end, after an answer that was lost, the answer is the same; so it is with ``release``.
        """

    def release(
        self, job_id: str, token: int, *, delay_seconds: float = 0.0, counts: bool = True, error: JobError | None = None
    ) -> bool:
        """Give the job back to the queue, to start again no earlier than ``delay_seconds`` from now.

        With ``counts=False`` the attempt is not counted (a worker that shuts down). A job whose attempts are used up
        becomes failed with ``error``, one that somebody wanted cancelled becomes cancelled. False where the token no
        longer holds it.
        """

    def reap(self) -> tuple[str, ...]:
        """Give every job whose lease has expired back to the queue, so that people see it wait.

        One whose attempts are used up becomes failed, one that somebody wanted cancelled becomes cancelled.

        Returns:
            The jobs that changed, also those that are over by it.
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

    def reserve(self, name: str, holder: str, ttl_seconds: float) -> bool:
        """Have a name to oneself for so long, as a leader or a device has; again and again to keep it.

        False where somebody else holds it.
        """

    def free(self, name: str, holder: str) -> None:
        """Give a name up that this holder reserved; nothing happens where somebody else has it."""

    def filled(self) -> bool:
        """Whether ``set_filled`` was called since the store was made or lost its data."""

    def set_filled(self) -> None:
        """What is in storage is in the store too."""

    def check(self) -> None:
        """Raise Unavailable unless the store can be read and written, and keeps what it is told."""

    def close(self) -> None:
        """Close what this thread and its siblings have opened."""


class JobBus(Protocol):
    """Carries new jobs to workers, at least once each. It wakes and remembers; it never decides who runs what.

    ``publish`` is used by the API; the rest by one worker, from one thread. Every method may raise Unavailable.

    Attributes:
        carries: whether anything is sent at all, and so may fail to be.
    """

    carries: bool

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

    def bury(self, job: Job) -> None:
        """Settle a job that has failed, and put its message where operators look for the dead."""

    def unsettled(self) -> tuple[Ticket, ...]:
        """What was delivered here and is not over, as far as this worker knows."""

    def check(self) -> None:
        """Raise Unavailable unless jobs can be sent."""

    def close(self) -> None:
        """Leave."""


class Artifacts(Protocol):
    """Bytes under keys such as ``<job id>/a1/frames/10.jpg``: pictures, records, checkpoints.

    Keys are relative, of letters, digits, ``-``, ``_``, ``.`` and ``/``; any other is a ValueError. A prefix names
    whole segments: ``x/a1`` is no prefix of ``x/a10/y``. Every method may raise Unavailable.
    """

    def put(self, key: str, data: bytes) -> None:
        """Store under a key, replacing what was there; whole or not at all, and it survives a power cut."""

    def create(self, key: str, data: bytes) -> bool:
        """As ``put``, but only where nothing is stored; False, and nothing has changed, where something is."""

    def get(self, key: str) -> bytes:
        """What is stored.

        Raises:
            ArtifactMissing: nothing is.
        """

    def size(self, key: str) -> int:
        """Bytes stored; raises as ``get``."""

    def chunks(
        self, key: str, chunk_bytes: int = 65_536, *, start: int = 0, stop: int | None = None
    ) -> Iterator[bytes]:
        """What is stored from byte ``start`` up to, not including, ``stop``, piece by piece; raises as ``get``.

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

    def link(self, key: str, seconds: int, *, name: str = "") -> str | None:
        """An address where anybody may fetch it for so long; None where there is no such thing.

        With ``name`` a browser saves it under that name.
        """

    def jobs(self) -> tuple[str, ...]:
        """The first segment of every key: the ids of jobs that have anything stored."""

    def check(self) -> None:
        """Raise Unavailable unless something can be written."""
