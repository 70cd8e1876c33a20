"""``python -m backend.server``: the API in gunicorn, one process and many threads, until SIGTERM.

The launcher hands it a listening socket, so that connections made while a crashed API is being replaced wait instead of
being refused; without one it binds the address of the settings.
"""

import argparse
import logging
import os
import sys
import threading
from typing import Any

from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger
from pydantic import ValidationError

from backend import create_app
from backend.context import context
from backend.memory import keep_no_garbage
from backend.operate.janitor import Janitor
from jobs.lifeline import end_with_launcher
from jobs.settings import Settings, explain
from jobs.telemetry import configure_logging
from jobs.wiring import open_ports

PRIVATE = 0o077  # what people upload is for the service alone
CANNOT_START = 2  #: exit status where the settings cannot be used
_GRACE_SECONDS = 3  # for requests under way at SIGTERM; event streams never end by themselves


def main() -> int:
    """Serve; the exit status says whether it could begin."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fd", type=int, help="an inherited listening socket")
    arguments = parser.parse_args()
    try:
        settings = Settings()
    except ValidationError as error:
        print(f"backend: {explain(error)}", file=sys.stderr)
        return CANNOT_START
    os.umask(PRIVATE)
    end_with_launcher()
    configure_logging(settings.log_level)
    Server(settings, arguments.fd).run()
    return 0


class Server(BaseApplication):  # type: ignore[misc]  # gunicorn is not typed
    """Gunicorn with the settings of the service in place of a configuration file."""

    def __init__(self, settings: Settings, fd: int | None = None) -> None:
        self._settings = settings
        self._bind = f"{settings.host}:{settings.port}" if fd is None else f"fd://{fd}"
        super().__init__()

    def load_config(self) -> None:
        """One process, for the rate limits and the decoding slots are its own; threads, for most requests wait."""
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
            "worker_exit": _leave,
        }
        for name, value in chosen.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        """The app, made after the fork: connections and threads must not be inherited."""
        keep_no_garbage()
        settings = self._settings
        app = create_app(settings, open_ports(settings))
        with app.app_context():
            janitor = Janitor(context())
        threading.Thread(target=janitor.run, args=(threading.Event(),), name="janitor", daemon=True).start()
        return app


def _leave(server: Any, worker: Any) -> None:
    """End now: the interpreter would wait for the threads of event streams, which end by themselves only with a job."""
    os._exit(0)


class PlainLogger(Logger):  # type: ignore[misc]  # gunicorn is not typed
    """Gunicorn's messages through our own JSON lines."""

    def setup(self, cfg: Any) -> None:
        """Add no handler: the root logger has one."""
        self.error_log.setLevel(logging.WARNING)
        self.access_log.disabled = True


if __name__ == "__main__":
    sys.exit(main())
