"""What every store must do with one job: claim, beat, finish, release, cancel."""

import time
from collections.abc import Callable

import pytest

from jobs.errors import JobNotFound
from jobs.model import JobError, JobStatus
from jobs.ports import JobStore
from jobs.terms import Beat, Outcome
from tests.jobs.jobs_made import enqueued, finished, frames, job, progress, running, succeeded
from tests.jobs.store_losses import AFTER_LEASE, LEASE, assert_spent

TERMINAL = [status for status in JobStatus if status.terminal]
OpenStore = Callable[..., JobStore]


class LifeContract:
    """One job, from its claim to its end."""

    def test_a_job_reads_back_as_it_was_taken(self, store: JobStore) -> None:
        given = job(batch="b", retry_of="j", priority=2, style_ids=("tide",), client="a client, née X")
        store.enqueue([given])
        assert store.get(given.id) == given

    def test_a_job_that_nobody_submitted_is_not_found(self, store: JobStore) -> None:
        for ask in (store.get, store.cancel, lambda id: store.wait(id, 0, 5)):
            with pytest.raises(JobNotFound):
                ask("unknown")

    def test_a_claim_makes_the_job_run(self, store: JobStore) -> None:
        id = enqueued(store)
        claimed = store.claim("worker-1")
        assert claimed == store.get(id)
        assert (claimed.status, claimed.token, claimed.attempt) == (JobStatus.RUNNING, 1, 1)
        assert (claimed.worker, claimed.version) == ("worker-1", 2)
        assert claimed.started_at is not None
        assert claimed.lease_until == pytest.approx(claimed.started_at + 30)

    def test_a_second_claim_finds_nothing(self, store: JobStore) -> None:
        assert store.claim("worker-1") is None
        enqueued(store)
        assert store.claim("worker-1")
        assert store.claim("worker-2") is None

    def test_one_job_in_particular_can_be_claimed(self, store: JobStore) -> None:
        enqueued(store)
        wanted = enqueued(store)
        claimed = store.claim("worker-1", wanted)
        assert claimed
        assert claimed.id == wanted
        assert store.claim("worker-2", wanted) is None
        assert store.claim("worker-2", "unknown") is None

    def test_a_beat_with_progress_and_frames_is_a_change(self, store: JobStore) -> None:
        held = running(store)
        assert store.beat(held.id, 1, progress(2), frames(1, 2)) is Beat.OK
        assert store.beat(held.id, 1, progress(3)) is Beat.OK
        now = store.get(held.id)
        assert (now.progress, now.frames, now.version) == (progress(3), frames(1, 2), held.version + 2)

    def test_a_beat_alone_renews_the_lease_and_is_no_change(self, open_store: OpenStore) -> None:
        store = open_store(lease_seconds=0.3)
        held = running(store)
        for _ in range(3):
            time.sleep(0.15)
            assert store.beat(held.id, 1) is Beat.OK
        assert store.claim("worker-2") is None
        assert store.get(held.id).version == held.version
        assert store.get(held.id).lease_until > held.lease_until

    def test_a_lost_lease_that_nobody_took_is_renewed(self, open_store: OpenStore) -> None:
        store = open_store(lease_seconds=LEASE)
        held = running(store)
        time.sleep(AFTER_LEASE)
        assert store.beat(held.id, 1) is Beat.OK
        assert store.claim("worker-2") is None

    def test_a_beat_for_an_unknown_job_says_that_it_is_missing(self, store: JobStore) -> None:
        assert store.beat("unknown", 1, progress()) is Beat.MISSING

    def test_a_beat_for_a_job_that_waits_or_is_over_is_lost(self, store: JobStore) -> None:
        assert store.beat(enqueued(store), 0) is Beat.LOST
        assert store.beat(finished(store).id, 1) is Beat.LOST

    @pytest.mark.parametrize("status", TERMINAL)
    def test_a_finished_job_keeps_what_was_told(self, store: JobStore, status: JobStatus) -> None:
        held = running(store)
        error = JobError("broken", "it broke", "mend it") if status is JobStatus.FAILED else None
        outcome = Outcome(status=status, progress=progress(10), frames=frames(5, 10), result=1, error=error)
        assert store.finish(held.id, held.token, outcome)
        now = store.get(held.id)
        assert (now.status, now.progress, now.frames) == (status, progress(10), frames(5, 10))
        assert (now.result, now.error, now.version, now.lease_until) == (1, error, held.version + 1, 0.0)
        assert now.finished_at is not None
        assert now.expires_at == pytest.approx(now.finished_at + 7 * 86_400)

    def test_an_end_without_progress_keeps_the_last(self, store: JobStore) -> None:
        held = running(store)
        store.beat(held.id, 1, progress(4), frames(4))
        store.finish(held.id, 1, Outcome(status=JobStatus.FAILED, error=JobError("broken", "it broke")))
        now = store.get(held.id)
        assert (now.progress, now.frames) == (progress(4), frames(4))

    @pytest.mark.parametrize("status", [JobStatus.QUEUED, JobStatus.RUNNING])
    def test_a_job_cannot_finish_as_if_it_went_on(self, store: JobStore, status: JobStatus) -> None:
        held = running(store)
        with pytest.raises(ValueError, match=status):
            store.finish(held.id, 1, Outcome(status=status))
        assert store.get(held.id) == held

    @pytest.mark.parametrize("status", TERMINAL)
    def test_a_terminal_job_never_changes(self, store: JobStore, status: JobStatus) -> None:
        over = finished(store, status)
        other = next(each for each in TERMINAL if each is not status)
        assert store.cancel(over.id) == over
        assert not store.finish(over.id, over.token, Outcome(status=other))
        assert not store.finish(over.id, over.token + 1, Outcome(status=status))
        assert not store.release(over.id, over.token)
        assert store.beat(over.id, over.token, progress(), frames(1)) is Beat.LOST
        assert store.claim("worker-2") is None
        assert store.claim("worker-2", over.id) is None
        assert store.reap() == ()
        assert store.get(over.id) == over

    def test_an_end_whose_answer_was_lost_can_be_told_again(self, store: JobStore) -> None:
        held = running(store)
        assert store.finish(held.id, 1, succeeded(progress=progress(10)))
        over = store.get(held.id)
        assert store.finish(held.id, 1, succeeded(progress=progress(9)))
        assert store.get(held.id) == over
        assert store.counts()[JobStatus.SUCCEEDED] == 1

    def test_a_release_whose_answer_was_lost_can_be_told_again(self, store: JobStore) -> None:
        held = running(store)
        assert store.release(held.id, 1, counts=False)
        waiting = store.get(held.id)
        assert store.release(held.id, 1, counts=False)
        assert store.get(held.id) == waiting
        assert not store.finish(held.id, 1, succeeded())

    def test_an_end_that_came_from_elsewhere_is_not_the_workers_own(self, store: JobStore) -> None:
        held = running(store)
        store.release(held.id, 1)
        store.cancel(held.id)
        assert not store.finish(held.id, 1, Outcome(status=JobStatus.CANCELLED))

    def test_a_released_job_runs_again(self, store: JobStore) -> None:
        held = running(store)
        store.beat(held.id, 1, progress(4), frames(4))
        why = JobError("out_of_memory", "no memory")
        assert store.release(held.id, 1, error=why)
        waiting = store.get(held.id)
        assert (waiting.status, waiting.error, waiting.attempt) == (JobStatus.QUEUED, why, 1)
        assert (waiting.lease_until, waiting.worker, waiting.frames) == (0.0, "", frames(4))
        again = store.claim("worker-2")
        assert again
        assert (again.token, again.attempt, again.error, again.started_at) == (2, 2, None, held.started_at)

    def test_a_delayed_job_waits_for_its_time(self, store: JobStore) -> None:
        held = running(store)
        assert store.release(held.id, 1, delay_seconds=0.2)
        assert store.get(held.id).not_before > 0
        assert store.claim("worker-2") is None
        assert store.claim("worker-2", held.id) is None
        time.sleep(0.25)
        again = store.claim("worker-2")
        assert again
        assert again.not_before == 0

    def test_a_drained_attempt_does_not_count(self, open_store: OpenStore) -> None:
        store = open_store(max_attempts=1)
        held = running(store)
        for token in (1, 2, 3):
            assert store.release(held.id, token, counts=False)
            again = store.claim("worker-2")
            assert again
            assert (again.token, again.attempt) == (token + 1, 1)

    @pytest.mark.parametrize("error", [JobError("out_of_memory", "no memory", "ask for less"), None])
    def test_the_last_release_is_a_failure(self, open_store: OpenStore, error: JobError | None) -> None:
        store = open_store(max_attempts=1)
        held = running(store)
        assert store.release(held.id, 1, delay_seconds=5, error=error)
        if error:
            assert store.get(held.id).error == error
            assert store.get(held.id).status is JobStatus.FAILED
        else:
            assert_spent(store, held.id)

    @pytest.mark.parametrize("counts", [True, False])
    def test_a_released_job_that_nobody_wants_is_cancelled(self, store: JobStore, counts: bool) -> None:
        held = running(store)
        store.beat(held.id, 1, progress(2), frames(1, 2))
        store.cancel(held.id)
        assert store.release(held.id, 1, counts=counts, error=JobError("broken", "it broke"))
        now = store.get(held.id)
        assert (now.status, now.result, now.error) == (JobStatus.CANCELLED, None, None)

    def test_a_queued_job_is_cancelled_at_once(self, store: JobStore) -> None:
        id = enqueued(store)
        cancelled = store.cancel(id)
        assert cancelled == store.get(id)
        assert (cancelled.status, cancelled.version, cancelled.result) == (JobStatus.CANCELLED, 2, None)
        assert cancelled.finished_at is not None
        assert cancelled.expires_at is not None
        assert store.claim("worker-1") is None

    def test_a_cancelled_job_that_had_run_keeps_its_frames_and_has_no_result(self, store: JobStore) -> None:
        held = running(store)
        store.beat(held.id, 1, progress(2), frames(1, 2))
        store.release(held.id, 1)
        cancelled = store.cancel(held.id)
        assert (cancelled.result, cancelled.frames) == (None, frames(1, 2))

    def test_a_running_job_is_asked_to_stop(self, store: JobStore) -> None:
        held = running(store)
        asked = store.cancel(held.id)
        assert (asked.status, asked.cancel_requested) == (JobStatus.RUNNING, True)
        assert asked.version == held.version + 1
        assert store.cancel(held.id) == asked  # asking twice changes nothing
        assert store.beat(held.id, 1, progress()) is Beat.CANCEL
        assert store.finish(held.id, 1, Outcome(status=JobStatus.CANCELLED, result=1))
        assert store.get(held.id).status is JobStatus.CANCELLED

    def test_a_job_that_succeeds_before_it_hears_of_the_cancel_has_succeeded(self, store: JobStore) -> None:
        held = running(store)
        store.cancel(held.id)
        assert store.finish(held.id, 1, succeeded())
        assert store.get(held.id).status is JobStatus.SUCCEEDED
