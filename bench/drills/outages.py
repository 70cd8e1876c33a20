"""Kafka and Redis that stop, hang and forget while jobs are submitted and run."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import requests
from kafka import KafkaConsumer, TopicPartition

from bench.drills.fleet import TOPIC, Fleet, lost, until
from bench.drills.verdict import Verdict, most, none, same


@dataclass
class Traffic:
    """What people who submit without a pause were answered."""

    ids: list[str] = field(default_factory=list)
    at: list[float] = field(default_factory=list)  #: when each was accepted
    refusals: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)  #: of every answer

    def first_after(self, moment: float) -> float | None:
        """Seconds from a moment to the next accepted submission."""
        return next((at - moment for at in self.at if at > moment), None)


@contextmanager
def traffic(fleet: Fleet, iterations: int = 50, pause: float = 0.4) -> Iterator[Traffic]:
    """Two people who submit, each waiting for his answer."""
    seen, over, lock = Traffic(), threading.Event(), threading.Lock()

    def person() -> None:
        while not over.is_set():
            began = time.monotonic()
            answer = fleet.post(iterations)
            with lock:
                _note(seen, answer, time.monotonic() - began)
            time.sleep(pause)

    with ThreadPoolExecutor(2) as people:
        futures = [people.submit(person) for _ in range(2)]
        try:
            yield seen
        finally:
            over.set()
            for future in futures:
                future.result()


def _note(seen: Traffic, answer: requests.Response | None, took: float) -> None:
    seen.seconds.append(took)
    if answer is not None and answer.status_code == 202:
        seen.ids.append(answer.json()["id"])
        seen.at.append(time.monotonic())
    else:
        seen.refusals.append(answer.status_code if answer is not None else 0)


def broker(folder: Path, down: float = 10.0, frozen: float = 60.0, recovery: float = 30.0) -> Verdict:
    """Kafka is stopped for a while, then frozen for longer than a session."""
    with Fleet(folder, workers=3) as fleet:
        with traffic(fleet) as seen:
            time.sleep(5)
            fleet.kafka.kill()
            time.sleep(down)
            fleet.kafka.start()
            restarted = _accepts_again(seen)
            time.sleep(5)
            fleet.kafka.freeze()
            time.sleep(frozen)
            fleet.kafka.thaw()
            thawed = _accepts_again(seen)
            time.sleep(5)
        ended = fleet.ended(list(seen.ids))
        settled = until(lambda: lag(fleet) == 0, "every message is settled", 60)
        finishes, starts = fleet.told("job finished"), fleet.told("job started")
    return Verdict(
        "broker",
        f"Kafka killed for {down:g} s and frozen for {frozen:g} s, while two people submit",
        (
            none("accepted jobs lost", lost(ended)),
            none("jobs finished twice", [job for job, count in finishes.items() if count > 1]),
            none("jobs started twice", [job for job, count in starts.items() if count > 1]),
            most("longest answer to a submission", max(seen.seconds), 9, " s"),
            same("refusals", sorted(set(seen.refusals)), [503]),
            most("accepting again after the restart", restarted, recovery, " s"),
            most("accepting again after the thaw", thawed, recovery, " s"),
        ),
        {"accepted": len(seen.ids), "refused": len(seen.refusals), "all settled after, s": settled},
    )


def _accepts_again(seen: Traffic) -> float:
    """Seconds from now to the next submission that is accepted."""
    now = time.monotonic()
    until(lambda: seen.first_after(now) is not None, "a job is accepted again")
    return seen.first_after(now) or 0.0


def store(folder: Path, waiting: int = 20) -> Verdict:
    """Redis is restarted with its data, then loses them all, while three jobs run and twenty wait."""
    with Fleet(folder, workers=3) as fleet:
        finished = fleet.ended([fleet.submit(5) for _ in range(3)])
        ids = [fleet.submit(250) for _ in range(3 + waiting)]
        until(lambda: fleet.store.facts().running == 3, "three run")
        fleet.redis.restart()
        time.sleep(3)
        after_restart = [fleet.store.get(job_id) for job_id in ids]
        until(lambda: fleet.store.facts().running == 3, "three run again")
        with _watched(fleet, ids):
            fleet.redis.wipe()
            wiped_at = time.monotonic()
            served = [_served(fleet, job.id) for job in finished]
            known = until(lambda: _known(fleet, ids), "every job is known again", 60)
            ended = fleet.ended(ids)
        finishes, starts = fleet.told("job finished"), fleet.told("job started")
        took = time.monotonic() - wiped_at
    return Verdict(
        "store",
        f"Redis restarted with its data, then wiped, while 3 jobs run and {waiting} wait",
        (
            same("attempts lost by the restart", sum(job.token > 1 for job in after_restart), 0),
            none("jobs lost by the wipe", lost(ended)),
            none("jobs finished twice", [job for job, count in finishes.items() if count > 1]),
            same("finished jobs served right after the wipe", served, [200] * len(served)),
            none("jobs started twice", [job for job, count in starts.items() if count > 1]),
        ),
        {"every job known again after, s": known, "all over after, s": took},
    )


def lag(fleet: Fleet) -> int:
    """Messages that the group has not committed."""
    consumer = KafkaConsumer(bootstrap_servers=fleet.kafka.address, group_id="nst-workers", enable_auto_commit=False)
    try:
        parts = [TopicPartition(TOPIC, number) for number in range(fleet.partitions)]
        ends = consumer.end_offsets(parts)
        return sum(ends[part] - (consumer.committed(part) or 0) for part in parts)
    finally:
        consumer.close()


@contextmanager
def _watched(fleet: Fleet, ids: list[str]) -> Iterator[None]:
    """Every job is looked at several times a second, as by a page that is open."""
    over = threading.Event()

    def watch() -> None:
        while not over.is_set():
            for job_id in ids:
                requests.get(f"{fleet.api.url}/api/jobs/{job_id}", timeout=10)
            time.sleep(0.2)

    with ThreadPoolExecutor(1) as page:
        watching = page.submit(watch)
        try:
            yield
        finally:
            over.set()
            watching.result()


def _served(fleet: Fleet, job_id: str) -> int:
    status = requests.get(f"{fleet.api.url}/api/jobs/{job_id}", timeout=10)
    result = requests.get(f"{fleet.api.url}/api/jobs/{job_id}/result", timeout=10)
    return max(status.status_code, result.status_code)


def _known(fleet: Fleet, ids: list[str]) -> bool:
    return sum(fleet.store.counts().values()) >= len(ids)
