"""A life of jobs that uses nearly every question there is to a store."""

from jobs.model import JobStatus
from jobs.ports import JobStore
from jobs.terms import Caps, Idempotency, Worker
from tests.jobs.jobs_made import finished, job, progress, running


def live(store: JobStore) -> None:
    """Everything that a job and a worker may do."""
    store.check()
    store.announce(Worker(id="a", ready=True), 30)
    held = running(store, batch="b", client="a")
    store.beat(held.id, 1, progress(3))
    store.release(held.id, 1, counts=False)
    assert store.place(held.id)
    store.cancel(held.id)
    over = finished(store)
    assert store.wait(over.id, 0, 5).status is JobStatus.SUCCEEDED
    assert store.equal(over.spec.fingerprint) == over
    store.enqueue([job()], caps=Caps(queued=5), idempotency=Idempotency("a", "k", "f"))
    assert store.reap() == ()
    assert store.facts().queued == store.counts()[JobStatus.QUEUED] == 1
    assert store.purge(over.id)
    store.withdraw("a")
