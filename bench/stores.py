"""The stores side by side: ``python -m bench stores``. What one call costs, from one process and from four."""

import multiprocessing
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.report import Report
from jobs.model import FrameRef, Job, JobSpec, JobStatus, Progress, new_id
from jobs.ports import JobStore
from jobs.settings import Settings
from jobs.terms import Outcome
from jobs.wiring import open_store
from nst.options import StyleOptions
from scripts.servers import RedisServer

_PROCESSES = 4
_FRAMES = 40


def benchmark(jobs: int = 500) -> Report:
    """About a minute.

    Args:
        jobs: that each process takes through their life.
    """
    rows: list[dict[str, Any]] = []
    for processes in (1, _PROCESSES):
        found = {name: _measured(name, processes, jobs) for name in ("SQLite", "Redis")}
        for what in found["SQLite"]:
            rates = {name: rates[what] for name, rates in found.items()}
            ratio = rates["Redis"] / rates["SQLite"]
            rows.append({"a second": what, "processes": processes, **rates, "Redis over SQLite": ratio})
    summary = {f"{row['a second']}, {row['processes']} processes": row["Redis over SQLite"] for row in rows}
    return Report(
        "stores", "Calls a second; every promise is on the disk in SQLite, within a second in Redis", rows, summary
    )


def _measured(name: str, processes: int, jobs: int) -> dict[str, float]:
    """Rates of one store, fresh."""
    with TemporaryDirectory(prefix="nst-bench-") as folder, _settings(name, Path(folder)) as settings:
        open_store(settings).close()
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(processes, context) as pool:
            list(pool.map(_warm, [settings] * processes))
            return {what: _rate(pool, step, settings, processes, jobs) for what, step in _STEPS.items()}


@contextmanager
def _settings(name: str, folder: Path) -> Iterator[Settings]:
    if name == "SQLite":
        yield Settings(data_dir=folder)
        return
    with RedisServer(folder / "redis") as redis:
        yield Settings(data_dir=folder, store_url=redis.url)


def _rate(pool: ProcessPoolExecutor, step: Any, settings: Settings, processes: int, jobs: int) -> float:
    began = time.perf_counter()
    done = sum(pool.map(partial(_through, step, settings), [jobs] * processes))
    return done / (time.perf_counter() - began)


def _through(step: Any, settings: Settings, jobs: int) -> int:
    store = open_store(settings)
    try:
        return int(step(store, jobs))
    finally:
        store.close()


def _warm(settings: Settings) -> None:
    open_store(settings).close()


def _submit(store: JobStore, jobs: int) -> int:
    for _ in range(jobs):
        store.enqueue([Job(spec=_spec())])
    return jobs


def _look(store: JobStore, jobs: int) -> int:
    job = Job(spec=_spec(), status=JobStatus.SUCCEEDED, frames=tuple(FrameRef(n, 1) for n in range(_FRAMES)))
    store.enqueue([job])
    for _ in range(4 * jobs):
        store.get(job.id)
    return 4 * jobs


def _work(store: JobStore, jobs: int) -> int:
    """Claim, tell twice, finish: what a worker does to a short job."""
    done = 0
    frames = tuple(FrameRef(number, 1) for number in range(_FRAMES))
    while done < jobs and (job := store.claim("bench")):
        for iteration in (1, 2):
            store.beat(job.id, job.token, Progress(iteration=iteration, total_iterations=2), frames)
        store.finish(job.id, job.token, Outcome(status=JobStatus.SUCCEEDED, frames=frames, result=job.token))
        done += 1
    return done


def _idle(store: JobStore, jobs: int) -> int:
    for _ in range(4 * jobs):
        store.claim("bench")
    return 4 * jobs


def _spec() -> JobSpec:
    return JobSpec(
        id=new_id(), created_at=time.time(), options=StyleOptions(), styles=1, width=512, height=384, client="bench",
        fingerprint=new_id(),
    )  # fmt: skip


_STEPS = {
    "submissions": _submit,
    "statuses read": _look,
    "jobs claimed, told of twice, finished": _work,
    "looks of idle workers": _idle,
}
