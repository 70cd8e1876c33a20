"""Ctrl-C and SIGTERM: the first asks the run to stop, the second leaves at once."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any, Self


class Interrupted(BaseException):
    """Somebody wants this to end. Not an Exception, so that nothing on the way takes it for a failure."""

    def __init__(self, signum: int) -> None:
        super().__init__(signal.Signals(signum).name)
        self.signum = signum

    @property
    def exit_code(self) -> int:
        """As a shell reports it: 130 for Ctrl-C, 143 for SIGTERM."""
        return 128 + self.signum


class Interrupts:
    """Handles both signals while it is entered.

    Outside of ``stopping`` there is nothing to save: the first signal raises Interrupted. Inside, the first calls
    ``cancel`` and is remembered as ``signum``, and only the second raises. With ``last``, the process ends with this:
    once a signal came, later ones are ignored, so that they do not disturb the interpreter while it leaves.
    """

    def __init__(self, *, last: bool = False) -> None:
        self._is_last = last
        self.signum: int | None = None
        self._cancel: Callable[[], None] | None = None
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():  # elsewhere Python allows no handlers
            for signum in (signal.SIGINT, signal.SIGTERM):
                self._before[signum] = signal.signal(signum, self._handle)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        leaving = self._is_last and self.signum is not None
        for signum, handler in self._before.items():
            signal.signal(signum, signal.SIG_IGN if leaving else handler)

    @contextmanager
    def stopping(self, cancel: Callable[[], None]) -> Iterator[None]:
        """While this is entered, the first signal calls ``cancel``."""
        self._cancel = cancel
        try:
            yield
        finally:
            self._cancel = None

    def raise_if_any(self) -> None:
        """Raise Interrupted if a signal came and was only remembered."""
        if self.signum is not None:
            raise Interrupted(self.signum)

    def _handle(self, signum: int, frame: FrameType | None) -> None:
        first, self.signum = self.signum is None, signum
        if self._cancel is None or not first:
            raise Interrupted(signum)
        self._cancel()
