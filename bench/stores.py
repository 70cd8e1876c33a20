"""The stores side by side: ``python -m bench stores``. What one call costs, from one process and from four.

Of Redis also its own time for a call and its memory of a job, which ``bench.plan`` reckons with.
"""

import multiprocessing
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from redis import Redis

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
    summary: dict[str, Any] = {
        f"{row['a second']}, {row['processes']} processes": row["Redis over SQLite"] for row in rows
    }
    summary |= _of_redis(jobs)
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


def _of_redis(jobs: int) -> dict[str, float]:
    """Bytes of a job that waits and of one that is over, and the server's microseconds for each call of a script."""
    with TemporaryDirectory(prefix="nst-bench-") as folder, RedisServer(Path(folder)) as server:
        store = open_store(Settings(data_dir=Path(folder), store_url=server.url))
        client = server.client()
        found, empty = {}, _memory(client)
        for what, step in _STEPS.items():
            client.config_resetstat()
            step(store, jobs)
            found[f"Redis, µs for each call: {what}"] = _microseconds(client)
            if step is _submit:
                found["Redis, bytes of a queued job"] = (_memory(client) - empty) / jobs
                ids = [store.claim("bench") for _ in range(jobs)]
                for job in ids:
                    assert job
                    frames = tuple(FrameRef(number, 1) for number in range(_FRAMES))
                    store.finish(job.id, job.token, Outcome(status=JobStatus.SUCCEEDED, frames=frames, result=1))
                found[f"Redis, bytes of a finished job with {_FRAMES} frames"] = (_memory(client) - empty) / jobs
                _submit(store, jobs)
        client.config_resetstat()
        for job_id in [store.enqueue([Job(spec=_spec())]).ids[0] for _ in range(jobs)]:
            store.place(job_id)
        found["Redis, µs for each call: submission and place"] = _microseconds(client)
        client.close()
        store.close()
    return found


def _memory(client: "Redis") -> int:
    return int(client.info("memory")["used_memory"])  # type: ignore[index]


def _microseconds(client: "Redis") -> float:
    """Of one script, on average."""
    return float(client.info("commandstats")["cmdstat_evalsha"]["usec_per_call"])  # type: ignore[index]


_STEPS = {
    "submissions": _submit,
    "statuses read": _look,
    "jobs claimed, told of twice, finished": _work,
    "looks of idle workers": _idle,
}
