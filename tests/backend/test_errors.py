"""Errors that no route thought of, and what is logged and measured of every request."""

import json
from dataclasses import replace
from unittest.mock import Mock, patch

import pytest
from structlog.testing import capture_logs
from werkzeug.exceptions import default_exceptions

from backend.problem_codes import PROBLEM_CODES
from jobs.errors import Unavailable
from jobs.ports import JobStore
from tests.backend.service import Service, body, problem


def test_an_unknown_route_is_a_problem(service: Service) -> None:
    for path in ("/api/nothing", "/api/", "/api/jobs/", "/nothing/at/all"):
        answer = service.get(path)
        assert problem(answer) == (404, "not_found")
        assert body(answer)["detail"] == "There is nothing at this address."


def test_a_wrong_method_is_told_the_right_ones(service: Service) -> None:
    answer = service.client.put("/api/jobs")
    assert problem(answer) == (405, "method_not_allowed")
    assert {"GET", "POST"} <= set(answer.headers["Allow"].split(", "))
    assert body(answer)["detail"] == "This address takes GET and POST, not PUT."


@pytest.mark.parametrize("status", sorted(default_exceptions))
def test_no_error_of_http_is_told_in_the_words_of_a_library(service: Service, status: int) -> None:
    kind = default_exceptions[status]
    with service.app.test_request_context("/api/jobs"), patch.object(kind, "description", "Words of a library."):
        answer = service.app.make_response(service.app.handle_user_exception(kind()))
    values = json.loads(answer.get_data())
    assert answer.status_code == values["status"] == status
    assert "Words" not in values["detail"] and "{" not in values["detail"]
    code = values["code"]
    assert values["type"] == (f"/api/docs#problem-{code}" if code in PROBLEM_CODES else "about:blank")


def test_a_mistake_of_ours_is_logged_and_not_shown(service: Service) -> None:
    with (
        patch("backend.follow.api.find_job", side_effect=RuntimeError("the secret of the house")),
        capture_logs() as logs,
    ):
        answer = service.get(f"/api/jobs/{'0' * 32}", X_Request_ID="req-1")
    assert problem(answer) == (500, "internal")
    assert body(answer)["instance"] == "urn:request:req-1" and "secret" not in answer.text
    error = next(log for log in logs if log["log_level"] == "error")
    assert isinstance(error["exc_info"], RuntimeError)


def test_an_unavailable_store_is_worth_another_try(service: Service) -> None:
    store = Mock(spec=JobStore)
    for method in ("get", "recall", "facts", "enqueue", "of_batch", "workers"):
        getattr(store, method).side_effect = Unavailable("/data/jobs.sqlite: the disk is full")
    ports = replace(service.ports, store=store)
    service.app.extensions["nst"] = replace(service.context, ports=ports)
    answers = [
        service.get(f"/api/jobs/{'0' * 32}"),
        service.get(f"/api/batches/{'0' * 32}"),
        service.post(),
        service.post(headers={"Idempotency-Key": "abc"}),
    ]
    assert [problem(answer) for answer in answers] == [(503, "unavailable")] * 4
    assert all("Retry-After" in answer.headers and "sqlite" not in answer.text for answer in answers)
    assert service.ports.artifacts.jobs() == ()


def test_each_request_is_one_line_of_log_without_ids(service: Service) -> None:
    id = service.submit()["id"]
    with capture_logs() as logs:
        service.get(f"/api/jobs/{id}?wait=1&version=0", X_API_Key="hush")
    (line,) = logs
    assert (line["event"], line["route"], line["method"], line["status"]) == ("answered", "/api/jobs/<id>", "GET", 200)
    assert line["milliseconds"] >= 0
    assert not [word for word in (id, "127.0.0.1", "hush", "wait") if word in str(line)]


def test_each_request_is_measured_by_its_route(service: Service) -> None:
    service.get(f"/api/jobs/{'0' * 32}")
    service.client.open("/api/jobs", method="BREW")
    count = service.context.registry.get_sample_value
    name = "nst_http_request_seconds_count"
    assert count(name, {"route": "/api/jobs/<id>", "method": "GET", "code": "404"}) == 1
    assert count(name, {"route": "unmatched", "method": "OTHER", "code": "405"}) == 1


def test_an_answer_carries_the_request_id(service: Service) -> None:
    first, second = (service.get("/api/limits").headers["X-Request-ID"] for _ in range(2))
    assert len(first) == 32 and first != second


@pytest.mark.parametrize("path", ["/api/jobs", "/api/batches", "/api/jobs/x/retry"])
def test_a_request_that_changes_something_is_not_answered_to_a_look(service: Service, path: str) -> None:
    assert service.get(path).status_code in (403, 405)
