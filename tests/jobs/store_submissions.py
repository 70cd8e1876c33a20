"""What every store must do with submissions: limits, idempotency keys, batches, answers from storage."""

import time
from collections.abc import Callable, Sequence

import pytest

from jobs.errors import JobNotFound, JobPurged, KeyReused, QueueFull, TooManyJobs
from jobs.model import Job, JobStatus, new_id
from jobs.ports import JobStore
from jobs.terms import Caps, Enqueued, Idempotency
from tests.jobs.jobs_made import enqueued, finished, frames, job, running

OpenStore = Callable[..., JobStore]
KEY = Idempotency("somebody", "key-1", "fingerprint")


def _none_of(store: JobStore, jobs: Sequence[Job]) -> bool:
    for each in jobs:
        with pytest.raises(JobNotFound):
            store.get(each.id)
    return True


class SubmissionContract:
    """Taking jobs in."""

    def test_a_submission_answers_its_ids_in_order(self, store: JobStore) -> None:
        jobs = [job() for _ in range(3)]
        assert store.enqueue(jobs) == Enqueued(tuple(each.id for each in jobs), new=True)

    def test_a_known_job_is_left_as_it_is(self, store: JobStore) -> None:
        held = running(store)
        assert store.enqueue([Job(spec=held.spec)]).ids == (held.id,)
        assert store.get(held.id) == held

    def test_an_answer_from_storage_is_taken_as_it_is(self, store: JobStore) -> None:
        given = job(status=JobStatus.SUCCEEDED, reused=True, result=1, frames=frames(5), started_at=1.0, version=3)
        store.enqueue([given])
        now = store.get(given.id)
        assert (now.status, now.reused, now.result, now.frames) == (JobStatus.SUCCEEDED, True, 1, frames(5))
        assert now.finished_at
        assert now.expires_at == pytest.approx(now.finished_at + 7 * 86_400)
        assert store.claim("worker-1") is None

    def test_a_terminal_job_keeps_the_times_it_has(self, store: JobStore) -> None:
        given = job(status=JobStatus.FAILED, finished_at=5.0, expires_at=time.time() + 5)
        store.enqueue([given])
        assert store.get(given.id) == given

    def test_a_rebuilt_job_waits_for_its_worker_and_goes_on_with_its_token(self, open_store: OpenStore) -> None:
        store = open_store(lease_seconds=0.2)
        given = job(token=4, attempt=2, lease_until=1.0, frames=frames(5, token=4))
        store.enqueue([given])
        store.let_start([given.id])
        assert store.claim("worker-1") is None
        time.sleep(0.25)
        claimed = store.claim("worker-1")
        assert claimed
        assert (claimed.token, claimed.attempt, claimed.frames) == (5, 3, frames(5, token=4))

    def test_a_job_that_is_to_wait_starts_when_it_may(self, store: JobStore) -> None:
        held, other = job(not_before=time.time() + 60), job()
        store.enqueue([held, other])
        claimed = store.claim("worker-1")
        assert claimed and claimed.id == other.id
        assert store.claim("worker-1", held.id) is None
        store.let_start([held.id, other.id, new_id()])
        claimed = store.claim("worker-1")
        assert claimed and claimed.id == held.id
        assert store.get(other.id).status is JobStatus.RUNNING

    def test_a_running_job_cannot_be_taken_in(self, store: JobStore) -> None:
        given = [job(), job(status=JobStatus.RUNNING)]
        with pytest.raises(ValueError, match="running"):
            store.enqueue(given)
        assert _none_of(store, given)

    def test_a_full_queue_refuses(self, store: JobStore) -> None:
        caps = Caps(queued=2)
        store.enqueue([job(), job()], caps=caps)
        refused = [job()]
        with pytest.raises(QueueFull, match="2") as caught:
            store.enqueue(refused, caps=caps)
        assert caught.value.limit == 2
        assert _none_of(store, refused)
        store.claim("worker-1")  # what runs does not wait
        assert store.enqueue([job()], caps=caps).new

    def test_a_client_with_too_many_open_jobs_is_refused(self, store: JobStore) -> None:
        caps = Caps(open_per_client=2)
        held = running(store, client="a")
        store.enqueue([job(client="a")], caps=caps)
        with pytest.raises(TooManyJobs, match="2") as caught:
            store.enqueue([job(client="a")], caps=caps)
        assert caught.value.limit == 2
        assert store.enqueue([job(client="b")], caps=caps).new
        store.cancel(held.id)
        store.release(held.id, held.token)
        assert store.enqueue([job(client="a")], caps=caps).new

    def test_a_limit_of_zero_is_none(self, store: JobStore) -> None:
        assert store.enqueue([job() for _ in range(5)], caps=Caps()).new

    def test_jobs_that_are_over_or_known_do_not_count(self, store: JobStore) -> None:
        known = job()
        store.enqueue([known])
        over = [job(status=JobStatus.SUCCEEDED) for _ in range(3)]
        assert store.enqueue([known, *over], caps=Caps(queued=1, open_per_client=1)).new

    def test_a_batch_is_taken_whole_or_not_at_all(self, store: JobStore) -> None:
        enqueued(store)
        batch = [job(batch="b") for _ in range(3)]
        with pytest.raises(QueueFull):
            store.enqueue(batch, caps=Caps(queued=3))
        with pytest.raises(TooManyJobs):
            store.enqueue(batch, caps=Caps(open_per_client=3))
        assert _none_of(store, batch)
        assert store.of_batch("b") == ()
        store.enqueue(batch, caps=Caps(queued=4, open_per_client=4))
        assert [each.id for each in store.of_batch("b")] == [each.id for each in batch]

    def test_a_key_answers_the_same_jobs_again(self, store: JobStore) -> None:
        assert store.recall(KEY) is None
        first = store.enqueue([job(), job()], idempotency=KEY)
        other = [job()]
        again = store.enqueue(other, idempotency=KEY)
        assert again == store.recall(KEY) == Enqueued(first.ids, new=False)
        assert _none_of(store, other)

    def test_a_key_is_found_before_a_limit_refuses(self, store: JobStore) -> None:
        first = store.enqueue([job()], idempotency=KEY, caps=Caps(queued=1))
        assert store.enqueue([job()], idempotency=KEY, caps=Caps(queued=1)).ids == first.ids

    def test_a_key_belongs_to_one_submission(self, store: JobStore) -> None:
        store.enqueue([job()], idempotency=KEY)
        other = Idempotency(KEY.client, KEY.key, "another")
        given = [job()]
        with pytest.raises(KeyReused):
            store.enqueue(given, idempotency=other)
        with pytest.raises(KeyReused):
            store.recall(other)
        assert _none_of(store, given)

    def test_two_clients_may_use_the_same_key(self, store: JobStore) -> None:
        store.enqueue([job()], idempotency=KEY)
        other = Idempotency("somebody else", KEY.key, "another")
        assert store.recall(other) is None
        assert store.enqueue([job()], idempotency=other).new

    def test_a_refused_submission_does_not_use_up_its_key(self, store: JobStore) -> None:
        enqueued(store)
        with pytest.raises(QueueFull):
            store.enqueue([job()], idempotency=KEY, caps=Caps(queued=1))
        assert store.recall(KEY) is None

    def test_a_key_is_forgotten_after_its_time(self, open_store: OpenStore) -> None:
        store = open_store(key_ttl_seconds=0.1)
        first = store.enqueue([job()], idempotency=KEY)
        time.sleep(0.15)
        assert store.recall(KEY) is None
        again = store.enqueue([job()], idempotency=KEY)
        assert again.new
        assert again.ids != first.ids

    def test_an_equal_job_is_the_newest_that_succeeded(self, store: JobStore) -> None:
        assert store.equal("f") is None
        finished(store, fingerprint="f")
        newest = finished(store, fingerprint="f")
        finished(store, JobStatus.FAILED, fingerprint="f")
        finished(store, fingerprint="another")
        enqueued(store, fingerprint="f")
        assert store.equal("f") == newest

    def test_the_same_id_twice_in_a_submission_is_one_job(self, store: JobStore) -> None:
        id = new_id()
        store.enqueue([job(id=id), job(id=id)], caps=Caps(queued=1))
        assert store.counts()[JobStatus.QUEUED] == 1

    def test_a_submission_that_is_retracted_has_never_been(self, store: JobStore) -> None:
        over = job(status=JobStatus.SUCCEEDED, reused=True, started_at=1.0, fingerprint="f", batch="b", client="a")
        given = [job(batch="b", client="a"), over]
        ids = store.enqueue(given, idempotency=KEY).ids
        assert store.retract(ids, KEY) == ids
        assert _none_of(store, given)
        assert store.of_client("a") == store.of_batch("b") == ()
        assert store.equal("f") is None
        assert store.recall(KEY) is None
        assert store.counts() == dict.fromkeys(JobStatus, 0)
        assert store.facts().queued_work == 0
        assert store.claim("worker-1") is None
        assert store.enqueue(given, idempotency=KEY, caps=Caps(queued=1, open_per_client=1)).new

    def test_a_job_that_was_taken_meanwhile_is_asked_to_stop(self, store: JobStore) -> None:
        waiting, held = enqueued(store), running(store)
        assert store.retract([waiting, held.id]) == (waiting,)
        now = store.get(held.id)
        assert (now.status, now.cancel_requested, now.version) == (JobStatus.RUNNING, True, held.version + 1)
        assert store.retract([held.id]) == ()
        assert store.get(held.id) == now

    def test_a_job_that_ended_meanwhile_is_left(self, store: JobStore) -> None:
        over = finished(store)
        assert store.retract([over.id]) == ()
        assert store.get(over.id) == over
        store.purge(over.id)
        assert store.retract([over.id]) == ()
        with pytest.raises(JobPurged):
            store.get(over.id)

    def test_of_a_job_that_never_came_nothing_is_left(self, store: JobStore) -> None:
        assert store.retract(["unknown"]) == ("unknown",)

    def test_the_key_of_another_submission_is_not_freed(self, store: JobStore) -> None:
        first = store.enqueue([job()], idempotency=KEY)
        store.retract([enqueued(store)], KEY)
        assert store.recall(KEY) == Enqueued(first.ids, new=False)
