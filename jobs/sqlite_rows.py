"""A job as a row of the SQLite store, and back."""

import json
import sqlite3
from dataclasses import asdict
from typing import Any

from jobs.errors import Unavailable
from jobs.model import Job, JobError, JobSpec, JobStatus, Progress, frames_from_plain, frames_to_plain
from jobs.terms import Worker
from nst.errors import NstError

#: The status of a row that only says that a job was there.
PURGED = "purged"

#: Of a job that was brought back from storage and that nobody has claimed: the lease is that of a worker that may live.
ADOPTABLE = "status = 'queued' AND lease_until > 0"

#: The fields of ``Job`` that are columns as they are.
_PLAIN = (
    "version",
    "token",
    "attempt",
    "worker",
    "lease_until",
    "not_before",
    "result",
    "started_at",
    "finished_at",
    "expires_at",
)


def row_from_job(job: Job) -> dict[str, Any]:
    """The values of every column but those by which the store itself orders and remembers."""
    spec = job.spec
    return {name: getattr(job, name) for name in _PLAIN} | {
        "id": spec.id,
        "client": spec.client,
        "batch": spec.batch,
        "fingerprint": spec.fingerprint,
        "priority": spec.priority,
        "work": spec.work,
        "created_at": spec.created_at,
        "status": job.status.value,
        "cancel_requested": int(job.cancel_requested),
        "reused": int(job.reused),
        "spec": json.dumps(spec.to_dict()),
        "progress": progress_column(job.progress),
        "frames": json.dumps(frames_to_plain(job.frames)),
        "error": error_column(job.error),
    }


def job_from_row(row: sqlite3.Row) -> Job:
    """What ``row_from_job`` was given.

    Raises:
        Unavailable: the row holds something else.
    """
    try:
        return Job(
            spec=JobSpec.from_dict(json.loads(row["spec"])),
            status=JobStatus(row["status"]),
            cancel_requested=bool(row["cancel_requested"]),
            reused=bool(row["reused"]),
            progress=Progress(**json.loads(row["progress"])) if row["progress"] else None,
            frames=frames_from_plain(json.loads(row["frames"])),
            error=JobError(**json.loads(row["error"])) if row["error"] else None,
            **{name: row[name] for name in _PLAIN},
        )
    except (ValueError, TypeError, KeyError, NstError) as error:
        raise Unavailable(f"the store's record of job {row['id']} cannot be understood: {error}") from error


def progress_column(progress: Progress | None) -> str | None:
    """JSON; nothing for none."""
    return json.dumps(asdict(progress)) if progress else None


def error_column(error: JobError | None) -> str | None:
    """JSON; nothing for none."""
    return json.dumps(asdict(error)) if error else None


def adoption(row: dict[str, Any]) -> str:
    """The statement that lets a running job replace what was brought back from storage, where nobody has claimed it."""
    changes = ", ".join(f"{name} = :{name}" for name in row if name not in ("id", "version"))
    return f"""UPDATE jobs SET {changes}, version = max(version + 1, :version)
    WHERE id = :id AND {ADOPTABLE} RETURNING id"""


def insertion(row: dict[str, Any]) -> str:
    """The statement that takes such a row in; a job that is already known stays as it is."""
    names, values = ", ".join(row), ", ".join(f":{name}" for name in row)
    return f"INSERT INTO jobs ({names}) VALUES ({values}) ON CONFLICT (id) DO NOTHING"


def worker_from_plain(values: dict[str, Any]) -> Worker:
    """A worker as it was told."""
    return Worker(**(values | {"backbones": tuple(values.get("backbones", ()))}))
