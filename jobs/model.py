"""What a job is: what was asked, how far it is, and which way it may go.

            submit             claim(token+1)                 finish(token)
   (new) ------------> queued ----------------> running -----------------> succeeded | failed | cancelled
                         ^  |  cancel              |  lease expired · released · retryable error
                         |  +------> cancelled     +-----> queued (not before …)
                         +-------------------------+       attempts used up -> failed
   any terminal status -- retention or delete --> purged

A terminal status never changes; a retry is a new job. Every change adds 1 to ``version``. Times are seconds since 1970.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Self
from uuid import uuid4

from nst.options import StyleOptions


class JobStatus(StrEnum):
    """Where a job is in its life."""

    QUEUED = "queued"  #: waits for a worker, or for its next attempt
    RUNNING = "running"  #: a worker holds its lease
    SUCCEEDED = "succeeded"  #: the result is there
    FAILED = "failed"  #: ``Job.error`` says why
    CANCELLED = "cancelled"  #: somebody asked for it; the frames so far are kept

    @property
    def terminal(self) -> bool:
        """Whether the job is over for good."""
        return not TRANSITIONS[self]


#: Which status may follow which.
TRANSITIONS: Mapping[JobStatus, frozenset[JobStatus]] = MappingProxyType(
    {
        JobStatus.QUEUED: frozenset({JobStatus.RUNNING, JobStatus.CANCELLED}),
        JobStatus.RUNNING: frozenset(
            {JobStatus.QUEUED, JobStatus.SUCCEEDED, JobStatus.FAILED, JobStatus.CANCELLED}
        ),
        JobStatus.SUCCEEDED: frozenset(),
        JobStatus.FAILED: frozenset(),
        JobStatus.CANCELLED: frozenset(),
    }
)  # fmt: skip


def new_id() -> str:
    """An unguessable id (122 random bits): who knows it may look at the job."""
    return uuid4().hex


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSpec:
    """What was asked; never changes. Kept as ``job.json``, and all that a message carries."""

    id: str
    created_at: float
    options: StyleOptions
    styles: int  #: how many style pictures there are
    width: int  #: of the result, pixels
    height: int
    client: str  #: who asked: the name of an API key, or an address; never shown to others
    fingerprint: str  #: SHA-256 of the stored pictures and the options: equal for equal work
    style_ids: tuple[str, ...] = ()  #: the gallery's id of each style; empty for an uploaded one
    batch: str | None = None
    retry_of: str | None = None
    priority: int = 0  #: higher is taken first; waiting makes up for it, see ``Policy.aging_seconds``
    trace: str = ""  #: W3C ``traceparent`` of the submission; empty where nobody follows it

    @property
    def work(self) -> float:
        """Megapixel-iterations: what estimates of time are proportional to."""
        return max(1e-6, self.width * self.height * self.options.iterations / 1e6)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        plain = {name: getattr(self, name) for name in self.__slots__}
        return plain | {"options": self.options.to_dict(), "style_ids": list(self.style_ids)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """What ``to_dict`` was called on.

        Raises:
            ValueError, TypeError, KeyError, NstError: these are no such values.
        """
        options = StyleOptions.from_dict(values["options"])
        return cls(**{**values, "options": options, "style_ids": tuple(values["style_ids"])})


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a job is, as its worker last told."""

    iteration: int = 0
    total_iterations: int = 0
    evaluations: int = 0
    scale: int = 0  #: index of the size that is being worked at, from coarse to fine
    scales: int = 0
    loss: float | None = None  #: the weighted sum of the three terms
    content_loss: float | None = None
    style_loss: float | None = None
    tv_loss: float | None = None
    iterations_per_second: float = 0.0
    remaining_seconds: float | None = None
    backbone: str = ""
    why: str = ""  #: why this backbone
    objective: str = ""
    device: str = ""
    width: int = 0  #: of the frames and the result, pixels; smaller than asked where memory ran out
    height: int = 0
    size: int = 0  #: ``StyleOptions.size`` as it was used; smaller than asked where memory ran out
    note: str = ""  #: what the person should know about how it was made; empty where there is nothing


@dataclass(frozen=True, slots=True)
class FrameRef:
    """A kept iteration, and the attempt whose folder holds its picture."""

    iteration: int
    token: int


@dataclass(frozen=True, slots=True)
class JobError:
    """Why a job failed: a stable code, a sentence, and what to do."""

    code: str
    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job as the store knows it."""

    spec: JobSpec
    status: JobStatus = JobStatus.QUEUED
    version: int = 1
    token: int = 0  #: of the current or the last attempt; only its holder may write
    attempt: int = 0  #: attempts that count; a drained one does not
    worker: str = ""
    lease_until: float = 0.0  #: of a queued job above 0 where it came back from storage and its worker may live
    not_before: float = 0.0
    cancel_requested: bool = False
    progress: Progress | None = None
    frames: tuple[FrameRef, ...] = ()
    result: int | None = None  #: token of the attempt that holds the result
    error: JobError | None = None  #: of a failed job; of a queued one, why its last attempt ended
    reused: bool = False  #: answered from the stored artifacts of an equal job
    started_at: float | None = None  #: of the first attempt
    finished_at: float | None = None
    expires_at: float | None = None  #: when a terminal job is purged

    @property
    def id(self) -> str:
        """The job's id."""
        return self.spec.id

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON, as ``manifest.json`` keeps them."""
        plain = {name: getattr(self, name) for name in self.__slots__}
        return plain | {
            "spec": self.spec.to_dict(),
            "progress": asdict(self.progress) if self.progress else None,
            "frames": frames_to_plain(self.frames),
            "error": asdict(self.error) if self.error else None,
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """What ``to_dict`` was called on.

        Raises:
            ValueError, TypeError, KeyError, NstError: these are no such values.
        """
        return cls(
            **{
                **values,
                "spec": JobSpec.from_dict(values["spec"]),
                "status": JobStatus(values["status"]),
                "progress": Progress(**values["progress"]) if values["progress"] else None,
                "frames": frames_from_plain(values["frames"]),
                "error": JobError(**values["error"]) if values["error"] else None,
            }
        )


def frames_to_plain(frames: Sequence[FrameRef]) -> list[list[int]]:
    """Frames as ``[[iteration, token], …]``."""
    return [[frame.iteration, frame.token] for frame in frames]


def frames_from_plain(values: Sequence[Sequence[int]]) -> tuple[FrameRef, ...]:
    """What ``frames_to_plain`` was given."""
    return tuple(FrameRef(iteration, token) for iteration, token in values)


def to_line(values: Mapping[str, Any]) -> bytes:
    """One line of JSON: how records are written into storage and messages."""
    return json.dumps(values, separators=(",", ":")).encode() + b"\n"
