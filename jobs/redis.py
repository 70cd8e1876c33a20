"""The store of many machines: a Redis server, with a script for each decision.

A script is one step for everybody else, and its clock is the server's: no two workers ever hold the same job, whatever
the clocks of their machines say. The scripts are in ``redis_scripts``; ``ledger.lua`` lists the keys. Every key begins
with the prefix. Not for a Redis Cluster: the scripts compute their keys, and the client follows no redirection.

What was answered is as safe as the server keeps it: with ``appendfsync everysec`` a power cut may cost the last second,
and what it has cost comes back from storage and bus.
"""

import json
import time
from collections.abc import Sequence
from dataclasses import asdict
from operator import itemgetter
from typing import Any

from jobs import refusals
from jobs.model import FrameRef, Job, JobError, JobStatus, Progress
from jobs.redis_changes import LOOK_SECONDS, Changes
from jobs.redis_records import (
    admitted,
    entry_from_job,
    error_text,
    frames_text,
    job_from_record,
    key_name,
    milliseconds,
    progress_text,
    remaining_text,
    to_json,
)
from jobs.redis_server import Server
from jobs.terms import Beat, Caps, Enqueued, Idempotency, Outcome, Place, Policy, QueueFacts, Worker
from jobs.urls import Tls

_PURGED_SECONDS = 30 * 86_400  # so long a purged job answers that it was there


