"""What every store must do when a worker falls silent, or when it has lost a job: take over, give back, adopt."""

import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from jobs.model import Job, JobStatus
from jobs.ports import JobStore
from jobs.terms import Beat
from tests.jobs.jobs_made import enqueued, finished, frames, job, progress, running, succeeded

LEASE = 0.1
AFTER_LEASE = 0.15
OpenStore = Callable[..., JobStore]


class LossContract:
    """Workers that vanish, and a store that has forgotten."""

    def test_a_silent_worker_loses_its_job(self, open_store: OpenStore) -> None:
        store = open_store(lease_seconds=LEASE)
        first = running(store)
        store.beat(first.id, 1, progress(5), frames(5))
        time.sleep(AFTER_LEASE)
        second = store.claim("worker-2")
        assert second
        assert (second.id, second.token, second.attempt, second.worker) == (first.id, 2, 2, "worker-2")
        assert (second.started_at, second.progress, second.frames) == (first.started_at, progress(5), frames(5))

    def test_nothing_that_a_former_holder_says_counts(self, open_store: OpenStore) -> None:
        store = open_store(lease_seconds=LEASE)
        first = running(store)
        time.sleep(AFTER_LEASE)
        taken = open_store(lease_seconds=30.0).claim("worker-2", first.id)
        assert taken
        assert store.beat(first.id, 1, progress(9), frames(9)) is Beat.LOST
        assert not store.finish(first.id, 1, succeeded())
        assert not store.release(first.id, 1)
        assert store.get(first.id) == taken
        assert store.finish(first.id, 2, succeeded(2))

    def test_a_job_whose_workers_all_vanished_fails(self, open_store: OpenStore) -> None:
        store = open_store(lease_seconds=LEASE, max_attempts=2)
        id = enqueued(store)
        for attempt in (1, 2):
            claimed = store.claim("worker")
            assert claimed
            assert claimed.attempt == attempt
            time.sleep(AFTER_LEASE)
        other = enqueued(store)
        claimed = store.claim("worker")
        assert claimed
        assert claimed.id == other
        assert_spent(store, id)

    def test_a_job_whose_workers_all_vanished_fails_when_it_is_claimed_itself(self, open_store: OpenStore) -> None:
        store = open_store(lease_seconds=LEASE, max_attempts=1)
        held = running(store)
        time.sleep(AFTER_LEASE)
        assert store.claim("worker-2", held.id) is None
        assert_spent(store, held.id)

    def test_a_job_that_nobody_wants_is_not_taken_over(self, open_store: OpenStore) -> None:
        store = open_store(lease_seconds=LEASE)
        held = running(store)
        store.beat(held.id, 1, progress(20), (*frames(10), *frames(20, token=7)))
        store.cancel(held.id)
        time.sleep(AFTER_LEASE)
        assert store.claim("worker-2") is None
        now = store.get(held.id)
        assert (now.status, now.result, now.error) == (JobStatus.CANCELLED, None, None)

    def test_a_running_job_that_the_store_has_lost_is_adopted(self, open_store: OpenStore) -> None:
        store = open_store(lease_seconds=30.0)
        lost = _lost()
        assert store.adopt(lost)
        now = store.get(lost.id)
        assert now.lease_until > time.time() + 20
        assert replace(now, lease_until=lost.lease_until) == lost
        assert store.counts()[JobStatus.RUNNING] == 1
        assert store.claim("worker-2") is None
        assert store.beat(lost.id, 3, progress(8)) is Beat.OK
        assert not store.finish(lost.id, 2, succeeded(2))
        assert store.finish(lost.id, 3, succeeded(3))

    def test_a_job_that_came_back_from_storage_is_adopted_until_somebody_claims_it(self, open_store: OpenStore) -> None:
        store = open_store(lease_seconds=0.2)
        early, late = _lost(), _lost()
        store.enqueue([_brought_back(each) for each in (early, late)])
        assert store.beat(early.id, 3, progress(9)) is Beat.MISSING
        assert store.adopt(early)
        now = store.get(early.id)
        assert (now.status, now.token, now.progress, now.not_before) == (JobStatus.RUNNING, 3, early.progress, 0.0)
        assert now.version > early.version
        assert store.facts().queued == 1
        time.sleep(0.25)
        assert store.beat(early.id, 3) is Beat.OK
        claimed = store.claim("worker-2")
        assert claimed
        assert (claimed.id, claimed.token) == (late.id, 5)
        assert not store.adopt(late)
        assert store.beat(late.id, 3) is Beat.LOST

    def test_a_job_that_came_back_from_storage_is_finished_by_its_worker(self, store: JobStore) -> None:
        lost = _lost()
        store.enqueue([_brought_back(lost)])
        assert not store.finish(lost.id, 3, succeeded(3))
        assert store.beat(lost.id, 3) is Beat.MISSING
        assert store.adopt(lost)
        assert store.beat(lost.id, 3) is Beat.OK
        assert store.finish(lost.id, 3, succeeded(3))

    def test_two_workers_never_have_one_token_whatever_the_store_forgets(self, open_store: OpenStore) -> None:
        store = open_store(lease_seconds=LEASE)
        lost = _bare()
        store.enqueue([_brought_back(lost, token=1)])
        assert store.claim("worker-2") is None
        time.sleep(AFTER_LEASE)
        claimed = store.claim("worker-2")
        assert claimed and claimed.token > lost.token
        assert store.beat(lost.id, lost.token) is Beat.LOST
        assert not store.adopt(lost)
        assert not store.finish(lost.id, lost.token, succeeded())
        assert store.finish(claimed.id, claimed.token, succeeded(claimed.token))

    def test_a_job_that_was_claimed_since_it_came_back_is_not_adopted(self, open_store: OpenStore) -> None:
        store = open_store(lease_seconds=LEASE)
        lost = _bare()
        store.enqueue([_brought_back(lost)])
        time.sleep(AFTER_LEASE)
        claimed = store.claim("worker-2")
        assert claimed and store.release(claimed.id, claimed.token)
        assert store.beat(lost.id, lost.token) is Beat.LOST
        assert not store.adopt(lost)

    def test_a_job_that_was_cancelled_since_it_came_back_is_not_adopted(self, store: JobStore) -> None:
        lost = _bare()
        store.enqueue([_brought_back(lost)])
        assert store.cancel(lost.id).status is JobStatus.CANCELLED
        assert store.beat(lost.id, lost.token) is Beat.LOST
        assert not store.adopt(lost)

    def test_a_job_of_which_nothing_was_told_yet_is_adopted(self, store: JobStore) -> None:
        unknown, known = _bare(), _bare()
        store.enqueue([replace(_brought_back(known), frames=frames(2))])
        for lost in (unknown, known):
            assert store.adopt(lost)
            now = store.get(lost.id)
            assert (now.status, now.token, now.worker, now.frames) == (JobStatus.RUNNING, 1, "worker-1", ())
            assert store.finish(lost.id, 1, succeeded())
        assert store.counts()[JobStatus.QUEUED] == 0

    def test_an_adopted_job_can_be_lost_like_any_other(self, open_store: OpenStore) -> None:
        store = open_store(lease_seconds=LEASE)
        lost = _lost()
        store.adopt(lost)
        time.sleep(AFTER_LEASE)
        again = store.claim("worker-2")
        assert again
        assert (again.id, again.token, again.attempt) == (lost.id, 4, 3)

    def test_a_job_that_is_known_is_not_adopted(self, store: JobStore) -> None:
        held = running(store)
        assert not store.adopt(replace(held, token=7))
        assert store.get(held.id) == held
        over = finished(store)
        store.purge(over.id)
        assert not store.adopt(replace(held, spec=over.spec))
        assert store.beat(over.id, 1) is Beat.LOST

    def test_only_a_running_job_can_be_adopted(self, store: JobStore) -> None:
        with pytest.raises(ValueError, match="queued"):
            store.adopt(job())

    def test_the_jobs_of_silent_workers_are_given_back(self, open_store: OpenStore) -> None:
        store = open_store(lease_seconds=LEASE)
        held = running(store)
        store.beat(held.id, 1, progress(4), frames(4))
        behind = enqueued(store)
        assert store.reap() == ()
        time.sleep(AFTER_LEASE)
        told = store.get(held.id)
        assert store.reap() == (held.id,)
        assert store.reap() == ()
        waiting = store.get(held.id)
        assert (waiting.status, waiting.version) == (JobStatus.QUEUED, told.version + 1)
        assert (waiting.attempt, waiting.worker, waiting.lease_until) == (1, "", 0.0)
        assert (waiting.progress, waiting.frames) == (progress(4), frames(4))
        assert store.beat(held.id, 1) is Beat.LOST
        again = [store.claim("worker-2"), store.claim("worker-2")]
        assert [(each.id, each.token) for each in again if each] == [(held.id, 2), (behind, 1)]

    def test_silence_in_the_last_attempt_is_a_failure(self, open_store: OpenStore) -> None:
        store = open_store(lease_seconds=LEASE, max_attempts=1)
        held = running(store)
        time.sleep(AFTER_LEASE)
        assert store.reap() == (held.id,)
        assert_spent(store, held.id)

    def test_the_job_of_a_silent_worker_that_nobody_wants_is_cancelled(self, open_store: OpenStore) -> None:
        store = open_store(lease_seconds=LEASE)
        held = running(store)
        store.cancel(held.id)
        time.sleep(AFTER_LEASE)
        assert store.reap() == (held.id,)
        assert store.get(held.id).status is JobStatus.CANCELLED


def _lost() -> Job:
    """A job as its worker knows it, in its second attempt."""
    return job(
        status=JobStatus.RUNNING,
        version=9,
        token=3,
        attempt=2,
        worker="worker-1",
        lease_until=1.0,
        started_at=1e9,
        progress=progress(4),
        frames=frames(2, 4),
    )


def _bare() -> Job:
    """A job as its worker knows it that has just begun."""
    return job(status=JobStatus.RUNNING, token=1, attempt=1, worker="worker-1")


def _brought_back(lost: Job, token: int = 0) -> Job:
    """The job as it is brought back from storage; by default one token above what its worker has."""
    return Job(spec=lost.spec, token=token or lost.token + 1, lease_until=1.0)


def assert_spent(store: JobStore, id: str) -> None:
    """The job has failed because its attempts are used up."""
    now = store.get(id)
    assert now.status is JobStatus.FAILED
    assert now.error
    assert now.error.code == "too_many_attempts"
    assert now.error.hint
    assert now.expires_at
    assert not now.lease_until
    assert not now.not_before
