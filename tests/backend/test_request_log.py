"""What is logged of a request, and which trace it belongs to."""

import io
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog

from jobs.telemetry import configure_logging
from jobs.tracing import trace_id
from tests.backend.service import Service

CALLER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def lines() -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """The lines that have been logged."""
    root = logging.getLogger()
    before, level, stream = root.handlers[:], root.level, io.StringIO()
    configure_logging("info", stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.handlers[:] = before
    root.setLevel(level)
    structlog.reset_defaults()


def test_a_submission_s_line_says_which_job_and_which_trace(service: Service, lines: Any) -> None:
    job = service.post(headers={"traceparent": CALLER}).get_json()
    (line,) = [line for line in lines() if line["event"] == "answered"]
    assert line["job_id"] == job["id"]
    assert line["trace_id"] == trace_id(CALLER)


def test_the_job_goes_on_in_the_trace_of_its_submission(service: Service) -> None:
    job = service.post(headers={"traceparent": CALLER}).get_json()
    trace = service.ports.store.get(job["id"]).spec.trace
    assert trace_id(trace) == trace_id(CALLER)
    assert trace != CALLER  # a step of its own


def test_a_request_without_a_sound_trace_begins_one(service: Service, lines: Any) -> None:
    for header in ("", "00-nonsense", CALLER.upper()):
        service.client.get("/api/limits", headers={"traceparent": header})
    found = [line["trace_id"] for line in lines() if line["event"] == "answered"]
    assert len(set(found)) == 3 and all(len(one) == 32 for one in found)
    assert trace_id(CALLER) not in found


def test_two_requests_of_one_thread_do_not_share_a_trace(service: Service, lines: Any) -> None:
    service.client.get("/api/limits", headers={"traceparent": CALLER})
    service.client.get("/api/limits")
    first, second = (line["trace_id"] for line in lines() if line["event"] == "answered")
    assert first == trace_id(CALLER) != second


def test_who_looks_at_a_job_does_not_leave_its_id_in_the_log(service: Service, lines: Any) -> None:
    job = service.post().get_json()
    service.client.get(f"/api/jobs/{job['id']}")
    looked = lines()[-1]
    assert looked["route"] == "/api/jobs/<id>" and job["id"] not in json.dumps(looked)


def test_a_batch_s_line_names_the_batch(service: Service, lines: Any) -> None:
    answer = service.post("/api/batches").get_json()
    assert lines()[-1]["batch_id"] == answer["id"]


def test_a_long_poll_is_measured_apart_from_quick_looks(service: Service) -> None:
    job = service.post().get_json()
    service.client.get(f"/api/jobs/{job['id']}")
    service.client.get(f"/api/jobs/{job['id']}?wait=1&version=0")
    metrics = service.client.get("/metrics").get_data(as_text=True)
    for route in ("/api/jobs/<id>", "/api/jobs/<id>?wait"):
        assert f'nst_http_request_seconds_count{{code="200",method="GET",route="{route}"}} 1.0' in metrics
