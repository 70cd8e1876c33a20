"""Small jobs for tests."""

import time
from typing import Any

from jobs.model import FrameRef, Job, JobSpec, JobStatus, Progress, new_id
from jobs.ports import JobStore
from jobs.terms import Outcome
from nst.options import StyleOptions


def spec(**changes: Any) -> JobSpec:
    """What somebody asked just now, with ``changes``."""
    plain: dict[str, Any] = {
        "id": new_id(),
        "created_at": time.time(),
        "options": StyleOptions(size=64, iterations=10),
        "styles": 1,
        "width": 640,
        "height": 480,
        "client": "somebody",
        "fingerprint": "0" * 64,
    }
    return JobSpec(**(plain | changes))


def job(**changes: Any) -> Job:
    """A queued job; ``changes`` are fields of ``Job`` or of its spec."""
    of_job = {name: changes.pop(name) for name in list(changes) if name in Job.__slots__}
    return Job(**({"spec": spec(**changes)} | of_job))


def succeeded(token: int = 1, **changes: Any) -> Outcome:
    """The outcome of an attempt that went well."""
    plain: dict[str, Any] = {"status": JobStatus.SUCCEEDED, "result": token}
    return Outcome(**(plain | changes))


def progress(iteration: int = 1, **changes: Any) -> Progress:
    """What a worker tells after an iteration."""
    plain: dict[str, Any] = {"iteration": iteration, "total_iterations": 10, "loss": 0.5, "backbone": "wavelet"}
    return Progress(**(plain | changes))


def frames(*iterations: int, token: int = 1) -> tuple[FrameRef, ...]:
    """Kept iterations of one attempt."""
    return tuple(FrameRef(iteration, token) for iteration in iterations)


def enqueued(store: JobStore, **changes: Any) -> str:
    """The id of a new job in the store."""
    return store.enqueue([job(**changes)]).ids[0]


def running(store: JobStore, **changes: Any) -> Job:
    """A new job, claimed."""
    claimed = store.claim("worker-1", enqueued(store, **changes))
    assert claimed is not None
    return claimed


def finished(store: JobStore, status: JobStatus = JobStatus.SUCCEEDED, **changes: Any) -> Job:
    """A new job that has ended."""
    claimed = running(store, **changes)
    assert store.finish(claimed.id, claimed.token, Outcome(status=status, result=claimed.token))
    return store.get(claimed.id)
