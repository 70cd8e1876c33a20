"""Everything of a job, or the results of a batch, as a ZIP: streamed, of known length, in constant memory.

The list of files and their sizes is made first; their bytes are read when their turn comes. A file that has vanished by
then, or has another size, ends the connection: the caller sees fewer bytes than were announced, never a ZIP that looks
whole. Everything is in one folder with the archive's name, so that unpacking spills nothing.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Final

from zipstream import ZipStream

from backend.follow.representation import moment, represent
from backend.handouts.ahead import ahead
from backend.handouts.answers import lazy_chunks
from backend.handouts.names import batch_name, folder_name
from jobs import keys
from jobs.errors import ArtifactMissing, JobPurged
from jobs.model import Job, JobStatus
from jobs.ports import Artifacts
from jobs.terms import Entry

_ASKED_AT_ONCE: Final = 8
_LARGEST_AHEAD: Final = 1_000_000  # bytes

#: Of what ``represent`` says, what means nothing outside of the service.
_NOT_IN_RECORD: Final = ("links", "queue", "eta_seconds", "cancel_requested", "max_attempts")


def job_archive(artifacts: Artifacts, job: Job, max_attempts: int) -> ZipStream:
    """A job's record, options, losses, inputs, result and every kept iteration; ``len`` of it is its exact length.

    Raises:
        JobPurged: nothing of the job is stored any more.
    """
    sizes = {entry.key: entry.size for entry in artifacts.list(job.id)}
    if not sizes:
        raise JobPurged("The pictures of this job have been deleted.")
    files = _files(job)
    present = {name: key for name, key in files.items() if key in sizes}
    losses = _losses_key(job, sizes)
    zipped, folder = ZipStream(sized=True), folder_name(job)
    missing = [name for name in files if name not in present]
    zipped.add(_readme(job, [*present, *(["losses.csv"] if losses else [])], missing), f"{folder}/README.txt")
    zipped.add(_json(_record(job, max_attempts)), f"{folder}/job.json")
    zipped.add(_json(job.spec.options.to_dict()), f"{folder}/options.json")
    if losses:
        zipped.add(artifacts.get(losses), f"{folder}/losses.csv")  # at once, for that of a running job grows
    turns = _turns(artifacts, [Entry(key, sizes[key]) for key in present.values()])
    for name, key in present.items():
        zipped.add(_in_turn(turns), f"{folder}/{name}", size=sizes[key])
    return zipped


def batch_archive(artifacts: Artifacts, jobs: Sequence[Job]) -> ZipStream:
    """The results of a batch, numbered from 1 in the order of its photos, and a list of what is missing and why."""
    zipped, folder = ZipStream(sized=True), batch_name(jobs[0].spec.batch or "")
    width = max(3, len(str(len(jobs))))
    results = _results(artifacts, jobs)
    turns = _turns(artifacts, [entry for entry in results if entry is not None])
    lines: list[str] = []
    for number, (job, entry) in enumerate(zip(jobs, results, strict=True), 1):
        name = f"{number:0{width}}.png"
        if entry is not None:
            zipped.add(_in_turn(turns), f"{folder}/{name}", size=entry.size)
        lines.append(_batch_line(job, name, entry is not None))
    zipped.add(_json(jobs[0].spec.options.to_dict()), f"{folder}/options.json")
    zipped.add(_BATCH_README.format(lines="\n".join(lines)), f"{folder}/README.txt")
    return zipped


def _files(job: Job) -> dict[str, str]:
    """Names in the archive, and the keys of what belongs there."""
    digits = max(4, len(str(max((frame.iteration for frame in job.frames), default=0))))
    frames = sorted(job.frames, key=lambda frame: frame.iteration)
    names = {"content.png": keys.content(job.id)}
    names |= {f"style-{n}.png": keys.style(job.id, n) for n in range(1, job.spec.styles + 1)}
    names |= {} if job.result is None else {"result.png": keys.result(job.id, job.result)}
    return names | {
        f"frames/{frame.iteration:0{digits}}.jpg": keys.frame(job.id, frame.token, frame.iteration) for frame in frames
    }


def _losses_key(job: Job, sizes: Mapping[str, int]) -> str | None:
    """Where the newest table of losses is; None where there is none yet."""
    tokens = range(job.token, 0, -1) if job.result is None else (job.result,)
    return next((key for token in tokens if (key := keys.losses(job.id, token)) in sizes), None)


def _record(job: Job, max_attempts: int) -> dict[str, Any]:
    """The job as the API shows it; neither the client nor a token is in that."""
    shown = represent(job, None, max_attempts)
    return {name: value for name, value in shown.items() if name not in _NOT_IN_RECORD}


def _json(values: Mapping[str, Any]) -> bytes:
    return json.dumps(values, indent=2).encode() + b"\n"


def _readme(job: Job, present: Sequence[str], missing: Sequence[str]) -> str:
    progress = job.progress
    parts = [
        "A neural style transfer\n=======================\n",
        f"job         {job.id}",
        f"created     {moment(job.spec.created_at)}",
        f"status      {job.status}" + ("" if job.status.terminal else ": this is what there is so far"),
    ]
    if progress is not None and progress.backbone:
        parts.append(f"backbone    {progress.why or progress.backbone}")  # the reason begins with the name
        parts.append(f"iterations  {progress.iteration} of {progress.total_iterations}")
    if progress is not None and progress.note:
        parts.append(f"note        {progress.note}")
    if job.error is not None:
        parts.append(f"error       {job.error.message} {job.error.hint}".rstrip())
    parts.append("")
    parts += [f"{name:<14}{text}" for name, text in _CONTENTS.items() if _is_there(name, present)]
    if missing:
        parts += ["", f"Missing, though the job names it: {', '.join(missing)}"]
    return "\n".join(parts) + "\n"


def _is_there(name: str, present: Sequence[str]) -> bool:
    return name.endswith(".json") or any(file.startswith(name.split("<")[0]) for file in present)


_CONTENTS: Final = {
    "result.png": "the finished picture",
    "frames/": "the picture of every kept iteration, by its number",
    "content.png": "the photo, as it was stored: upright, in sRGB, without metadata",
    "style-<n>.png": "the paintings",
    "options.json": "what was asked for; the nst command and the API take the same names",
    "losses.csv": "the losses of every iteration",
    "job.json": "how it went",
}

_BATCH_README: Final = """A batch of neural style transfers
=================================

