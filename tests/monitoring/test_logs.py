"""The lines of a real run: each is JSON, those of one job are found by its id and by its trace, also in a log store."""

import json
import os
import shutil
from collections.abc import Iterator

import pytest

from tests.monitoring.collecting import Docker, Loki, collecting
from tests.monitoring.observed import Observed
from tests.monitoring.tools import ROOT

pytestmark = pytest.mark.timeout(180)
_PATH = f"{os.environ.get('PATH', '')}:{ROOT / '.cache/servers/bin'}"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Docker, Loki]]:
    """Loki and the collector as they are deployed. Not required in CI either: building them takes many minutes."""
    loki, collector = shutil.which("loki", path=_PATH), shutil.which("collector", path=_PATH)
    if loki is None or collector is None:
        pytest.skip("loki or collector is not on this machine (docs/monitoring.md says how they are built)")
    with collecting(tmp_path_factory.mktemp("logs"), loki, collector) as both:
        yield both


def test_every_line_is_json_with_time_and_level(one_machine: Observed) -> None:
    lines = one_machine.lines()
    assert len(lines) > 20
    assert [line for line in lines if not {"event", "level", "time"} <= line.keys()] == []


@pytest.mark.parametrize("name", ["succeeded", "failed", "crashed", "cancelled"])
def test_one_trace_holds_what_api_and_worker_say_of_a_job(one_machine: Observed, name: str) -> None:
    id = one_machine.jobs[name]["id"]
    of_the_job = [line for line in one_machine.lines() if line.get("job_id") == id]
    assert {"answered", "job started"} <= {line["event"] for line in of_the_job}
    assert len({line.get("trace_id") for line in of_the_job}) == 1


def test_jobs_of_different_requests_have_different_traces(one_machine: Observed) -> None:
    accepted = [line for line in one_machine.lines() if line["event"] == "answered" and "job_id" in line]
    assert len({line["trace_id"] for line in accepted}) == len(accepted) == len(one_machine.jobs)


def test_the_log_store_finds_the_lines_by_job_and_by_trace(one_machine: Observed, store: tuple[Docker, Loki]) -> None:
    docker, loki = store
    lines = one_machine.lines()
    docker.prints("nst-consumer-1", [json.dumps(line) for line in lines])
    job = one_machine.jobs["succeeded"]["id"]
    (trace,) = {line["trace_id"] for line in lines if line.get("job_id") == job}
    for query, expected in (
        (f'| job_id="{job}"', [line for line in lines if line.get("job_id") == job]),
        (f'| trace_id="{trace}"', [line for line in lines if line.get("trace_id") == trace]),
    ):
        found = loki.find(f'{{service_name="nst-consumer-1"}} {query}', len(expected))
        assert sorted(json.dumps(json.loads(line)) for _, line in found) == sorted(map(json.dumps, expected))


def test_a_warning_is_found_by_its_level_and_other_programs_are_kept_too(store: tuple[Docker, Loki]) -> None:
    docker, loki = store
    docker.prints("nst-backend-1", [json.dumps({"event": "a part is not ready", "level": "warning"})])
    docker.prints("nst-redis-1", ["1:M 01 Jan 2030 00:00:00.000 * Ready to accept connections tcp", "{ not json"])
    (found,) = loki.find('{service_name="nst-backend-1"} | severity_text="warning"')
    assert json.loads(found[1])["event"] == "a part is not ready"
    plain = loki.find('{service_name="nst-redis-1"}', 2)
    assert {line.split()[0] for _, line in plain} == {"1:M", "{"}


def test_a_line_that_docker_has_cut_is_whole_again(store: tuple[Docker, Loki]) -> None:
    docker, loki = store
    line = json.dumps({"event": "rendering failed", "exception": "x" * 40_000, "level": "error", "job_id": "cut"})
    docker.prints("nst-consumer-2", [line])
    (found,) = loki.find('{service_name="nst-consumer-2"} | job_id="cut"')
    assert found[1].strip() == line
