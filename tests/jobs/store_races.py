"""What every store must hold when many threads and processes come at once."""

import multiprocessing
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from jobs.errors import QueueFull, TooManyJobs
from jobs.model import JobStatus
from jobs.ports import JobStore
from jobs.terms import Caps, Idempotency, Outcome, Policy
from tests.jobs.jobs_made import job, running, succeeded

T = TypeVar("T")
MakeStore = Callable[[Policy], JobStore]
PATIENT = Policy(lease_seconds=30.0)


def drain(make_store: MakeStore, worker: str) -> list[str]:
    """Claim and finish until nothing is left; the ids of what was finished."""
    store, done = make_store(PATIENT), []
    while claimed := store.claim(worker):
        assert claimed.token == 1
        assert store.finish(claimed.id, claimed.token, succeeded())
        done.append(claimed.id)
    store.close()
    return done


def at_once(calls: Sequence[Callable[[], T]]) -> list[T]:
    """The answers of these calls, each from a thread of its own that waits for all the others."""
    start = threading.Barrier(len(calls))

    def call(ask: Callable[[], T]) -> T:
        start.wait()
        return ask()

    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(call, calls))


class RaceContract:
    """Exactly once, exactly so many, exactly one end."""

    def test_sixteen_threads_claim_every_job_exactly_once(self, store: JobStore) -> None:
        ids = store.enqueue([job() for _ in range(60)]).ids

        def claim_all() -> list[str]:
            mine = []
            while claimed := store.claim("worker"):
                mine.append(claimed.id)
            return mine

        claimed = [id for mine in at_once([claim_all] * 16) for id in mine]
        assert sorted(claimed) == sorted(ids)
        assert all(store.get(id).token == 1 for id in ids)

    def test_four_processes_finish_every_job_exactly_once(self, store: JobStore, make_store: MakeStore) -> None:
        ids = store.enqueue([job() for _ in range(200)]).ids
        spawn = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(4, mp_context=spawn) as processes:
            workers = [processes.submit(drain, make_store, f"worker-{number}") for number in range(4)]
            done = [id for worker in workers for id in worker.result()]
        assert sorted(done) == sorted(ids)
        assert store.counts()[JobStatus.SUCCEEDED] == 200

    def test_fifty_threads_with_one_key_make_one_job(self, store: JobStore) -> None:
        key = Idempotency("somebody", "key", "fingerprint")
        answers = at_once([lambda: store.enqueue([job()], idempotency=key)] * 50)
        assert len({answer.ids for answer in answers}) == 1
        assert Counter(answer.new for answer in answers) == {True: 1, False: 49}
        assert store.counts()[JobStatus.QUEUED] == 1

    def test_the_queue_never_has_one_too_many(self, store: JobStore) -> None:
        def submit() -> int:
            taken = 0
            for _ in range(5):
                try:
                    store.enqueue([job()], caps=Caps(queued=33))
                except QueueFull:
                    continue
                taken += 1
            return taken

        assert sum(at_once([submit] * 16)) == 33
        assert store.counts()[JobStatus.QUEUED] == 33

    def test_a_client_never_has_one_job_too_many(self, store: JobStore) -> None:
        def submit() -> bool:
            try:
                return store.enqueue([job(batch="b"), job(batch="b")], caps=Caps(open_per_client=7)).new
            except TooManyJobs:
                return False

        assert sum(at_once([submit] * 16)) == 3
        assert len(store.of_batch("b")) == 6

    def test_a_job_that_is_cancelled_as_it_finishes_has_one_end(self, store: JobStore) -> None:
        for _ in range(500):
            held = running(store)
            outcomes = [succeeded(), Outcome(status=JobStatus.CANCELLED)]
            calls: list[Callable[[], object]] = [partial(store.finish, held.id, 1, outcome) for outcome in outcomes]
            calls.append(partial(store.cancel, held.id))
            finished = at_once(calls)[:2]
            assert finished in ([True, False], [False, True])
            end = store.get(held.id)
            assert end.status is outcomes[finished.index(True)].status
            assert store.cancel(held.id) == end

    def test_a_job_that_is_cancelled_as_it_is_released_is_never_lost(self, store: JobStore) -> None:
        for _ in range(50):
            held = running(store)
            calls: list[Callable[[], object]] = [partial(store.release, held.id, 1), partial(store.cancel, held.id)]
            at_once(calls)
            assert store.get(held.id).status is JobStatus.CANCELLED
