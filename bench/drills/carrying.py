"""What Kafka may do to a worker: rebalance it, think it dead, deliver twice, deliver rubbish."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from kafka import KafkaProducer

from bench.drills.engines import KILLS, RAISES
from bench.drills.fleet import TOPIC, Fleet, lost, until
from bench.drills.outages import lag
from bench.drills.verdict import Verdict, none, same
from jobs.errors import JobsError
from jobs.kafka import KafkaBus
from jobs.model import JobStatus


def storm(folder: Path, jobs: int = 3, seconds: float = 60.0, every: float = 3.0) -> Verdict:
    """A member joins and leaves the group every few seconds while long jobs run."""
    over, joined = threading.Event(), [0]

    def join_and_leave() -> None:
        while not over.is_set():
            bus = KafkaBus(fleet.kafka.url(TOPIC), group="nst-workers", sasl="PLAIN")
            joined[0] += 1
            until_at = time.monotonic() + every
            while time.monotonic() < until_at and not over.is_set():
                with suppress(JobsError):
                    bus.poll(0.2)
            bus.close()

    with Fleet(folder, workers=3, engine="bench.drills.engines:Dozer") as fleet, ThreadPoolExecutor(1) as stranger:
        ids = [fleet.submit(int(seconds / 0.25), save_every=0) for _ in range(jobs)]
        joining = stranger.submit(join_and_leave)
        ended = fleet.ended(ids)
        over.set()
        joining.result()
        more = fleet.ended([fleet.submit(1) for _ in range(12)])
        settled = until(lambda: lag(fleet) == 0, "every message is settled", 60)
    return Verdict(
        "storm",
        f"a member joins and leaves every {every:g} s while jobs of {seconds:g} s run",
        (
            none("jobs lost", lost([*ended, *more])),
            none("running jobs that began again", sum(job.token > 1 for job in ended)),
        ),
        {"members that came and went": joined[0], "all settled after, s": settled},
    )


def eviction(folder: Path, seconds: float = 305.0) -> Verdict:
    """A job that lasts five times as long as a member may be silent."""
    with Fleet(folder, workers=1, engine="bench.drills.engines:Dozer") as fleet:
        time.sleep(35)  # for the group to settle
        before = _dealt(fleet)
        ended = fleet.ended([fleet.submit(int(seconds / 0.25), save_every=0)], patience=seconds + 120)
        evictions = _dealt(fleet) - before  # who was thrown out is dealt its partitions anew
    return Verdict(
        "eviction",
        f"a job of {seconds:g} s; a member may be silent for 60 s",
        (none("jobs lost", lost(ended)), none("evictions", evictions), same("attempts", ended[0].token, 1)),
        {},
    )


def _dealt(fleet: Fleet) -> int:
    """How often workers were dealt partitions."""
    return sum(line.get("event") == "partitions were dealt" for line in fleet.lines())


def duplicates(folder: Path, jobs: int = 30, clients: int = 50) -> Verdict:
    """Every message is sent a second time, and fifty clients submit under one idempotency key."""
    with Fleet(folder, workers=3) as fleet:
        ids = [fleet.submit(20) for _ in range(jobs)]
        bus = KafkaBus(fleet.kafka.url(TOPIC), group="nobody", sasl="PLAIN")
        bus.publish([fleet.store.get(job_id).spec for job_id in ids])
        bus.close()
        with ThreadPoolExecutor(clients) as pool:
            answers = list(pool.map(lambda _: fleet.post(20, key="one-and-the-same"), range(clients)))
        other = fleet.post(21, key="one-and-the-same")
        accepted = {answer.json()["id"] for answer in answers if answer is not None and answer.status_code == 202}
        ended = fleet.ended([*ids, *accepted])
        until(lambda: lag(fleet) == 0, "every message is settled", 60)
        starts, finishes = fleet.told("job started"), fleet.told("job finished")
    return Verdict(
        "duplicates",
        f"every message twice; {clients} clients at once under one key",
        (
            none("jobs lost", lost(ended)),
            none("jobs started twice", [job for job, count in starts.items() if count > 1]),
            none("jobs finished twice", [job for job, count in finishes.items() if count > 1]),
            same("jobs made under the key", len(accepted), 1),
            same("answers under the key", {answer.status_code for answer in answers if answer is not None}, {202}),
            same("answer to another submission under it", other.status_code if other is not None else 0, 422),
        ),
        {},
    )


def poison(folder: Path) -> Verdict:
    """Rubbish in the topic, a job that kills its process, one that always raises; and good ones between them."""
    settings = {"NST_MAX_ATTEMPTS": "3"}
    with Fleet(folder, workers=2, engine="bench.drills.engines:Moody", settings=settings) as fleet:
        producer = KafkaProducer(bootstrap_servers=fleet.kafka.address)
        for rubbish in (b"\xff\xfe rubbish", b"", b"{}", b'{"v": 999, "id": "from the future"}', b"[" * 5000):
            producer.send(TOPIC, rubbish)
        producer.flush()
        producer.close()
        good = [fleet.submit(20) for _ in range(5)]
        killer, raiser = fleet.submit(20, seed=KILLS), fleet.submit(20, seed=RAISES)
        good += [fleet.submit(20) for _ in range(5)]
        ended = fleet.ended(good)
        bad = fleet.ended([killer, raiser])
        until(lambda: lag(fleet) == 0, "every message is settled", 60)
        alive = len(fleet.live)
        letters = fleet.dead_letters()
    return Verdict(
        "poison",
        "five messages of rubbish, a job that kills its process, a job that always raises, ten good ones",
        (
            none("good jobs lost", lost(ended)),
            none("bad jobs that did not fail", lost(bad, JobStatus.FAILED)),
            same("reasons", [job.error.code if job.error else "" for job in bad], ["worker_crashed", "internal"]),
            same("attempts of the bad ones", [job.attempt for job in bad], [3, 3]),
            same("dead letters", len(letters), 5 + 2),
            same("workers alive", alive, 2),
        ),
        {"reasons in the dead letters": ", ".join(sorted(letter.get("reason", "?") for letter in letters))},
    )
