"""How long things take in the SQLite store, as its own past tells: the place of a job, and the facts of the queue."""

from collections.abc import Sequence

from jobs import sqlite_statements as sql
from jobs.sqlite_file import Database
from jobs.terms import Place, QueueFacts, Worker


def place(file: Database, job_id: str, workers: Sequence[Worker], now: float) -> Place | None:
    """Position and estimate of a queued job, where these workers are alive."""
    rows = file.read("SELECT rank, seq, not_before FROM jobs WHERE id = ? AND status = 'queued'", (job_id,))
    if not rows:
        return None
    ahead, work = file.read(sql.AHEAD, dict(rows[0]))[0]
    pace = _pace(file)
    if pace is None:
        return Place(ahead + 1, None)
    ready = sum(worker.ready for worker in workers)
    seconds = (work * pace + _remaining(file, pace)) / max(1, ready)
    return Place(ahead + 1, max(seconds, rows[0]["not_before"] - now))


def facts(file: Database, now: float) -> QueueFacts:
    """The queue at a glance."""
    queued, work, running, oldest = file.read(sql.FACTS)[0]
    pace = _pace(file)
    return QueueFacts(
        queued=queued,
        running=running,
        oldest_seconds=0.0 if oldest is None else max(0.0, now - oldest),
        queued_work=work,
        remaining_seconds=None if pace is None else _remaining(file, pace),
        seconds_per_work=pace,
    )


def _pace(file: Database) -> float | None:
    pace: float | None = file.read(sql.PACE)[0][0]
    return pace


def _remaining(file: Database, pace: float) -> float:
    """Seconds until every running job is over, one after the other."""
    return float(file.read(sql.REMAINING, {"pace": pace})[0][0])
