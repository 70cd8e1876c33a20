"""How many requests may wait for news at the same time: each holds a thread of the server."""

import threading

from prometheus_client import Gauge


class Viewers:
    """Seats for event streams and long polls.

    Args:
        seats: how many there are.
        gauge: shows how many are taken, if there is one.
    """

    def __init__(self, seats: int, gauge: Gauge | None = None) -> None:
        self._seats, self._gauge = seats, gauge
        self._taken = 0
        self._lock = threading.Lock()

    def take(self) -> bool:
        """Take a seat; False where all are taken."""
        with self._lock:
            if self._taken >= self._seats:
                return False
            self._seat(1)
            return True

    def leave(self) -> None:
        """Give a seat back."""
        with self._lock:
            self._seat(-1)

    def _seat(self, more: int) -> None:
        self._taken += more
        if self._gauge is not None:
            self._gauge.set(self._taken)
