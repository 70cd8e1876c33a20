"""What every store must know about all its jobs: order, places, lists, retention, workers."""

import threading
import time
from collections.abc import Callable

import pytest

from jobs.errors import JobPurged
from jobs.model import Job, JobStatus
from jobs.ports import JobStore
from jobs.terms import Beat, Place, Worker
from tests.jobs.jobs_made import enqueued, finished, frames, job, progress, running, succeeded

OpenStore = Callable[..., JobStore]


def _claimed(store: JobStore) -> list[str]:
    ids = []
    while claimed := store.claim("worker-1"):
        ids.append(claimed.id)
    return ids


def _taught(store: JobStore) -> float:
    """Seconds per work after one job of a tenth of a second."""
    held = running(store)
    time.sleep(0.1)
    store.finish(held.id, held.token, succeeded())
    over = store.get(held.id)
    assert over.finished_at
    assert over.started_at
    return (over.finished_at - over.started_at) / over.spec.work


class ListContract:
    """The queue, and everything that is asked about more than one job."""

    def test_the_oldest_job_is_next(self, store: JobStore) -> None:
        one = enqueued(store)
        two, three = store.enqueue([job(), job()]).ids
        assert _claimed(store) == [one, two, three]

    def test_a_higher_priority_is_next(self, store: JobStore) -> None:
        plain, urgent, idle = (enqueued(store, priority=priority) for priority in (0, 5, -1))
        assert _claimed(store) == [urgent, plain, idle]

    def test_waiting_makes_up_for_a_lower_priority(self, open_store: OpenStore) -> None:
        store = open_store(aging_seconds=0.2)
        idle = enqueued(store, priority=-1)
        early = enqueued(store)
        time.sleep(0.25)
        late, urgent = enqueued(store), enqueued(store, priority=5)
        places = [store.place(id) for id in (urgent, early, idle, late)]
        assert places == [Place(position, None) for position in (1, 2, 3, 4)]
        assert _claimed(store) == [urgent, early, idle, late]

    def test_a_job_that_is_given_back_has_not_waited_less(self, open_store: OpenStore) -> None:
        store = open_store(aging_seconds=0.2, lease_seconds=0.1)
        held = running(store, priority=-1)
        time.sleep(0.25)
        late = enqueued(store)
        assert len(store.reap()) == 1
        assert _claimed(store) == [held.id, late]

    def test_an_abandoned_job_has_its_old_place(self, open_store: OpenStore) -> None:
        store = open_store(lease_seconds=0.1)
        first = running(store)
        second = enqueued(store)
        urgent = enqueued(store, priority=1)
        time.sleep(0.15)
        assert _claimed(store) == [urgent, first.id, second]

    def test_places_count_from_one(self, store: JobStore) -> None:
        ids = [enqueued(store), enqueued(store, priority=1), enqueued(store)]
        assert [store.place(id) for id in ids] == [Place(2, None), Place(1, None), Place(3, None)]
        store.cancel(ids[1])
        assert store.place(ids[0]) == Place(1, None)

    def test_only_a_queued_job_has_a_place(self, store: JobStore) -> None:
        held = running(store)
        assert store.place(held.id) is None
        assert store.place(finished(store).id) is None
        assert store.place("unknown") is None

    def test_a_delayed_job_keeps_its_place(self, store: JobStore) -> None:
        held = running(store)
        second = enqueued(store)
        store.release(held.id, 1, delay_seconds=30)
        assert store.place(held.id) == Place(1, None)
        assert store.place(second) == Place(2, None)

    def test_a_wait_is_estimated_from_the_work_ahead(self, store: JobStore) -> None:
        pace = _taught(store)
        held = running(store, width=640)
        waiting = [enqueued(store), enqueued(store, width=128), enqueued(store)]
        sizes = [store.get(id).spec.work for id in waiting]
        place = store.place(waiting[2])
        assert place
        assert place.position == 3
        assert place.seconds == pytest.approx((held.spec.work + sizes[0] + sizes[1]) * pace)

    def test_a_running_job_knows_better_how_long_it_takes(self, store: JobStore) -> None:
        _taught(store)
        held = running(store)
        store.beat(held.id, 1, progress(remaining_seconds=50.0))
        place = store.place(enqueued(store))
        assert place
        assert place.seconds == pytest.approx(50.0)

    def test_a_loss_that_is_not_a_number_spoils_no_estimate(self, store: JobStore) -> None:
        pace = _taught(store)
        held = running(store)
        store.beat(held.id, 1, progress(loss=float("nan"), remaining_seconds=float("inf")))
        place = store.place(enqueued(store))
        assert place
        assert place.seconds == pytest.approx(held.spec.work * pace)

    def test_workers_that_are_ready_share_the_wait(self, store: JobStore) -> None:
        _taught(store)
        held = running(store)
        store.beat(held.id, 1, progress(remaining_seconds=60.0))
        for name, ready in (("a", True), ("b", True), ("c", True), ("d", False)):
            store.announce(Worker(id=name, ready=ready), 30)
        place = store.place(enqueued(store))
        assert place
        assert place.seconds == pytest.approx(20.0)

    def test_an_answer_from_storage_teaches_nothing(self, store: JobStore) -> None:
        now = time.time()
        store.enqueue([job(status=JobStatus.SUCCEEDED, reused=True, started_at=now - 9, finished_at=now)])
        finished(store, JobStatus.FAILED)
        assert store.facts().seconds_per_work is None
        assert store.place(enqueued(store)) == Place(1, None)

    def test_the_facts_are_those_of_the_queue(self, store: JobStore) -> None:
        empty = store.facts()
        assert (empty.queued, empty.running, empty.oldest_seconds, empty.seconds_per_work) == (0, 0, 0.0, None)
        pace = _taught(store)
        running(store)
        enqueued(store, created_at=time.time() - 100)
        enqueued(store)
        facts = store.facts()
        assert (facts.queued, facts.running) == (2, 1)
        assert facts.oldest_seconds == pytest.approx(100, abs=5)
        assert facts.seconds_per_work == pytest.approx(pace)

    def test_every_status_is_counted(self, store: JobStore) -> None:
        assert store.counts() == dict.fromkeys(JobStatus, 0)
        finished(store)
        finished(store)
        running(store)
        enqueued(store)
        assert store.counts() == {
            JobStatus.QUEUED: 1,
            JobStatus.RUNNING: 1,
            JobStatus.SUCCEEDED: 2,
            JobStatus.FAILED: 0,
            JobStatus.CANCELLED: 0,
        }

    def test_a_client_s_jobs_are_listed_newest_first(self, store: JobStore) -> None:
        one, two, three = (enqueued(store, client="a", created_at=at) for at in (10.0, 20.0, 30.0))
        enqueued(store, client="b")
        assert [each.id for each in store.of_client("a")] == [three, two, one]
        assert [each.id for each in store.of_client("a", limit=2)] == [three, two]
        assert [each.id for each in store.of_client("a", before=30.0)] == [two, one]
        assert store.of_client("nobody") == ()

    def test_a_batch_is_listed_in_its_order(self, store: JobStore) -> None:
        batch = [job(batch="b", priority=priority) for priority in (0, 2, 1)]
        store.enqueue(batch)
        enqueued(store)
        assert store.of_batch("b") == tuple(batch)
        assert store.of_batch("unknown") == ()

    def test_a_wait_is_over_at_once_where_there_is_news(self, store: JobStore) -> None:
        held = running(store)
        assert store.wait(held.id, held.version - 1, 60) == held

    def test_a_wait_without_news_ends_after_its_time(self, store: JobStore) -> None:
        held = running(store)
        started = time.monotonic()
        assert store.wait(held.id, held.version, 0.2) == held
        assert time.monotonic() - started >= 0.2

    def test_a_wait_hears_of_a_change(self, store: JobStore) -> None:
        held = running(store)
        worker = threading.Timer(0.1, store.beat, (held.id, 1, progress(3)))
        worker.start()
        assert store.wait(held.id, held.version, 60).progress == progress(3)
        worker.join()

    def test_a_wait_for_a_job_that_is_purged_says_so(self, store: JobStore) -> None:
        over = finished(store)
        deletion = threading.Timer(0.1, store.purge, (over.id,))
        deletion.start()
        with pytest.raises(JobPurged):
            store.wait(over.id, over.version, 60)
        deletion.join()

    def test_a_job_that_is_not_over_cannot_be_purged(self, store: JobStore) -> None:
        ids = [running(store).id, enqueued(store)]
        assert not any(map(store.purge, [*ids, "unknown"]))
        assert [store.get(id).status for id in ids] == [JobStatus.RUNNING, JobStatus.QUEUED]

    def test_of_a_purged_job_only_its_id_is_left(self, store: JobStore) -> None:
        over = finished(store, client="a", batch="b", fingerprint="f")
        assert store.purge(over.id)
        for ask in (store.get, store.cancel, lambda id: store.wait(id, 0, 5)):
            with pytest.raises(JobPurged):
                ask(over.id)
        assert store.of_client("a") == store.of_batch("b") == ()
        assert store.equal("f") is None
        assert store.place(over.id) is None
        assert store.counts() == dict.fromkeys(JobStatus, 0)
        assert store.expired() == ()

    def test_a_purged_job_stays_purged(self, store: JobStore) -> None:
        over = finished(store)
        assert store.purge(over.id)
        assert not store.purge(over.id)
        assert store.beat(over.id, over.token, progress(), frames(1)) is Beat.LOST
        assert not store.finish(over.id, over.token, succeeded())
        assert not store.release(over.id, over.token)
        assert store.claim("worker-1", over.id) is None
        store.enqueue([Job(spec=over.spec)])
        with pytest.raises(JobPurged):
            store.get(over.id)

    def test_a_job_expires_after_its_retention(self, open_store: OpenStore) -> None:
        store = open_store(result_ttl_seconds=0.1)
        enqueued(store)
        first, second = finished(store), finished(store)
        assert store.expired() == ()
        time.sleep(0.15)
        assert store.expired() == (first.id, second.id)
        assert store.expired(limit=1) == (first.id,)
        assert store.equal(first.spec.fingerprint) is None
        assert store.get(first.id) == first  # until somebody purges it

    def test_a_worker_is_known_while_it_says_so(self, store: JobStore) -> None:
        one = Worker(id="a", ready=False)
        two = Worker(id="b", ready=True, device="cpu", backbone="wavelet", why="no weights", job="j", version="1")
        assert store.workers() == ()
        store.announce(one, 0.15)
        store.announce(two, 30)
        assert set(store.workers()) == {one, two}
        time.sleep(0.2)
        assert store.workers() == (two,)
        better = Worker(id="b", ready=False)
        store.announce(better, 30)
        assert store.workers() == (better,)

    def test_a_worker_that_leaves_is_forgotten(self, store: JobStore) -> None:
        store.announce(Worker(id="a", ready=True), 30)
        store.withdraw("a")
        store.withdraw("a")
        assert store.workers() == ()

    def test_a_name_belongs_to_one_holder_at_a_time(self, store: JobStore) -> None:
        assert store.reserve("leader", "a", 30)
        assert not store.reserve("leader", "b", 30)
        assert store.reserve("another", "b", 30)
        store.free("leader", "b")  # it is not b's
        assert not store.reserve("leader", "b", 30)
        store.free("leader", "a")
        store.free("leader", "a")
        assert store.reserve("leader", "b", 30)

    def test_a_name_that_is_not_kept_is_free_again(self, store: JobStore) -> None:
        assert store.reserve("leader", "a", 0.3)
        time.sleep(0.2)
        assert store.reserve("leader", "a", 0.3)
        time.sleep(0.2)
        assert not store.reserve("leader", "b", 30)
        time.sleep(0.15)
        assert store.reserve("leader", "b", 30)
        assert not store.reserve("leader", "a", 30)

    def test_a_store_is_filled_when_somebody_says_so(self, store: JobStore) -> None:
        enqueued(store)
        assert not store.filled()
        store.set_filled()
        store.set_filled()
        assert store.filled()

    def test_a_store_that_works_passes_its_check(self, store: JobStore) -> None:
        store.check()
        store.check()
