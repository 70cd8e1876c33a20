"""The values in which the ports are spoken: what a store, a bus and artifacts are given, and what they answer.

The ports themselves are in ``jobs.ports``.
"""

from dataclasses import dataclass
from enum import StrEnum

from jobs.model import FrameRef, JobError, JobSpec, JobStatus, Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How long a store lets things last."""

    lease_seconds: float = 15.0  #: a worker that is silent for so long has lost its job
    max_attempts: int = 3  #: claims of one job, crashes included
    result_ttl_seconds: float = 7 * 86_400.0  #: from the end of a job to its purge
    key_ttl_seconds: float = 86_400.0  #: how long an idempotency key is remembered
    aging_seconds: float = 600.0  #: a job that has waited so much longer is the equal of one a priority higher


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


@dataclass(frozen=True, slots=True)
class Ticket:
    """A job that the bus has delivered and that is not settled yet; ``place`` is the adapter's own affair."""

    spec: JobSpec
    place: object = None


@dataclass(frozen=True, slots=True)
class Entry:
    """A stored artifact: its key and its size in bytes."""

    key: str
    size: int
