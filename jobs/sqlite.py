"""The store of one machine: a file that SQLite keeps, with a row for each job.

The claim is one ``UPDATE``, so that two workers never hold the same job; everything of several statements is one
transaction. What was answered is on the disk (``synchronous = FULL``). Not for network file systems.
"""

import json
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from jobs import refusals
from jobs import sqlite_statements as sql
from jobs.model import FrameRef, Job, JobError, JobStatus, Progress, frames_to_plain
from jobs.sqlite_admission import check_caps, complete, recall, remember, retract
from jobs.sqlite_estimates import facts, place
from jobs.sqlite_file import Database
from jobs.sqlite_rows import (
    PURGED,
    adoption,
    error_column,
    insertion,
    job_from_row,
    progress_column,
    row_from_job,
    worker_from_plain,
)
from jobs.terms import Beat, Caps, Enqueued, Idempotency, Outcome, Place, Policy, QueueFacts, Worker

_POLL_SECONDS = 0.05
_PURGED_SECONDS = 30 * 86_400.0  # so long a purged job answers that it was there


class SqliteStore:
    """``JobStore`` in one file.

    Args:
        path: the file; it and its folder are made where they are missing.
        policy: how long things last.
        clock: seconds since 1970.

    Raises:
        Unavailable, NewerVersion: the file cannot be used; the message says why.
    """

    def __init__(self, path: Path, policy: Policy, clock: Callable[[], float] = time.time) -> None:
        self._policy = policy
        self._clock = clock
        self._file = Database(path, policy.aging_seconds)

    def enqueue(
        self, jobs: Sequence[Job], *, caps: Caps | None = None, idempotency: Idempotency | None = None
    ) -> Enqueued:
        """Take all or none; they are on the disk when this returns."""
        for job in jobs:
            refusals.require_new(job)
        with self._file.writing() as connection:
            now = self._clock()
            if idempotency and (known := recall(connection, idempotency, now)):
                return known
            check_caps(connection, jobs, caps or Caps())
            for job in jobs:
                self._take(connection, complete(job, now, self._policy))
            ids = tuple(job.id for job in jobs)
            if idempotency:
                remember(connection, idempotency, ids, now, self._policy.key_ttl_seconds)
        return Enqueued(ids, new=True)

    def recall(self, idempotency: Idempotency) -> Enqueued | None:
        """What was taken under this key."""
        with self._file.reading() as connection:
            return recall(connection, idempotency, self._clock())

    def retract(self, ids: Sequence[str], idempotency: Idempotency | None = None) -> tuple[str, ...]:
        """Undo a submission; the ids of which nothing is left."""
        with self._file.writing() as connection:
            return retract(connection, ids, idempotency)

    def let_start(self, ids: Sequence[str]) -> None:
        """Let jobs start that were to wait."""
        with self._file.writing() as connection:
            connection.executemany(sql.LET_START, [(id,) for id in ids])

    def claim(self, worker: str, job_id: str | None = None) -> Job | None:
        """Take the best job, or this one."""
        which = sql.BEST if job_id is None else sql.THIS
        while True:
            values = self._times() | {
                "id": job_id,
                "worker": worker,
                "error": error_column(refusals.too_many_attempts(self._policy)),
            }
            if not self._file.read(which, values):  # an idle worker must not lock others out
                return None
            self._file.read(sql.end_spent(which), values)
            if rows := self._file.read(sql.claim(which), values):
                return job_from_row(rows[0])

    def beat(
        self, job_id: str, token: int, progress: Progress | None = None, frames: Sequence[FrameRef] | None = None
    ) -> Beat:
        """Renew the lease; a renewal alone is no change that anybody can see."""
        values = self._held(job_id, token) | {
            "changed": int(progress is not None or frames is not None),
            "progress": progress_column(progress),
            "frames": None if frames is None else json.dumps(frames_to_plain(frames)),
        }
        if row := self._first(sql.BEAT, values):
            return Beat.CANCEL if row["cancel_requested"] else Beat.OK
        return Beat.LOST if self._first(sql.ELSEWHERE, (job_id,)) else Beat.MISSING

    def adopt(self, job: Job) -> bool:
        """Take a running job in again."""
        refusals.require_running(job)
        with self._file.writing() as connection:
            held = replace(job, lease_until=self._clock() + self._policy.lease_seconds)
            again = row_from_job(replace(held, version=job.version + 1))
            return self._take(connection, held) or bool(connection.execute(adoption(again), again).fetchall())

    def finish(self, job_id: str, token: int, outcome: Outcome) -> bool:
        """End the job; progress and frames that the outcome does not give stay as they were told last."""
        refusals.require_terminal(outcome.status)
        values = self._held(job_id, token) | {
            "status": outcome.status.value,
            "progress": progress_column(outcome.progress),
            "frames": json.dumps(frames_to_plain(outcome.frames)) if outcome.frames else None,
            "result": outcome.result,
            "error": error_column(outcome.error),
            "parting": f"{token} {outcome.status}",
        }
        return bool(self._first(sql.FINISH, values) or self._first(sql.PARTED, values))

    def release(
        self,
        job_id: str,
        token: int,
        *,
        delay_seconds: float = 0.0,
        counts: bool = True,
        error: JobError | None = None,
    ) -> bool:
        """Give the job back, or end it where there is no reason to try again."""
        with self._file.writing() as connection:
            values = self._held(job_id, token) | {"error": error_column(error), "taken_back": int(not counts)}
            values["parting"] = f"{token} released"
            row = connection.execute(sql.HELD, values).fetchone()
            if row is None:
                return connection.execute(sql.PARTED, values).fetchone() is not None
            connection.execute(sql.PART, values)
            if row["cancel_requested"]:
                connection.execute(sql.CANCEL, values)
            elif counts and row["attempt"] >= self._policy.max_attempts:
                last = error or refusals.too_many_attempts(self._policy)
                connection.execute(sql.FAIL, values | {"error": error_column(last)})
            else:
                not_before = self._clock() + delay_seconds if delay_seconds > 0 else 0.0
                connection.execute(sql.REQUEUE, values | {"not_before": not_before})
        return True

    def reap(self) -> tuple[str, ...]:
        """Give the jobs of silent workers back to the queue."""
        values = self._times() | {"error": error_column(refusals.too_many_attempts(self._policy))}
        if not self._file.read(sql.ABANDONED, values):  # who looks often must not lock others out
            return ()
        with self._file.writing() as connection:
            ended = connection.execute(sql.end_spent(sql.ABANDONED), values).fetchall()
            return tuple(row["id"] for row in ended + connection.execute(sql.REAP, values).fetchall())

    def cancel(self, job_id: str) -> Job:
        """End a queued job; ask for the end of a running one."""
        with self._file.writing() as connection:
            job = self.get(job_id)
            if job.status is JobStatus.QUEUED:
                connection.execute(sql.CANCEL, self._times() | {"id": job_id})
            else:
                connection.execute(sql.ASK_TO_CANCEL, {"id": job_id})
            return self.get(job_id)

    def get(self, job_id: str) -> Job:
        """The job now."""
        row = self._first("SELECT * FROM jobs WHERE id = ?", (job_id,))
        if row is None:
            raise refusals.not_found()
        if row["status"] == PURGED:
            raise refusals.purged()
        return job_from_row(row)

    def wait(self, job_id: str, version: int, timeout_seconds: float) -> Job:
        """The job once it has changed, or after the timeout."""
        patience = time.monotonic() + timeout_seconds
        while True:
            row = self._first("SELECT version FROM jobs WHERE id = ?", (job_id,))
            left = patience - time.monotonic()
            if row is None or row["version"] > version or left <= 0:
                return self.get(job_id)
            time.sleep(min(_POLL_SECONDS, left))

    def place(self, job_id: str) -> Place | None:
        """Position and estimate of a queued job."""
        return place(self._file, job_id, self.workers(), self._clock())

    def equal(self, fingerprint: str) -> Job | None:
        """The newest succeeded job of this fingerprint whose retention is not over."""
        row = self._first(sql.EQUAL, {"fingerprint": fingerprint, "now": self._clock()})
        return job_from_row(row) if row else None

    def of_client(self, client: str, limit: int = 100, before: float | None = None) -> tuple[Job, ...]:
        """A client's jobs, newest first."""
        before = float("inf") if before is None else before
        rows = self._file.read(sql.OF_CLIENT, {"client": client, "limit": limit, "before": before})
        return tuple(map(job_from_row, rows))

    def of_batch(self, batch: str) -> tuple[Job, ...]:
        """A batch's jobs in their order; without those that were purged."""
        return tuple(map(job_from_row, self._file.read(sql.OF_BATCH, {"batch": batch})))

    def facts(self) -> QueueFacts:
        """The queue at a glance."""
        return facts(self._file, self._clock())

    def counts(self) -> dict[JobStatus, int]:
        """Every status, also those that no job has."""
        found = self._file.read(sql.COUNTS)[0]
        return {status: found[status] or 0 for status in JobStatus}

    def expired(self, limit: int = 100) -> tuple[str, ...]:
        """The jobs to purge, those first that ended first."""
        return tuple(row["id"] for row in self._file.read(sql.EXPIRED, {"now": self._clock(), "limit": limit}))

    def purge(self, job_id: str) -> bool:
        """Empty a terminal job's row; what was purged long ago, and old keys, go altogether."""
        with self._file.writing() as connection:
            values = {"id": job_id, "now": self._clock(), "retention": _PURGED_SECONDS}
            connection.execute(sql.FORGET_PURGED, values)
            connection.execute(sql.FORGET_KEYS, values)
            return bool(connection.execute(sql.PURGE, values).fetchall())

    def announce(self, worker: Worker, ttl_seconds: float) -> None:
        """Make a worker known, and forget those that are no longer alive."""
        now = self._clock()
        values = (worker.id, now + ttl_seconds, json.dumps(asdict(worker)))
        with self._file.writing() as connection:
            connection.execute("DELETE FROM workers WHERE expires_at <= ?", (now,))
            connection.execute("INSERT OR REPLACE INTO workers VALUES (?, ?, ?)", values)

    def withdraw(self, worker_id: str) -> None:
        """Forget a worker."""
        self._file.read("DELETE FROM workers WHERE id = ?", (worker_id,))

    def workers(self) -> tuple[Worker, ...]:
        """The workers that are alive, by id."""
        rows = self._file.read("SELECT worker FROM workers WHERE expires_at > ? ORDER BY id", (self._clock(),))
        return tuple(worker_from_plain(json.loads(row["worker"])) for row in rows)

    def reserve(self, name: str, holder: str, ttl_seconds: float) -> bool:
        """Have a name to oneself."""
        now = self._clock()
        values = {"name": name, "holder": holder, "now": now, "until": now + ttl_seconds}
        return self._first(sql.RESERVE, values) is not None

    def free(self, name: str, holder: str) -> None:
        """Give a name up."""
        self._file.read("DELETE FROM names WHERE name = ? AND holder = ?", (name, holder))

    def filled(self) -> bool:
        """Whether the mark is there."""
        return self._first("SELECT 1 FROM marks WHERE name = 'filled'", ()) is not None

    def set_filled(self) -> None:
        """Set the mark."""
        self._file.read("INSERT OR REPLACE INTO marks VALUES ('filled', 1)")

    def check(self) -> None:
        """Write something."""
        self._file.check(self._clock())

    def close(self) -> None:
        """Close this process's connections."""
        self._file.close()

    def _first(self, statement: str, values: Mapping[str, Any] | Sequence[Any]) -> sqlite3.Row | None:
        rows = self._file.read(statement, values)
        return rows[0] if rows else None

    def _times(self) -> dict[str, Any]:
        policy = self._policy
        times = {"now": self._clock(), "lease": policy.lease_seconds, "ttl": policy.result_ttl_seconds}
        return times | {"max": policy.max_attempts}

    def _held(self, job_id: str, token: int) -> dict[str, Any]:
        return self._times() | {"id": job_id, "token": token}

    def _take(self, connection: sqlite3.Connection, job: Job) -> bool:
        """Whether the job was new."""
        arrival = connection.execute(sql.ARRIVE, {"now": self._clock()}).fetchall()[0][0]
        row = row_from_job(job) | {"rank": arrival - self._policy.aging_seconds * job.spec.priority}
        return bool(connection.execute(insertion(row), row).rowcount)
