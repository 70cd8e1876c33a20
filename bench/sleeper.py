"""An engine that sleeps: the service's own cost without the optimiser's. ``NST_ENGINE=bench.sleeper:Sleeper``.

It keeps every promise of ``consumer.engine``: events in order, frames, cancellation, checkpoints that resume.
"""

import json
import threading
import time
from collections.abc import Iterator, Sequence

from consumer.engine import Session
from jobs.settings import Settings
from nst.errors import CheckpointError
from nst.events import Cancelled, Event, Finished, Frame, Losses, Progress, Scale, Started
from nst.images import Picture, resize, target_size
from nst.options import StyleOptions

ITERATION_SECONDS = 0.02


class Sleeper:
    """Sleeps for 0.02 s an iteration; its pictures are the photo."""

    iteration_seconds = ITERATION_SECONDS

    device = "cpu"
    backbone = "wavelet"
    backbones = ("wavelet",)
    why = "wavelet, because this engine only sleeps."

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def start(
        self, content: Picture, styles: Sequence[Picture], options: StyleOptions, resume: bytes | None
    ) -> Session:
        """See ``consumer.engine.Engine``."""
        size = target_size(content.width, content.height, options.size, options.size_by)
        return Nap(resize(content, *size), options, _iteration(resume) if resume else 0, self.iteration_seconds)


class Nap:
    """One session."""

    def __init__(self, picture: Picture, options: StyleOptions, iteration: int, seconds: float) -> None:
        self._picture, self._options, self._iteration, self._seconds = picture, options, iteration, seconds
        self._stop = threading.Event()

    def cancel(self) -> None:
        """End after the current iteration."""
        self._stop.set()

    def checkpoint(self) -> bytes:
        """The iteration is all there is to know."""
        return json.dumps({"iteration": self._iteration}).encode()

    def __iter__(self) -> Iterator[Event]:
        """The events of a run."""
        total = self._options.iterations
        yield self._started()
        if self._iteration == 0:
            yield Frame(0, self._picture)
        while self._iteration < total and not self._stop.is_set():
            time.sleep(self._seconds)
            self._iteration += 1
            yield self._progress()
            if self._options.save_every and self._iteration % self._options.save_every == 0:
                yield Frame(self._iteration, self._picture)
        ending = Finished if self._iteration >= total else Cancelled
        yield ending(self._iteration, self._iteration, self._iteration * self._seconds, self._picture)

    def _started(self) -> Started:
        scales = (Scale(self._picture.width, self._picture.height, self._options.iterations),)
        return Started(
            "wavelet", Sleeper.why, "normalized", 1, 1, 0, "cpu", scales, self._iteration, self._options.iterations
        )

    def _progress(self) -> Progress:
        done, total = self._iteration, self._options.iterations
        return Progress(
            iteration=done,
            total_iterations=total,
            scale=0,
            evaluations=done,
            losses=Losses(1 / done, 0.5 / done, 0.5 / done, 0),
            iterations_per_second=1 / self._seconds,
            elapsed_seconds=done * self._seconds,
            remaining_seconds=(total - done) * self._seconds,
        )


def _iteration(saved: bytes) -> int:
    try:
        return int(json.loads(saved)["iteration"])
    except (ValueError, KeyError, TypeError) as error:
        raise CheckpointError("this is no checkpoint of a nap") from error
