"""The OpenAPI document, and the API held to it by requests that are made up from it."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings, strategies

from tests.backend.service import Service, make_service

#: Requests made up for each operation.
_EXAMPLES = 40


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One for all requests, with a job that is over."""
    made = make_service(tmp_path_factory.mktemp("service"), max_queued=0, max_open_per_client=0)
    made.paint(made.submit()["id"])
    yield made
    made.ports.close()


def test_whatever_is_sent_is_answered_as_documented(service: Service) -> None:
    document = schemathesis.openapi.from_wsgi("/api/openapi.json", service.app)
    (job,) = service.ports.artifacts.jobs()
    seen = Counter[int]()
    operations: list[Any] = [*document.get_all_operations()]
    for operation in operations:
        _check(operation.ok(), job, seen)
    assert {200, 404, 422} <= set(seen), "the requests should find their way, and lose it"


def _check(operation: Any, job: str, seen: Counter[int]) -> None:
    """Send made-up requests to one operation, half of them about a job that is there."""

    @given(case=operation.as_strategy(), known=strategies.booleans())
    @settings(max_examples=_EXAMPLES, suppress_health_check=list(HealthCheck))
    def send(case: Any, known: bool) -> None:
        if known and "id" in (case.path_parameters or {}):
            case.path_parameters["id"] = job
        response = case.call()
        seen[response.status_code] += 1
        _check_answer(case, response)

    send()


def _check_answer(case: Any, response: Any) -> None:
    assert response.status_code < 500 or response.status_code == 503
    assert str(response.status_code) in case.operation.definition.raw["responses"]
    if response.status_code >= 400:
        assert response.headers["content-type"] == ["application/problem+json"]
        problem = response.json()
        assert {"type", "title", "status", "code", "detail"} <= set(problem)
        assert problem["status"] == response.status_code
