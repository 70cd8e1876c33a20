"""What is counted, and that counting changes nothing."""

from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from jobs.artifacts import FolderArtifacts
from jobs.errors import ArtifactMissing, Unavailable
from jobs.metered import MeteredArtifacts
from jobs.ports import Artifacts
from jobs.telemetry import METRIC_GROUPS, STORAGE_CALLS, PeerMetrics
from tests.jobs.artifacts_contract import ArtifactsContract


class TestMeteredArtifacts(ArtifactsContract):
    """Measured artifacts keep every promise of those that they measure."""

    @pytest.fixture
    def artifacts(self, tmp_path: Path) -> Artifacts:
        return MeteredArtifacts(FolderArtifacts(tmp_path / "artifacts"), PeerMetrics.on(CollectorRegistry()))


class _Away(FolderArtifacts):
    """Storage that has gone."""

    def get(self, key: str) -> bytes:
        raise Unavailable("it is away")


def test_a_call_is_timed_and_a_failing_one_counted_as_well(tmp_path: Path) -> None:
    registry = CollectorRegistry()
    artifacts = MeteredArtifacts(_Away(tmp_path / "artifacts"), PeerMetrics.on(registry))
    artifacts.put("j/x", b"there")
    with pytest.raises(Unavailable):
        artifacts.get("j/x")
    assert registry.get_sample_value("nst_storage_seconds_count", {"op": "put"}) == 1
    assert registry.get_sample_value("nst_storage_seconds_count", {"op": "get"}) == 1
    assert registry.get_sample_value("nst_storage_errors_total", {"op": "put"}) == 0
    assert registry.get_sample_value("nst_storage_errors_total", {"op": "get"}) == 1


def test_that_something_is_missing_is_an_answer_and_no_failure(tmp_path: Path) -> None:
    registry = CollectorRegistry()
    metrics = PeerMetrics.on(registry)
    artifacts = MeteredArtifacts(FolderArtifacts(tmp_path / "artifacts"), metrics)
    metrics.contact.labels("artifacts").set(0)
    with pytest.raises(ArtifactMissing):
        artifacts.get("j/nothing")
    assert registry.get_sample_value("nst_storage_errors_total", {"op": "get"}) == 0
    assert registry.get_sample_value("nst_last_contact_timestamp_seconds", {"peer": "artifacts"}) != 0


def test_a_server_that_does_not_answer_was_not_heard_of(tmp_path: Path) -> None:
    registry = CollectorRegistry()
    metrics = PeerMetrics.on(registry)
    artifacts = MeteredArtifacts(_Away(tmp_path / "artifacts"), metrics)
    metrics.contact.labels("artifacts").set(0)
    with pytest.raises(Unavailable):
        artifacts.get("j/x")
    assert registry.get_sample_value("nst_last_contact_timestamp_seconds", {"peer": "artifacts"}) == 0


def test_every_call_that_is_measured_is_one_of_the_port() -> None:
    assert [call for call in STORAGE_CALLS if not hasattr(Artifacts, call)] == []


def test_all_groups_of_metrics_fit_into_one_process() -> None:
    registry = CollectorRegistry()
    for group in METRIC_GROUPS:
        group.on(registry)
    names = [metric.name for metric in registry.collect()]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        ("nst_dead_letters_total", {"reason": "unreadable"}),
        ("nst_jobs_finished_total", {"status": "failed", "reason": "worker_crashed"}),
        ("nst_attempts_total", {"cause": "storage"}),
        ("nst_child_restarts_total", {"reason": "crash"}),
        ("nst_jobs_submitted_total", {"result": "refused"}),
        ("nst_bus_commit_errors_total", {"reason": "unavailable"}),
    ],
)
def test_what_may_happen_is_there_at_zero_before_it_happens(name: str, labels: dict[str, str]) -> None:
    registry = CollectorRegistry()
    for group in METRIC_GROUPS:
        group.on(registry)
    assert registry.get_sample_value(name, labels) == 0
