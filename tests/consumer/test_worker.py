"""The worker with a real rendering process: what becomes of good jobs, and of bad ones."""

import json
import os
import signal
import time
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from jobs import keys
from jobs.model import FrameRef, JobStatus
from jobs.terms import Outcome
from nst.options import StyleOptions
from tests.consumer import engines
from tests.consumer.workshop import Workshop


def _picture(data: bytes) -> Image.Image:
    image = Image.open(BytesIO(data))
    image.load()
    return image


def test_a_job_becomes_frames_losses_a_result_and_a_manifest(workshop: Workshop) -> None:
    job_id = workshop.submit(iterations=12, save_every=5)
    with workshop.working():
        job = workshop.ended(job_id)
        workshop.until(job_id, lambda _: bool(_keys(workshop, keys.manifest(job_id))))
    assert job.status is JobStatus.SUCCEEDED
    assert job.frames == tuple(FrameRef(iteration, 1) for iteration in (0, 5, 10, 12))
    assert job.progress
    assert (job.progress.iteration, job.progress.total_iterations, job.progress.backbone) == (12, 12, "wavelet")
    get = workshop.ports.artifacts.get
    for frame in job.frames:
        assert _picture(get(keys.frame(job_id, 1, frame.iteration))).size == (64, 43)
        assert _picture(get(keys.small_frame(job_id, 1, frame.iteration))).format == "JPEG"
    result = _picture(get(keys.result(job_id, 1)))
    assert (result.format, result.size) == ("PNG", (64, 43))
    assert StyleOptions.from_json(result.info["nst"]) == job.spec.options
    table = get(keys.losses(job_id, 1)).decode().splitlines()
    assert table[0].startswith("iteration,") and [line.split(",")[0] for line in table[1:]] == [*map(str, range(1, 13))]
    manifest = json.loads(get(keys.manifest(job_id)))
    assert (manifest["status"], manifest["version"]) == ("succeeded", job.version)


def test_no_checkpoint_is_left_of_a_job_that_is_over(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path, checkpoint_seconds=0.1)
    job_id = workshop.submit(iterations=30)
    with workshop.working():
        workshop.until(job_id, lambda _: bool(_keys(workshop, keys.checkpoint(job_id, 1))))
        workshop.ended(job_id)
        workshop.until(job_id, lambda _: not _keys(workshop, keys.checkpoint(job_id, 1)))


def test_every_job_of_a_queue_is_done_in_its_order(workshop: Workshop) -> None:
    ids = [workshop.submit(iterations=2) for _ in range(5)]
    with workshop.working():
        jobs = [workshop.ended(job_id) for job_id in ids]
    starts = [job.started_at or 0 for job in jobs]
    assert starts == sorted(starts)
    assert {job.status for job in jobs} == {JobStatus.SUCCEEDED}


def test_a_cancelled_job_stops_and_its_last_picture_is_the_result(workshop: Workshop) -> None:
    job_id = workshop.submit(iterations=5000)
    with workshop.working():
        workshop.running(job_id, iteration=6)
        assert workshop.ports.store.cancel(job_id).cancel_requested
        job = workshop.ended(job_id, seconds=5)
    assert job.status is JobStatus.CANCELLED
    assert job.result == 1
    assert job.frames[-1].iteration == (job.progress and job.progress.iteration)


def test_a_child_that_is_killed_is_replaced_and_the_job_goes_on_from_its_checkpoint(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path, checkpoint_seconds=0.1)
    job_id = workshop.submit(iterations=60, seed=engines.KILLED_ONCE)
    with workshop.working():
        job = workshop.ended(job_id)
    assert job.status is JobStatus.SUCCEEDED
    assert (job.token, job.attempt) == (2, 2)
    assert [frame.iteration for frame in job.frames] == list(range(0, 61, 5))
    assert {frame.token for frame in job.frames} == {1, 2}
    table = workshop.ports.artifacts.get(keys.losses(job_id, 2)).decode().splitlines()
    assert [line.split(",")[0] for line in table[1:]] == [*map(str, range(1, 61))]
    assert workshop.ports.artifacts.size(keys.result(job_id, 2))


