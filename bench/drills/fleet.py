"""The distributed service on this machine: Kafka, Redis, one API and any number of workers, each to be disturbed."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import requests
from kafka import KafkaConsumer

from bench.drill import SETTINGS
from jobs.errors import JobNotFound, Unavailable
from jobs.model import Job, JobStatus
from jobs.ports import JobStore
from jobs.settings import Settings
from jobs.wiring import open_store
from scripts.servers import KafkaServer, RedisServer
from scripts.service import ROOT, Service

TOPIC = "nst.jobs"
PATIENCE_SECONDS = 300.0
_PHOTO = ROOT / "examples/photos/coffee.jpg"
_SETTINGS: Mapping[str, str] = {**SETTINGS, "NST_THREADS": "32", "NST_LOG_LEVEL": "info"}


@dataclass(eq=False)
class Consumer:
    """One worker's process and its log."""

    process: subprocess.Popen[bytes]
    log: Path

    @property
    def lives(self) -> bool:
        """Whether it has not ended."""
        return self.process.poll() is None

    def pause(self) -> None:
        """SIGSTOP: it holds what it has, and hears nothing."""
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        self.process.send_signal(signal.SIGCONT)


@dataclass
class Fleet:
    """Everything, ready when the ``with`` block begins.

    Args:
        folder: for data and logs.
        workers: how many to begin with.
        partitions: of the topic of jobs.
        engine: what renders, as MODULE:CLASS.
        settings: environment variables on top of those that drills share.
    """

    folder: Path
    workers: int = 3
    partitions: int = 12
    engine: str = "bench.sleeper:Sleeper"
    settings: Mapping[str, str] = field(default_factory=dict)

    def __enter__(self) -> Self:
        self.kafka = KafkaServer(self.folder / "kafka")
        self.redis = RedisServer(self.folder / "redis")
        self.consumers: list[Consumer] = []
        self._started = 0
        try:
            self.kafka.start()
            self.redis.start()
            self.kafka.make_topic(TOPIC, self.partitions)
            self.kafka.make_topic(f"{TOPIC}.dlq", 1)
            self.environment = self._environment()
            self.api = Service(self.folder / "data", self.environment, self.folder / "api.log")
            self.api.start()
            self.add(self.workers)
            self.store = self.open_store()
            self.await_ready(self.workers)
            if self.workers:
                self.api.await_ready()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kafka.thaw()
        self.redis.thaw()
        for consumer in self.consumers:
            consumer.process.kill()
            consumer.process.wait()
        if hasattr(self, "api"):
            self.api.kill()
        if hasattr(self, "store"):
            self.store.close()
        self.kafka.kill()
        self.redis.kill()

    @property
    def live(self) -> list[Consumer]:
        """The workers that have not ended."""
        return [consumer for consumer in self.consumers if consumer.lives]

    def add(self, count: int = 1) -> None:
        """Start more workers."""
        for _ in range(count):
            self._started += 1
            log = self.folder / f"worker-{self._started}.log"
            command = (sys.executable, "-m", "consumer")
            with log.open("ab") as out:
                process = subprocess.Popen(
                    command, cwd=ROOT, env=self._worker_environment(), stdout=out, stderr=out, start_new_session=True
                )
            self.consumers.append(Consumer(process, log))

    def kill_one(self, chance: random.Random) -> None:
        """SIGKILL a worker, and start another in its place, as an orchestrator would."""
        victim = chance.choice(self.live)
        victim.process.kill()
        victim.process.wait()
        self.add()

    def dismiss(self, count: int) -> None:
        """SIGTERM so many workers; they hand back what they cannot finish."""
        for consumer in self.live[:count]:
            consumer.process.send_signal(signal.SIGTERM)

    def await_ready(self, count: int) -> None:
        """Wait until so many workers are."""
        until(lambda: sum(worker.ready for worker in self.store.workers()) >= count, f"{count} workers are ready")

    def open_store(self) -> JobStore:
        """The store as the API sees it."""
        return open_store(self._as_settings())

    def submit(self, iterations: int, key: str = "", **options: Any) -> str:
        """Post a small job until it is accepted; its id."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            answer = self.post(iterations, key, **options)
            if answer is not None and answer.status_code == 202:
                return str(answer.json()["id"])
            if answer is not None and answer.status_code != 503:
                raise AssertionError(answer.text)
            time.sleep(0.1)
        raise TimeoutError("no submission was accepted")

    def post(self, iterations: int, key: str = "", **options: Any) -> requests.Response | None:
        """One try; None where the connection broke."""
        wanted = {"size": 64, "iterations": iterations, "save_every": 10, **options}
        try:
            with _PHOTO.open("rb") as photo:
                return requests.post(
                    f"{self.api.url}/api/jobs",
                    files={"content": photo},
                    data={"style_id": "night-wind", "options": json.dumps(wanted), "fresh": "true"},
                    headers={"Idempotency-Key": key} if key else {},
                    timeout=30,
                )
        except requests.RequestException:
            return None

    def batch(self, count: int, iterations: int, **options: Any) -> list[str]:
        """Post up to 50 jobs at once; their ids. They have priority -1."""
        wanted = {"size": 64, "iterations": iterations, "save_every": 10, **options}
        data = _PHOTO.read_bytes()
        answer = requests.post(
            f"{self.api.url}/api/batches",
            files=[("content", (f"{number}.jpg", data)) for number in range(count)],
            data={"style_id": "night-wind", "options": json.dumps(wanted), "fresh": "true"},
            timeout=120,
        )
        assert answer.status_code == 202, answer.text
        return [str(job["id"]) for job in answer.json()["jobs"]]

    def ended(self, ids: Sequence[str], patience: float = PATIENCE_SECONDS) -> list[Job]:
        """The jobs when all of them are over; what does not end is given as it is."""
        deadline = time.monotonic() + patience
        return [self._ended(each, deadline) for each in ids]

    def lines(self) -> Iterator[dict[str, Any]]:
        """What all workers have logged, with ``at`` in seconds since 1970 and the ``process`` that logged it."""
        for consumer in self.consumers:
            for line in consumer.log.read_text(errors="replace").splitlines():
                if line.startswith("{"):
                    told = json.loads(line)
                    at = datetime.fromisoformat(told["time"].replace("Z", "+00:00")).timestamp()
                    yield {**told, "at": at, "process": consumer.process.pid}

    def told(self, event: str) -> Counter[str]:
        """How often workers tell of an event, by job."""
        return Counter(line.get("job_id", "") for line in self.lines() if line.get("event") == event)

    def dead_letters(self) -> list[dict[str, str]]:
        """The headers of what lies in the dead-letter topic."""
        consumer = KafkaConsumer(
            f"{TOPIC}.dlq",
            bootstrap_servers=self.kafka.address,
            auto_offset_reset="earliest",
            group_id=None,
            consumer_timeout_ms=3000,
        )
        try:
            return [{name: value.decode() for name, value in message.headers} for message in consumer]
        finally:
            consumer.close()

    def _ended(self, job_id: str, deadline: float) -> Job:
        while True:
            try:
                job = self.store.get(job_id)
            except (Unavailable, JobNotFound):
                if time.monotonic() > deadline:
                    raise
            else:
                if job.status.terminal or time.monotonic() > deadline:
                    return job
            time.sleep(0.05)

    def _environment(self) -> dict[str, str]:
        return {
            **_SETTINGS,
            "NST_WORKERS": "0",
            "NST_ENGINE": self.engine,
            "NST_BUS_URL": self.kafka.url(TOPIC),
            "NST_STORE_URL": self.redis.url,
            "NST_SECRET": "only for drills, on this machine alone",
            **self.settings,
        }

    def _worker_environment(self) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("NST_")}
        return {**inherited, "OMP_NUM_THREADS": "1", **self.environment, "NST_DATA_DIR": str(self.folder / "data")}

    def _as_settings(self) -> Settings:
        values = {name.removeprefix("NST_").lower(): value for name, value in self.environment.items()}
        return Settings(**{**values, "data_dir": self.folder / "data"})  # type: ignore[arg-type]


def until(true: Callable[[], bool], what: str, patience: float = 120.0) -> float:
    """Wait until it is true; the seconds it took."""
    began = time.monotonic()
    while time.monotonic() - began < patience:
        try:
            if true():
                return time.monotonic() - began
        except Unavailable:
            pass
        time.sleep(0.02)
    raise TimeoutError(f"it did not come about that {what}")


def lost(jobs: Sequence[Job], expected: JobStatus = JobStatus.SUCCEEDED) -> list[str]:
    """The ids of those that did not end as expected."""
    return [job.id for job in jobs if job.status is not expected]