class RedisStore:
    """``JobStore`` in a Redis server of 6.2 or newer, or what speaks as it does.

    Opening connects to nothing: the server may come later, and may go and come back. ``check`` says what is wrong with
    it. A server whose memory is full takes no new jobs; those that it has go on.

    Args:
        url: ``redis://[USER:PASSWORD@]HOST:PORT/DATABASE``, or ``rediss://…`` for TLS.
        policy: how long things last.
        prefix: begins every key and the channel of changes.
        tls: files for ``rediss://``.

    Raises:
        Unavailable: that is no such URL.
    """

    def __init__(self, url: str, policy: Policy, *, prefix: str = "nst:", tls: Tls | None = None) -> None:
        self._policy = policy
        spent = error_text(refusals.too_many_attempts(policy))
        self._server = Server(url, prefix, tls or Tls(), to_json(asdict(policy) | {"spent": spent}))
        self._changes = Changes(self._server.feed, self._server.key("changes"))

    def enqueue(
        self, jobs: Sequence[Job], *, caps: Caps | None = None, idempotency: Idempotency | None = None
    ) -> Enqueued:
        """Take all or none; asked again after an error, it takes none twice."""
        for job in jobs:
            refusals.require_new(job)
        caps = caps or Caps()
        ids = tuple(job.id for job in jobs)
        what, *found = self._server.run(
            "enqueue",
            jobs=[entry_from_job(job) for job in jobs],
            ids=ids,
            most_queued=caps.queued,
            most_open=caps.open_per_client,
            key=key_name(idempotency),
            fingerprint=idempotency and idempotency.fingerprint,
            key_milliseconds=milliseconds(self._policy.key_ttl_seconds),
        )
        return admitted(what, found, ids, caps)

    def recall(self, idempotency: Idempotency) -> Enqueued | None:
        """What was taken under this key."""
        found = self._server.run("recall", key=key_name(idempotency))
        if found is None:
            return None
        fingerprint, *ids = found
        if fingerprint != idempotency.fingerprint:
            raise refusals.key_reused()
        return Enqueued(tuple(ids), new=False)

    def retract(self, ids: Sequence[str], idempotency: Idempotency | None = None) -> tuple[str, ...]:
        """Undo a submission; the ids of which nothing is left."""
        return tuple(self._server.run("retract", ids=list(ids), key=key_name(idempotency)))

    def let_start(self, ids: Sequence[str]) -> None:
        """Let jobs start that were to wait."""
        self._server.run("let_start", ids=list(ids))

    def claim(self, worker: str, job_id: str | None = None) -> Job | None:
        """Take the best job, or this one. Where the answer is lost on its way, the lease runs out as any other."""
        record = self._server.run("claim", worker=worker, id=job_id)
        return job_from_record(record) if record else None

    def beat(
        self, job_id: str, token: int, progress: Progress | None = None, frames: Sequence[FrameRef] | None = None
    ) -> Beat:
        """Renew the lease; a renewal alone is no change that anybody can see."""
        answer = self._server.run(
            "beat",
            id=job_id,
            token=str(token),
            progress=progress_text(progress),
            frames=frames_text(frames),
            remaining=remaining_text(progress),
        )
        return Beat(answer)

    def adopt(self, job: Job) -> bool:
        """Take a running job in again."""
        refusals.require_running(job)
        return bool(self._server.run("adopt", job=entry_from_job(job), version=job.version))

    def finish(self, job_id: str, token: int, outcome: Outcome) -> bool:
        """End the job; progress and frames that the outcome does not give stay as they were told last."""
        refusals.require_terminal(outcome.status)
        done = self._server.run(
            "finish",
            id=job_id,
            token=str(token),
            status=outcome.status.value,
            progress=progress_text(outcome.progress),
            frames=frames_text(outcome.frames or None),
            result=outcome.result,
            error=error_text(outcome.error),
        )
        return bool(done)

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
        done = self._server.run(
            "release",
            id=job_id,
            token=str(token),
            delay_seconds=delay_seconds,
            counts=counts,
            error=error_text(error),
        )
        return bool(done)

    def reap(self) -> tuple[str, ...]:
        """Give the jobs of silent workers back to the queue."""
        reaped: list[str] = []
        while some := self._server.run("reap"):
            reaped += some
        return tuple(reaped)

    def cancel(self, job_id: str) -> Job:
        """End a queued job; ask for the end of a running one."""
        record = self._server.run("cancel", id=job_id)
        return job_from_record(record) if record else self.get(job_id)

    def get(self, job_id: str) -> Job:
        """The job now."""
        record = self._server.run("get", id=job_id)
        if record is None:
            raise refusals.not_found()
        if record == "gone":
            raise refusals.purged()
        return job_from_record(record)

    def wait(self, job_id: str, version: int, timeout_seconds: float) -> Job:
        """The job once it has changed, or after the timeout."""
        until = time.monotonic() + timeout_seconds
        if (job := self.get(job_id)).version > version:
            return job
        with self._changes.of(job_id) as changed:
            while (left := until - time.monotonic()) > 0 and self._version(job_id) == version:
                changed.wait(min(left, LOOK_SECONDS))
                changed.clear()
        return self.get(job_id)

    def place(self, job_id: str) -> Place | None:
        """Position and estimate of a queued job; far back in a long queue the estimate goes by means."""
        found = self._server.run("place", id=job_id)
        if found is None:
            return None
        position, *seconds = found
        return Place(position, float(seconds[0]) if seconds else None)

    def equal(self, fingerprint: str) -> Job | None:
        """The newest succeeded job of this fingerprint whose retention is not over."""
        record = self._server.run("equal", fingerprint=fingerprint)
        return job_from_record(record) if record else None

    def of_client(self, client: str, limit: int = 100, before: float | None = None) -> tuple[Job, ...]:
        """A client's jobs, newest first."""
        earlier = "+inf" if before is None else f"({before!r}"
        return tuple(map(job_from_record, self._server.run("of_client", client=client, limit=limit, before=earlier)))

    def of_batch(self, batch: str) -> tuple[Job, ...]:
        """A batch's jobs in their order; without those that were purged."""
        return tuple(map(job_from_record, self._server.run("of_batch", batch=batch)))

    def facts(self) -> QueueFacts:
        """The queue at a glance."""
        queued, running, oldest, work, *known = self._server.run("facts")
        return QueueFacts(
            queued=queued,
            running=running,
            oldest_seconds=float(oldest),
            queued_work=float(work),
            remaining_seconds=float(known[0]) if known else None,
            seconds_per_work=float(known[1]) if known else None,
        )

    def counts(self) -> dict[JobStatus, int]:
        """Every status, also those that no job has."""
        over = [status for status in JobStatus if status.terminal]
        with self._server.using() as client, client.pipeline(transaction=True) as step:
            step.zcard(self._server.key("queue"))
            step.zcard(self._server.key("leases"))
            step.hmget(self._server.key("totals"), [status.value for status in over])
            queued, running, ended = step.execute()
        counts = {JobStatus.QUEUED: queued, JobStatus.RUNNING: running}
        return counts | {status: int(number or 0) for status, number in zip(over, ended, strict=True)}

    def expired(self, limit: int = 100) -> tuple[str, ...]:
        """The jobs to purge, those first that ended first."""
        return tuple(self._server.run("expired", limit=limit))

    def purge(self, job_id: str) -> bool:
        """Keep of a terminal job that it was there, for a month."""
        return bool(self._server.run("purge", id=job_id, seconds=_PURGED_SECONDS))

    def announce(self, worker: Worker, ttl_seconds: float) -> None:
        """Make a worker known, and forget those that are no longer alive."""
        self._server.run(
            "announce", id=worker.id, seconds=ttl_seconds, ready=worker.ready, worker=to_json(asdict(worker))
        )

    def withdraw(self, worker_id: str) -> None:
        """Forget a worker."""
        with self._server.using() as client, client.pipeline(transaction=True) as step:
            step.zrem(self._server.key("workers"), worker_id)
            step.zrem(self._server.key("ready"), worker_id)
            step.hdel(self._server.key("presence"), worker_id)
            step.execute()

    def workers(self) -> tuple[Worker, ...]:
        """The workers that are alive, by id."""
        found = sorted(map(json.loads, self._server.run("workers")), key=itemgetter("id"))
        return tuple(Worker(**each | {"backbones": tuple(each["backbones"])}) for each in found)

    def reserve(self, name: str, holder: str, ttl_seconds: float) -> bool:
        """Have a name to oneself."""
        return bool(self._server.run("reserve", name=name, holder=holder, milliseconds=milliseconds(ttl_seconds)))

    def free(self, name: str, holder: str) -> None:
        """Give a name up."""
        self._server.run("free", name=name, holder=holder)

    def filled(self) -> bool:
        """Whether the mark is there."""
        with self._server.using() as client:
            return bool(client.exists(self._server.key("filled")))

    def set_filled(self) -> None:
        """Set the mark."""
        with self._server.using() as client:
            client.set(self._server.key("filled"), "1")

    def check(self) -> None:
        """Write something, and look at what the server is set to."""
        self._server.check()

    def close(self) -> None:
        """Close this process's connections."""
        self._changes.close()
        self._server.close()

    def _version(self, job_id: str) -> int | None:
        with self._server.using() as client:
            version: Any = client.hget(self._server.key(f"job:{job_id}"), "version")
        return None if version is None else int(version)
