"""What can go wrong between API, workers and what they depend on, as types a caller can react to.

JobsError
├── JobNotFound           no such job, or it was purged long ago
│   └── JobPurged         it was there, and has been deleted or has outlived its retention
├── Refused               the submission cannot be taken now
│   ├── QueueFull         the whole queue is at its limit
│   ├── TooManyJobs       this client is at its limit
│   └── KeyReused         the idempotency key belongs to another submission
├── ArtifactMissing       nothing is stored under this key
├── Unavailable           a server or a folder cannot be used now; trying again later helps
│   └── Misconfigured     waiting does not help: somebody has to change a setting, a right or a topic
└── NewerVersion          the data were written by a newer version of this program
"""


class JobsError(Exception):
    """Something about jobs that the caller can react to."""


class JobNotFound(JobsError):
    """There is no such job."""


class JobPurged(JobNotFound):
    """The job has been deleted, or has outlived its retention."""


class Refused(JobsError):
    """The submission cannot be taken."""

    def __init__(self, message: str, limit: int = 0) -> None:
        super().__init__(message)
        self.limit = limit


class QueueFull(Refused):
    """As many jobs are queued as may be."""


class TooManyJobs(Refused):
    """This client has as many open jobs as it may have."""


class KeyReused(Refused):
    """The idempotency key was used for another submission."""


class ArtifactMissing(JobsError):
    """Nothing is stored under this key."""


class Unavailable(JobsError):
    """What the service depends on cannot be used now."""


class Misconfigured(Unavailable):
    """Waiting does not help: somebody has to change a setting, a right or a topic."""


class NewerVersion(JobsError):
    """The data were written by a newer version of this program."""
