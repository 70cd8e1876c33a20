"""What every store says when it refuses, in the same words."""

from jobs.errors import JobNotFound, JobPurged, KeyReused, QueueFull, TooManyJobs
from jobs.model import Job, JobError, JobStatus
from jobs.terms import Policy


def not_found() -> JobNotFound:
    """No such job was ever there, or it was forgotten long ago."""
    return JobNotFound("there is no such job")


def purged() -> JobPurged:
    """It was there."""
    return JobPurged("the job has been deleted, or has outlived its retention")


def key_reused() -> KeyReused:
    """An idempotency key came again with something else."""
    return KeyReused("this key was used for another submission; use a new key for a new one")


def queue_full(queued: int, most: int) -> QueueFull:
    """So many jobs wait already."""
    return QueueFull(f"{queued} jobs are waiting, and no more than {most} may", most)


def too_many_jobs(jobs: int, most: int) -> TooManyJobs:
    """So many jobs of a client are open already."""
    return TooManyJobs(f"{jobs} of your jobs are not over yet, and no more than {most} may be open", most)


def too_many_attempts(policy: Policy) -> JobError:
    """Why a job fails whose attempts are used up."""
    return JobError(
        "too_many_attempts",
        f"{policy.max_attempts} attempts ended without a result",
        "Try a smaller size or fewer iterations; if it happens again, the worker's log says more.",
    )


def require_new(job: Job) -> None:
    """Raise ValueError where a job cannot be taken in because it runs: only a claim makes it run."""
    if job.status is JobStatus.RUNNING:
        raise ValueError("a running job cannot be taken in: only a claim makes it run")


def require_running(job: Job) -> None:
    """Raise ValueError where a job cannot be adopted because nobody runs it."""
    if job.status is not JobStatus.RUNNING:
        raise ValueError(f"only a running job can be adopted, and this one is {job.status}")


def require_terminal(status: JobStatus) -> None:
    """Raise ValueError for an end that is none."""
    if not status.terminal:
        raise ValueError(f"a job cannot finish as {status}")
