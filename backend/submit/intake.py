"""How a checked submission becomes jobs: pictures and record stored, taken by the store, sent on the bus; or nothing.

The order matters: what a job needs is in storage before the store knows it, and both are before the answer, so that no
crash in between loses an accepted job or leaves one that cannot run.
"""

import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256

from backend.context import Context
from backend.errors import problem_of_jobs
from backend.request_log import current_trace
from backend.submit.pictures import StoredPicture
from backend.submit.reuse import reused
from jobs import keys
from jobs.errors import JobsError, QueueFull, Refused
from jobs.model import Job, JobSpec, JobStatus, to_line
from jobs.telemetry import logger
from jobs.terms import Enqueued, Idempotency
from nst.options import StyleOptions

_log = logger(__name__)

_SENDING_SECONDS = 15.0  # longer than it takes to send, or to fail
_LEAST_RETRY_SECONDS, _MOST_RETRY_SECONDS, _RETRY_SECONDS = 2.0, 600.0, 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A job that is about to be: all but its pictures."""

    id: str
    client: str
    options: StyleOptions
    width: int  #: of the result, pixels
    height: int
    style_ids: tuple[str, ...]
    fresh: bool = False
    batch: str | None = None
    retry_of: str | None = None
    priority: int = 0
    trace: str = field(default_factory=current_trace)  #: of the request that made this plan

    def spec(self, content: StoredPicture, styles: Sequence[StoredPicture]) -> JobSpec:
        """With these pictures."""
        return JobSpec(
            id=self.id,
            created_at=time.time(),
            options=self.options,
            styles=len(styles),
            width=self.width,
            height=self.height,
            client=self.client,
            fingerprint=self._fingerprint(content, styles),
            style_ids=self.style_ids,
            batch=self.batch,
            retry_of=self.retry_of,
            priority=self.priority,
            trace=self.trace,
        )

    def _fingerprint(self, content: StoredPicture, styles: Sequence[StoredPicture]) -> str:
        """Equal for equal work: the stored bytes, the options, and the size, which follows from the whole photo."""
        pictures = [picture.digest for picture in (content, *styles)]
        work = [*pictures, f"{self.width}x{self.height}", json.dumps(self.options.to_dict(), sort_keys=True)]
        return sha256("\n".join(work).encode()).hexdigest()


def check_room(context: Context) -> None:
    """Refuse early while the queue is full: nobody should have pictures decoded for nothing. ``admit`` is exact.

    Raises:
        Problem: 503, the queue is full.
    """
    most = context.settings.max_queued
    if most and (queued := context.store.facts().queued) >= most:
        error = QueueFull(f"{queued} jobs are waiting, and no more than {most} may", most)
        raise problem_of_jobs(error, _retry_seconds(context))


def keep(context: Context, plan: Plan, content: StoredPicture, styles: Sequence[StoredPicture]) -> Job:
    """Put everything the job needs into storage.

    Returns:
        The job for ``admit``: queued, or already over where an equal one is stored.

    Raises:
        Unavailable: it cannot be stored; ``discard`` removes what was.
    """
    spec = plan.spec(content, styles)
    if not plan.fresh and (over := reused(context, spec)):
        return over
    artifacts = context.artifacts
    artifacts.put(keys.content(spec.id), content.data)
    for number, style in enumerate(styles, 1):
        artifacts.put(keys.style(spec.id, number), style.data)
    artifacts.put(keys.spec(spec.id), to_line(spec.to_dict()))
    return Job(spec=spec)


def admit(context: Context, jobs: Sequence[Job], idempotency: Idempotency | None) -> Enqueued:
    """Take all of these jobs, or none; the artifacts of what is certainly not taken are removed.

    Raises:
        Problem: 429 or 503, the queue or the client is at its limit; 422, the key belongs to another submission.
        Unavailable: the store or the bus cannot be used.
    """
    ids = [job.id for job in jobs]
    if context.bus.carries:
        jobs = _held(jobs)
    try:
        taken = context.store.enqueue(jobs, caps=context.settings.caps, idempotency=idempotency)
    except Refused as error:
        discard(context, ids)
        raise problem_of_jobs(error, _retry_seconds(context)) from error
    except JobsError:
        _withdraw(context, ids, idempotency)  # the store may have taken them, and its answer been lost
        raise
    if not taken.new:
        discard(context, ids)
        return taken
    _publish(context, jobs, idempotency)
    return taken


def discard(context: Context, ids: Iterable[str]) -> None:
    """Remove what was stored for jobs that were not taken; nothing more is tried where storage does not answer."""
    _delete(context, list(ids))


def _delete(context: Context, prefixes: Sequence[str]) -> None:
    for number, prefix in enumerate(prefixes):
        try:
            context.artifacts.delete(prefix)
        except JobsError as error:
            left = len(prefixes) - number
            _log.warning("artifacts of refused jobs stay behind", first=prefix, left=left, reason=str(error))
            return


def _withdraw(context: Context, ids: Sequence[str], idempotency: Idempotency | None) -> None:
    """Undo what the store may have done.

    A server that hangs may do it yet, when it goes on: then the jobs can run, for their pictures are left. Without
    their requests they are not brought back from storage, so that the janitor deletes them where it never does.
    """
    forgotten = _take_back(context, ids, idempotency)
    if forgotten is None:
        _delete(context, [keys.spec(id) for id in ids])
    else:
        discard(context, forgotten)


def _held(jobs: Sequence[Job]) -> list[Job]:
    """Queued jobs do not start before they are sent; should this process die until then, they do so by themselves."""
    until = time.time() + _SENDING_SECONDS
    return [replace(job, not_before=until) if job.status is JobStatus.QUEUED else job for job in jobs]


def _publish(context: Context, jobs: Sequence[Job], idempotency: Idempotency | None) -> None:
    """Send the queued ones; where that fails, take everything back, so that nothing is accepted by half."""
    queued = [job.spec for job in jobs if job.status is JobStatus.QUEUED]
    if not queued:
        return
    try:
        context.bus.publish(queued)
    except JobsError:
        discard(context, _take_back(context, [job.id for job in jobs], idempotency) or ())
        raise
    if not context.bus.carries:
        return
    try:
        context.store.let_start([spec.id for spec in queued])
    except JobsError as error:  # they are accepted all the same, and only start later
        _log.warning("jobs start late", jobs=len(queued), reason=str(error))


def _take_back(context: Context, ids: Sequence[str], idempotency: Idempotency | None) -> tuple[str, ...] | None:
    """The jobs that are forgotten; None where nobody knows.

    Where a worker was quicker it is told to stop, and retention removes the rest.
    """
    try:
        return context.store.retract(ids, idempotency)
    except JobsError as error:
        _log.warning("a refused submission could not be taken back", jobs=len(ids), reason=str(error))
        return None


def _retry_seconds(context: Context) -> float:
    """About when a running job is over, so that one of those that wait has started and its place is free."""
    try:
        facts = context.store.facts()
    except JobsError:
        return _RETRY_SECONDS
    if facts.remaining_seconds is None or not facts.running:
        return _RETRY_SECONDS
    return min(_MOST_RETRY_SECONDS, max(_LEAST_RETRY_SECONDS, facts.remaining_seconds / facts.running))
