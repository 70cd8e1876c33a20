"""What people notice of the queue: that nobody waits for nothing, that cancelling works, that limits are exact."""

import random
import statistics
import threading
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import requests

from bench.drills.fleet import Fleet, lost, until
from bench.drills.verdict import Verdict, most, none, same
from jobs.model import Job


def mixed(folder: Path, workers: int = 8, short: int = 150, long: int = 4, long_seconds: float = 60.0) -> Verdict:
    """Short jobs and long ones, more workers than partitions: nobody idles while a job waits."""
    dozer = "bench.drills.engines:Dozer"
    with Fleet(folder, workers=workers, partitions=workers // 2, engine=dozer) as fleet:
        ids = fleet.batch(long, int(long_seconds / 0.25), save_every=0)
        for number in range(0, short, 50):
            ids += fleet.batch(min(50, short - number), 4, save_every=0)
        until(lambda: fleet.store.facts().running == workers, "all workers are busy")
        urgent = fleet.submit(4, save_every=0)  # alone, so of higher priority than a batch
        submitted = time.time()
        ended = fleet.ended([*ids, urgent])
        idle, waited = idle_while_waiting(fleet, ended)
        before = [job for job in ended if job.started_at and submitted < job.started_at < _started(ended, urgent)]
    return Verdict(
        "mixed",
        f"{workers} workers on {workers // 2} partitions, {short} jobs of 1 s and {long} of {long_seconds:g} s",
        (
            none("jobs lost", lost(ended)),
            most("idle time of workers while a job waits", 100 * idle / (workers * waited), 5, " %"),
            most("jobs that started before the urgent one, after it came", len(before), 0),
        ),
        {
            "makespan, s": max(job.finished_at or 0 for job in ended) - min(job.spec.created_at for job in ended),
            "work of all jobs over the workers, s": (short + long * long_seconds) / workers,
            "urgent job waited, s": _started(ended, urgent) - _created(ended, urgent),
        },
    )


def cancelling(folder: Path, races: int = 500) -> Verdict:
    """Cancel what waits, what runs, and what is just finishing."""
    with Fleet(folder, workers=2) as fleet:
        running = [fleet.submit(1000) for _ in range(2)]
        waiting = [fleet.submit(5) for _ in range(3)]
        until(lambda: fleet.store.facts().running == 2, "two run")
        places = [_position(fleet, job_id) for job_id in waiting]
        began = time.monotonic()
        cancelled = fleet.store.cancel(waiting[0])
        at_once = time.monotonic() - began
        moved_up = _position(fleet, waiting[1])
        began = time.monotonic()
        for job_id in running:
            fleet.store.cancel(job_id)
        stopped = until(lambda: all(fleet.store.get(each).status.terminal for each in running), "both have stopped")
        statuses = Counter(str(job.status) for job in _races(fleet, races))
        finishes = fleet.told("job finished")
    return Verdict(
        "cancelling",
        f"a queued job, two running ones, and {races} at the moment at which they finish",
        (
            same("status of the queued one, at once", str(cancelled.status), "cancelled"),
            same("places before, and of the second after", [*places, moved_up], [1, 2, 3, 1]),
            most("until the running ones had stopped", stopped, 3, " s"),
            same("other endings than succeeded and cancelled", sorted(set(statuses) - {"succeeded", "cancelled"}), []),
            none("jobs finished twice", [job for job, count in finishes.items() if count > 1]),
        ),
        {"cancelling the queued one took, s": at_once, "races": dict(statuses)},
    )


def flood(folder: Path, submits: int = 1000, rate: float = 50.0, cap: int = 200, pollers: int = 100) -> Verdict:
    """Far more submissions than the queue may hold, while many people poll and some follow event streams."""
    settings = {"NST_MAX_QUEUED": str(cap), "NST_THREADS": "64", "NST_VIEWERS": "24"}
    with Fleet(folder, workers=1, engine="bench.drills.engines:Dozer", settings=settings) as fleet:
        job = fleet.submit(2000, save_every=0)
        until(lambda: fleet.store.facts().running == 1, "one runs")
        before = max(fleet.api.resident_megabytes().values())
        with _Readers(fleet, job, pollers) as seconds, ThreadPoolExecutor(16) as people:
            began = time.monotonic()
            answers = list(people.map(lambda number: _post_at(fleet, began + number / rate), range(submits)))
        after = max(fleet.api.resident_megabytes().values())
        queued = fleet.store.facts().queued
    statuses = Counter(answer.status_code if answer is not None else 0 for answer in answers)
    refused = [answer for answer in answers if answer is not None and answer.status_code == 503]
    return Verdict(
        "flood",
        f"{submits} submissions at {rate:g} a second, a queue of {cap}, {pollers} pollers and 20 event streams",
        (
            same("answers", dict(statuses), {202: cap, 503: submits - cap}),
            same("waiting in the end", queued, cap),
            none("refusals without Retry-After", [answer for answer in refused if "Retry-After" not in answer.headers]),
            most("growth of the API", after - before, 100, " MB"),
        ),
        {
            "status, median s": statistics.median(seconds),
            "status, p95 s": statistics.quantiles(seconds, n=20)[-1],
            "statuses read": len(seconds),
        },
    )


class _Readers:
    """People who poll a job once a second, and twenty who follow its events; gives the seconds of every poll."""

    def __init__(self, fleet: Fleet, job_id: str, pollers: int) -> None:
        self._address, self._pollers = f"{fleet.api.url}/api/jobs/{job_id}", pollers
        self._over, self._seconds = threading.Event(), list[float]()

    def __enter__(self) -> list[float]:
        self._threads = [threading.Thread(target=self._poll, args=(n,)) for n in range(8)]
        self._threads += [threading.Thread(target=self._follow) for _ in range(20)]
        for thread in self._threads:
            thread.start()
        return self._seconds

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _poll(self, number: int) -> None:
        due = time.monotonic() + random.Random(number).random()
        with requests.Session() as http:
            while not self._over.is_set():
                time.sleep(max(0.0, due - time.monotonic()))
                began = time.perf_counter()
                http.get(self._address, timeout=30)
                self._seconds.append(time.perf_counter() - began)
                due += 8 / self._pollers

    def _follow(self) -> None:
        while not self._over.is_set():
            try:
                with requests.get(f"{self._address}/events", stream=True, timeout=15) as stream:
                    for _ in stream.iter_lines():
                        if self._over.is_set():
                            return
            except requests.RequestException:
                time.sleep(0.5)


def idle_while_waiting(fleet: Fleet, jobs: Sequence[Job]) -> tuple[float, float]:
    """Seconds of idle workers while a job waited, and the seconds during which any job waited."""
    waits = _merged([(job.spec.created_at, job.started_at or 0.0) for job in jobs])
    busy: dict[int, list[tuple[float, float]]] = {consumer.process.pid: [] for consumer in fleet.consumers}
    began: dict[tuple[int, str], float] = {}
    for line in fleet.lines():
        key = (line["process"], line.get("job_id", ""))
        if line.get("event") == "job started":
            began[key] = line["at"]
        elif line.get("event") == "job finished":
            busy[key[0]].append((began.pop(key), line["at"]))
    waited = sum(end - start for start, end in waits)
    return sum(waited - _overlap(waits, spans) for spans in busy.values()), waited


def _merged(spans: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    merged: list[tuple[float, float]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged


def _overlap(one: Sequence[tuple[float, float]], other: Sequence[tuple[float, float]]) -> float:
    return sum(max(0.0, min(end, until_) - max(start, from_)) for start, end in one for from_, until_ in other)


def _races(fleet: Fleet, count: int) -> list[Job]:
    chance, ids = random.Random(0), []
    for _ in range(count):
        ids.append(fleet.submit(2, save_every=0))
        time.sleep(chance.uniform(0, 0.12))
        fleet.store.cancel(ids[-1])
    return fleet.ended(ids)


def _post_at(fleet: Fleet, due: float) -> requests.Response | None:
    time.sleep(max(0.0, due - time.monotonic()))
    return fleet.post(1, save_every=0)


def _position(fleet: Fleet, job_id: str) -> int:
    place = fleet.store.place(job_id)
    return place.position if place else 0


def _started(jobs: Sequence[Job], job_id: str) -> float:
    return next(job.started_at or 0.0 for job in jobs if job.id == job_id)


def _created(jobs: Sequence[Job], job_id: str) -> float:
    return next(job.spec.created_at for job in jobs if job.id == job_id)
