"""What the worker's loop and its rendering child say to each other: frozen values through one pipe.

loop → child    Render, then at most one of Cancel | Pause
child → loop    Ready once; for each Render (Told | Kept)*, then exactly one of Ended | Paused
"""

from dataclasses import dataclass

from jobs.model import FrameRef, JobError, JobSpec, JobStatus, Progress
from nst.options import StyleOptions

#: Exit status of a child whose engine refuses the settings: another start would not help.
REFUSED = 2


@dataclass(frozen=True, slots=True)
class Render:
    """Work on this job, as the attempt of this token."""

    spec: JobSpec
    token: int
    options: StyleOptions  #: the job's, or smaller where memory ran out
    frames: tuple[FrameRef, ...] = ()  #: kept by earlier attempts; they are not written again
    resume: tuple[int, ...] = ()  #: tokens of attempts whose checkpoint may be there, the best first
    note: str = ""  #: see ``Progress.note``


@dataclass(frozen=True, slots=True)
class Cancel:
    """Stop after the current iteration; what there is becomes the result."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Write a checkpoint after the current iteration and stop."""


@dataclass(frozen=True, slots=True)
class Ready:
    """The engine is loaded and warm."""

    device: str
    backbone: str  #: what ``backbone="auto"`` is here
    why: str
    backbones: tuple[str, ...]  #: those whose weights are here


@dataclass(frozen=True, slots=True)
class Told:
    """How far the job is."""

    progress: Progress


@dataclass(frozen=True, slots=True)
class Kept:
    """A frame is in storage."""

    frame: FrameRef


@dataclass(frozen=True, slots=True)
class Ended:
    """The attempt is over."""

    status: JobStatus  #: succeeded, cancelled or failed
    result: bool  #: whether a result was written
    error: JobError | None = None
    retry: bool = False  #: the same job may succeed another time
    out_of_memory: bool = False  #: a smaller one may succeed


@dataclass(frozen=True, slots=True)
class Paused:
    """The checkpoint is in storage."""

    iteration: int


Command = Render | Cancel | Pause
Report = Ready | Told | Kept | Ended | Paused
