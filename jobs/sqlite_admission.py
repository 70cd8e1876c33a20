"""Whether the SQLite store takes a submission: its key, the queue's limit and the client's; and how one is undone."""

import json
import sqlite3
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, replace

from jobs import refusals
from jobs import sqlite_statements as sql
from jobs.model import Job, JobStatus
from jobs.terms import Caps, Enqueued, Idempotency, Policy


def recall(connection: sqlite3.Connection, idempotency: Idempotency, now: float) -> Enqueued | None:
    """What was taken under this key; None where it is new.

    Raises:
        KeyReused: it was used for another submission.
    """
    row = connection.execute(sql.RECALL, asdict(idempotency) | {"now": now}).fetchone()
    if row is None:
        return None
    if row["fingerprint"] != idempotency.fingerprint:
        raise refusals.key_reused()
    return Enqueued(tuple(json.loads(row["ids"])), new=False)


def remember(
    connection: sqlite3.Connection, idempotency: Idempotency, ids: Sequence[str], now: float, ttl_seconds: float
) -> None:
    """Keep a new key for so long, and forget the old ones."""
    connection.execute(sql.FORGET_KEYS, {"now": now})
    connection.execute(
        "INSERT INTO keys VALUES (:client, :key, :fingerprint, :ids, :until)",
        asdict(idempotency) | {"ids": json.dumps(ids), "until": now + ttl_seconds},
    )


def retract(connection: sqlite3.Connection, ids: Sequence[str], idempotency: Idempotency | None) -> tuple[str, ...]:
    """Forget the jobs that nobody has taken, ask the others to stop, free the key; the ids of which nothing is left."""
    forgotten = tuple(id for id in ids if _let_go(connection, id))
    connection.executemany("DELETE FROM jobs WHERE id = ?", [(id,) for id in forgotten])
    if idempotency:
        connection.execute(sql.FREE_KEY, asdict(idempotency) | {"ids": json.dumps(ids)})
    return forgotten


def _let_go(connection: sqlite3.Connection, id: str) -> bool:
    row = connection.execute(sql.RETRACTABLE, {"id": id}).fetchone()
    if row is not None and row[0] == "taken":
        connection.execute(sql.ASK_TO_CANCEL, {"id": id})
    return row is None or row[0] == "free"


def check_caps(connection: sqlite3.Connection, jobs: Sequence[Job], caps: Caps) -> None:
    """Nothing, unless a limit forbids these jobs; only queued ones that are new count.

    Raises:
        QueueFull, TooManyJobs: the limit, and how many there are.
    """
    new = {job.id: job for job in jobs if job.status is JobStatus.QUEUED and not _known(connection, job)}
    if caps.queued and new:
        queued = connection.execute(sql.QUEUED).fetchone()[0]
        if queued + len(new) > caps.queued:
            raise refusals.queue_full(queued, caps.queued)
    if caps.open_per_client:
        for client, more in Counter(job.spec.client for job in new.values()).items():
            _check_client(connection, client, more, caps.open_per_client)


def _check_client(connection: sqlite3.Connection, client: str, more: int, most: int) -> None:
    jobs = connection.execute(sql.OPEN_OF_CLIENT, {"client": client}).fetchone()[0]
    if jobs + more > most:
        raise refusals.too_many_jobs(jobs, most)


def _known(connection: sqlite3.Connection, job: Job) -> bool:
    return connection.execute("SELECT 1 FROM jobs WHERE id = ?", (job.id,)).fetchone() is not None


def complete(job: Job, now: float, policy: Policy) -> Job:
    """A terminal job with its times, because it must be purged one day; a lost one with a worker's last chance."""
    if not job.status.terminal:
        until = now + policy.lease_seconds
        return replace(job, not_before=until, lease_until=until) if job.lease_until else job
    finished_at = now if job.finished_at is None else job.finished_at
    expires_at = now + policy.result_ttl_seconds if job.expires_at is None else job.expires_at
    return replace(job, finished_at=finished_at, expires_at=expires_at)
