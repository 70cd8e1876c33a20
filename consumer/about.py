"""Which job a log line is about: bound to the context once, so that every line of its attempt says so."""

from contextlib import AbstractContextManager

from structlog.contextvars import bound_contextvars

from jobs.model import JobSpec
from jobs.tracing import trace_id


def about(spec: JobSpec) -> AbstractContextManager[None]:
    """Lines that are logged inside carry the job's id, and its trace's where it has one."""
    trace = trace_id(spec.trace)
    return bound_contextvars(job_id=spec.id, **({"trace_id": trace} if trace else {}))