def test_a_job_that_kills_every_child_fails_with_a_reason_and_harms_no_other(workshop: Workshop) -> None:
    bad = workshop.submit(seed=engines.KILLED)
    good = workshop.submit()
    with workshop.working():
        failed, succeeded = workshop.ended(bad), workshop.ended(good)
    assert (failed.status, failed.attempt) == (JobStatus.FAILED, 3)
    assert failed.error and failed.error.code == "worker_crashed" and "signal 9" in failed.error.message
    assert _keys(workshop, keys.manifest(bad)), "a failure outlives the store, too"
    assert succeeded.status is JobStatus.SUCCEEDED


def test_a_bug_of_the_engine_is_tried_again_and_then_told(workshop: Workshop) -> None:
    job_id = workshop.submit(seed=engines.RAISING)
    with workshop.working():
        job = workshop.ended(job_id)
    assert (job.status, job.attempt) == (JobStatus.FAILED, 3)
    assert job.error and job.error.code == "internal" and "ZeroDivisionError" in job.error.message


def test_an_error_that_will_not_go_away_is_not_tried_again(workshop: Workshop) -> None:
    job_id = workshop.submit(seed=engines.NUMERICAL)
    with workshop.working():
        job = workshop.ended(job_id)
    assert (job.status, job.attempt) == (JobStatus.FAILED, 1)
    assert job.error and (job.error.code, job.error.hint) == ("numerical", "Other weights.")


def test_a_job_for_which_no_size_is_small_enough_fails_with_the_device_s_words(workshop: Workshop) -> None:
    job_id = workshop.submit(size=200, seed=engines.OUT_OF_MEMORY)
    with workshop.working():
        job = workshop.ended(job_id)
    assert job.error and (job.error.code, job.error.hint) == ("device", "Less.")


@pytest.mark.parametrize("trouble", [engines.OUT_OF_MEMORY, engines.ARRAYS_TOO_LARGE])
def test_what_was_painted_smaller_says_so_and_mixes_no_sizes(tmp_path: Path, trouble: int) -> None:
    workshop = Workshop(tmp_path, engine="tests.consumer.engines:Spacious")
    job_id = workshop.submit(size=400, seed=trouble)
    with workshop.working():
        job = workshop.ended(job_id)
    assert (job.status, job.attempt) == (JobStatus.SUCCEEDED, 1)
    assert job.progress and job.progress.note.startswith("Painted at size 196 instead of 400")
    assert job.progress.width == 196
    sizes = {_picture(workshop.ports.artifacts.get(keys.frame(job_id, 1, f.iteration))).width for f in job.frames}
    assert sizes == {196}


def test_a_job_that_was_painted_smaller_goes_on_as_small_after_a_pause(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path, engine="tests.consumer.engines:Spacious", drain_seconds=0)
    job_id = workshop.submit(size=400, iterations=150, seed=engines.OUT_OF_MEMORY)
    with workshop.working() as (_, _, stopping):
        workshop.until(job_id, lambda job: job.progress is not None and job.progress.size == 196)
        workshop.running(job_id, iteration=20)
        stopping.ask()
        paused = workshop.until(job_id, lambda job: job.status is JobStatus.QUEUED)
    with workshop.working():
        again = workshop.running(job_id)
        assert again.progress and paused.progress and again.progress.iteration >= paused.progress.iteration >= 20
        assert again.progress.note.startswith("Painted at size 196")
        workshop.ports.store.cancel(job_id)
        workshop.ended(job_id)


def test_a_job_that_keeps_no_frames_has_none(workshop: Workshop) -> None:
    job_id = workshop.submit(iterations=5, save_every=0)
    with workshop.working():
        job = workshop.ended(job_id)
    assert (job.status, job.result) == (JobStatus.SUCCEEDED, 1)
    assert [frame.iteration for frame in job.frames] == [0], "the sleeping engine always tells of the photo"


def test_a_pause_loses_no_frame(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path, drain_seconds=0, checkpoint_seconds=0.1)
    job_id = workshop.submit(iterations=60, save_every=1)
    for iteration in (8, 25, 40):
        with workshop.working() as (_, _, stopping):
            workshop.running(job_id, iteration)
            stopping.ask()
            workshop.until(job_id, lambda job: job.status is JobStatus.QUEUED)
    with workshop.working():
        job = workshop.ended(job_id)
    assert [frame.iteration for frame in job.frames] == list(range(61))
    assert job.attempt == 1


