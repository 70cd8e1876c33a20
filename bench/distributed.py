"""Many workers on one queue: ``python -m bench scale-out``, with an engine that sleeps.

Two questions. How much of the ideal do 1 to 8 workers reach on equal jobs? And how much sooner is a mix of short and
long jobs done than by the consumer that people usually write, which computes the jobs of its own partitions one by one
(``bench.partition_bound``): same jobs, same broker, one run.
"""

import json
import random
import selectors
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from kafka import KafkaProducer

from bench.drills.fleet import Fleet
from bench.report import Report
from jobs.model import Job
from scripts.servers import KafkaServer
from scripts.service import ROOT

_DOZE = 0.25  # s an iteration
_ENGINE = "bench.drills.engines:Dozer"


def benchmark(counts: Sequence[int] = (1, 4, 8), jobs: int = 8, seconds: float = 4.0, partitions: int = 12) -> Report:
    """Both questions; about five minutes.

    Args:
        counts: of workers.
        jobs: for each worker, in the first part.
        seconds: of each of these jobs.
        partitions: of the topic.
    """
    rows = [_equal_jobs(count, count * jobs, seconds, partitions) for count in counts]
    lengths = _mix(120)
    rows += [_ours(lengths, counts[-1], partitions), _partition_bound(lengths, counts[-1], partitions)]
    ideal = rows[len(counts) - 1]["of ideal"]
    gain = rows[-1]["makespan, s"] / rows[-2]["makespan, s"]
    wait = rows[-1]["mean wait, s"] / rows[-2]["mean wait, s"]
    summary = {
        f"efficiency at {counts[-1]} workers": ideal,
        "partition-bound over ours, makespan": gain,
        "partition-bound over ours, mean wait": wait,
    }
    title = f"Scale-out over Kafka and Redis, {partitions} partitions; ideal is the work over the number of workers"
    return Report("scale-out", title, rows, summary)


def _equal_jobs(workers: int, jobs: int, seconds: float, partitions: int) -> dict[str, Any]:
    return _through_the_service([seconds] * jobs, workers, partitions, f"{jobs} jobs of {seconds:g} s")


def _mix(count: int) -> list[float]:
    """Seconds: 70 % short, 25 % medium, 5 % long, in no order."""
    lengths = [0.5] * (count * 70 // 100) + [2.0] * (count * 25 // 100) + [20.0] * (count * 5 // 100)
    random.Random(1).shuffle(lengths)
    return lengths


def _ours(lengths: Sequence[float], workers: int, partitions: int) -> dict[str, Any]:
    return _through_the_service(lengths, workers, partitions, f"{len(lengths)} jobs of 0.5 to 20 s")


def _through_the_service(lengths: Sequence[float], workers: int, partitions: int, what: str) -> dict[str, Any]:
    with (
        TemporaryDirectory(prefix="nst-bench-") as folder,
        Fleet(Path(folder), workers=workers, partitions=partitions, engine=_ENGINE) as fleet,
    ):
        for consumer in fleet.live:  # so that the submissions cost them nothing
            consumer.pause()
        ids = [fleet.submit(max(1, round(length / _DOZE)), save_every=0) for length in lengths]
        for consumer in fleet.live:
            consumer.resume()
        ended = fleet.ended(ids)
    return _row(what, "ours", workers, lengths, *_times(ended))


def _times(jobs: Sequence[Job]) -> tuple[float, list[float]]:
    """Makespan from the first start, and how long each job waited from then on."""
    began = min(job.started_at or 0.0 for job in jobs)
    return max(job.finished_at or 0.0 for job in jobs) - began, [(job.started_at or 0.0) - began for job in jobs]


def _partition_bound(lengths: Sequence[float], workers: int, partitions: int) -> dict[str, Any]:
    with TemporaryDirectory(prefix="nst-bench-") as folder, KafkaServer(Path(folder)) as kafka:
        topic = kafka.make_topic("bound", partitions)
        command = (sys.executable, "-m", "bench.partition_bound", kafka.address, topic)
        members = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(workers)]
        try:
            done = _followed(kafka, topic, lengths, members)
        finally:
            for member in members:
                member.kill()
                member.communicate()
    waits = [at - lengths[number] for number, at in done.items()]
    return _row(f"{len(lengths)} jobs of 0.5 to 20 s", "partition-bound", workers, lengths, max(done.values()), waits)


def _followed(
    kafka: KafkaServer, topic: str, lengths: Sequence[float], members: Sequence["subprocess.Popen[str]"]
) -> dict[int, float]:
    """When each job was done, seconds from when they were sent; sent once every member has its partitions."""
    for member in members:
        assert member.stdout
        assert member.stdout.readline().strip() == "ready"
    time.sleep(15)  # for the group to settle: joining one by one is not what is measured
    producer = KafkaProducer(bootstrap_servers=kafka.address)
    began = time.time()
    for number, seconds in enumerate(lengths):
        producer.send(topic, json.dumps({"id": number, "seconds": seconds}).encode(), key=str(number).encode())
    producer.flush()
    producer.close()
    done: dict[int, float] = {}
    with selectors.DefaultSelector() as outputs:
        for member in members:
            outputs.register(member.stdout, selectors.EVENT_READ)  # type: ignore[arg-type]
        while len(done) < len(lengths):
            for key, _ in outputs.select():
                told = json.loads(key.fileobj.readline())  # type: ignore[union-attr]
                done[told["id"]] = told["at"] - began
    return done


def _row(
    what: str, way: str, workers: int, lengths: Sequence[float], makespan: float, waits: Sequence[float]
) -> dict[str, Any]:
    ideal = max(max(lengths), sum(lengths) / workers)
    return {
        "what": what,
        "way": way,
        "workers": workers,
        "makespan, s": makespan,
        "ideal, s": ideal,
        "of ideal": ideal / makespan,
        "mean wait, s": sum(waits) / len(waits),
    }
