"""Kill the service's processes at random moments, and count what is lost: ``python -m bench drill``.

Four parts, each on a fresh folder, with an engine that sleeps:

- kills: while jobs are submitted and run, the worker, its rendering process, or the API is killed with SIGKILL;
- takeovers: the worker that runs a job is killed, and the time until another one runs it is taken;
- power cut: everything is killed right after jobs were accepted, and started again on the same folder;
- race: jobs are cancelled as they finish.
"""

import json
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import requests

from bench.report import Report
from bench.sleeper import ITERATION_SECONDS
from jobs.model import Job, JobStatus
from jobs.ports import JobStore
from jobs.settings import Settings
from jobs.wiring import open_store
from scripts.service import ROOT, Service

LEASE_SECONDS = 2.0
SETTINGS: Mapping[str, str] = {
    "NST_ENGINE": "bench.sleeper:Sleeper",
    "NST_WORKERS": "2",
    "NST_LEASE_SECONDS": f"{LEASE_SECONDS}",
    "NST_MAX_ATTEMPTS": "100",
    "NST_RETRY_SECONDS": "0.05",
    "NST_CHECKPOINT_SECONDS": "0.2",
    "NST_SUBMITS_PER_MINUTE": "0",
    "NST_MAX_OPEN_PER_CLIENT": "0",
    "NST_MAX_QUEUED": "0",
}
_PHOTO = ROOT / "examples/photos/coffee.jpg"
_VICTIMS = ("worker", "renderer", "API", "API, supervisor")
_PATIENCE_SECONDS = 180.0


def benchmark(jobs: int = 60, kills: int = 20, takeovers: int = 5, seed: int = 0) -> Report:
    """All parts; about three minutes."""
    parts = [killing(jobs, kills, seed), *taking_over(takeovers), cutting_power(8), racing(100)]
    summary = {"lost jobs": sum(part["lost"] for part in parts), "finished twice": sum(part["twice"] for part in parts)}
    return Report("drill", f"SIGKILL at random moments; lease {LEASE_SECONDS:g} s", parts, summary)


def killing(jobs: int, kills: int, seed: int = 0) -> dict[str, Any]:
    """Kill something ``kills`` times while ``jobs`` jobs are submitted and run."""
    chance = random.Random(seed)
    with TemporaryDirectory(prefix="nst-drill-") as folder:
        log = Path(folder, "log")
        with Service(Path(folder, "data"), SETTINGS, log) as service:
            ids, killed = [], Counter[str]()
            for number in range(max(jobs, kills)):
                if number < jobs:
                    ids.append(submit(service, key=f"{seed}-{number}", iterations=chance.randrange(10, 80)))
                if number < kills:
                    time.sleep(chance.uniform(0.2, 1.0))
                    killed[service.kill_one(chance, _VICTIMS)] += 1
            ended = _ended(service, ids)
        starts, finishes = _told(log, "job started"), _told(log, "job finished")
    return _row(
        f"{sum(killed.values())} kills ({', '.join(f'{count} {name}' for name, count in killed.items())})",
        ids,
        ended,
        twice=sum(count > 1 for count in finishes.values()),
        attempts=sum(starts.values()),
    )


def taking_over(times: int) -> list[dict[str, Any]]:
    """Kill the worker that runs a job; another one has to go on from the checkpoint."""
    rows = []
    with TemporaryDirectory(prefix="nst-drill-") as folder, Service(Path(folder), SETTINGS) as service:
        store = _store(service)
        for number in range(times):
            job_id = submit(service, key=f"takeover-{number}", iterations=300)
            before = _until(store, job_id, lambda job: _iteration(job) >= 60)
            os.kill(int(before.worker.split("-")[-2]), signal.SIGKILL)
            killed_at = time.monotonic()
            _until(store, job_id, lambda job, before=before: job.token > before.token)
            took = time.monotonic() - killed_at
            after = _until(store, job_id, lambda job, before=before: job.token > before.token and _moved(job, before))
            ended = _ended(service, [job_id])
            what = f"takeover after {took:.2f} s, from iteration {_iteration(before)} on at {_iteration(after)}"
            rows.append(_row(what, [job_id], ended, twice=0, attempts=ended[0].token, seconds=took))
        store.close()
    return rows


