"""The end of a job that nobody wants any more."""

from backend.context import Context
from jobs.errors import JobsError
from jobs.model import Job, JobStatus
from jobs.recovery import seal
from jobs.telemetry import logger

_log = logger(__name__)


def cancel(context: Context, id: str) -> Job:
    """Stop a job; of one that is over by it the manifest is written, or a store that is wiped would have it run.

    Raises:
        JobNotFound, JobPurged: there is no such job.
        Unavailable: the store cannot be used.
    """
    job = context.store.cancel(id)
    if job.status is JobStatus.CANCELLED:
        try:
            seal(context.ports, job)
        except JobsError as error:  # it is cancelled all the same, and is sealed at the next tidying
            _log.warning("the manifest was not written", job_id=id, reason=str(error))
    return job
