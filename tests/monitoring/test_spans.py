"""Spans of a job, sent to a real receiver of OpenTelemetry's protocol; where nobody asks for them, there are none."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import structlog

from jobs.model import Job, JobStatus, Progress
from jobs.spans import Silent, Spans, begin_attempt, end_attempt, open_spans
from jobs.tracing import Trace, trace_id
from scripts.service import Service
from tests.jobs import jobs_made
from tests.monitoring.observed import submit
from tests.monitoring.receiver import Receiver, receiving
from tests.monitoring.tools import ROOT


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """A collector that OpenTelemetry's variable leads to."""
    with receiving() as one:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", one.address)
        yield one


def _claimed(trace: str) -> Job:
    """A job at its first attempt, which began two seconds after it was asked for."""
    job = jobs_made.job(trace=trace, status=JobStatus.RUNNING, token=1, attempt=1)
    return replace(job, started_at=job.spec.created_at + 2)


def test_wait_and_attempt_follow_the_request_in_one_trace(receiver: Receiver) -> None:
    spans = _open(receiver)
    request = spans.begin("POST", serves=True)
    job = _claimed(request.traceparent)
    attempt = begin_attempt(spans, job)
    painted = replace(job, progress=Progress(size=64, backbone="wavelet"))
    end_attempt(attempt, painted, "succeeded")
    request.end(name="POST /api/jobs", status=202)
    spans.close()
    found = {span.name: span for span in receiver.until(lambda seen: len(seen) == 3)}
    assert {span.trace_id for span in found.values()} == {trace_id(job.spec.trace)}
    posted, wait, tried = found["POST /api/jobs"], found["wait in the queue"], found["attempt"]
    assert posted.server and not posted.parent_id
    assert wait.parent_id == tried.parent_id == posted.span_id
    assert wait.seconds == pytest.approx(2, abs=0.001)
    assert tried.facts == {
        "nst.job_id": job.id, "nst.status": "succeeded", "nst.attempt": 1, "nst.size": 64, "nst.backbone": "wavelet",
    }  # fmt: skip
    assert not any(span.failed for span in found.values())
    assert {span.service for span in found.values()} == {"nst-test"}


def test_a_failed_attempt_is_marked_and_only_the_first_one_tells_of_the_wait(receiver: Receiver) -> None:
    spans = _open(receiver)
    job = replace(_claimed(str(Trace.new())), token=2, attempt=2)
    end_attempt(begin_attempt(spans, job), job, "crashed", "worker_crashed")
    spans.close()
    (span,) = receiver.until(lambda seen: len(seen) == 1)
    assert span.failed and span.name == "attempt" and span.facts["nst.attempt"] == 2


def test_nothing_of_the_person_is_sent(receiver: Receiver) -> None:
    spans = _open(receiver)
    job = _claimed(str(Trace.new()))
    job = replace(job, spec=replace(job.spec, client="192.0.2.7"))
    end_attempt(begin_attempt(spans, job), job, "succeeded")
    spans.close()
    assert "192.0.2.7" not in str(receiver.until(lambda seen: len(seen) == 2))


def test_a_trace_that_the_caller_does_not_record_is_not_sent_but_handed_on(receiver: Receiver) -> None:
    spans = _open(receiver)
    parent = replace(Trace.new(), sampled=False)
    span = spans.begin("POST", str(parent))
    span.end()
    recorded = spans.begin("GET")
    recorded.end()
    spans.close()
    assert [found.name for found in receiver.until(bool)] == ["GET"]
    handed = Trace.parse(span.traceparent)
    assert handed is not None and handed.trace_id == parent.trace_id and not handed.sampled


def test_a_collector_that_is_away_costs_the_work_nothing() -> None:
    with receiving() as gone:
        address = gone.address
    assert _ends_soon(address)


def test_a_collector_that_never_answers_keeps_no_worker_from_ending() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        assert _ends_soon(f"http://127.0.0.1:{mute.getsockname()[1]}")
        mute.settimeout(0)
        mute.accept()[0].close()  # it was asked


def _ends_soon(address: str) -> bool:
    """Whether a process that has sent spans there closes them within the time that a worker has, and then ends."""
    code = (
        "import os, threading; from jobs.spans import open_spans\n"
        "spans = open_spans('nst-test', os.environ); spans.begin('attempt').end()\n"
        "closing = threading.Thread(target=spans.close, daemon=True); closing.start(); closing.join(4)\n"
        "print('hangs' if closing.is_alive() else 'closed', flush=True)\n"
    )
    environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": address, "PATH": "", "PYTHONPATH": str(ROOT)}
    command = (sys.executable, "-c", code)
    return subprocess.run(command, env=environment, check=True, timeout=60, capture_output=True).stdout == b"closed\n"


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": ""},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318", "OTEL_TRACES_EXPORTER": "none"},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318", "OTEL_SDK_DISABLED": "true"},
    ],
)
def test_nobody_who_does_not_ask_gets_spans(environment: dict[str, str]) -> None:
    assert isinstance(open_spans("nst-test", environment), Silent)


def test_without_a_collector_opentelemetry_is_not_even_imported() -> None:
    code = (
        "import sys; from jobs.spans import open_spans\n"
        "span = open_spans('nst-test', {}).begin('attempt'); span.end(); assert len(span.traceparent) == 55\n"
        "assert not [name for name in sys.modules if name.startswith('opentelemetry')]\n"
    )
    subprocess.run((sys.executable, "-c", code), cwd=ROOT, check=True, timeout=60)


def test_without_the_extra_the_log_says_what_is_missing_and_the_work_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jobs.spans.find_spec", lambda name: None)
    with structlog.testing.capture_logs() as logs:
        spans = open_spans("nst-test", {"OTEL_TRACES_EXPORTER": "otlp"})
    assert isinstance(spans, Silent)
    assert [line["event"] for line in logs] == ["no traces are sent"] and "extra otel" in logs[0]["reason"]


def test_a_real_job_is_one_trace_from_the_request_to_the_attempt(receiver: Receiver, tmp_path: Path) -> None:
    settings = {"NST_ENGINE": "bench.sleeper:Sleeper", "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.address}
    with Service(tmp_path, settings | {"OTEL_BSP_SCHEDULE_DELAY": "100"}) as service:
        submit(service)
        found = receiver.until(lambda seen: any(span.name == "attempt" for span in seen))
    (request,) = [span for span in found if span.name == "POST /api/jobs"]
    (attempt,) = [span for span in found if span.name == "attempt"]
    assert (request.service, attempt.service) == ("nst-backend", "nst-consumer")
    assert attempt.trace_id == request.trace_id and attempt.parent_id == request.span_id
    assert attempt.facts["nst.status"] == "succeeded" and request.facts["nst.status"] == 202
    assert not [span for span in found if "readyz" in span.name]


def _open(receiver: Receiver) -> Spans:
    return open_spans("nst-test", {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.address})