Each result has the number of its photo. options.json is what was asked for.

{lines}
"""


def _turns(artifacts: Artifacts, entries: Sequence[Entry]) -> Iterator[Iterator[bytes]]:
    """The bytes of each, in pieces; nothing is read before the first is asked for."""
    return ahead([partial(_begun, artifacts, entry) for entry in entries])


def _begun(artifacts: Artifacts, entry: Entry) -> Iterator[bytes]:
    """A small file whole; a large one is not held in memory, and read when its turn comes."""
    small = entry.size <= _LARGEST_AHEAD
    return iter((artifacts.get(entry.key),)) if small else lazy_chunks(artifacts, entry.key)


def _in_turn(turns: Iterator[Iterator[bytes]]) -> Iterator[bytes]:
    """The next file, once the archive comes to it: the files are read in the order in which they were added."""
    yield from next(turns)


def _results(artifacts: Artifacts, jobs: Sequence[Job]) -> list[Entry | None]:
    """Each job's result; None where there is none. Several are asked for at once, for a storage may be far."""
    with ThreadPoolExecutor(_ASKED_AT_ONCE) as pool:
        return list(pool.map(lambda job: _result(artifacts, job), jobs))


def _result(artifacts: Artifacts, job: Job) -> Entry | None:
    if job.result is None:
        return None
    key = keys.result(job.id, job.result)
    try:
        return Entry(key, artifacts.size(key))
    except ArtifactMissing:
        return None


def _batch_line(job: Job, name: str, present: bool) -> str:
    if present:
        return f"{name}  {job.id}"
    missing = f"{name.removesuffix('.png')}      {job.id}  no result: "
    if job.status is JobStatus.FAILED and job.error is not None:
        return f"{missing}failed, {job.error.message} {job.error.hint}".rstrip()
    return f"{missing}{job.status if job.result is None else 'its file is missing'}"
