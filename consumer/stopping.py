"""How a worker is asked to stop: once politely, twice at once."""

import signal
import time
from types import FrameType

_SLICE_SECONDS = 0.05


class Stopping:
    """What signals ask for. Plain attributes, because a handler that takes a lock may wait for what it interrupted."""

    def __init__(self) -> None:
        self.requested = False  #: finish or hand back the job, then stop
        self.urgent = False  #: do not wait for anything

    def listen(self) -> None:
        """Let SIGTERM and SIGINT ask for it; to be called in the main thread."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)

    def ask(self) -> None:
        """Stop politely; asked again, at once."""
        self.requested, self.urgent = True, self.requested

    def sleep(self, seconds: float) -> None:
        """Sleep, but no longer than until the first asking."""
        until = time.monotonic() + seconds
        while not self.requested and (left := until - time.monotonic()) > 0:
            time.sleep(min(_SLICE_SECONDS, left))

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.ask()