def cutting_power(jobs: int) -> dict[str, Any]:
    """Kill everything right after the last job was accepted; start again; every job has to be there and to end well."""
    with TemporaryDirectory(prefix="nst-drill-") as folder:
        service = Service(Path(folder), SETTINGS)
        service.start()
        service.await_ready()
        ids = [submit(service, key=str(number), iterations=20) for number in range(jobs)]
        service.kill()
        with Service(Path(folder), SETTINGS) as again:
            ended = _ended(again, ids)
    return _row("power cut after the last 202", ids, ended, twice=0, attempts=sum(job.attempt for job in ended))


def racing(jobs: int) -> dict[str, Any]:
    """Cancel each job at about the moment at which it finishes."""
    with TemporaryDirectory(prefix="nst-drill-") as folder:
        log = Path(folder, "log")
        with Service(Path(folder, "data"), SETTINGS, log) as service:
            store, ids = _store(service), []
            for number in range(jobs):
                ids.append(submit(service, key=f"race-{number}", iterations=2))
                time.sleep(ITERATION_SECONDS * random.Random(number).uniform(0, 6))
                store.cancel(ids[-1])
            ended = _ended(service, ids)
            statuses = Counter(str(job.status) for job in ended)
            store.close()
        finishes = _told(log, "job finished")
    what = f"cancelled at the finish: {', '.join(f'{count} {name}' for name, count in statuses.items())}"
    lost = sum(job.status not in (JobStatus.SUCCEEDED, JobStatus.CANCELLED) for job in ended)
    twice = sum(count > 1 for count in finishes.values())
    return _row(what, ids, ended, twice=twice, attempts=len(ids)) | {"lost": lost}


def submit(service: Service, key: str, iterations: int) -> str:
    """A job's id, however often the API dies meanwhile: the key makes it the same job."""
    options = {"size": 64, "iterations": iterations, "save_every": 10}
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline:
        try:
            with _PHOTO.open("rb") as photo:
                answer = requests.post(
                    f"{service.url}/api/jobs",
                    files={"content": photo},
                    data={"style_id": "night-wind", "options": json.dumps(options), "fresh": "true"},
                    headers={"Idempotency-Key": key},
                    timeout=20,
                )
        except requests.RequestException:  # killed in the middle of our request
            time.sleep(0.1)
            continue
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])
    raise TimeoutError("no submission was accepted")


def _ended(service: Service, ids: list[str]) -> list[Job]:
    """The jobs when all of them are over."""
    store = _store(service)
    jobs = [_until(store, job_id, lambda job: job.status.terminal) for job_id in ids]
    store.close()
    return jobs


def _until(store: JobStore, job_id: str, true: "Any") -> Job:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline:
        job = store.get(job_id)
        if true(job):
            return job
        time.sleep(0.02)
    raise TimeoutError(f"job {job_id} is still {job.status}")


def _store(service: Service) -> JobStore:
    return open_store(Settings(data_dir=service.data, lease_seconds=LEASE_SECONDS))


def _iteration(job: Job) -> int:
    return job.progress.iteration if job.progress else 0


def _moved(job: Job, before: Job) -> bool:
    return job.status.terminal or job.progress != before.progress


def _told(log: Path, event: str) -> Counter[str]:
    """How often the log tells of an event, by job."""
    lines = (json.loads(line) for line in log.read_text().splitlines() if line.startswith("{"))
    return Counter(line["job_id"] for line in lines if line.get("event") == event)


def _row(
    what: str, ids: list[str], ended: list[Job], *, twice: int, attempts: int, seconds: float | None = None
) -> dict[str, Any]:
    statuses = Counter(job.status for job in ended)
    lost = len(ids) - statuses[JobStatus.SUCCEEDED]
    return {"what": what, "jobs": len(set(ids)), "lost": lost, "twice": twice, "attempts": attempts, "seconds": seconds}
