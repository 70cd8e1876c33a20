"""So that a server which is away costs one caller its patience and not every one of them."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from jobs.errors import Unavailable


class Breaker:
    """After a failure, calls fail at once for a while; then one at a time may try.

    Args:
        pause_seconds: how long a failure speaks for the calls after it.
        clock: seconds, from anywhere.
    """

    def __init__(self, pause_seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._pause_seconds, self._clock = pause_seconds, clock
        self._lock = threading.Lock()
        self._why: Unavailable | None = None
        self._until = 0.0
        self._trying = False

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """What is done inside says, by raising Unavailable or not, how the next calls fare.

        Raises:
            Unavailable: the last attempt failed just now, or another one is under way.
        """
        self.pass_or_raise()
        try:
            yield
        except Unavailable as error:
            self._note(error)
            raise
        except BaseException:
            self._note(self._why)
            raise
        self._note(None)

    def pass_or_raise(self) -> None:
        """Begin an attempt; see ``attempt``."""
        with self._lock:
            if self._why is None:
                return
            if self._trying or self._clock() < self._until:
                raise type(self._why)(str(self._why))
            self._trying = True

    def _note(self, why: Unavailable | None) -> None:
        with self._lock:
            self._why, self._trying = why, False
            self._until = self._clock() + self._pause_seconds