def test_a_rendering_process_that_never_becomes_ready_is_replaced(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path, engine="tests.consumer.engines:NeverReady", stall_seconds=3)
    job_id = workshop.submit(iterations=2)
    with workshop.working():
        assert workshop.ended(job_id).status is JobStatus.SUCCEEDED


def test_a_child_that_hangs_is_killed_and_the_job_is_told_to_have_failed(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path, stall_seconds=3, max_attempts=1)
    job_id = workshop.submit(seed=engines.HANGING)
    with workshop.working():
        job = workshop.ended(job_id)
    assert job.error and job.error.code == "worker_crashed" and "silent for 3 seconds" in job.error.message


def test_a_job_whose_pictures_are_gone_fails_at_once(workshop: Workshop) -> None:
    job_id = workshop.submit()
    workshop.ports.artifacts.delete(keys.style(job_id, 1))
    with workshop.working():
        job = workshop.ended(job_id)
    assert job.error and (job.error.code, job.attempt) == ("inputs_missing", 1)


def test_a_worker_that_is_asked_to_stop_hands_its_job_back_uncounted(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path, drain_seconds=0)
    job_id = workshop.submit(iterations=200)
    with workshop.working() as (_, _, stopping):
        workshop.running(job_id, iteration=10)
        stopping.ask()
        job = workshop.until(job_id, lambda job: job.status is JobStatus.QUEUED)
    assert (job.token, job.attempt) == (1, 0)
    with workshop.working():
        first = workshop.running(job_id)
        assert first.progress and first.progress.iteration >= 10
        workshop.ports.store.cancel(job_id)
        workshop.ended(job_id)


def test_a_job_that_is_nearly_done_is_finished_before_the_worker_stops(workshop: Workshop) -> None:
    job_id = workshop.submit(iterations=40)
    with workshop.working() as (_, _, stopping):
        workshop.running(job_id, iteration=5)
        stopping.ask()
        assert workshop.ended(job_id).status is JobStatus.SUCCEEDED


def test_a_worker_that_is_asked_twice_stops_at_once(workshop: Workshop) -> None:
    job_id = workshop.submit(seed=engines.HANGING)
    with workshop.working() as (_, _, stopping):
        workshop.running(job_id, iteration=3)
        stopping.ask()
        stopping.ask()
        workshop.until(job_id, lambda job: job.status is JobStatus.QUEUED, seconds=5)


def test_a_worker_whose_lease_was_taken_writes_nothing_more(workshop: Workshop) -> None:
    job_id = workshop.submit(iterations=300)
    with workshop.working() as (_, child, _):
        job = workshop.running(job_id)
        assert child.pid
        workshop.ports.store.finish(job_id, job.token, Outcome(status=JobStatus.FAILED))  # as another worker would
        other = workshop.submit(iterations=2)
        assert workshop.ended(other).status is JobStatus.SUCCEEDED
    after = workshop.ports.store.get(job_id)
    assert (after.status, after.result) == (JobStatus.FAILED, None)


def test_a_worker_is_known_while_it_lives_and_forgotten_when_it_stops(workshop: Workshop) -> None:
    with workshop.working() as (worker, _, _):
        job_id = workshop.submit(iterations=2)
        workshop.ended(job_id)
        (known,) = workshop.ports.store.workers()
        assert (known.id, known.ready, known.device, known.backbone) == (worker.id, True, "cpu", "wavelet")
    assert workshop.ports.store.workers() == ()


def test_a_rendering_process_that_dies_while_idle_is_replaced(workshop: Workshop) -> None:
    with workshop.working() as (_, child, _):
        workshop.ended(workshop.submit(iterations=2))
        before = child.pid
        assert before
        os.kill(before, signal.SIGKILL)
        workshop.ended(workshop.submit(iterations=2))
        assert child.pid != before


def test_the_rendering_process_ends_when_its_worker_is_gone(workshop: Workshop) -> None:
    with workshop.working() as (_, child, _):
        workshop.ended(workshop.submit(iterations=1))
        pid = child.pid
        assert pid
    deadline = time.monotonic() + 10
    while Path(f"/proc/{pid}").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not Path(f"/proc/{pid}").exists()


def _keys(workshop: Workshop, key: str) -> list[str]:
    return [entry.key for entry in workshop.ports.artifacts.list(key.partition("/")[0]) if entry.key == key]
