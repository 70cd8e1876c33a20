"""``python -m backend.server``: the API in gunicorn, one process and many threads, until SIGTERM.

The launcher hands it a listening socket, so that connections made while a crashed API is being replaced wait instead of
being refused; without one it binds the address of the settings.
"""

import argparse
import logging
import os
import signal
import sys
import threading
from dataclasses import replace
from types import FrameType
from typing import Any

from apiflask import APIFlask
from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger
from gunicorn.workers.gthread import ThreadWorker
from prometheus_client import CollectorRegistry
from pydantic import ValidationError

from backend import create_app, request_log
from backend.context import context
from backend.listening import STALLED_SECONDS, listen
from backend.memory import keep_no_garbage
from backend.operate.janitor import Janitor
from backend.starting import await_ports, check_settings, warnings
from jobs.errors import JobsError, Misconfigured, Unavailable
from jobs.lifeline import end_with_launcher
from jobs.metered import MeteredArtifacts
from jobs.settings import Settings, explain
from jobs.telemetry import BusMetrics, PeerMetrics, configure_logging, logger
from jobs.wiring import Ports, open_ports

PRIVATE = 0o077  # what people upload is for the service alone
CANNOT_START = 2  #: exit status where the settings cannot be used
NOT_YET = 75  #: exit status where something is away: starting again later may help
_GRACE_SECONDS = 3  # for requests under way at SIGTERM; event streams never end by themselves
_PARTING_SECONDS = 2  # to hand the janitor's name on
_SLACK_SECONDS = 2  # for all that takes a moment in between

_log = logger(__name__)


def main() -> int:
    """Serve; the exit status says whether it could begin."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fd", type=int, help="an inherited listening socket")
    parser.add_argument(
        "--stalled", type=int, default=STALLED_SECONDS, help="seconds after which a silent client is given up"
    )
    arguments = parser.parse_args()
    os.umask(PRIVATE)
    end_with_launcher()
    try:
        settings = Settings()
        configure_logging(settings.log_level, sys.stdout)
        _prepare(settings)
        fd = _listening(settings, arguments.stalled) if arguments.fd is None else arguments.fd
    except (ValueError, JobsError, OSError) as error:
        reason = explain(error) if isinstance(error, ValidationError) else error
        print(f"backend: {reason}", file=sys.stderr)
        waiting_helps = isinstance(error, (Unavailable, OSError)) and not isinstance(error, Misconfigured)
        return NOT_YET if waiting_helps else CANNOT_START
    Server(settings, fd).run()
    return 0


def _listening(settings: Settings, stalled_seconds: int) -> int:
    """The descriptor of a socket of our own, which gunicorn closes: its own would wait for a silent client for ever."""
    return listen(settings.host, settings.port, stalled_seconds).detach()


def _prepare(settings: Settings) -> None:
    """Refuse what cannot work, and wait for what is not there yet: here, once, and not in a process that is restarted.

    Raises:
        ValueError, JobsError: the settings cannot be used; the message says why.
    """
    signal.signal(signal.SIGTERM, _end)  # the first process of a container ignores it otherwise
    check_settings(settings)
    await_ports(settings)
    for warning in warnings(settings):
        _log.warning(warning)


def _end(number: int, frame: FrameType | None) -> None:
    sys.exit(0)


class Server(BaseApplication):  # type: ignore[misc]  # gunicorn is not typed
    """Gunicorn with the settings of the service in place of a configuration file.

    Args:
        fd: a listening socket.
    """

    def __init__(self, settings: Settings, fd: int) -> None:
        self._settings = settings
        self._bind = f"fd://{fd}"
        self._stop = threading.Event()
        self._app: APIFlask | None = None
        self._sweeping = threading.Thread()
        super().__init__()

    def load_config(self) -> None:
        """One process, for the decoding slots are its own; threads, for most requests wait."""
        chosen = {
            "bind": self._bind,
            "worker_class": Leaving,
            "workers": 1,
            "threads": self._settings.threads,
            "graceful_timeout": _GRACE_SECONDS + _PARTING_SECONDS + _SLACK_SECONDS,
            "timeout": 120,
            "keepalive": 15,
            "control_socket_disable": True,
            "forwarder_headers": "",
            "header_map": "refuse",
            "logger_class": PlainLogger,
            "worker_exit": self._leave,
        }
        for name, value in chosen.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        """The app, made after the fork: connections and threads must not be inherited."""
        keep_no_garbage()
        settings, registry = self._settings, CollectorRegistry()
        app = create_app(settings, _measured_ports(settings, registry), registry)
        with app.app_context():
            janitor = Janitor(context())
        self._app = app
        self._sweeping = threading.Thread(target=janitor.run, args=(self._stop,), name="janitor", daemon=True)
        self._sweeping.start()
        return app

    def stop_sweeping(self) -> None:
        """The janitor hands its name on; it is not waited for."""
        self._stop.set()

    def _leave(self, server: Any, worker: Any) -> None:
        """End now: the interpreter would wait for the threads of event streams, which end only with their job."""
        self.stop_sweeping()
        if self._app is not None:  # else the process has ended before it was made
            self._sweeping.join(_PARTING_SECONDS)
            request_log.close(self._app)
        os._exit(0)


def _measured_ports(settings: Settings, registry: CollectorRegistry) -> Ports:
    ports = open_ports(settings, BusMetrics.on(registry))
    return replace(ports, artifacts=MeteredArtifacts(ports.artifacts, PeerMetrics.on(registry, ("artifacts",))))


class Leaving(ThreadWorker):  # type: ignore[misc]  # gunicorn is not typed
    """A worker of gunicorn that has time to leave: less for requests under way than its parent gives it in all."""

    def init_process(self) -> None:
        """Of the settings this process has its own copy."""
        self.cfg.set("graceful_timeout", _GRACE_SECONDS)
        super().init_process()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """At SIGTERM the janitor leaves at once, for open event streams use up all the time there is."""
        first = self.alive
        super().handle_exit(sig, frame)
        if first:  # a second signal must not come in between while the first one is being told
            self.app.stop_sweeping()


class PlainLogger(Logger):  # type: ignore[misc]  # gunicorn is not typed
    """Gunicorn's messages through our own JSON lines."""

    def setup(self, cfg: Any) -> None:
        """Add no handler: the root logger has one."""
        self.error_log.setLevel(logging.WARNING)
        self.access_log.disabled = True


if __name__ == "__main__":
    sys.exit(main())
