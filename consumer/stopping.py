"""How a worker is asked to stop: once politely, twice at once."""

import signal
import threading
from types import FrameType


class Stopping:
    """Two flags that signals set: ``requested`` finishes or hands back the job, ``urgent`` does not wait."""

    def __init__(self) -> None:
        self.requested, self.urgent = threading.Event(), threading.Event()

    def listen(self) -> None:
        """Let SIGTERM and SIGINT ask for it; to be called in the main thread."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)

    def ask(self) -> None:
        """Stop politely; asked again, at once."""
        (self.urgent if self.requested.is_set() else self.requested).set()

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.ask()
