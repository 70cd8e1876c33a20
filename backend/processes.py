"""Processes that are kept alive: started, watched, restarted when they die, stopped together."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

_LOOK_SECONDS = 0.2
_LONGEST_PAUSE_SECONDS = 10.0
_STABLE_SECONDS = 20.0  # a process that lived so long starts again without a pause
_CANNOT_START = 2  # the exit status of a process that will not work however often it is started
_LAST_WORD_SECONDS = 5.0  # between asking twice and killing


@dataclass(frozen=True, slots=True)
class Process:
    """What to start."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    log: int | None = None  #: file descriptor of what it prints; None is our standard error
    descriptors: tuple[int, ...] = ()  #: that it inherits


class _Running:
    """A process with its history."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.due_at: float | None = None  # when the next one is to be started
        self._failures = 0
        self.start()

    def start(self) -> None:
        """In a group of its own, so that Ctrl-C reaches the launcher alone; in our session, so that niceness counts."""
        self._started_at, self.due_at = time.monotonic(), None
        self.popen = subprocess.Popen(
            self.process.command,
            env=dict(self.process.environment),
            # Processes log to standard output, but ours is for what people read.
            stdout=sys.stderr.fileno() if self.process.log is None else self.process.log,
            stderr=self.process.log,
            stdin=subprocess.DEVNULL,
            pass_fds=self.process.descriptors,
            process_group=0,
        )

    def plan_next(self) -> None:
        """Start again: at once after a long life, else after pauses that grow."""
        now = time.monotonic()
        self._failures = 0 if now - self._started_at > _STABLE_SECONDS else self._failures + 1
        pause = 0.25 * 2 ** (self._failures - 1) if self._failures else 0.0
        self.due_at = now + min(_LONGEST_PAUSE_SECONDS, pause)


class Supervisor:
    """Keeps processes alive until ``stop``; asked again, it stops them at once."""

    def __init__(self, processes: Sequence[Process]) -> None:
        self._processes = processes
        self._asked = 0  # a plain number: a signal handler must not take a lock
        self.exit_code = 0

    def stop(self) -> None:
        """Ask; safe in a signal handler."""
        self._asked += 1

    def run(self, on_look: Callable[[], None]) -> None:
        """Start everything and stay until stopped; ``on_look`` is called a few times a second."""
        running = [_Running(process) for process in self._processes]
        while not self._asked:
            for one in running:
                self._revive(one)
            on_look()
            time.sleep(_LOOK_SECONDS)
        self._stop_all(running)

    def _revive(self, one: _Running) -> None:
        if one.due_at is not None:
            if time.monotonic() >= one.due_at:
                one.start()
            return
        code = one.popen.poll()
        if code == _CANNOT_START:
            print(f"  {one.process.name} cannot work like this, and its log says why", file=sys.stderr, flush=True)
            self.exit_code = code
            self.stop()
        elif code is not None:
            print(f"  {one.process.name} ended with {_spelled(code)}; starting it again", file=sys.stderr, flush=True)
            one.plan_next()

    def _stop_all(self, running: Sequence[_Running]) -> None:
        """Ask each process, ask again as often as we are asked, and kill what does not listen then."""
        asked, killed_at = 0, 0.0
        print("  stopping; the running job is finished or handed back (Ctrl-C again: at once)", flush=True)
        while any(one.popen.poll() is None for one in running):
            while asked < self._asked:
                asked += 1
                _send(running, signal.SIGTERM)
                killed_at = time.monotonic() + _LAST_WORD_SECONDS
            if asked > 1 and time.monotonic() > killed_at:
                _send(running, signal.SIGKILL)
            time.sleep(0.05)


def _send(running: Sequence[_Running], number: int) -> None:
    for one in running:
        if one.popen.poll() is None:
            os.kill(one.popen.pid, number)


def _spelled(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"status {code}"
