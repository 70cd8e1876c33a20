"""What a fleet needs: the arithmetic of ``docs/scaling.md``. ``python -m bench.plan`` prints its table.

Every figure is either measured (by the command named beside it, on two cores of the machine in ``bench/results``) or an
assumption that says so. Change one and run it again.
"""

from dataclasses import dataclass

WORKERS = (1, 100, 10_000)
_DAY = 86_400.0
_MONTH = 30 * _DAY


@dataclass(frozen=True, slots=True)
class Facts:
    """Of one job and one call. Seconds, bytes, US dollars."""

    # Assumed.
    job_seconds: float = 10.0  #: a picture of 512 px and 150 iterations on one GPU with VGG-19; not measured
    load: float = 0.7  #: share of the time in which a worker works
    kept_days: float = 7.0  #: ``NST_RESULT_TTL_SECONDS``
    watchers: float = 1.0  #: pages that poll a job once a second while it waits and runs
    wait_seconds: float = 10.0
    uploaded: float = 4e6  #: a photo and a painting from a phone
    gpu_hour: float = 1.0
    gigabyte_month: float = 0.023  #: of object storage
    gigabyte_out: float = 0.09
    million_puts: float = 5.0

    # A default job of 512 px on the wavelet backbone: 16 frames, stored by `make demo`.
    stored: float = 2.6e6
    puts: float = 40.0
    shown: float = 1.7e6  #: its frames and its result, fetched once
    message: float = 1_000.0

    # `python -m bench stores`: Redis' memory of a job, and its own time for a call.
    queued_memory: float = 2_618.0
    kept_memory: float = 3_607.0
    beat: float = 36e-6
    look: float = 15e-6  #: of an idle worker, which looks twice a second
    life: float = 54e-6 + 4 * 36e-6  #: submitted; let start, claimed, finished, sealed
    place: float = 203e-6  #: in the queue
    beats: float = 2.0  #: a second, of a working worker

    # `python -m bench pollers`: the processor time of one poll, and the bytes of its answer.
    api_poll: float = 1.33e-3
    poll: float = 87e-6  #: Redis'
    status: float = 2_000.0


@dataclass(frozen=True, slots=True)
class Need:
    """Of the whole fleet."""

    workers: int
    jobs_a_second: float
    redis_memory: float
    redis_cores: float
    api_cores: float
    kafka_a_second: float
    stored: float
    arriving: float  #: bytes a second, uploads
    leaving: float  #: bytes a second, to people
    month: float


def need(workers: int, facts: Facts | None = None) -> Need:
    """The arithmetic."""
    know = facts or Facts()
    jobs = workers * know.load / know.job_seconds
    running, queued = workers * know.load, jobs * know.wait_seconds
    kept = jobs * know.kept_days * _DAY
    polls, queued_polls = running * know.watchers, queued * know.watchers
    redis = jobs * know.life + running * know.beats * know.beat + (workers - running) * 2 * know.look
    redis += polls * know.poll + queued_polls * (know.poll + know.place)
    out = jobs * know.shown * know.watchers + (polls + queued_polls) * know.status
    stored = kept * know.stored
    month = workers * know.gpu_hour * _MONTH / 3600 + stored / 1e9 * know.gigabyte_month
    month += out * _MONTH / 1e9 * know.gigabyte_out + jobs * _MONTH * know.puts / 1e6 * know.million_puts
    return Need(
        workers=workers,
        jobs_a_second=jobs,
        redis_memory=kept * know.kept_memory + queued * know.queued_memory,
        redis_cores=redis,
        api_cores=(polls + queued_polls) * know.api_poll,
        kafka_a_second=jobs * know.message,
        stored=stored,
        arriving=jobs * know.uploaded,
        leaving=out,
        month=month,
    )


def table() -> str:
    """The needs side by side, in Markdown."""
    needs = [need(workers) for workers in WORKERS]
    rows = (
        ("jobs a second", [f"{each.jobs_a_second:,.3g}" for each in needs]),
        ("Kafka, messages", [f"{_bytes(each.kafka_a_second)}/s" for each in needs]),
        ("Redis, memory", [_bytes(each.redis_memory) for each in needs]),
        ("Redis, cores", [f"{each.redis_cores:.2g}" for each in needs]),
        ("API, cores for polls", [f"{each.api_cores:.2g}" for each in needs]),
        ("storage", [_bytes(each.stored) for each in needs]),
        ("uploads", [f"{_bytes(each.arriving)}/s" for each in needs]),
        ("to people", [f"{_bytes(each.leaving)}/s" for each in needs]),
        ("US dollars a month", [f"{each.month:,.0f}" for each in needs]),
        ("of these, GPUs", [f"{each.workers * Facts().gpu_hour * 720:,.0f}" for each in needs]),
    )
    head = f"| workers | {' | '.join(f'{workers:,}' for workers in WORKERS)} |"
    lines = [f"| {name} | {' | '.join(values)} |" for name, values in rows]
    return "\n".join([head, "|---|---|---|---|", *lines])


def _bytes(value: float) -> str:
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if value < 1000:
            return f"{value:.3g} {unit}"
        value /= 1000
    return f"{value:.3g} PB"


if __name__ == "__main__":
    print(table())
