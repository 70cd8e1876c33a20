"""Whether the SQLite store takes a submission: its key, the queue's limit and the client's."""

import json
import sqlite3
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict

from jobs import sqlite_statements as sql
from jobs.errors import KeyReused, QueueFull, TooManyJobs
from jobs.model import Job, JobStatus
from jobs.ports import Caps, Enqueued, Idempotency


def recall(connection: sqlite3.Connection, idempotency: Idempotency, now: float) -> Enqueued | None:
    """What was taken under this key; None where it is new.

    Raises:
        KeyReused: it was used for another submission.
    """
    row = connection.execute(sql.RECALL, asdict(idempotency) | {"now": now}).fetchone()
    if row is None:
        return None
    if row["fingerprint"] != idempotency.fingerprint:
        raise KeyReused("this key was used for another submission; use a new key for a new one")
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


def check_caps(connection: sqlite3.Connection, jobs: Sequence[Job], caps: Caps) -> None:
    """Nothing, unless a limit forbids these jobs; only queued ones that are new count.

    Raises:
        QueueFull, TooManyJobs: the limit, and how many there are.
    """
    new = {job.id: job for job in jobs if job.status is JobStatus.QUEUED and not _known(connection, job)}
    if caps.queued and new:
        queued = connection.execute(sql.QUEUED).fetchone()[0]
        if queued + len(new) > caps.queued:
            raise QueueFull(f"{queued} jobs are waiting, and no more than {caps.queued} may", caps.queued)
    if caps.open_per_client:
        for client, more in Counter(job.spec.client for job in new.values()).items():
            _check_client(connection, client, more, caps.open_per_client)


def _check_client(connection: sqlite3.Connection, client: str, more: int, most: int) -> None:
    jobs = connection.execute(sql.OPEN_OF_CLIENT, {"client": client}).fetchone()[0]
    if jobs + more > most:
        raise TooManyJobs(f"{jobs} of your jobs are not over yet, and no more than {most} may be open", most)


def _known(connection: sqlite3.Connection, job: Job) -> bool:
    return connection.execute("SELECT 1 FROM jobs WHERE id = ?", (job.id,)).fetchone() is not None
