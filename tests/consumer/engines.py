"""Engines that misbehave as real ones may: the seed of the options chooses how."""

import os
import signal
import time
from collections.abc import Iterator, Sequence

from bench.sleeper import Sleeper
from consumer.engine import Session
from jobs.settings import Settings
from nst.errors import DeviceError, NumericalError
from nst.events import Event, Failed, Progress
from nst.images import Picture
from nst.options import StyleOptions

GOOD, KILLED, OUT_OF_MEMORY, HANGING, RAISING, NUMERICAL, KILLED_ONCE, ARRAYS_TOO_LARGE, KILLED_WHEN_LARGE = range(9)
ENOUGH = 100  # px: larger ones are out of memory
PLENTY = 200


class Trouble(Sleeper):
    """Sleeps, and goes wrong at iteration 3."""

    enough = ENOUGH

    def start(
        self, content: Picture, styles: Sequence[Picture], options: StyleOptions, resume: bytes | None
    ) -> Session:
        """See ``Sleeper.start``."""
        nap = super().start(content, styles, options, resume)
        return TroubledNap(nap, options, self.enough, resumed=resume is not None)


class Spacious(Trouble):
    """Has more memory."""

    enough = PLENTY


class NeverReady(Trouble):
    """Hangs while it is loaded, the first time."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        mark = settings.data_dir / "tried"
        if not mark.exists():
            mark.touch()
            time.sleep(3600)


class TroubledNap:
    """A nap that goes wrong."""

    def __init__(self, nap: Session, options: StyleOptions, enough: int, *, resumed: bool) -> None:
        self._nap, self._options, self._enough, self._resumed = nap, options, enough, resumed
        self.cancel, self.checkpoint = nap.cancel, nap.checkpoint

    def __iter__(self) -> Iterator[Event]:
        """The nap's events, up to the trouble."""
        for event in self._nap:
            yield event
            if isinstance(event, Progress) and event.iteration >= 3 and (failed := self._trouble(event)):
                yield failed
                return

    def _trouble(self, event: Progress) -> Failed | None:
        match self._options.seed:
            case 1:
                os.kill(os.getpid(), signal.SIGKILL)
            case 2 if self._options.size > self._enough:
                return Failed(event.iteration, DeviceError("the device is out of memory", hint="Less."), None)
            case 3:
                time.sleep(3600)
            case 4:
                raise ZeroDivisionError("a bug")
            case 5:
                return Failed(event.iteration, NumericalError("the loss is no number", hint="Other weights."), None)
            case 7 if self._options.size > self._enough:
                raise MemoryError
            case 8 if self._options.size > PLENTY:
                os.kill(os.getpid(), signal.SIGKILL)
            case 6 if not self._resumed and event.iteration >= 20:
                os.kill(os.getpid(), signal.SIGKILL)
        return None
