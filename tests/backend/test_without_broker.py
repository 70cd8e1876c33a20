"""What a submission is told while Kafka is away: no, soon, and with nothing left behind."""

import gc
import warnings
from collections.abc import Callable, Iterator

import pytest

from tests.backend.service import Service, picture, problem

# kafka-python forgets the sockets of attempts that fail.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")

NOBODY = "kafka://127.0.0.1:1/nst.jobs"


@pytest.fixture(autouse=True)
def _forgotten_sockets() -> Iterator[None]:
    """Are collected here, and not in the test of somebody else."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.mark.timeout(30)
def test_without_a_broker_submissions_are_refused_within_seconds(serve: Callable[..., Service]) -> None:
    service = serve(bus_url=NOBODY, submits_per_minute=2)
    for _ in range(4):
        answer = service.post(headers={"Idempotency-Key": "abc"})
        assert problem(answer) == (503, "unavailable")
        assert int(answer.headers["Retry-After"]) <= 10
        assert answer.headers["RateLimit-Remaining"] == "2"


@pytest.mark.timeout(30)
def test_without_a_broker_nothing_is_half_accepted(serve: Callable[..., Service]) -> None:
    service = serve(bus_url=NOBODY)
    assert service.post().status_code == 503
    assert service.post("/api/batches", content=[picture(0), picture(2)]).status_code == 503
    assert service.ports.store.claim("worker") is None
    assert sum(service.ports.store.counts().values()) == 0
    assert service.ports.artifacts.jobs() == ()


@pytest.mark.timeout(30)
def test_readiness_names_the_bus(serve: Callable[..., Service]) -> None:
    service = serve(bus_url=NOBODY)
    answer = service.get("/readyz?part=api")
    assert problem(answer) == (503, "not_ready")
    assert "Not ready: the bus cannot be used." in answer.text
    assert service.get("/healthz").status_code == 200
