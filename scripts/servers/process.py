"""What every server has in common: a folder, a port, a process, and ways to disturb it."""

import os
import random
import select
import shutil
import signal
import socket
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self

ROOT = Path(__file__).resolve().parents[2]
#: Where the programs are installed that Debian does not carry.
INSTALLED = ROOT / ".cache" / "servers"
_KEEPER = Path(__file__).with_name("keeper.py")
_START_SECONDS = 90  # two busy cores take long
_STOP_SECONDS = 30
_POLL_SECONDS = 0.05
_TAIL_LINES = 15
_HERE = "127.0.0.1"
# Below the range from which the system takes the ports of outgoing connections: a stopped server's port stays free.
_PORTS = range(20_000, 32_000)


class Missing(Exception):
    """A server cannot be started because its program is not on this machine; the message says what to do."""


class Failed(Exception):
    """A server did not start; the message ends with the last lines of its log."""


class Server(ABC):
    """A real server on a free port of 127.0.0.1, with everything it keeps in one folder.

    Port and secrets are kept in the folder too, so that a second object on the same folder, even in another process, is
    the same server: it sees whether it runs, connects to it and may stop it. Nothing is started before ``start``. A
    ``with`` block starts it and kills it, frozen or not.

    Args:
        folder: made where it is missing, for this user alone.
    """

    name: ClassVar[str]  # as people call it

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.port = int(self.kept("port", free_port))
        self._keeper: int | None = None

    @property
    def address(self) -> str:
        """``127.0.0.1:PORT``."""
        return f"{_HERE}:{self.port}"

    @property
    def listens(self) -> bool:
        """Whether anybody takes connections on its port."""
        with socket.socket() as probe:
            probe.settimeout(1)
            return probe.connect_ex((_HERE, self.port)) == 0

    @property
    def log(self) -> Path:
        """What the server has printed."""
        return self.folder / "log.txt"

    @property
    def pid(self) -> int | None:
        """The id of its living process."""
        try:
            pid, began = (self.folder / "pid").read_text().split()
        except OSError:
            return None
        fields = _fields(Path(f"/proc/{pid}/stat"))
        return int(pid) if fields and fields[19] == began and fields[0] != "Z" else None

    @property
    def running(self) -> bool:
        """Whether its process lives, frozen or not."""
        return self.pid is not None

    @abstractmethod
    def command(self) -> Sequence[str]:
        """What to run, after what it needs has been written into the folder; ``Missing`` where it is not installed."""

    @abstractmethod
    def answers(self) -> bool:
        """Whether it does its work right now; False within seconds where it is dead or frozen."""

    def environment(self) -> Mapping[str, str]:
        """Variables for the process, beside those of this one."""
        return {}

    def start(self, owner: int | None = None) -> None:
        """Start on the same port and data as before, and wait until it answers. No-op where it runs.

        Args:
            owner: the process whose end is the server's end: this one by default; 0 is nobody.

        Raises:
            Missing, Failed
        """
        if self.running:
            return
        _check_system()
        self._reap()  # of an earlier life that ended by itself
        command = self.command()
        (self.folder / "pid").unlink(missing_ok=True)
        self._keeper = self._spawn(command, os.getpid() if owner is None else owner)
        if self._comes_up():
            return
        self.kill()
        raise Failed(f"{self.name} did not start on {self.address}. The end of {self.log}:\n{self._tail()}")

    def stop(self) -> None:
        """Let it end in order; kill what takes longer than half a minute. No-op where it does not run."""
        self.thaw()  # a frozen process hears nothing
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once, as a power cut would. No-op where it does not run."""
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        """Stop, then start, owned by this process: same port, same data."""
        self.stop()
        self.start()

    def freeze(self) -> None:
        """Let it hang: connections stay open and are taken, and nothing is answered. No-op where it does not run."""
        self._signal(signal.SIGSTOP)
        while self._threads_running():
            time.sleep(_POLL_SECONDS / 10)

    def thaw(self) -> None:
        """Let it go on after ``freeze``."""
        self._signal(signal.SIGCONT)

    def kept(self, name: str, make: Callable[[], object]) -> str:
        """``kept`` in the server's folder."""
        return kept(self.folder / name, make)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    def _spawn(self, command: Sequence[str], owner: int) -> int:
        keeper = (sys.executable, "-S", "-E", str(_KEEPER), str(owner), str(self.folder / "pid"), *command)
        log = (os.POSIX_SPAWN_OPEN, 1, self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        return os.posix_spawn(
            sys.executable,
            keeper,
            {**os.environ, **self.environment()},
            file_actions=((os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0), log, (os.POSIX_SPAWN_DUP2, 1, 2)),
            setsid=True,  # Ctrl-C in the terminal is for the person's program
        )

    def _comes_up(self) -> bool:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline and not self._keeper_ended():
            if self.running and self.answers():
                return True
            time.sleep(_POLL_SECONDS)
        return False

    def _signal(self, number: signal.Signals) -> None:
        if pid := self.pid:
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def _threads_running(self) -> bool:
        """Whether a thread of it is not stopped: the signal reaches one after the other."""
        pid = self.pid
        states = (_fields(file) for file in Path(f"/proc/{pid}/task").glob("*/stat")) if pid else ()
        return any(fields and fields[0] != "T" for fields in states)

    def _end(self, number: signal.Signals) -> None:
        if pid := self.pid:
            with suppress(ProcessLookupError):  # it ended meanwhile
                _end_process(pid, number)
        self._reap()

    def _reap(self) -> None:
        """The keeper ends with the server; it is our child only where this object has started it."""
        if self._keeper is not None:
            with suppress(ChildProcessError):
                os.waitpid(self._keeper, 0)
            self._keeper = None

    def _keeper_ended(self) -> bool:
        try:
            ended = self._keeper is None or os.waitpid(self._keeper, os.WNOHANG)[0] != 0
        except ChildProcessError:
            ended = True
        if ended:
            self._keeper = None
        return ended

    def _tail(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-_TAIL_LINES:])


def _check_system() -> None:
    if not hasattr(os, "pidfd_open") or shutil.which("setpriv") is None:
        raise Missing("the servers are started on Linux only; elsewhere use docker compose")


def _end_process(pid: int, number: signal.Signals) -> None:
    ending = os.pidfd_open(pid)
    try:
        os.kill(pid, number)
        if not select.select([ending], [], [], _STOP_SECONDS)[0]:
            os.kill(pid, signal.SIGKILL)
            select.select([ending], [], [])
    finally:
        os.close(ending)


def _fields(stat: Path) -> list[str]:
    """What the kernel tells of a process or thread from its state on; nothing where it has ended."""
    try:
        return stat.read_text().rpartition(")")[2].split()
    except OSError:
        return []


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on."""
    while True:
        port = random.SystemRandom().choice(_PORTS)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with suppress(OSError):
                probe.bind((_HERE, port))
                return port


def kept(file: Path, make: Callable[[], object]) -> str:
    """What the file says; it is made when it is asked for first, for this user alone."""
    if not file.exists():
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(file, str(make()))
    return file.read_text()


def write_private(file: Path, text: str) -> None:
    """Write what no other user of this machine may read, in one step."""
    new = file.with_name(f"{file.name}.new")
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as opened:
        opened.write(text)
    new.replace(file)
