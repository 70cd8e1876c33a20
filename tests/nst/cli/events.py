"""A run's events, made by hand."""

from nst.events import Cancelled, Finished, Frame, Losses, Progress, Scale, Started
from tests.nst.cli.conftest import picture

SCALES = (Scale(33, 25, 4), Scale(65, 49, 6))

STARTED = Started(
    backbone="wavelet", why="wavelet, because it needs no weights.", objective="normalized",
    content_weight=1.0, style_weight=2.0, tv_weight=0.0, device="cpu", scales=SCALES, iteration=0, total_iterations=10,
)  # fmt: skip


def progress(iteration: int) -> Progress:
    """An iteration whose loss halves with each step."""
    total = 2.0**-iteration
    losses = Losses(total, total / 4, total * 3 / 4, 0.0)
    return Progress(iteration, 10, int(iteration > 4), iteration + 1, losses, 12.5, iteration / 10, 75 - iteration)


def frame(iteration: int) -> Frame:
    """A frame of the final size, odd on both sides."""
    return Frame(iteration, picture(65, 49, seed=iteration))


def finished(iteration: int = 10) -> Finished:
    """The end, with a picture of its own."""
    return Finished(iteration, 12, 3.21, picture(65, 49, seed=iteration))


def cancelled(iteration: int) -> Cancelled:
    """A run cut short."""
    return Cancelled(iteration, iteration + 1, 1.5, picture(65, 49, seed=iteration))
