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
from prometheus_client import CollectorRegistry
from pydantic import ValidationError

from backend import create_app, request_log
from backend.context import context
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

_log = logger(__name__)


def main() -> int:
    """Serve; the exit status says whether it could begin."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fd", type=int, help="an inherited listening socket")
    arguments = parser.parse_args()
    os.umask(PRIVATE)
    end_with_launcher()
    try:
        settings = Settings()
        configure_logging(settings.log_level, sys.stdout)
        _prepare(settings)
    except (ValueError, JobsError) as error:
        reason = explain(error) if isinstance(error, ValidationError) else error
        print(f"backend: {reason}", file=sys.stderr)
        waiting_helps = isinstance(error, Unavailable) and not isinstance(error, Misconfigured)
        return NOT_YET if waiting_helps else CANNOT_START
    Server(settings, arguments.fd).run()
    return 0


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
    """Gunicorn with the settings of the service in place of a configuration file."""

    def __init__(self, settings: Settings, fd: int | None = None) -> None:
        self._settings = settings
        self._bind = f"{settings.host}:{settings.port}" if fd is None else f"fd://{fd}"
        self._stop = threading.Event()
        self._app: APIFlask | None = None
        self._sweeping = threading.Thread()
        super().__init__()

    def load_config(self) -> None:
        """One process, for the decoding slots are its own; threads, for most requests wait."""
        chosen = {
            "bind": self._bind,
            "worker_class": "gthread",
            "workers": 1,
            "threads": self._settings.threads,
            "graceful_timeout": _GRACE_SECONDS,
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

    def _leave(self, server: Any, worker: Any) -> None:
        """End now: the interpreter would wait for the threads of event streams, which end only with their job."""
        self._stop.set()
        if self._app is not None:  # else the process has ended before it was made
            self._sweeping.join(_PARTING_SECONDS)
            request_log.close(self._app)
        os._exit(0)


def _measured_ports(settings: Settings, registry: CollectorRegistry) -> Ports:
    ports = open_ports(settings, BusMetrics.on(registry))
    return replace(ports, artifacts=MeteredArtifacts(ports.artifacts, PeerMetrics.on(registry)))


class PlainLogger(Logger):  # type: ignore[misc]  # gunicorn is not typed
    """Gunicorn's messages through our own JSON lines."""

    def setup(self, cfg: Any) -> None:
        """Add no handler: the root logger has one."""
        self.error_log.setLevel(logging.WARNING)
        self.access_log.disabled = True


if __name__ == "__main__":
    sys.exit(main())
