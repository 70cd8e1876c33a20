"""Jobs brought back from storage, for a store that has lost its data.

Every job's request is in storage as ``job.json`` before it is taken, and its whole record as ``manifest.json`` once it
is over; so the store can be wiped without losing a job.
"""

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final, TypeVar

from jobs import keys
from jobs.errors import ArtifactMissing, JobNotFound, JobPurged, Unavailable
from jobs.model import FrameRef, Job, JobSpec, JobStatus, new_id, to_line
from jobs.ports import Artifacts
from jobs.telemetry import logger
from jobs.wiring import Ports
from nst.errors import NstError

_log = logger(__name__)

_ATTEMPT: Final = re.compile(r"a(\d+)/")
_FRAME: Final = re.compile(r"a(\d+)/frames/(\d+)\.")
_Record = TypeVar("_Record", Job, JobSpec)
_Item = TypeVar("_Item")

_RECOVERY: Final = "recovery"  # the name that whoever fills the store has reserved
_SILENCE_SECONDS: Final = 120.0  # after which he is believed to be dead
_PART: Final = 100  # jobs between two signs of life


def recover(ports: Ports, id: str) -> Job | None:
    """Bring one job back that the store does not know: over as it was, or queued once more; None where it is nowhere.

    Raises:
        JobPurged: somebody deleted it meanwhile.
        Unavailable: store, artifacts or bus cannot be used.
    """
    job = _stored(ports.artifacts, id)
    if job is None:
        return None
    _restore(ports, [job])
    try:
        return ports.store.get(id)
    except JobPurged:
        raise
    except JobNotFound:  # a submission that was taken back, or a store that was wiped once more
        return None


def recover_all(ports: Ports) -> int:
    """Fill a store that is new, or has lost its data, with everything in storage, in the old order.

    One process does it at a time, and jobs that the store knows are left as they are, so that it may be asked again and
    again: of a store that is filled it is one question.

    Returns:
        How many jobs were brought back; 0 where the store is filled, or somebody else is at it.

    Raises:
        Unavailable: store, artifacts or bus cannot be used; the next call begins anew.
    """
    holder = new_id()
    if ports.store.filled() or not ports.store.reserve(_RECOVERY, holder, _SILENCE_SECONDS):
        return 0
    try:
        return _refill(ports, holder)
    finally:
        with suppress(Unavailable):
            ports.store.free(_RECOVERY, holder)


def seal(ports: Ports, job: Job) -> None:
    """Of a job that is over, write the manifest, which outlives the store, and drop the checkpoints.

    The first manifest stays, unless it cannot be read.

    Raises:
        Unavailable: the artifacts cannot be used.
    """
    key, line = keys.manifest(job.id), to_line(job.to_dict())
    if not ports.artifacts.create(key, line) and _read(ports.artifacts, key, Job.from_dict) is None:
        ports.artifacts.put(key, line)
    for token in range(1, job.token + 1):
        ports.artifacts.delete(keys.checkpoint(job.id, token))


def _refill(ports: Ports, holder: str) -> int:
    found = []
    for part in _parts([id for id in ports.artifacts.jobs() if keys.is_id(id)]):  # a bucket may hold more
        if not ports.store.reserve(_RECOVERY, holder, _SILENCE_SECONDS):
            return 0  # this took too long, and somebody else has begun
        found += [job for id in part if (job := _stored(ports.artifacts, id))]
    for jobs in _parts(sorted(found, key=lambda job: job.spec.created_at)):
        if not ports.store.reserve(_RECOVERY, holder, _SILENCE_SECONDS):
            return 0
        _restore(ports, jobs)
    ports.store.set_filled()
    return len(found)


def _parts(items: Sequence[_Item]) -> Iterator[Sequence[_Item]]:
    return (items[start : start + _PART] for start in range(0, len(items), _PART))


def _restore(ports: Ports, jobs: Sequence[Job]) -> None:
    ports.store.enqueue(jobs)
    if queued := [job.spec for job in jobs if job.status is JobStatus.QUEUED]:
        ports.bus.publish(queued)
    _log.info("jobs were brought back from storage", jobs=len(jobs), queued=len(queued))


def _stored(artifacts: Artifacts, id: str) -> Job | None:
    """The job as storage knows it."""
    job = _read(artifacts, keys.manifest(id), Job.from_dict)
    if job is not None and job.id == id and job.status.terminal:
        return job
    spec = _read(artifacts, keys.spec(id), JobSpec.from_dict)
    return _queued(artifacts, spec) if spec is not None and spec.id == id else None


def _read(artifacts: Artifacts, key: str, parse: Callable[[Mapping[str, Any]], _Record]) -> _Record | None:
    try:
        return parse(json.loads(artifacts.get(key)))
    except ArtifactMissing:
        return None
    except (ValueError, TypeError, KeyError, AttributeError, NstError) as error:
        _log.warning("a record in storage cannot be read", key=key, reason=str(error))
        return None


def _queued(artifacts: Artifacts, spec: JobSpec) -> Job:
    """The job as if its worker lived: one that has claimed it and written nothing yet is a token above every folder.

    The token of the next claim is above that one's, so that no two attempts ever share a folder.
    """
    names = [entry.key.removeprefix(f"{spec.id}/") for entry in artifacts.list(spec.id)]
    tokens = [int(match[1]) for name in names if (match := _ATTEMPT.match(name))]
    newest: dict[int, int] = {}
    for token, iteration in ((int(match[1]), int(match[2])) for name in names if (match := _FRAME.match(name))):
        newest[iteration] = max(token, newest.get(iteration, 0))
    frames = tuple(FrameRef(iteration, token) for iteration, token in sorted(newest.items()))
    return Job(spec=spec, token=max(tokens, default=0) + 1, lease_until=time.time(), frames=frames)
