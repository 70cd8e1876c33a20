"""A job as the Redis store keeps it, in two hashes, and back.

One hash holds the state in short values, which Redis packs tightly; the other holds what is long: texts of JSON that no
script looks into, but for the spec. Every number travels as text, so that Lua cannot round it.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from hashlib import sha256
from typing import Any

from jobs import refusals
from jobs.errors import Unavailable
from jobs.model import FrameRef, Job, JobError, JobSpec, JobStatus, Progress, frames_from_plain, frames_to_plain
from jobs.terms import Caps, Enqueued, Idempotency
from nst.errors import NstError

_NUMBERS: Mapping[str, type[int] | type[float]] = {
    "version": int,
    "token": int,
    "attempt": int,
    "result": int,
    "lease_until": float,
    "not_before": float,
    "started_at": float,
    "finished_at": float,
    "expires_at": float,
}


def to_json(values: object) -> str:
    """As short as JSON can be."""
    return json.dumps(values, separators=(",", ":"))


def entry_from_job(job: Job) -> dict[str, Any]:
    """What the scripts take a job in by: its state and its texts as flat lists of names and values."""
    state = {name: getattr(job, name) for name in _NUMBERS} | {
        "status": job.status.value,
        "worker": job.worker,
        "work": job.spec.work,
        "cancel_requested": int(job.cancel_requested),
        "reused": int(job.reused),
    }
    texts = {
        "progress": progress_text(job.progress),
        "frames": frames_text(job.frames or None),
        "error": error_text(job.error),
    }
    return {
        "id": job.id,
        "status": job.status.value,
        "client": job.spec.client,
        "created_at": repr(job.spec.created_at),
        "spec": to_json(job.spec.to_dict()),
        "state": _flat(state),
        "texts": _flat(texts),
    }


def job_from_record(record: Sequence[str]) -> Job:
    """The job of such a list of names and values.

    Raises:
        Unavailable: it holds something else.
    """
    values = dict(zip(record[::2], record[1::2], strict=True))
    try:
        spec = JobSpec.from_dict(json.loads(values["spec"]))
        return Job(
            spec=spec,
            status=JobStatus(values["status"]),
            worker=values["worker"],
            cancel_requested=values["cancel_requested"] == "1",
            reused=values["reused"] == "1",
            progress=Progress(**json.loads(values["progress"])) if "progress" in values else None,
            frames=frames_from_plain(json.loads(values.get("frames", "[]"))),
            error=JobError(**json.loads(values["error"])) if "error" in values else None,
            **{name: kind(values[name]) for name, kind in _NUMBERS.items() if name in values},  # type: ignore[arg-type]
        )
    except (ValueError, TypeError, KeyError, NstError) as error:
        which = values.get("spec", "")[:60]
        raise Unavailable(f"the store's record of a job ({which}…) cannot be understood: {error}") from error


def progress_text(progress: Progress | None) -> str | None:
    """JSON; nothing for none."""
    return to_json(asdict(progress)) if progress else None


def frames_text(frames: Sequence[FrameRef] | None) -> str | None:
    """JSON; nothing for none."""
    return None if frames is None else to_json(frames_to_plain(frames))


def error_text(error: JobError | None) -> str | None:
    """JSON; nothing for none."""
    return to_json(asdict(error)) if error else None


def remaining_text(progress: Progress | None) -> str | None:
    """What a running job says of its end, where that is a number."""
    seconds = progress.remaining_seconds if progress else None
    return repr(seconds) if seconds is not None and math.isfinite(seconds) else None


def key_name(idempotency: Idempotency | None) -> str | None:
    """The name of a key, whatever characters a client has put into it."""
    if idempotency is None:
        return None
    return sha256(to_json([idempotency.client, idempotency.key]).encode()).hexdigest()


def milliseconds(seconds: float) -> int:
    """What Redis counts a life in; never none at all."""
    return max(1, round(seconds * 1000))


def _flat(values: Mapping[str, Any]) -> list[str]:
    return [str(part) for name, value in values.items() if value is not None for part in (name, value)]


def admitted(what: str, found: Sequence[Any], ids: tuple[str, ...], caps: Caps) -> Enqueued:
    """What the script ``enqueue`` has answered.

    Raises:
        QueueFull, TooManyJobs, KeyReused: it has taken nothing.
    """
    match what:
        case "known":
            return Enqueued(tuple(found), new=False)
        case "reused":
            raise refusals.key_reused()
        case "queue_full":
            raise refusals.queue_full(found[0], caps.queued)
        case "too_many":
            raise refusals.too_many_jobs(found[0], caps.open_per_client)
    return Enqueued(ids, new=True)
