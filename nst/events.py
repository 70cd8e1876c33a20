"""What a run tells while it works: frozen values, in this order.

    Started, then (Progress | Frame)*, then exactly one of Finished | Cancelled | Failed

Iterations are accepted optimiser steps and count on across scales; evaluations of the objective are counted apart.
"""

from dataclasses import dataclass

from nst.errors import NstError
from nst.images import Picture


@dataclass(frozen=True, slots=True)
class Scale:
    """One size of the coarse-to-fine schedule: pixels, and the iterations planned for it."""

    width: int
    height: int
    iterations: int


@dataclass(frozen=True, slots=True)
class Losses:
    """The objective's terms, already multiplied by their weights; ``total`` is their sum.

    ``content`` includes the pull that keeps the pixels of the normalized objective in range.
    """

    total: float
    content: float
    style: float
    tv: float


@dataclass(frozen=True, slots=True)
class Started:
    """The run has chosen everything it needs; ``why`` says why this backbone."""

    backbone: str
    why: str
    objective: str
    content_weight: float
    style_weight: float
    tv_weight: float
    device: str
    scales: tuple[Scale, ...]
    iteration: int  # 0, or where a resumed run goes on
    total_iterations: int


@dataclass(frozen=True, slots=True)
class Progress:
    """One accepted iteration."""

    iteration: int
    total_iterations: int
    scale: int  # index into Started.scales
    evaluations: int
    losses: Losses
    iterations_per_second: float  # over the last few iterations of this scale
    elapsed_seconds: float
    remaining_seconds: float  # an estimate that weighs the scales to come by their pixels


@dataclass(frozen=True, slots=True)
class Frame:
    """The picture after ``iteration``, always at the final size; number 0 is the photo, or what it began as."""

    iteration: int
    picture: Picture


@dataclass(frozen=True, slots=True)
class Finished:
    """The run is complete."""

    iteration: int
    evaluations: int
    elapsed_seconds: float
    picture: Picture


@dataclass(frozen=True, slots=True)
class Cancelled:
    """The run was asked to stop; ``picture`` is the last one."""

    iteration: int
    evaluations: int
    elapsed_seconds: float
    picture: Picture


@dataclass(frozen=True, slots=True)
class Failed:
    """The run cannot go on; ``picture`` is the last good one, if there was any."""

    iteration: int
    error: NstError
    picture: Picture | None


Event = Started | Progress | Frame | Finished | Cancelled | Failed
