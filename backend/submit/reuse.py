"""The same pictures and options asked again: a new job that is over at once, from the artifacts of the equal one.

Everything is copied, so that the new job is its owner's alone and lives as long as any other.
"""

from dataclasses import replace

from backend.context import Context
from jobs import keys
from jobs.errors import ArtifactMissing
from jobs.model import Job, JobSpec, JobStatus, to_line


def reused(context: Context, spec: JobSpec) -> Job | None:
    """The job with everything copied from an equal one; None where there is none, or it is gone or out of date.

    Raises:
        Unavailable: store or artifacts cannot be used.
    """
    equal = context.store.equal(spec.fingerprint)
    if equal is None or equal.result is None or not _still_right(context, equal):
        return None
    job = _over(equal, spec, context.settings.result_ttl_seconds)
    try:
        context.artifacts.size(keys.result(equal.id, equal.result))
        context.artifacts.copy(equal.id, spec.id)
    except ArtifactMissing:
        return None
    context.artifacts.put(keys.spec(spec.id), to_line(spec.to_dict()))
    context.artifacts.put(keys.manifest(spec.id), to_line(job.to_dict()))
    return job


def _still_right(context: Context, equal: Job) -> bool:
    """Whether it is what was asked, and ``auto`` would choose the same backbone now."""
    backbones = {worker.backbone for worker in context.store.workers()}
    if equal.progress is not None and equal.progress.note:
        return False  # painted smaller, for want of memory: it may fit this time
    if equal.spec.options.backbone != "auto" or not backbones:
        return True
    return equal.progress is not None and equal.progress.backbone in backbones


def _over(equal: Job, spec: JobSpec, ttl_seconds: float) -> Job:
    return replace(
        equal,
        spec=spec,
        status=JobStatus.SUCCEEDED,
        version=1,
        attempt=0,
        worker="",
        lease_until=0.0,
        not_before=0.0,
        cancel_requested=False,
        error=None,
        reused=True,
        started_at=spec.created_at,
        finished_at=spec.created_at,
        expires_at=spec.created_at + ttl_seconds,
    )
