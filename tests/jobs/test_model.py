"""What a job is: its values survive JSON, and its status goes only where it may."""

import json
from dataclasses import FrozenInstanceError

import pytest

from jobs.model import (
    TRANSITIONS,
    FrameRef,
    Job,
    JobError,
    JobSpec,
    JobStatus,
    frames_from_plain,
    frames_to_plain,
    new_id,
    to_line,
)
from nst.errors import InvalidOption
from nst.options import StyleOptions
from tests.jobs.jobs_made import frames, job, progress, spec

FULL = job(
    style_ids=("tide-mosaic", ""),
    batch="b1",
    retry_of="j0",
    priority=3,
    options=StyleOptions(iterations=7, style_layers=(), blend=(0.5, 0.5), style_weight=2.0),
    status=JobStatus.FAILED,
    version=9,
    token=2,
    attempt=2,
    worker="w",
    lease_until=1.5,
    not_before=2.5,
    cancel_requested=True,
    progress=progress(4, remaining_seconds=1.25),
    frames=(*frames(1, 2), *frames(3, token=2)),
    result=2,
    error=JobError("out_of_memory", "no memory", "ask for less"),
    started_at=1.0,
    finished_at=2.0,
    expires_at=3.0,
)


@pytest.mark.parametrize("given", [job(), FULL], ids=["new", "full"])
def test_a_job_survives_json(given: Job) -> None:
    assert Job.from_dict(json.loads(to_line(given.to_dict()))) == given


@pytest.mark.parametrize("given", [spec(), FULL.spec], ids=["plain", "full"])
def test_a_spec_survives_json(given: JobSpec) -> None:
    assert JobSpec.from_dict(json.loads(to_line(given.to_dict()))) == given


def test_a_spec_with_an_option_outside_its_limits_is_refused() -> None:
    plain = spec().to_dict()
    plain["options"]["iterations"] = 0
    with pytest.raises(InvalidOption, match="iterations"):
        JobSpec.from_dict(plain)


def test_a_spec_without_its_options_is_refused() -> None:
    plain = spec().to_dict()
    del plain["options"]
    with pytest.raises(KeyError):
        JobSpec.from_dict(plain)


def test_a_spec_with_an_unknown_field_is_refused() -> None:
    with pytest.raises(TypeError):
        JobSpec.from_dict(spec().to_dict() | {"colour": "red"})


def test_a_record_is_one_line_without_spaces() -> None:
    assert to_line({"a": 1, "b": "x\ny"}) == b'{"a":1,"b":"x\\ny"}\n'


def test_frames_survive_plain_values() -> None:
    kept = (FrameRef(10, 1), FrameRef(20, 2))
    assert frames_to_plain(kept) == [[10, 1], [20, 2]]
    assert frames_from_plain(frames_to_plain(kept)) == kept


def test_work_is_megapixel_iterations() -> None:
    asked = spec(width=1000, height=500, options=StyleOptions(iterations=20))
    assert asked.work == pytest.approx(10.0)


def test_work_is_never_zero() -> None:
    assert spec(width=0, height=0).work > 0


def test_an_id_cannot_be_guessed_and_is_a_name_of_a_folder() -> None:
    ids = {new_id() for _ in range(100)}
    assert len(ids) == 100
    assert all(len(id) == 32 and id.isalnum() for id in ids)


@pytest.mark.parametrize("status", JobStatus)
def test_exactly_the_statuses_that_end_a_job_are_terminal(status: JobStatus) -> None:
    assert status.terminal == (status in {JobStatus.SUCCEEDED, JobStatus.FAILED, JobStatus.CANCELLED})


def test_a_job_that_is_over_changes_no_more_and_one_that_waits_starts_or_is_cancelled() -> None:
    assert TRANSITIONS.keys() == set(JobStatus)
    assert TRANSITIONS[JobStatus.QUEUED] == {JobStatus.RUNNING, JobStatus.CANCELLED}
    assert TRANSITIONS[JobStatus.RUNNING] == set(JobStatus) - {JobStatus.RUNNING}


def test_a_job_cannot_be_changed_in_place() -> None:
    with pytest.raises(FrozenInstanceError):
        job().version = 2  # type: ignore[misc]


def test_a_job_has_the_id_of_its_spec() -> None:
    assert FULL.id == FULL.spec.id
