"""A job by the id in a path: from the store or, where it has lost its data, from storage."""

from backend.context import Context
from backend.problems import Problem
from jobs import keys
from jobs.errors import JobNotFound, JobPurged
from jobs.model import Job
from jobs.recovery import recover


def find_job(context: Context, id: str) -> Job:
    """The job now.

    Raises:
        Problem: 404, there is none, or this is no id at all.
        JobPurged: it was there.
    """
    check_id(id, "job")
    try:
        return context.store.get(id)
    except JobPurged:
        raise
    except JobNotFound:
        if job := recover(context.ports, id):
            return job
        raise not_found("job") from None


def check_id(id: str, kind: str) -> None:
    """Raise Problem 404 unless this could be an id: what comes in a path goes nowhere else before."""
    if not keys.is_id(id):
        raise not_found(kind)


def not_found(kind: str) -> Problem:
    """There is no such ``job`` or ``batch``."""
    return Problem(
        404, f"{kind}_not_found", f"There is no such {kind}.", hint="Check the id: it has 32 digits of 0-9 and a-f."
    )
