"""Workers that are killed, asked to go, or join while jobs run."""

import os
import random
import signal
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import requests

from bench.drill import LEASE_SECONDS
from bench.drills.fleet import PATIENCE_SECONDS, Fleet, lost, until
from bench.drills.verdict import Verdict, least, most, none, same
from jobs.model import Job


def kills(folder: Path, jobs: int = 200, workers: int = 3, every: float = 3.0, seed: int = 0) -> Verdict:
    """SIGKILL a worker every few seconds while jobs are submitted and run."""
    chance, killed = random.Random(seed), 0
    lengths = [chance.randrange(20, 140) for _ in range(jobs)]
    with Fleet(folder, workers=workers) as fleet, ThreadPoolExecutor(1) as submitter:
        submitting = submitter.submit(lambda: [fleet.submit(length) for length in lengths])
        while not submitting.done() or _open(fleet):
            time.sleep(every)
            fleet.kill_one(chance)
            killed += 1
        ended = fleet.ended(submitting.result())
        starts, finishes = fleet.told("job started"), fleet.told("job finished")
    extra = sum(job.token for job in ended) - len(ended)
    return Verdict(
        "kills",
        f"{workers} workers, SIGKILL every {every:g} s, lease {LEASE_SECONDS:g} s",
        (
            none("jobs lost", lost(ended)),
            none("jobs finished twice", [job for job, count in finishes.items() if count > 1]),
            most("extra attempts, with the kills as the limit", extra, killed),
        ),
        {"jobs": jobs, "kills": killed, "attempts": sum(starts.values()), "longest wait, s": _longest_wait(ended)},
    )


def takeovers(folder: Path, times: int = 5) -> Verdict:
    """Kill the worker that runs a job while another one idles: how long until it goes on, and from where."""
    took: list[float] = []
    tokens: list[int] = []
    with Fleet(folder, workers=2) as fleet:
        for _ in range(times):
            job_id = fleet.submit(300)
            took.append(_take_over(fleet, job_id))
            fleet.add()
            tokens.append(fleet.ended([job_id])[0].token)
            fleet.await_ready(2)
    return Verdict(
        "takeovers",
        f"the worker of a running job is killed, another is idle; lease {LEASE_SECONDS:g} s",
        (
            most("longest takeover", max(took), LEASE_SECONDS + 2, " s"),
            same("attempts of each job", sorted(set(tokens)), [2]),
        ),
        {"takeovers, s": ", ".join(f"{each:.2f}" for each in took)},
    )


def scaling(folder: Path, jobs: int = 200) -> Verdict:
    """One worker, then six, then two, while jobs run."""
    with Fleet(folder, workers=1) as fleet:
        ids = [fleet.submit(60) for _ in range(jobs)]
        until(lambda: _over(fleet) >= jobs // 10, "a tenth is done", PATIENCE_SECONDS)
        fleet.add(5)
        until(lambda: _over(fleet) >= jobs // 2, "half is done", PATIENCE_SECONDS)
        fleet.dismiss(4)
        ended = fleet.ended(ids)
        finishes, gone = fleet.told("job finished"), len(fleet.consumers) - len(fleet.live)
    return Verdict(
        "scaling",
        f"{jobs} jobs, 1 worker, then 6, then 2 (SIGTERM)",
        (
            none("jobs lost", lost(ended)),
            none("jobs finished twice", [job for job, count in finishes.items() if count > 1]),
            same("workers that went when asked", gone, 4),
            none("attempts that counted for nothing", sum(job.attempt - 1 for job in ended)),
        ),
        {"handed back": sum(job.token - job.attempt for job in ended)},
    )


def stopping(folder: Path, jobs: int = 60) -> Verdict:
    """SIGTERM to the workers and to the API while people submit and jobs run."""
    answers: list[requests.Response | None] = []
    over = threading.Event()

    def submit() -> None:
        while not over.is_set() and len(answers) < jobs:
            answers.append(fleet.post(100))
            time.sleep(0.2)

    with Fleet(folder, workers=3, settings={"NST_DRAIN_SECONDS": "5"}) as fleet, ThreadPoolExecutor(1) as submitter:
        submitting = submitter.submit(submit)
        time.sleep(4)
        first = list(fleet.live)
        fleet.add(3)
        began = time.monotonic()
        for consumer in first:
            consumer.process.send_signal(signal.SIGTERM)
        until(lambda: not any(consumer.lives for consumer in first), "the first workers are gone")
        took = time.monotonic() - began
        _end_api(fleet)
        time.sleep(4)
        over.set()
        submitting.result()
        ids = [answer.json()["id"] for answer in answers if answer is not None and answer.status_code == 202]
        ended = fleet.ended(ids)
        finishes = fleet.told("job finished")
    statuses = [answer.status_code if answer is not None else 0 for answer in answers]
    return Verdict(
        "stopping",
        "SIGTERM to three of six workers, then to the API, under load",
        (
            none("accepted jobs lost", lost(ended)),
            none("jobs finished twice", [job for job, count in finishes.items() if count > 1]),
            most("time until the workers had gone", took, 5 + 10, " s"),
            same("exit statuses of the workers", sorted({consumer.process.returncode for consumer in first}), [0]),
            none("answers of 500 and more", [status for status in statuses if status >= 500]),
            none("attempts that counted for nothing", sum(job.attempt - 1 for job in ended)),
            least("jobs accepted", len(ids), len(answers) - 2),  # one connection may be cut at the API's end
        ),
        {"submissions": len(answers), "handed back": sum(job.token - job.attempt for job in ended)},
    )


def _take_over(fleet: Fleet, job_id: str) -> float:
    """Kill the worker of a job that has come some way; the seconds until another has it."""
    until(lambda: _iteration(fleet.store.get(job_id)) >= 60, "the job has begun")
    before = fleet.store.get(job_id)
    victim = next(each for each in fleet.live if f"-{each.process.pid}-" in before.worker)
    victim.process.kill()
    return until(lambda: fleet.store.get(job_id).token > before.token, "it is taken over")


def _end_api(fleet: Fleet) -> None:
    """SIGTERM to the API's processes; its launcher keeps the port, and starts another."""
    for pid in fleet.api.members():
        os.kill(pid, signal.SIGTERM)


def _open(fleet: Fleet) -> bool:
    facts = fleet.store.facts()
    return bool(facts.queued + facts.running)


def _over(fleet: Fleet) -> int:
    return sum(count for status, count in fleet.store.counts().items() if status.terminal)


def _iteration(job: Job) -> int:
    return job.progress.iteration if job.progress else 0


def _longest_wait(jobs: Sequence[Job]) -> float:
    return max((job.started_at or 0) - job.spec.created_at for job in jobs)
