"""Real servers for tests.

``kafka``, ``redis_server`` and ``s3_server`` are shared by all processes of a test run: use topics, prefixes and
buckets of your own there, and never stop them. A test that kills, freezes or configures a server asks ``own_server``
for one. Where a server is not on this machine the test is skipped; with ``CI`` or ``NST_REQUIRE_SERVERS`` it fails.
"""

import fcntl
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol, TypeVar

import pytest

from scripts.servers import KafkaServer, Missing, RedisServer, S3Server, Server

S = TypeVar("S", bound=Server)
#: The variable that makes a missing server a failure; read before the tests clear what begins with NST_.
REQUIRED = next((name for name in ("CI", "NST_REQUIRE_SERVERS") if os.environ.get(name)), None)


class OwnServer(Protocol):
    """What ``own_server`` is."""

    def __call__(self, server: S) -> S:
        """Start this server; it is the answer too."""


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> KafkaServer:
    """Apache Kafka for everybody; it makes no topic by itself."""
    return _shared(KafkaServer, _common(tmp_path_factory) / "shared-kafka")


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> RedisServer:
    """Redis for everybody, with its append-only file."""
    return _shared(RedisServer, _common(tmp_path_factory) / "shared-redis")


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> S3Server:
    """An S3 server for everybody."""
    return _shared(S3Server, _common(tmp_path_factory) / "shared-s3")


@pytest.fixture
def own_server() -> Iterator[OwnServer]:
    """Starts a server for this test alone, and kills it afterwards: ``own_server(RedisServer(tmp_path / "redis"))``."""
    started: list[Server] = []

    def start(server: S) -> S:
        started.append(server)
        _start(server, os.getpid())
        return server

    yield start
    for server in started:
        server.kill()


def _common(factory: pytest.TempPathFactory) -> Path:
    """The one folder of all processes of this run."""
    base = factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


def _shared(make: Callable[[Path], S], folder: Path) -> S:
    """The first to come starts it; it ends with the run, because the run's first process owns it."""
    folder.mkdir(mode=0o700, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        server = make(folder)
        _start(server, os.getppid() if "PYTEST_XDIST_WORKER" in os.environ else os.getpid())
    return server


def _start(server: Server, owner: int) -> None:
    try:
        server.start(owner)
    except Missing as error:
        advice = f"{error} (make servers installs what can be had)"
        if REQUIRED:
            pytest.fail(f"{REQUIRED} is set, and {advice}")
        pytest.skip(advice)
