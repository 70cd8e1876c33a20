"""The loop's handle on its rendering process: start it, speak with it, notice its death, replace it."""

import multiprocessing
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

from consumer.messages import Command, Ready, Report
from jobs.settings import Settings

_END_SECONDS = 5.0


class ChildDied(Exception):
    """The rendering process is gone; ``code`` is its exit status, negative for a signal."""

    def __init__(self, code: int | None) -> None:
        super().__init__(f"the rendering process ended with {_spelled(code)}")
        self.code = code


class Child:
    """One rendering process at a time, spawned so that nothing of this process leaks into it."""

    def __init__(self, main: Callable[[Connection, Settings], None], settings: Settings) -> None:
        self._main, self._settings = main, settings
        self._process: BaseProcess | None = None
        self._pipe: Connection | None = None
        self.ready: Ready | None = None

    @property
    def pid(self) -> int | None:
        """Its process id, where there is one."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start a fresh one; the old one, if any, is killed."""
        self.kill()
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        self._process = context.Process(target=self._main, args=(theirs, self._settings), name="renderer", daemon=True)
        self._process.start()
        theirs.close()  # so that its end is the only one, and its death closes the pipe
        self._pipe = ours

    def send(self, command: Command) -> None:
        """Raise ChildDied where nobody is there to read it."""
        try:
            self._open_pipe().send(command)
        except OSError as error:
            raise self._died() from error

    def receive(self, timeout_seconds: float) -> Report | None:
        """What it says next; None after the timeout; raises ChildDied."""
        pipe = self._open_pipe()
        try:
            if not pipe.poll(timeout_seconds):
                return None
            report: Report = pipe.recv()
        except (EOFError, OSError) as error:
            raise self._died() from error
        if isinstance(report, Ready):
            self.ready = report
        return report

    def kill(self) -> None:
        """End it at once, if it lives."""
        if self._process is not None:
            self._process.kill()
            self._process.join(_END_SECONDS)
            with suppress(ValueError):  # a driver that hangs keeps it even from being killed, but not us
                self._process.close()
        if self._pipe is not None:
            self._pipe.close()
        self._process = self._pipe = self.ready = None

    def _open_pipe(self) -> Connection:
        if self._pipe is None:
            raise ChildDied(None)
        return self._pipe

    def _died(self) -> ChildDied:
        code = None
        if self._process is not None:
            self._process.join(_END_SECONDS)
            code = self._process.exitcode
        self.kill()
        return ChildDied(code)


def _spelled(code: int | None) -> str:
    if code is None:
        return "an unknown status"
    return f"signal {-code}" if code < 0 else f"status {code}"
