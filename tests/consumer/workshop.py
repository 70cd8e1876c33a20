"""A worker on temporary folders, with jobs to give it."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
from prometheus_client import CollectorRegistry

from consumer import renderer
from consumer.child import Child
from consumer.stopping import Stopping
from consumer.worker import Worker
from jobs import keys
from jobs.errors import JobNotFound
from jobs.model import Job, JobSpec, JobStatus, new_id, to_line
from jobs.settings import Settings
from jobs.telemetry import WorkerMetrics
from jobs.wiring import Ports, open_ports
from nst.images import Picture, encode
from nst.options import StyleOptions

TROUBLE = "tests.consumer.engines:Trouble"


class Workshop:
    """Ports on a folder, and what a test does with them."""

    def __init__(self, folder: Path, **changes: Any) -> None:
        chosen = {"data_dir": folder, "engine": TROUBLE, "lease_seconds": 2, "retry_seconds": 0.05, **changes}
        self.settings = Settings.model_validate(chosen)
        self.ports: Ports = open_ports(self.settings)

    def submit(self, width: int = 48, height: int = 32, **options: Any) -> str:
        """A job of a noisy photo and a noisy painting."""
        chosen = StyleOptions.from_dict({"size": 64, "iterations": 10, "save_every": 5, **options})
        spec = JobSpec(
            id=new_id(), created_at=time.time(), options=chosen, styles=1, width=64, height=43, client="somebody",
            fingerprint="0",
        )  # fmt: skip
        put = self.ports.artifacts.put
        put(keys.content(spec.id), encode(noise(width, height, 1), "PNG"))
        put(keys.style(spec.id, 1), encode(noise(height, width, 2), "PNG"))
        put(keys.spec(spec.id), to_line(spec.to_dict()))
        self.ports.store.enqueue([Job(spec=spec)])
        return spec.id

    @contextmanager
    def working(self) -> Iterator[tuple[Worker, Child, Stopping]]:
        """A worker in a thread of this process, with a real rendering process."""
        stopping, child = Stopping(), Child(renderer.main, self.settings)
        worker = Worker(self.settings, self.ports, child, WorkerMetrics.on(CollectorRegistry()), stopping)
        thread = threading.Thread(target=worker.run)
        thread.start()
        try:
            yield worker, child, stopping
        finally:
            stopping.ask()
            thread.join(20)
            assert not thread.is_alive()

    def until(self, job_id: str, true: Callable[[Job], bool], seconds: float = 30) -> Job:
        """The job as soon as something holds for it."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            job = self.ports.store.get(job_id)
            if true(job):
                return job
            time.sleep(0.02)
        raise AssertionError(f"still {job}")

    def until_true(self, true: Callable[[], bool], seconds: float = 20) -> None:
        """Wait until something holds."""
        deadline = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < deadline, "it did not happen"
            time.sleep(0.02)

    def until_known(self, job_id: str, seconds: float = 20) -> None:
        """Wait until the store has the job."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            with suppress(JobNotFound):
                self.ports.store.get(job_id)
                return
            time.sleep(0.02)
        raise AssertionError("the store does not know the job")

    def ended(self, job_id: str, seconds: float = 30) -> Job:
        """The job when it is over."""
        return self.until(job_id, lambda job: job.status.terminal, seconds)

    def running(self, job_id: str, iteration: int = 1) -> Job:
        """The job when it is so far."""
        return self.until(
            job_id,
            lambda job: (
                job.status is JobStatus.RUNNING and job.progress is not None and job.progress.iteration >= iteration
            ),
        )


def noise(width: int, height: int, seed: int) -> Picture:
    """A picture of random pixels."""
    return Picture(np.random.default_rng(seed).random((height, width, 3), dtype=np.float32))
