"""``python -m consumer``: one worker, until SIGTERM. Settings come from the environment; see ``docs/operations.md``."""

import os
import sys
from dataclasses import replace

from prometheus_client import REGISTRY, start_http_server
from pydantic import ValidationError

from consumer import renderer
from consumer.child import Child
from consumer.stopping import Stopping
from consumer.worker import EngineRefused, Worker
from jobs.errors import JobsError
from jobs.lifeline import end_with_launcher
from jobs.metered import MeteredArtifacts
from jobs.settings import Settings, explain
from jobs.spans import open_spans
from jobs.telemetry import BusMetrics, PeerMetrics, WorkerMetrics, configure_logging, logger
from jobs.wiring import Ports, open_ports

CANNOT_START = 2  #: exit status where settings, store or artifacts cannot be used


def main() -> int:
    """Wire everything, work, and say with the exit status whether it could begin at all."""
    try:
        settings = Settings()
        ports = open_ports(settings, BusMetrics.on(REGISTRY))
        peers = PeerMetrics.on(REGISTRY)
        ports = replace(ports, artifacts=MeteredArtifacts(ports.artifacts, peers))
    except (ValidationError, JobsError) as error:
        print(f"consumer: {explain(error) if isinstance(error, ValidationError) else error}", file=sys.stderr)
        return CANNOT_START
    configure_logging(settings.log_level, sys.stdout)
    stopping = Stopping()
    stopping.listen()
    os.umask(0o077)  # what people upload is for the service alone
    end_with_launcher()
    _serve_metrics(settings)
    spans = open_spans("nst-consumer", os.environ)
    child, metrics = Child(renderer.main, settings), WorkerMetrics.on(REGISTRY)
    worker = Worker(settings, ports, child, metrics, stopping, peers=peers, spans=spans)
    logger("consumer").info("worker started", worker=worker.id)
    _look_at(ports)
    try:
        worker.run()
    except EngineRefused as error:
        print(f"consumer: {error}", file=sys.stderr)
        return CANNOT_START
    finally:
        ports.close()
        spans.close()
    logger("consumer").info("worker stopped", worker=worker.id)
    return 0


def _look_at(ports: Ports) -> None:
    """Say once what is wrong with a server: the worker waits for it, and would say little."""
    for name, port in (("store", ports.store), ("bus", ports.bus), ("artifacts", ports.artifacts)):
        try:
            port.check()
        except JobsError as error:
            logger("consumer").warning("a server cannot be used yet", server=name, error=str(error))


def _serve_metrics(settings: Settings) -> None:
    if not settings.metrics_port:
        return
    try:
        start_http_server(settings.metrics_port, addr=settings.host)
    except OSError as error:  # a second worker on this machine: painting matters more than counting
        logger("consumer").warning("no metrics", port=settings.metrics_port, error=error.strerror)


if __name__ == "__main__":
    sys.exit(main())
