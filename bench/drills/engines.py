"""Engines for drills: one that sleeps long between iterations, and one whose seed says how it misbehaves."""

import os
import signal
from collections.abc import Iterator, Sequence

from bench.sleeper import Nap, Sleeper
from consumer.engine import Session
from nst.events import Event
from nst.images import Picture
from nst.options import StyleOptions

#: Seeds of jobs that go wrong in ``Moody``.
KILLS, RAISES = 666, 667


class Dozer(Sleeper):
    """Sleeps for a quarter of a second an iteration, so that many of them fit on a few cores."""

    iteration_seconds = 0.25


class Moody(Sleeper):
    """As the sleeper, but a job of one seed kills its process, and one of another raises."""

    def start(
        self, content: Picture, styles: Sequence[Picture], options: StyleOptions, resume: bytes | None
    ) -> Session:
        """See ``consumer.engine.Engine``."""
        session = super().start(content, styles, options, resume)
        assert isinstance(session, Nap)
        return _Sulk(session, options.seed) if options.seed in (KILLS, RAISES) else session


class _Sulk:
    """A session that begins well."""

    def __init__(self, nap: Nap, seed: int) -> None:
        self._nap, self._seed = nap, seed
        self.cancel, self.checkpoint = nap.cancel, nap.checkpoint

    def __iter__(self) -> Iterator[Event]:
        events = iter(self._nap)
        yield from (next(events) for _ in range(4))
        if self._seed == KILLS:
            os.kill(os.getpid(), signal.SIGKILL)
        raise RuntimeError("this job always fails")
