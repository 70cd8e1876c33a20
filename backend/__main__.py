"""``python -m backend``: the whole service on one machine, API and workers, until Ctrl-C.

With ``NST_WORKERS=0`` it is the API alone, for workers elsewhere.

It checks everything that can be refused, binds the address, starts the processes, restarts what dies, and says in plain
words what it found. Settings come from the environment; ``docs/operations.md`` lists them.
"""

import os
import signal
import socket
import sys
import time
from pathlib import Path
from types import FrameType

from pydantic import ValidationError

from backend.listening import listen
from backend.processes import Process, Supervisor
from backend.starting import check_settings, places, warnings
from jobs.errors import JobsError
from jobs.folders import make_folder
from jobs.lifeline import VARIABLE
from jobs.ports import JobStore
from jobs.recovery import recover_all
from jobs.settings import Settings, explain, strangers
from jobs.telemetry import configure_logging
from jobs.wiring import open_ports

CANNOT_START = 2
PRIVATE = 0o077  # what people upload is for the service alone
_LOG_BYTES = 10_000_000
_PATIENCE_SECONDS = 20  # for a worker that loads its engine
#: Where `make page` puts the web page of this clone.
BUILT_PAGE = Path(__file__).resolve().parents[1] / "frontend" / "dist"


def main() -> int:
    """Start, supervise, stop; the exit status says whether it could begin."""
    os.umask(PRIVATE)
    try:
        settings = Settings()
        configure_logging("warning")
        store = _opened(settings)
        listener = listen(settings.host, settings.port)
        log = _log_file(settings)
    except (ValueError, JobsError, OSError) as error:
        reason = explain(error) if isinstance(error, ValidationError) else error
        print(f"The service cannot start: {reason}", file=sys.stderr)
        return CANNOT_START
    for warning in (*strangers(os.environ), *warnings(settings)):
        print(f"  {warning}", file=sys.stderr, flush=True)
    supervisor = Supervisor(_processes(settings, listener, log))
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stopper(supervisor))
    print(f"Neural style transfer is at {_address(listener)}  (Ctrl-C stops it)", flush=True)
    print(f"  data     {settings.data_dir.absolute()}", flush=True)
    for name, place in places(settings).items():
        print(f"  {name:<8} {place}", flush=True)
    if log is not None:
        print(f"  log      {settings.data_dir.absolute() / 'service.log'}", flush=True)
    supervisor.run(_Announcer(store, _missing(settings, log)).announce)
    store.close()
    return supervisor.exit_code


def _opened(settings: Settings) -> JobStore:
    """The store, after everything that the processes will open has been opened once: a refusal is seen here."""
    check_settings(settings)
    ports = open_ports(settings)
    try:
        ports.store.check()
        ports.artifacts.check()
        ports.bus.check()
        recovered = recover_all(ports)
    except BaseException:
        ports.close()
        raise
    if recovered:
        print(f"  {recovered} jobs were found in storage that the store did not know")
    ports.bus.close()
    return ports.store


def _log_file(settings: Settings) -> int | None:
    """Where the processes log when a person sits at the terminal; None is standard error."""
    if not sys.stderr.isatty():
        return None
    make_folder(settings.data_dir)  # which may be empty of all else, where store and pictures are on servers
    path = settings.data_dir / "service.log"
    if path.exists() and path.stat().st_size > _LOG_BYTES:
        path.replace(path.with_suffix(".log.1"))
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)


def _processes(settings: Settings, listener: socket.socket, log: int | None) -> list[Process]:
    environment = {**_page(settings), **os.environ, VARIABLE: str(os.getpid())}
    api = (sys.executable, "-m", "backend.server", "--fd", str(listener.fileno()))
    worker = (sys.executable, "-m", "consumer")
    processes = [Process("API", api, environment, log, (listener.fileno(),))]
    return processes + [Process("worker", worker, environment, log) for _ in range(settings.workers)]


def _page(settings: Settings) -> dict[str, str]:
    """The page that this clone has built, where the settings name none."""
    found = settings.page_dir is None and (BUILT_PAGE / "index.html").is_file()
    return {"NST_PAGE_DIR": str(BUILT_PAGE)} if found else {}


def _stopper(supervisor: Supervisor) -> "signal._HANDLER":
    def stop(number: int, frame: FrameType | None) -> None:
        supervisor.stop()

    return stop


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _missing(settings: Settings, log: int | None) -> str:
    """What to say while no worker is ready."""
    if not settings.workers:
        return "none yet: start one with python -m consumer, with the same settings"
    return f"still not ready; {'standard error' if log is None else 'the log'} says why"


class _Announcer:
    """Says once what the first worker found, or that none is ready: a person's first question.

    Args:
        missing: what to say while none is.
    """

    def __init__(self, store: JobStore, missing: str) -> None:
        self._store, self._missing = store, missing
        self._began, self._warned, self._done = time.monotonic(), False, False

    def announce(self) -> None:
        """Print, when there is something to say."""
        if self._done:
            return
        try:
            ready = next((worker for worker in self._store.workers() if worker.ready), None)
        except JobsError:
            return
        if ready is not None:
            self._done = True
            print(f"  worker   ready on {ready.device}\n  backbone {ready.why}", flush=True)
        elif not self._warned and time.monotonic() - self._began > _PATIENCE_SECONDS:
            self._warned = True
            print(f"  worker   {self._missing}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
